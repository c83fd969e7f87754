"""Every PromQL expression there is, with where it stands."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

GRAFANA = Path(__file__).parents[3]
RUNBOOKS = GRAFANA.parent / "docs" / "runbooks"

# What Grafana puts in, by something of the same form.
DURATIONS = {"$__rate_interval": "5m", "$__range": "1h", "$__interval": "1m"}


@dataclass(frozen=True)
class Expression:
    """An expression as Prometheus gets it, and where it comes from."""

    where: str
    text: str


def rules() -> list[dict]:
    """All rules, as the committed files have them."""
    files = sorted((GRAFANA / "alerts").glob("*.rules.yml"))
    documents = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in files]
    groups = [group for document in documents for group in document["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def everything() -> list[Expression]:
    """All expressions: of dashboards, rules and runbooks."""
    return [*_dashboards(), *_rules(), *_runbooks()]


def _rules() -> Iterator[Expression]:
    for rule in rules():
        yield Expression(rule.get("alert") or rule["record"], rule["expr"])


def _runbooks() -> Iterator[Expression]:
    for page in sorted(RUNBOOKS.glob("*.md")):
        blocks = re.findall(r"^```promql\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)
        for block in blocks:
            yield Expression(page.name, block)


def _dashboards() -> Iterator[Expression]:
    for file in sorted((GRAFANA / "dashboards").glob("*.json")):
        board = json.loads(file.read_text(encoding="utf-8"))
        for where, text in asked(board):
            yield Expression(f"{file.name}: {where}", interpolated(text))
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                function, inner = variable_query(variable)
                series = inner.rpartition(",")[0] if function == "label_values" else inner
                where = f"{file.name}: variable {variable['name']}"
                yield Expression(where, interpolated(series))


def asked(board: dict) -> Iterator[tuple[str, str]]:
    """What a dashboard asks in panels and for its marks, by their places, as it is written."""
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield f"{panel['title']} ({panel['id']}{target['refId']})", target["expr"]
    for annotation in board.get("annotations", {}).get("list", ()):
        yield annotation["name"], annotation["expr"]


def variable_query(variable: dict) -> tuple[str, str]:
    """The function of Grafana's that finds a variable's values, and what is in its parentheses."""
    query = re.fullmatch(r"(label_values|query_result)\((.*)\)", variable["query"]["query"], re.S)
    if query is None:
        raise ValueError(f"variable {variable['name']} has an unknown form")
    return query[1], query[2]


def interpolated(text: str) -> str:
    """The expression with something for each variable, as Grafana does before it asks."""
    for variable, duration in DURATIONS.items():
        text = text.replace(variable, duration)
    # A digit stands for a group of a regular expression.
    return re.sub(r"\$\{(?!\d)\w+(:\w+)?\}|\$(?!\d)\w+", "x", text)
