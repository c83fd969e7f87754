"""`python -m monitoring.load BINARY DOCS`: runs the test and writes its report into a folder."""

import asyncio
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from monitoring.live.report import Report, unless
from monitoring.live.wait import NotSeenError
from monitoring.load import figures, page
from monitoring.load.figures import Measured
from monitoring.load.plots import Plots
from monitoring.load.story import Recording, Story


def main(binary: Path, docs: Path) -> int:
    """Runs it; the status is 0 if everything was seen."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    report = Report()
    report.note("--      about three minutes of load")
    try:
        with ExitStack() as held:
            folder = held.enter_context(tempfile.TemporaryDirectory(prefix="weir-load-"))
            recording = asyncio.run(Story(held, Path(folder), binary).tell())
            measured, graphs = figures.measured(recording), figures.graphs(recording)
    except (NotSeenError, RuntimeError) as error:
        report.failed("the test cannot go on", str(error))
        return report.close()
    _judge(report, recording, measured)
    Plots(recording, graphs, docs / "load-test").draw()
    text = page.written(recording, measured, graphs)
    (docs / "load-test.md").write_text(text, encoding="utf-8")
    return report.close()


def _judge(report: Report, recording: Recording, measured: list[Measured]) -> None:
    alone = [each for each in measured if each.phase.replicas == 1]
    one, last = max(alone, key=lambda each: each.carried), measured[-1]
    for moment, what in recording.marks:
        report.passed(f"{what} ({moment - recording.span().start:.0f} s after the start)")
    report.check(
        f"three replicas answer more ({last.carried:.1f} a second) than one ({one.carried:.1f})",
        unless(last.carried > 2 * one.carried),
    )
    report.check("three replicas refuse nothing of it", unless(last.refused == 0))
    report.check("every request was answered", unless(figures.unanswered(recording) == 0))
    sent = len(recording.journal)
    problem = "" if recording.counted == sent else f"{recording.counted} were counted"
    report.check(f"as many were counted as were sent ({sent})", problem)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
