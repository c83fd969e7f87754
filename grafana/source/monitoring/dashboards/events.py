"""Marks in graphs: alerts that fire, starts of hosts, reloads of components."""

from monitoring.dashboards.board import Event
from monitoring.dashboards.panel import BLUE, ORANGE, RED
from monitoring.dashboards.query import select

RELOAD = "weir_component_last_reload_timestamp_seconds"


def common(alerts: list[str]) -> list[Event]:
    """Marks of every dashboard about Weir."""
    names = "|".join(alerts)
    return [
        Event(
            "Alerts",
            RED,
            f'ALERTS{{alertname=~"{names}", alertstate="firing"}}',
            "{{alertname}}",
            "{{severity}} {{job}} {{component}} {{http_route}} {{reason}}",
        ),
        Event(
            "Starts",
            BLUE,
            f"{select('process_start_time_seconds')} * 1000",
            "Started",
            "{{instance}}",
            at_value=True,
        ),
    ]


def reloads() -> list[Event]:
    """When a component was loaded anew, and when that failed."""

    def event(name: str, colour: str, result: str) -> Event:
        result = f'result="{result}"'
        series = select(RELOAD, 'component=~"$component|_app"', result)
        text = "{{component}} on {{instance}}"
        return Event(name, colour, f"{series} * 1000", name, text, at_value=True)

    return [
        event("Reloaded", BLUE, "success"),
        event("Reload failed", ORANGE, "failure"),
    ]
