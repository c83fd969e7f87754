"""The health check, which asks the services as their clients do."""

from monitoring.alerts.rule import Alert, Context, Group, Record

DASHBOARD = "/d/weir-kubernetes"
FAILED = "cronjob:health_check_failed:timestamp"
PASSED = "cronjob:health_check_passed:timestamp"


def group(context: Context) -> Group:
    """The group."""
    return Group(
        "weir-health-check",
        (
            _latest(context, FAILED, "kube_job_status_failed"),
            _latest(context, PASSED, "kube_job_status_succeeded"),
            _failed(context),
        ),
    )


def _latest(context: Context, name: str, status: str) -> Record:
    # Jobs that failed stay for a while as part of the CronJob's history, so what counts is whether
    # the last one did.
    owner = (
        f'kube_job_owner{{owner_kind="CronJob", owner_name=~"{context.objectives.health_check}"}}'
    )
    return Record(
        name,
        f"""
        max by (namespace, owner_name) (
          max by (namespace, job_name) (kube_job_status_start_time)
          * on (namespace, job_name) group_left (owner_name)
            max by (namespace, job_name, owner_name) ({owner})
          and on (namespace, job_name)
            max by (namespace, job_name) ({status}) > 0
        )
        """,
    )


def _failed(context: Context) -> Alert:
    name = context.objectives.health_check
    return Alert(
        name="HealthCheckFailed",
        expr=f"""
        {FAILED} > {PASSED}
        or
        {FAILED} unless {PASSED}
        or
        probe_success{{job=~"{name}"}} == 0
        """,
        # Shorter than the two minutes from one run of the CronJob to the next.
        wait=context.wait("1m"),
        severity="critical",
        summary="The health check {{ $labels.owner_name }}{{ $labels.instance }} failed",
        description=(
            "The last check found a service that does not answer as it should. In a cluster the "
            "log of the CronJob's last job says which, elsewhere the label `instance`."
        ),
        runbook=context.runbook("health-check-failed"),
        dashboard=DASHBOARD,
    )
