"""What clients see: errors, duration, silence, refusals."""

from monitoring.alerts.rule import Alert, Context, Group, Record

COMPONENT = "namespace, job, component"
ROUTE = "namespace, job, component, http_route"
COUNT = "http_server_request_duration_seconds_count"
BUCKET = "http_server_request_duration_seconds_bucket"
FAILED = 'http_response_status_code=~"5.."'
# A request that its client gave up before an answer has no status.
SUCCEEDED = 'http_response_status_code=~"[1-4].."'
SHED = 'reason=~"queue_full|queue_timeout|pool_exhausted"'

DASHBOARD = "/d/weir-services?var-job={{ $labels.job }}&var-component={{ $labels.component }}"

# An alert that would use up the budget of 30 days in about two days, and one in five.
FAST_BURN = 14.4
SLOW_BURN = 6.0


def group(context: Context) -> Group:
    """The group."""
    records = (*_ratios(context), *_successes(context), *_latencies(context), *_limits(context))
    return Group(
        "weir-requests",
        (
            *records,
            _unresponsive(context),
            _burn(context, "Fast", FAST_BURN, "1h", "5m", "critical", "2m"),
            _burn(context, "Slow", SLOW_BURN, "6h", "30m", "warning", "15m"),
            _slow(context),
            _rejecting(context),
        ),
    )


def _ratios(context: Context) -> list[Record]:
    records = []
    for name in ("5m", "30m", "1h", "6h"):
        window = context.window(name)
        total = f"sum by ({COMPONENT}) (rate({COUNT}[{window}]))"
        failed = f"sum by ({COMPONENT}) (rate({COUNT}{{{FAILED}}}[{window}]))"
        records.append(
            Record(
                f"component:http_server_errors:ratio_rate{name}",
                f"""
                (
                  {failed}
                  or
                  0 * {total}
                )
                / (
                  {total} > 0
                )
                """,
            )
        )
    for name in ("1h", "6h"):
        records.append(
            Record(
                f"component:http_server_errors:increase{name}",
                f"sum by ({COMPONENT}) (increase({COUNT}{{{FAILED}}}[{context.window(name)}]))",
            )
        )
    return records


def _successes(context: Context) -> list[Record]:
    window = context.window("2m")
    total = f"sum by ({COMPONENT}) (increase({COUNT}[{window}]))"
    return [
        Record("component:http_server_requests:increase2m", total),
        Record(
            "component:http_server_successes:increase2m",
            f"""
            sum by ({COMPONENT}) (increase({COUNT}{{{SUCCEEDED}}}[{window}]))
            or
            0 * {total}
            """,
        ),
        Record(
            "component:http_server_active_requests:min2m",
            f"sum by ({COMPONENT}) (min_over_time(http_server_active_requests[{window}]))",
        ),
    ]


def _latencies(context: Context) -> list[Record]:
    def p99(level: str, labels: str, window: str) -> Record:
        name = f"{level}:http_server_request_duration_seconds:p99_rate{window}"
        rate = f"rate({BUCKET}[{context.window(window)}])"
        return Record(name, f"histogram_quantile(0.99, sum by ({labels}, le) ({rate}))")

    return [p99("route", ROUTE, "5m"), p99("component", COMPONENT, "2m")]


def _limits(context: Context) -> list[Record]:
    return [
        Record(
            "route:latency_limit:seconds",
            f"vector({route.seconds:g})",
            {"component": route.component, "http_route": route.http_route},
        )
        for route in context.objectives.latency_routes
    ]


def _unresponsive(context: Context) -> Alert:
    requests = context.objectives.unresponsive_requests
    limit = f"{context.objectives.unresponsive_seconds:g}"
    # The second part sees requests that never end, which nothing has counted yet.
    return Alert(
        name="Unresponsive",
        expr=f"""
        component:http_server_requests:increase2m >= {requests}
        and component:http_server_successes:increase2m == 0
        or
        component:http_server_active_requests:min2m >= 1
        unless component:http_server_requests:increase2m > 0
        or
        component:http_server_request_duration_seconds:p99_rate2m > {limit}
        """,
        wait=context.wait("1m"),
        severity="critical",
        summary="{{ $labels.component }} of {{ $labels.job }} does not answer",
        description=(
            "Requests reach {{ $labels.component }}, but either none succeeds, or none ends, or "
            f"one in a hundred takes longer than {limit} s."
        ),
        runbook=context.runbook("unresponsive"),
        dashboard=DASHBOARD,
    )


def _burn(
    context: Context, pace: str, factor: float, long: str, short: str, severity: str, wait: str
) -> Alert:
    objectives = context.objectives
    limit = f"{factor * objectives.error_budget:g}"
    # The short window ends the alert soon after the errors end.
    return Alert(
        name=f"ErrorBudgetBurn{pace}",
        expr=f"""
        component:http_server_errors:ratio_rate{long} > {limit}
        and component:http_server_errors:ratio_rate{short} > {limit}
        and component:http_server_errors:increase{long} >= {objectives.failed_requests}
        """,
        wait=context.wait(wait),
        severity=severity,
        summary="{{ $labels.component }} of {{ $labels.job }} fails too many requests",
        description=(
            "{{ $value | humanizePercentage }} of the requests to {{ $labels.component }} failed "
            f"in the last {long}. The objective is {objectives.availability * 100:g}%; at this "
            f"rate the budget of 30 days is gone in {30 / factor:.0f} days or less."
        ),
        runbook=context.runbook("error-budget-burn"),
        dashboard=DASHBOARD,
    )


def _slow(context: Context) -> Alert:
    metric = "route:http_server_request_duration_seconds:p99_rate5m"
    return Alert(
        name="HighLatency",
        expr=f"""
        {metric}
        > on (component, http_route) group_left () route:latency_limit:seconds
        or
        ({metric} unless on (component, http_route) route:latency_limit:seconds)
        > {context.objectives.latency_seconds:g}
        """,
        wait=context.wait("10m"),
        severity="warning",
        summary="{{ $labels.http_route }} of {{ $labels.component }} is slow",
        description=(
            "One request in a hundred to {{ $labels.http_route }} takes {{ $value | "
            "humanizeDuration }} or longer, which is beyond the route's limit."
        ),
        runbook=context.runbook("high-latency"),
        dashboard=DASHBOARD + "&var-route={{ $labels.http_route }}",
    )


def _rejecting(context: Context) -> Alert:
    window = context.window("5m")
    return Alert(
        name="Rejecting",
        expr=f"""
        sum by ({COMPONENT}) (rate(weir_requests_rejected_total{{{SHED}}}[{window}]))
        / sum by ({COMPONENT}) (rate({COUNT}[{window}]))
        > {context.objectives.rejected:g}
        """,
        wait=context.wait("2m"),
        severity="warning",
        summary="{{ $labels.job }} refuses requests to {{ $labels.component }}",
        description=(
            "{{ $value | humanizePercentage }} of the requests to {{ $labels.component }} are "
            "answered 503, because more arrive than it may have in flight."
        ),
        runbook=context.runbook("rejecting"),
        dashboard=DASHBOARD,
    )
