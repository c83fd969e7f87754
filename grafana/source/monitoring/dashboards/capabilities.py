"""Panels about what a component does through the host: stores, requests, logs."""

from monitoring.dashboards.panel import ORANGE, Panel, by_status, series
from monitoring.dashboards.query import Query, quantile, rate, select, total

CHOSEN = 'component="$component"'
KEY_VALUE = "weir_key_value_operation_duration_seconds"
OUTBOUND = "http_client_request_duration_seconds"
CHAINED = "weir_chained_request_duration_seconds"
WRITE = "weir_log_directory_write_duration_seconds"


def key_value() -> list[Panel]:
    """Operations of the component, and the stores of the host."""
    labels = "store, operation"
    writes, commits = (
        rate("weir_key_value_committed_writes_total"),
        rate("weir_key_value_commits_total"),
    )
    failed = total("store, operation, result", rate(f"{KEY_VALUE}_count", CHOSEN, 'result!="ok"'))
    return [
        series(
            "Operations",
            "Key-value operations a second.",
            Query(total(labels, rate(f"{KEY_VALUE}_count", CHOSEN)), "{{store}} {{operation}}"),
            unit="ops",
            width=6,
        ),
        series(
            "Errors",
            "Operations a second that failed, by result.",
            Query(failed, "{{store}} {{operation}} {{result}}"),
            unit="ops",
            width=6,
        ),
        series(
            "Duration p99",
            "99 of a hundred operations take at most so long; a write includes its fsync.",
            Query(quantile(0.99, labels, KEY_VALUE, CHOSEN), "{{store}} {{operation}}"),
            unit="s",
            width=6,
        ),
        series(
            "Writes a commit",
            "How many writes share an fsync, and how many wait for theirs; of all components that "
            "use the store.",
            Query(f"{total('store', writes)} / {total('store', commits)}", "{{store}} a commit"),
            Query(total("store", select("weir_key_value_pending_writes")), "{{store}} waiting"),
            width=6,
        ),
    ]


def outbound() -> list[Panel]:
    """Requests to elsewhere and between components."""
    answers = total("http_response_status_code", rate(f"{OUTBOUND}_count", CHOSEN))
    errors = total("error_type", rate(f"{OUTBOUND}_count", CHOSEN, 'error_type!=""'))
    denied = total("", rate("weir_outbound_denied_total", CHOSEN))
    chained = total("http_response_status_code", rate(f"{CHAINED}_count", CHOSEN))
    return [
        by_status(
            series(
                "Outbound by status",
                "Answers a second to what the component asks of others.",
                Query(answers, "{{http_response_status_code}}"),
                unit="reqps",
                stacked=True,
                width=6,
            )
        ),
        series(
            "Outbound errors",
            "Outbound requests a second without an answer, and those that allowed_outbound_hosts "
            "does not grant.",
            Query(errors, "{{error_type}}"),
            Query(denied, "denied"),
            unit="reqps",
            width=6,
        ),
        series(
            "Outbound duration",
            "Time until the head of the answer.",
            Query(quantile(0.5, "", OUTBOUND, CHOSEN), "p50"),
            Query(quantile(0.99, "", OUTBOUND, CHOSEN), "p99"),
            unit="s",
            width=6,
        ),
        by_status(
            series(
                "Chained requests answered",
                "Answers a second that this component gave to other components inside the host.",
                Query(chained, "{{http_response_status_code}}"),
                unit="reqps",
                stacked=True,
                width=6,
            )
        ),
    ]


def log_directory(limit: float) -> list[Panel]:
    """Entries and lines, and the room for them; `limit` is the share that is told of."""
    size = total("instance", select("weir_log_directory_size_bytes", CHOSEN))
    quota = total("instance", select("weir_log_directory_quota_bytes", CHOSEN))
    labels = "operation, result"
    return [
        series(
            "Writes",
            "Entries and lines a second, by result.",
            Query(total(labels, rate(f"{WRITE}_count", CHOSEN)), "{{operation}} {{result}}"),
            unit="wps",
            width=6,
        ),
        series(
            "Duration of writes",
            "Fsync included where the policy asks for it.",
            Query(quantile(0.5, "operation", WRITE, CHOSEN), "{{operation}} p50"),
            Query(quantile(0.99, "operation", WRITE, CHOSEN), "{{operation}} p99"),
            unit="s",
            width=6,
        ),
        series(
            "Quota in use",
            "At 1 its oldest entries are removed, or new ones refused.",
            Query(f"{size} / {quota}", "{{instance}}"),
            unit="percentunit",
            width=6,
            steps=((limit, ORANGE),),
        ),
        series(
            "Files",
            "Files in the directory, and those removed a second to stay within the quota.",
            Query(total("", select("weir_log_directory_files", CHOSEN)), "files"),
            Query(total("", rate("weir_log_directory_removed_total", CHOSEN)), "removed a second"),
            width=6,
        ),
    ]
