"""`python -m monitoring.live BINARY`: runs the test with this binary of the host."""

import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from monitoring.live import address, faults, machine, traffic, truth
from monitoring.live.report import Report
from monitoring.live.scenario import Scenario
from monitoring.live.wait import NotSeenError


def main(binary: Path) -> int:
    """Runs it; the status is 0 if everything was seen."""
    # Ended from outside, it stops what it started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    report = Report()
    for part in (truth.run, _run):
        with ExitStack() as held:
            folder = held.enter_context(tempfile.TemporaryDirectory(prefix="weir-monitoring-"))
            try:
                part(report, held, Path(folder), binary)
            except (NotSeenError, RuntimeError) as error:
                report.failed("the test cannot go on", str(error))
    return report.close()


def _run(report: Report, held: ExitStack, folder: Path, binary: Path) -> None:
    scenario = Scenario(report, held, folder, binary)
    first = scenario.first
    [closed] = address.free(1)
    held.enter_context(traffic.visiting(first, traffic.services(), visitors=2))
    held.enter_context(traffic.visiting(first, traffic.oddities(closed), pause=0.1))
    held.enter_context(traffic.connecting(first))
    scenario.all_is_well()
    scenario.faults_are_told(faults.together(first, scenario.upstream))
    scenario.faults_are_told(machine.faults(report, held, folder))
    scenario.instances_are_gone()
    scenario.panels_have_data()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
