"""Whether dashboards are whole: described, without overlap, importable anywhere."""

import json
from collections.abc import Iterator
from itertools import combinations

from monitoring.checks.expressions import GRAFANA

SOURCE = "${datasource}"
WIDTH = 24
# The two graphs that the services' users know, first on their dashboard.
KNOWN = ["Average HTTP Request Duration", "HTTP Status Codes"]


def problems() -> list[str]:
    """What is wrong, one line each."""
    found = []
    boards = {}
    for file in sorted((GRAFANA / "dashboards").glob("*.json")):
        boards[file.stem] = json.loads(file.read_text(encoding="utf-8"))
        found += [f"{file.name}: {problem}" for problem in _examine(boards[file.stem], file.stem)]
    if [panel["title"] for panel in boards["weir-services"]["panels"][:2]] != KNOWN:
        found.append("weir-services.json does not begin with the graphs " + " and ".join(KNOWN))
    return found


def _examine(board: dict, name: str) -> Iterator[str]:
    if board["uid"] != name:
        yield f"its uid is {board['uid']}"
    identities = [panel["id"] for panel in board["panels"]]
    if len(set(identities)) != len(identities):
        yield "two panels have the same id"
    if board["templating"]["list"][0]["type"] != "datasource":
        yield "the first variable is not the data source"
    for panel in board["panels"]:
        if panel["type"] != "row":
            yield from (f"{panel['title']}: {problem}" for problem in _panel(panel))
    for one, other in combinations(board["panels"], 2):
        if _overlap(one["gridPos"], other["gridPos"]):
            yield f"{one['title']} and {other['title']} overlap"


def _panel(panel: dict) -> Iterator[str]:
    if not panel.get("description"):
        yield "has no description"
    if not panel.get("fieldConfig", {}).get("defaults", {}).get("unit"):
        yield "has no unit"
    if not panel.get("targets"):
        yield "asks nothing"
    if panel["datasource"]["uid"] != SOURCE:
        yield "is bound to a data source"
    if panel["gridPos"]["x"] + panel["gridPos"]["w"] > WIDTH:
        yield "is beyond the right edge"


def _overlap(one: dict, other: dict) -> bool:
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not (beside or below)
