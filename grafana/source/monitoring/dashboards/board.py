"""A dashboard out of rows of panels, with what all dashboards have in common."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import dashboard as sdk
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DashboardLinkType

from monitoring.dashboards.panel import Panel
from monitoring.dashboards.variable import DATASOURCE, datasource

TAG = "weir"


class Event(sdk.AnnotationQuery):
    """A mark in all graphs wherever a series is there.

    With `at_value` the mark stands at the series' value, a time in milliseconds. The fields that
    only Prometheus' annotations have are not in the SDK.
    """

    def __init__(
        self, name: str, colour: str, expr: str, title: str, text: str, *, at_value: bool = False
    ) -> None:
        """Takes title and text with labels as `{{label}}`."""
        super().__init__()
        self._internal = _PrometheusAnnotation(title, text, at_value)
        self.name(name).icon_color(colour).expr(expr).enable(True).datasource(DATASOURCE)


class _PrometheusAnnotation(model.AnnotationQuery):
    def __init__(self, title: str, text: str, at_value: bool) -> None:
        super().__init__()
        self._fields = {"titleFormat": title, "textFormat": text, "step": "10s"}
        self._at_value = at_value

    def to_json(self) -> dict[str, object]:
        return super().to_json() | self._fields | {"useValueForTime": self._at_value}


class Board:
    """Collects rows; `build` gives the model."""

    def __init__(self, uid: str, title: str, description: str) -> None:
        """Starts a dashboard that is found by `uid`."""
        self._panels = 0
        self._board = sdk.Dashboard(title).uid(uid).description(description).tags([TAG])
        self._board.editable().timezone("browser").time("now-1h", "now").refresh("30s")
        self._board.tooltip(DashboardCursorSync.CROSSHAIR).with_variable(datasource())
        others = sdk.DashboardLink("Weir").type(DashboardLinkType.DASHBOARDS).tags([TAG])
        self._board.link(others.include_vars(True).keep_time(True))

    def variables(self, *variables: sdk.QueryVariable) -> "Board":
        """Adds choices."""
        for variable in variables:
            self._board.with_variable(variable)
        return self

    def events(self, *events: Event) -> "Board":
        """Adds marks."""
        for event in events:
            self._board.annotation(event)
        return self

    def row(self, title: str, *panels: Panel, repeat: str = "") -> "Board":
        """Adds panels below a heading; with `repeat` for each value of that variable."""
        heading = sdk.Row(title).id(self._next())
        self._board.with_row(heading.repeat(repeat) if repeat else heading)
        for panel in panels:
            self._board.with_panel(panel.id(self._next()))
        return self

    def panels(self, panels: Sequence[Panel]) -> "Board":
        """Adds panels without a heading."""
        for panel in panels:
            self._board.with_panel(panel.id(self._next()))
        return self

    def build(self) -> model.Dashboard:
        """The dashboard."""
        return self._board.build()

    def _next(self) -> int:
        self._panels += 1
        return self._panels
