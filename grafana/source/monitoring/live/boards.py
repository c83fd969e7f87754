"""Asks what Grafana would ask: every expression of every dashboard, for what can be chosen there.

The values of a dashboard's variables are those that Prometheus gives. Where one thing is chosen, or
a panel is repeated for each, all are tried until one has data: not every component traps.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from monitoring.checks import expressions, names
from monitoring.live import cluster
from monitoring.live.prometheus import Prometheus, Span

DURATIONS = {"$__rate_interval": "15s", "$__range": "5m", "$__interval": "5s"}
# What makes an expression give something whatever is there, and so hides that nothing is.
FALLBACK = " or vector(0)"
REFERENCE = re.compile(r"\$\{(?!\d)(\w+)(?::\w+)?\}|\$(?!\d)(\w+)")

Values = dict[str, str]


@dataclass(frozen=True)
class Times:
    """What was measured in the test, and what was written before it."""

    live: Span
    past: Span

    def of(self, expression: str) -> Span:
        """When the expression's series are."""
        return self.past if is_of_cluster(expression) else self.live

    def all(self) -> Span:
        """Both, with what is between."""
        return Span(self.past.start, self.live.end)


def is_of_cluster(expression: str) -> bool:
    """Whether all metrics are of exporters that run only in a cluster."""
    metrics = names.metrics(expression)
    return bool(metrics) and metrics <= cluster.METRICS


class Board:
    """A dashboard."""

    def __init__(self, file: Path, prometheus: Prometheus, times: Times) -> None:
        """Reads the file and finds what can be chosen."""
        self.name = file.stem
        self._board = json.loads(file.read_text(encoding="utf-8"))
        self._prometheus, self._times = prometheus, times
        # A row's panels are repeated with it.
        self._repeated = {panel.get("repeat") for panel in self._board["panels"]}
        variables = [each for each in self._board["templating"]["list"] if each["type"] == "query"]
        self._choices = list(self._choose(variables, {}))

    def answers(self) -> Iterator[tuple[str, bool, str]]:
        """Each expression by its place, whether it is of a cluster, and what is wrong, if so."""
        for where, expression in expressions.asked(self._board):
            problem, of_cluster = self._answer(expression)
            yield f"{self.name}: {where}", of_cluster, problem

    def _answer(self, expression: str) -> tuple[str, bool]:
        asked = ""
        for values in self._choices:
            asked = filled(expression, values).removesuffix(FALLBACK)
            if REFERENCE.search(asked):
                # Nothing can be chosen for one of its variables.
                continue
            if self._prometheus.has_data(asked, self._times.of(asked)):
                return "", is_of_cluster(asked)
        return f"no data, last asked: {asked}", False

    def _choose(self, variables: list[dict], values: Values) -> Iterator[Values]:
        if not variables:
            yield values
            return
        variable, rest = variables[0], variables[1:]
        for value in self._possible(variable, values) or [None]:
            chosen = {} if value is None else {variable["name"]: value}
            yield from self._choose(rest, values | chosen)

    def _possible(self, variable: dict, values: Values) -> list[str]:
        """What to try: each value, or all at once as Grafana writes them; nothing if none is."""
        everything = variable.get("allValue")
        found = self._found(variable, values)
        if not variable.get("includeAll") or variable["name"] in self._repeated or not found:
            return found or ([everything] if everything else [])
        return [everything or "(" + "|".join(map(re.escape, found)) + ")"]

    def _found(self, variable: dict, values: Values) -> list[str]:
        function, inner = expressions.variable_query(variable)
        inner = filled(inner, values)
        if REFERENCE.search(inner):
            return []
        if function == "label_values":
            series, _, label = inner.rpartition(",")
            found = self._prometheus.values(label.strip(), series, self._times.all())
        else:
            found = [_shown(labels) for labels in self._prometheus.vector(inner, self._times.live)]
        return sorted(set(_matching(variable.get("regex", ""), found)))


def filled(text: str, values: Values) -> str:
    """The expression with what was chosen; what was not stays as it is."""
    for name, duration in DURATIONS.items():
        text = text.replace(name, duration)

    def value(match: re.Match[str]) -> str:
        return values.get(match[1] or match[2], match[0])

    return REFERENCE.sub(value, text)


def _shown(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in sorted(labels.items())) + "}"


def _matching(regex: str, found: list[str]) -> Iterator[str]:
    """As Grafana does: what matches; if there is a group, what is in the first."""
    if not regex:
        yield from found
        return
    pattern = re.compile(regex.strip("/"))
    for text in found:
        match = pattern.search(text)
        if match and (value := match[1] if pattern.groups else match[0]):
            yield value
