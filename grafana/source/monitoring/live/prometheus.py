"""What is asked of Prometheus and Alertmanager."""

import json
import math
from dataclasses import dataclass
from urllib.parse import urlencode

from monitoring.live import address

# Seconds between two points of a graph.
STEP = 2

# A moment in seconds since 1970, and a value.
Point = tuple[float, float]


@dataclass(frozen=True)
class Span:
    """A stretch of time, in seconds since 1970."""

    start: float
    end: float

    def parameters(self) -> dict[str, str]:
        """As the API takes them."""
        return {"start": f"{self.start:.3f}", "end": f"{self.end:.3f}"}


class Prometheus:
    """Its HTTP API."""

    def __init__(self, url: str) -> None:
        """Talks to the server at `url`."""
        self.url = url

    def _get(self, path: str, parameters: dict[str, str]) -> object:
        url = f"{self.url}/api/v1/{path}?{urlencode(parameters)}"
        status, body = address.ask(url)
        if status != 200:
            raise ValueError(f"{body.decode(errors='replace')} for {parameters}")
        return json.loads(body)["data"]

    def values(self, label: str, series: str, span: Span) -> list[str]:
        """The values of a label among series, sorted."""
        return sorted(self._get(f"label/{label}/values", {"match[]": series} | span.parameters()))

    def vector(self, query: str, span: Span) -> list[dict[str, str]]:
        """The labels of what the query gives at the span's end."""
        parameters = {"query": query, "time": f"{span.end:.3f}"}
        return [series["metric"] for series in self._get("query", parameters)["result"]]

    def has_data(self, query: str, span: Span) -> bool:
        """Whether a graph of the query over the span shows a number anywhere."""
        parameters = {"query": query, "step": str(STEP)} | span.parameters()
        series = self._get("query_range", parameters)["result"]
        return any(math.isfinite(float(value)) for each in series for _, value in each["values"])

    def graph(self, query: str, span: Span) -> list[tuple[dict[str, str], list[Point]]]:
        """A graph's series: the labels of each with its times and values, in steps of a second."""
        parameters = {"query": query, "step": "1"} | span.parameters()
        series = self._get("query_range", parameters)["result"]
        return [
            (each["metric"], [(moment, float(value)) for moment, value in each["values"]])
            for each in series
        ]

    def unhealthy(self) -> list[str]:
        """Rules that could not be evaluated, and why."""
        groups = self._get("rules", {})["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return [f"{rule['name']}: {rule['lastError']}" for rule in rules if rule["health"] == "err"]


class Alertmanager:
    """Its HTTP API."""

    def __init__(self, url: str) -> None:
        """Talks to the server at `url`."""
        self.url = url

    def alerts(self) -> list[dict]:
        """All alerts that fire."""
        found = address.ask_json(f"{self.url}/api/v2/alerts")
        if found is None:
            raise ValueError("Alertmanager does not tell its alerts")
        return found

    def find(self, labels: dict[str, str]) -> list[dict]:
        """The alerts with at least these labels."""
        return [alert for alert in self.alerts() if labels.items() <= alert["labels"].items()]
