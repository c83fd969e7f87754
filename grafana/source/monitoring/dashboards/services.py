"""Services: what clients get, by component and route."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.dashboards.board import Board
from monitoring.dashboards.events import common
from monitoring.dashboards.panel import (
    ORANGE,
    RED,
    YELLOW,
    Link,
    Panel,
    by_status,
    distribution,
    number,
    rows,
    series,
)
from monitoring.dashboards.query import (
    Query,
    average,
    happening,
    quantile,
    rate,
    select,
    share,
    total,
)
from monitoring.dashboards.variable import choices, targets
from monitoring.objectives import Objectives

DURATION = "http_server_request_duration_seconds"
CHOSEN = ('component=~"$component"', 'http_route=~"$route"')
COMPONENT = ('component=~"$component"',)
FAILED = 'http_response_status_code=~"5.."'
ROUTE = "component, http_route"
PATH = "{{http_request_method}} {{http_route}} {{http_response_status_code}}"
TO_COMPONENT = Link(
    "Component ${__field.labels.component}",
    "/d/weir-component?var-datasource=${datasource}&var-job=${job:percentencode}"
    "&var-component=${__field.labels.component}&${__url_time_range}",
)
ROW_TO_COMPONENT = Link(
    "Component ${__value.text}",
    "/d/weir-component?var-datasource=${datasource}&var-job=${job:percentencode}"
    "&var-component=${__value.text}&${__url_time_range}",
)
COUNT, ENDED = rate(f"{DURATION}_count", *CHOSEN), rate(f"{DURATION}_count", *CHOSEN, FAILED)


def build(objectives: Objectives, alerts: list[str]) -> Dashboard:
    """The dashboard."""
    budget = objectives.error_budget
    about = "Rate, errors, duration and saturation of the services that Weir runs."
    board = Board("weir-services", "Weir: services", about)
    board.variables(*targets(), *_variables()).events(*common(alerts))
    board.panels([_average(), _statuses()])
    board.row("Now", *_now(budget))
    board.row("Requests", *_requests(budget))
    board.row("Duration", *_duration())
    board.row("Saturation", *_saturation())
    board.row("Routes and alerts", _table(), _firing(alerts))
    return board.build()


def _variables() -> list:
    active = "http_server_active_requests"
    component = f"label_values({select(active)}, component)"
    route = f"label_values({select(active, *COMPONENT)}, http_route)"
    return [choices("component", "Component", component), choices("route", "Route", route)]


def _average() -> Panel:
    labels = "http_route, http_request_method, http_response_status_code"
    return series(
        "Average HTTP Request Duration",
        "The average time from a request's first byte to its response's last, by route, method and "
        "status.",
        Query(average(labels, DURATION, *CHOSEN), PATH),
        unit="s",
    )


def _statuses() -> Panel:
    panel = series(
        "HTTP Status Codes",
        "Responses a second, by status. Without a status are requests whose client left before one "
        "was sent.",
        Query(total("http_response_status_code", COUNT), "{{http_response_status_code}}"),
        unit="reqps",
        stacked=True,
    )
    return by_status(panel)


def _now(budget: float) -> list[Panel]:
    duration = quantile(0.99, "", DURATION, *CHOSEN)
    active = total("", select("http_server_active_requests", *CHOSEN))
    refused = total("", rate("weir_requests_rejected_total", *COMPONENT))
    queued = total("", select("weir_requests_queued", *COMPONENT))
    burning = ((budget, YELLOW), (budget * 10, RED))
    return [
        number("Requests", "Answered or given up, a second.", Query(total("", COUNT)), "reqps"),
        number(
            "Errors",
            "The share of requests that were answered 5xx. Yellow beyond the objective.",
            Query(share("", ENDED, COUNT)),
            "percentunit",
            steps=burning,
        ),
        number("99th percentile", "One request in a hundred takes longer.", Query(duration), "s"),
        number("In flight", "Arrived and not yet answered.", Query(active)),
        number("Queued", "Waiting for admission.", Query(queued), steps=((1, YELLOW),)),
        number(
            "Refused",
            "Answered by the host to protect the component or itself, a second.",
            Query(f"{refused} or vector(0)"),
            "reqps",
            steps=((0.01, ORANGE),),
        ),
    ]


def _requests(budget: float) -> list[Panel]:
    failures = happening("component, reason", "weir_component_failures_total", *COMPONENT)
    return [
        series(
            "Request rate by route",
            "Requests a second that were answered or given up.",
            Query(total(ROUTE, COUNT), "{{component}} {{http_route}}"),
            unit="reqps",
            link=TO_COMPONENT,
        ),
        series(
            "Error ratio by route",
            "The share of requests that were answered 5xx, whoever caused it. The line is the "
            "error budget.",
            Query(share(ROUTE, ENDED, COUNT), "{{component}} {{http_route}}"),
            unit="percentunit",
            steps=((budget, RED),),
            link=TO_COMPONENT,
        ),
        series(
            "Request rate by component and method",
            "Requests a second. A component named _host stands for what the host answers itself.",
            Query(
                total("component, http_request_method", COUNT),
                "{{component}} {{http_request_method}}",
            ),
            unit="reqps",
            link=TO_COMPONENT,
        ),
        series(
            "Failures of components by reason",
            "Requests a second that a component failed to answer: what other runtimes call "
            "unhandled exceptions.",
            Query(failures, "{{component}} {{reason}}"),
            unit="reqps",
            link=TO_COMPONENT,
        ),
    ]


def _duration() -> list[Panel]:
    quantiles = [
        Query(quantile(share, "", DURATION, *CHOSEN), f"p{share * 100:g}")
        for share in (0.5, 0.95, 0.99)
    ]
    by_route = quantile(0.99, ROUTE, DURATION, *CHOSEN)
    return [
        series(
            "p50, p95 and p99",
            "Half, 95 and 99 of a hundred requests of what is chosen take at most so long.",
            *quantiles,
            unit="s",
            width=8,
        ),
        series(
            "p99 by route",
            "99 of a hundred requests take at most so long. HighLatency tells when a route is "
            "beyond its limit.",
            Query(by_route, "{{component}} {{http_route}}"),
            unit="s",
            width=8,
            link=TO_COMPONENT,
        ),
        distribution(
            "Distribution",
            "How many requests took how long.",
            Query(total("le", rate(f"{DURATION}_bucket", *CHOSEN)), "{{le}}", heatmap=True),
            width=8,
        ),
    ]


def _saturation() -> list[Panel]:
    active = total("component", select("http_server_active_requests", *COMPONENT))
    capacity = total("component", select("weir_component_capacity", *COMPONENT))
    rejected = happening("component, reason", "weir_requests_rejected_total", *COMPONENT)
    of_host = total("", select("http_server_active_requests"))
    host = total("", select("weir_host_capacity"))
    return [
        series(
            "In flight",
            "Requests that have arrived and whose response has not ended.",
            Query(
                total(ROUTE, select("http_server_active_requests", *CHOSEN)),
                "{{component}} {{http_route}}",
            ),
            width=6,
            link=TO_COMPONENT,
        ),
        series(
            "In flight of capacity",
            "How much of what a component can have in flight is in use, and of what the host can "
            "over all components. At 1 requests queue.",
            Query(f"{active} / {capacity}", "{{component}}"),
            Query(f"{of_host} / {host}", "all components"),
            unit="percentunit",
            width=6,
            steps=((0.8, ORANGE), (1, RED)),
            link=TO_COMPONENT,
        ),
        series(
            "Queue",
            "Requests that wait for admission.",
            Query(total("component", select("weir_requests_queued", *COMPONENT)), "{{component}}"),
            width=6,
            link=TO_COMPONENT,
        ),
        series(
            "Refused by reason",
            "Requests a second that the host answered itself. queue_full and queue_timeout say "
            "that more arrives than is admitted; the others are the clients' doing.",
            Query(rejected, "{{component}} {{reason}}"),
            unit="reqps",
            width=6,
            link=TO_COMPONENT,
        ),
    ]


def _table() -> Panel:
    def now(expr: str) -> Query:
        return Query(expr, instant=True)

    columns = {
        "Requests": (now(total(ROUTE, COUNT)), "reqps"),
        "Errors": (now(share(ROUTE, ENDED, COUNT)), "percentunit"),
        "Average": (now(average(ROUTE, DURATION, *CHOSEN)), "s"),
        "p50": (now(quantile(0.5, ROUTE, DURATION, *CHOSEN)), "s"),
        "p95": (now(quantile(0.95, ROUTE, DURATION, *CHOSEN)), "s"),
        "p99": (now(quantile(0.99, ROUTE, DURATION, *CHOSEN)), "s"),
    }
    return rows(
        "Routes",
        "Each route now. A component links to what is known of it.",
        columns,
        ["component", "http_route"],
        width=16,
        link=("component", ROW_TO_COMPONENT),
    )


def _firing(alerts: list[str]) -> Panel:
    names = "|".join(alerts)
    expr = f'ALERTS{{alertname=~"{names}", alertstate="firing"}}'
    order = ["alertname", "severity", "component", "http_route", "reason"]
    return rows(
        "Firing alerts",
        "What docs/runbooks has a page for. Empty is good, or Prometheus has not loaded the rules.",
        {"Firing": (Query(f"max by ({', '.join(order)}) ({expr})", instant=True), "short")},
        order,
        width=8,
    )
