"""The kinds of panels that dashboards are made of, so that all look and read alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import common, heatmap, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as sdk
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode

from monitoring.dashboards.query import Query
from monitoring.dashboards.variable import DATASOURCE

HEIGHT = 8
GREEN, YELLOW, ORANGE, RED, BLUE = "green", "yellow", "orange", "red", "blue"

# Colours of statuses by their class.
STATUS_COLOURS = {"1..": "purple", "2..": GREEN, "3..": BLUE, "4..": YELLOW, "5..": RED}

Steps = Sequence[tuple[float, str]]
Panel = timeseries.Panel | stat.Panel | heatmap.Panel | table.Panel
P = TypeVar("P", timeseries.Panel, stat.Panel, heatmap.Panel, table.Panel)


@dataclass(frozen=True)
class Link:
    """A link from a value to where more is told of it; Grafana fills in `${...}`."""

    title: str
    url: str

    def builder(self) -> sdk.DashboardLink:
        """The link as the SDK has it."""
        return sdk.DashboardLink(self.title).url(self.url)


def thresholds(steps: Steps) -> sdk.ThresholdsConfig:
    """Colours from values on; green below."""
    first = Threshold(value=None, color=GREEN)
    rest = [Threshold(value=value, color=colour) for value, colour in steps]
    return sdk.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([first, *rest])


def series(
    title: str,
    description: str,
    *queries: Query,
    unit: str = "short",
    width: int = 12,
    stacked: bool = False,
    top: float | None = None,
    steps: Steps = (),
    link: Link | None = None,
) -> timeseries.Panel:
    """Lines over time from 0 on, with a table of the last, the average and the largest values.

    `top` is the end of the axis if it is known. `steps` are drawn as dashed lines.
    """
    panel = _common(timeseries.Panel(), title, description, queries, unit, width)
    panel.min(0).line_width(1).fill_opacity(40 if stacked else 8).legend(_legend())
    panel.show_points(kinds.VisibilityMode.NEVER).tooltip(_tooltip())
    panel.color_scheme(sdk.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    if stacked:
        panel.stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL))
    if top is not None:
        panel.max(top)
    if steps:
        dashed = common.GraphThresholdsStyleConfig().mode(kinds.GraphThresholdsStyleMode.DASHED)
        panel.thresholds(thresholds(steps)).thresholds_style(dashed)
    if link is not None:
        panel.data_links([link.builder()])
    return panel


def by_status(panel: timeseries.Panel) -> timeseries.Panel:
    """Colours series whose names are statuses by their class."""
    for pattern, colour in STATUS_COLOURS.items():
        value = {"mode": "shades", "fixedColor": colour}
        panel.override_by_regexp(f"/^{pattern}$/", [DynamicConfigValue("color", value)])
    return panel


def number(
    title: str,
    description: str,
    query: Query,
    unit: str = "short",
    width: int = 4,
    steps: Steps = (),
    decimals: int | None = None,
) -> stat.Panel:
    """The last value, with what it was before as a faint line."""
    panel = _common(stat.Panel(), title, description, [query], unit, width, height=4)
    panel.graph_mode(kinds.BigValueGraphMode.AREA).thresholds(thresholds(steps)).no_value("-")
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    panel.color_mode(kinds.BigValueColorMode.VALUE if steps else kinds.BigValueColorMode.NONE)
    return panel if decimals is None else panel.decimals(decimals)


def text(title: str, description: str, query: Query, width: int = 4) -> stat.Panel:
    """The legend of a series, for what is told by its labels."""
    panel = _common(stat.Panel(), title, description, [query], "short", width, height=4)
    panel.graph_mode(kinds.BigValueGraphMode.NONE).text_mode(kinds.BigValueTextMode.NAME)
    return panel.color_mode(kinds.BigValueColorMode.NONE).no_value("-")


def distribution(
    title: str, description: str, query: Query, unit: str = "s", width: int = 12
) -> heatmap.Panel:
    """How many fell where, over time, by the edges of a histogram."""
    panel = _common(heatmap.Panel(), title, description, [query], unit, width)
    colours = (
        heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(64)
    )
    axis = heatmap.YAxisConfig().unit(unit)
    return panel.calculate(False).color(colours).y_axis(axis).show_legend()


def rows(
    title: str,
    description: str,
    columns: dict[str, tuple[Query, str]],
    order: list[str],
    width: int = 24,
    link: tuple[str, Link] | None = None,
) -> table.Panel:
    """A table with one column for each query, joined by labels.

    `columns` gives query and unit by column name; `order` the labels to show, first. `link` is that
    of a label's cells.
    """
    queries = [query for query, _unit in columns.values()]
    panel = _common(table.Panel(), title, description, queries, "short", width)
    names = {f"Value #{letter}": name for letter, name in zip(_letters(), columns, strict=False)}
    if len(columns) == 1:
        names = {"Value": next(iter(columns))}
    fields = [*order, *names]
    keep = {"include": {"pattern": "|".join(f"^{field}$" for field in fields)}}
    arrange = {"indexByName": {field: i for i, field in enumerate(fields)}, "renameByName": names}
    panel.with_transformation(DataTransformerConfig("merge", options={}))
    panel.with_transformation(DataTransformerConfig("filterFieldsByName", options=keep))
    panel.with_transformation(DataTransformerConfig("organize", options=arrange))
    for name, (_query, unit) in columns.items():
        panel.override_by_name(name, [DynamicConfigValue("unit", unit)])
    if link is not None:
        links = [{"title": link[1].title, "url": link[1].url}]
        panel.override_by_name(link[0], [DynamicConfigValue("links", links)])
    return panel.no_value("-")


def _common(
    panel: P,
    title: str,
    description: str,
    queries: Sequence[Query],
    unit: str,
    width: int,
    height: int = HEIGHT,
) -> P:
    panel.title(title).description(description).datasource(DATASOURCE)
    panel.unit(unit).span(width).height(height)
    for letter, query in zip(_letters(), queries, strict=False):
        panel.with_target(query.builder(letter))
    return panel


def _letters() -> str:
    return "ABCDEFGHIJKLMNOP"


def _legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(True)
    legend.display_mode(kinds.LegendDisplayMode.TABLE).placement(kinds.LegendPlacement.BOTTOM)
    return legend.calcs(["lastNotNull", "mean", "max"]).sort_by("Max").sort_desc(True)


def _tooltip() -> common.VizTooltipOptions:
    return (
        common.VizTooltipOptions()
        .mode(kinds.TooltipDisplayMode.MULTI)
        .sort(kinds.SortOrder.DESCENDING)
    )
