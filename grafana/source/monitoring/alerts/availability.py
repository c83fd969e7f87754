"""Whether instances serve: what Prometheus sees of them from outside."""

from monitoring.alerts.rule import Alert, Context, Group, Record

DASHBOARD = "/d/weir-host?var-job={{ $labels.job }}"


def group(context: Context) -> Group:
    """The group."""
    return Group("weir-availability", (_serving(context), _service(context), _instance(context)))


def _serving(context: Context) -> Record:
    # An instance that cannot be scraped has no weir_ready. The second part knows the jobs that had
    # one within a day, so that a job without any instance counts 0 and does not just vanish.
    return Record(
        "job:weir_serving:count",
        f"""
        count by (namespace, job) (weir_ready == 1)
        or
        0 * group by (namespace, job) (last_over_time(weir_build_info[{context.window("1d")}]))
        """,
    )


def _service(context: Context) -> Alert:
    return Alert(
        name="ServiceDown",
        expr="job:weir_serving:count == 0",
        # A single replica may be replaced meanwhile.
        wait=context.wait("2m"),
        severity="critical",
        summary="No instance of {{ $labels.job }} takes traffic",
        description=(
            "Of the job {{ $labels.job }} no instance can be scraped and is ready. Its clients get "
            "no answers."
        ),
        runbook=context.runbook("service-down"),
        dashboard=DASHBOARD,
    )


def _instance(context: Context) -> Alert:
    return Alert(
        name="InstanceDown",
        expr="""
        up == 0 and on (namespace, job) job:weir_serving:count
        or
        weir_ready == 0
        """,
        wait=context.wait("5m"),
        severity="warning",
        summary="{{ $labels.instance }} of {{ $labels.job }} takes no traffic",
        description=(
            "The instance {{ $labels.instance }} cannot be scraped or has not been ready for a "
            "while. Others of the job {{ $labels.job }} carry its load."
        ),
        runbook=context.runbook("instance-down"),
        dashboard=DASHBOARD,
    )
