"""The report's plots, as SVG on a background of their own, so that they can be read on any page.

The same numbers give the same bytes: text is drawn as outlines, ids come from a fixed salt, and no
time of making is written.
"""

import itertools
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monitoring.live.prometheus import Point
from monitoring.load.figures import Graphs
from monitoring.load.story import IN_FLIGHT, Recording

STYLE = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "white",
    "font.size": 10,
    "grid.color": "#e0e0e0",
    "legend.frameon": False,
    "svg.hashsalt": "weir",
}
# Okabe and Ito's colours, which everybody can tell apart.
BLUE, ORANGE, GREEN, RED, GREY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#6e7781"
# Widths and heights in inches.
WIDE, HIGH, LOW = 9.0, 3.4, 1.9
# From this on Unresponsive counts a request's 99th percentile as none, in seconds.
LIMIT = 10


class Plots:
    """Draws into a folder."""

    def __init__(self, recording: Recording, graphs: Graphs, folder: Path) -> None:
        """Makes the folder."""
        self._recording, self._graphs, self._folder = recording, graphs, folder
        self._start = recording.span().start
        folder.mkdir(parents=True, exist_ok=True)

    def draw(self) -> None:
        """Draws all."""
        with mpl.rc_context(STYLE):
            self._requests()
            self._durations()
            self._in_flight()
            self._alerts()

    def _requests(self) -> None:
        axes = self._begin("requests a second", HIGH)
        self._line(axes, self._graphs.begun["sent"], "sent by clients", GREY, "--")
        ended = self._graphs.ended
        self._line(axes, ended.get("200", []), "answered (200)", GREEN)
        self._line(axes, ended.get("503", []), "refused (503)", RED)
        self._end(axes, "requests")

    def _durations(self) -> None:
        axes = self._begin("seconds", HIGH)
        for (name, points), colour in zip(
            self._graphs.durations.items(), (BLUE, ORANGE, RED), strict=True
        ):
            self._line(axes, points, name, colour)
        axes.axhline(LIMIT, color=GREY, linestyle=":", label="limit of Unresponsive for p99")
        self._end(axes, "duration")

    def _in_flight(self) -> None:
        axes = self._begin("requests", HIGH)
        colours = itertools.cycle((BLUE, ORANGE, GREEN))
        for (name, points), colour in zip(
            sorted(self._graphs.in_flight.items()), colours, strict=False
        ):
            self._line(axes, points, name, colour)
        axes.axhline(IN_FLIGHT, color=GREY, linestyle=":", label="limit of one replica")
        self._end(axes, "in-flight")

    def _alerts(self) -> None:
        axes = self._begin("", LOW)
        colours = {"pending": ORANGE, "firing": RED}
        for row, states in enumerate(self._graphs.alerts.values()):
            for state, stretches in states.items():
                spans = [(begin - self._start, length) for begin, length in stretches]
                axes.broken_barh(spans, (row - 0.3, 0.6), color=colours[state])
        for state, colour in colours.items():
            axes.plot([], [], color=colour, linewidth=6, label=state)
        axes.set_yticks(range(len(self._graphs.alerts)), self._graphs.alerts)
        self._end(axes, "alerts")

    def _begin(self, unit: str, height: float) -> Axes:
        axes = Figure(figsize=(WIDE, height)).subplots()
        axes.set_ylabel(unit)
        axes.set_xlabel("seconds since the start")
        axes.set_xlim(0, self._recording.span().end - self._start)
        for number, (moment, what) in enumerate(sorted(self._recording.marks)):
            at = moment - self._start
            axes.axvline(at, color=GREY, linewidth=0.8)
            # One higher than the other, since they may be close.
            place = (3, 3 + 11 * (number % 2))
            top = axes.get_xaxis_transform()
            axes.annotate(what, (at, 1), place, top, textcoords="offset points", fontsize=8)
        return axes

    def _line(
        self, axes: Axes, points: list[Point], label: str, colour: str, style: str = "-"
    ) -> None:
        times = [moment - self._start for moment, _ in points]
        axes.plot(times, [value for _, value in points], style, color=colour, label=label)

    def _end(self, axes: Axes, name: str) -> None:
        axes.set_ylim(bottom=None if name == "alerts" else 0)
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)
        file = self._folder / f"{name}.svg"
        axes.figure.savefig(file, metadata={"Date": None}, bbox_inches="tight")
