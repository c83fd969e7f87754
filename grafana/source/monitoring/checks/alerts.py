"""Whether each alert is tested and explained, and each notification goes where it should."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from monitoring.checks import expressions
from monitoring.checks.expressions import GRAFANA, RUNBOOKS


def problems() -> list[str]:
    """What is wrong, one line each."""
    alerts = [rule for rule in expressions.rules() if "alert" in rule]
    found = []
    for alert in alerts:
        found += [f"{alert['alert']}: {problem}" for problem in _examine(alert)]
    return found + list(_orphans(alerts))


def _examine(alert: dict) -> Iterator[str]:
    timelines = (case.get(alert["alert"], []) for case in _timelines())
    if not any(_turns(timeline) for timeline in timelines):
        yield "no test sees it silent, firing and silent again"
    page = RUNBOOKS / Path(alert["annotations"]["runbook_url"]).name
    if not page.exists():
        yield f"docs/runbooks has no page {page.name}"
    elif alert["alert"] not in page.read_text(encoding="utf-8"):
        yield f"{page.name} does not mention it"
    dashboard = alert["annotations"]["dashboard"].removeprefix("/d/").partition("?")[0]
    if not (GRAFANA / "dashboards" / f"{dashboard}.json").exists():
        yield f"there is no dashboard {dashboard}"


def _timelines() -> Iterator[dict[str, list[bool]]]:
    """Whether alerts fire at the times of each test, in their order, by the alerts' names."""
    for file in sorted((GRAFANA / "alerts" / "tests").glob("*.yml")):
        for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]:
            timeline: dict[str, list[bool]] = {}
            for moment in test.get("alert_rule_test", ()):
                timeline.setdefault(moment["alertname"], []).append(bool(moment["exp_alerts"]))
            yield timeline


def _turns(timeline: list[bool]) -> bool:
    return True in timeline and not timeline[0] and not timeline[-1]


def _orphans(alerts: list[dict]) -> Iterator[str]:
    wanted = {Path(alert["annotations"]["runbook_url"]).name for alert in alerts} | {"README.md"}
    for page in sorted(RUNBOOKS.glob("*.md")):
        if page.name not in wanted:
            yield f"docs/runbooks/{page.name} belongs to no alert"
