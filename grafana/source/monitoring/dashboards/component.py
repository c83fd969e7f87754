"""Component: one component from the inside, what it uses and how it fails."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.dashboards import capabilities, own_metrics
from monitoring.dashboards.board import Board
from monitoring.dashboards.events import common, reloads
from monitoring.dashboards.panel import ORANGE, RED, Panel, by_status, number, series
from monitoring.dashboards.query import Query, happening, quantile, rate, select, share, total
from monitoring.dashboards.variable import choice, targets
from monitoring.objectives import Objectives

CHOSEN = 'component="$component"'
DURATION = "http_server_request_duration_seconds"
COUNT = rate(f"{DURATION}_count", CHOSEN)


def build(objectives: Objectives, alerts: list[str]) -> Dashboard:
    """The dashboard."""
    about = "One component: its requests, its failures, what it uses and what it stores."
    board = Board("weir-component", "Weir: component", about)
    component = choice(
        "component", "Component", f"label_values({select('weir_component_generation')}, component)"
    )
    board.variables(*targets(), component, *own_metrics.variables())
    board.events(*common(alerts), *reloads())
    board.row("$component", *_now(objectives))
    board.row("Requests and failures", *_requests())
    board.row("Instances", *_instances())
    board.row("Loading", *_loading())
    board.row("Key-value", *capabilities.key_value())
    board.row("Outbound and chained requests", *capabilities.outbound())
    board.row("Log directory", *capabilities.log_directory(objectives.log_directory))
    board.row("Its own metrics", *own_metrics.panels())
    return board.build()


def _now(objectives: Objectives) -> list[Panel]:
    failed = rate(f"{DURATION}_count", CHOSEN, 'http_response_status_code=~"5.."')
    failures = total("", f"increase({select('weir_component_failures_total', CHOSEN)}[$__range])")
    budget = objectives.error_budget
    return [
        number("Requests", "Answered or given up, a second.", Query(total("", COUNT)), "reqps"),
        number(
            "Errors",
            "The share of its requests that were answered 5xx.",
            Query(share("", failed, COUNT)),
            "percentunit",
            steps=((budget, ORANGE), (budget * 10, RED)),
        ),
        number(
            "Failures",
            "Requests that it failed to answer in the time shown.",
            Query(f"{failures} or vector(0)"),
            steps=((1, ORANGE),),
            decimals=0,
        ),
        number(
            "Memory",
            "Linear memory of its live instances.",
            Query(total("", select("weir_component_memory_bytes", CHOSEN))),
            "bytes",
        ),
        number(
            "CPU",
            "Cores that its instances use.",
            Query(total("", rate("weir_component_cpu_seconds_total", CHOSEN))),
            decimals=3,
        ),
        number(
            "Generation",
            "How many times it has been loaded; the largest of all instances of the host.",
            Query(f"max({select('weir_component_generation', CHOSEN)})"),
        ),
    ]


def _requests() -> list[Panel]:
    status = total("http_response_status_code", COUNT)
    reasons = happening("reason", "weir_component_failures_total", CHOSEN)
    rejected = happening("reason", "weir_requests_rejected_total", CHOSEN)
    return [
        by_status(
            series(
                "Responses by status",
                "Responses a second, by status.",
                Query(status, "{{http_response_status_code}}"),
                unit="reqps",
                stacked=True,
                width=6,
            )
        ),
        series(
            "Duration",
            "Half, 95 and 99 of a hundred requests take at most so long.",
            *(
                Query(quantile(share, "", DURATION, CHOSEN), f"p{share * 100:g}")
                for share in (0.5, 0.95, 0.99)
            ),
            unit="s",
            width=6,
        ),
        series(
            "Failures by reason",
            "Requests a second that it failed to answer. `sibling` is the consequence of another "
            "request's failure in the same instance.",
            Query(reasons, "{{reason}}"),
            unit="reqps",
            width=6,
        ),
        series(
            "Refused by reason",
            "Requests a second that the host answered in its place.",
            Query(rejected, "{{reason}}"),
            unit="reqps",
            width=6,
        ),
    ]


def _instances() -> list[Panel]:
    created = total("", rate("weir_component_instances_created_total", CHOSEN))
    return [
        series(
            "Memory",
            "Linear memory of its live instances, by instance of the host.",
            Query(total("instance", select("weir_component_memory_bytes", CHOSEN)), "{{instance}}"),
            unit="bytes",
            width=6,
        ),
        series(
            "CPU",
            "Cores in use: guest code, and host calls that do not wait.",
            Query(
                total("instance", rate("weir_component_cpu_seconds_total", CHOSEN)), "{{instance}}"
            ),
            width=6,
        ),
        series(
            "Live instances",
            "Instances that have a request, and those that are kept for the next.",
            Query(total("state", select("weir_component_instances", CHOSEN)), "{{state}}"),
            stacked=True,
            width=6,
        ),
        series(
            "Instances created",
            "New instances a second. Near the request rate, instances are not reused.",
            Query(created, "created"),
            unit="ops",
            width=6,
        ),
    ]


def _loading() -> list[Panel]:
    app = 'component=~"$component|_app"'
    reloads = f"increase({select('weir_reloads_total', app)}[$__rate_interval])"
    capacity = total("", select("weir_component_capacity", CHOSEN))
    active = total("", select("http_server_active_requests", CHOSEN))
    return [
        series(
            "Generation",
            "Which load of it serves, by instance of the host. Lines that differ say that not all "
            "replicas run the same.",
            Query(select("weir_component_generation", CHOSEN), "{{instance}}"),
            width=8,
        ),
        series(
            "Reloads",
            "Attempts to load it anew, or the app as a whole (_app), by result.",
            Query(total("component, result", reloads), "{{component}} {{result}}"),
            width=8,
        ),
        series(
            "In flight and capacity",
            "Requests in flight, and how many there can be.",
            Query(active, "in flight"),
            Query(capacity, "capacity"),
            width=8,
        ),
    ]
