"""Host: the process itself, its instance pool, its connections, its scrapes."""

from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.dashboards.board import Board
from monitoring.dashboards.events import common
from monitoring.dashboards.panel import ORANGE, RED, Panel, number, rows, series, text
from monitoring.dashboards.query import Query, rate, select, total
from monitoring.dashboards.variable import targets
from monitoring.objectives import Objectives

INSTANCE = "{{instance}}"


def build(objectives: Objectives, alerts: list[str]) -> Dashboard:
    """The dashboard."""
    about = "The processes that run Weir: resources, instance pool, connections and scrapes."
    board = Board("weir-host", "Weir: host", about)
    board.variables(*targets()).events(*common(alerts))
    board.row("Now", *_now())
    board.row("Process", *_process())
    board.row("Instance pool", *_pool())
    board.row("Connections", *_connections(objectives))
    board.row("Scrapes and metrics", *_scrapes())
    return board.build()


def _now() -> list[Panel]:
    version = Query(select("weir_build_info"), "{{version}}, wasmtime {{wasmtime}}")
    serving = f"count({select('weir_ready')} == 1) or vector(0)"
    uptime = f"time() - max({select('process_start_time_seconds')})"
    return [
        text("Version", "Weir's and the engine's.", version, width=6),
        number(
            "Serving",
            "Instances of the host that can be scraped and take traffic.",
            Query(serving),
        ),
        number(
            "Down",
            "Instances of the host that cannot be scraped.",
            Query(f"count({select('up')} == 0) or vector(0)"),
            steps=((1, RED),),
        ),
        number("Youngest", "Since the last start of any.", Query(uptime), "s"),
        number(
            "CPU",
            "Cores that all use.",
            Query(total("", rate("process_cpu_seconds_total"))),
            decimals=2,
        ),
    ]


def _process() -> list[Panel]:
    guests = total("component", rate("weir_component_cpu_seconds_total"))
    fds = f"{select('process_open_fds')} / {select('process_max_fds')}"
    return [
        series(
            "CPU",
            "Cores in use by the whole process.",
            Query(rate("process_cpu_seconds_total"), INSTANCE),
            width=8,
        ),
        series(
            "CPU by component",
            "Cores in use by each component's instances. What the process uses beyond their sum is "
            "the host's own: connections, compiling, metrics.",
            Query(guests, "{{component}}"),
            stacked=True,
            width=8,
        ),
        series(
            "Resident memory",
            "Memory that the process really takes.",
            Query(select("process_resident_memory_bytes"), INSTANCE),
            unit="bytes",
            width=8,
        ),
        series(
            "Virtual memory",
            "Address space. The instance pool reserves much more than it uses, so this is large by "
            "design and costs nothing.",
            Query(select("process_virtual_memory_bytes"), INSTANCE),
            unit="bytes",
            width=8,
        ),
        series(
            "Open files of limit",
            "File descriptors in use. At 1 no connection can be accepted.",
            Query(fds, INSTANCE),
            unit="percentunit",
            width=8,
            steps=((0.8, ORANGE),),
        ),
        series(
            "Threads",
            "Threads of the process.",
            Query(select("process_threads"), INSTANCE),
            width=8,
        ),
    ]


def _pool() -> list[Panel]:
    limit, used = select("weir_pool_limit"), select("weir_pool_used")
    memory = total("component", select("weir_component_memory_bytes"))
    return [
        series(
            "Pool in use",
            "Slots of the instance pool in use, by resource. At 1 requests wait for instances.",
            Query(f"{used} / {limit}", "{{instance}} {{resource}}"),
            unit="percentunit",
            width=8,
            steps=((0.8, ORANGE), (1, RED)),
        ),
        series(
            "Instances by component",
            "Live instances, busy or idle.",
            Query(total("component", select("weir_component_instances")), "{{component}}"),
            stacked=True,
            width=8,
        ),
        series(
            "Linear memory by component",
            "Memory of live instances.",
            Query(memory, "{{component}}"),
            unit="bytes",
            stacked=True,
            width=8,
        ),
    ]


def _connections(objectives: Objectives) -> list[Panel]:
    errors = total("listener, reason", rate("weir_connection_errors_total"))
    expiry = f"{select('weir_tls_certificate_expiry_timestamp_seconds')} - time()"
    soon = objectives.certificate_days * 86400
    return [
        series(
            "Open connections",
            "Client connections that are open, by listener.",
            Query(select("weir_connections_active"), "{{instance}} {{listener}}"),
            width=6,
        ),
        series(
            "Accepted",
            "New client connections a second, by listener.",
            Query(rate("weir_connections_accepted_total"), "{{instance}} {{listener}}"),
            unit="cps",
            width=6,
        ),
        series(
            "Connection errors",
            "Connections a second that ended badly before or between requests.",
            Query(errors, "{{listener}} {{reason}}"),
            unit="cps",
            width=6,
        ),
        series(
            "Certificates expire in",
            "Time until a listener's certificate expires; the line is when that is told.",
            Query(expiry, "{{instance}} {{listener}}"),
            unit="s",
            width=6,
            steps=((soon, ORANGE),),
        ),
    ]


def _scrapes() -> list[Panel]:
    refused = total("component, reason", rate("weir_guest_metrics_refused_total"))
    overflowed = total("component", rate("weir_guest_metrics_overflowed_total"))
    started = Query(f"{select('process_start_time_seconds')} * 1000", instant=True)
    return [
        series(
            "Duration of scrapes",
            "How long Prometheus waits for /metrics.",
            Query(select("scrape_duration_seconds"), INSTANCE),
            unit="s",
            width=6,
        ),
        series(
            "Samples",
            "Samples in a scrape. All labels are closed sets, so it levels off.",
            Query(select("scrape_samples_scraped"), INSTANCE),
            width=6,
        ),
        series(
            "Guests' measurements refused or overflowed",
            "Measurements a second that a component may not make, and those that went to an "
            "overflow series because it has too many.",
            Query(refused, "{{component}} {{reason}}"),
            Query(overflowed, "{{component}} overflowed"),
            unit="ops",
            width=6,
        ),
        rows(
            "Started",
            "When each process started.",
            {"Started": (started, "dateTimeAsIso")},
            ["job", "instance"],
            width=6,
        ),
    ]
