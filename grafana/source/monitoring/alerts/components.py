"""What goes wrong inside: components that fail, and code that cannot be loaded."""

from monitoring.alerts.rule import Alert, Context, Group

DASHBOARD = "/d/weir-component?var-job={{ $labels.job }}&var-component={{ $labels.component }}"
RELOAD = "weir_component_last_reload_timestamp_seconds"


def group(context: Context) -> Group:
    """The group."""
    return Group("weir-components", (_failing(context), _reload(context)))


def _failing(context: Context) -> Alert:
    # A sibling's failure is the consequence of one that is counted with its own reason.
    return Alert(
        name="ComponentFailing",
        expr=f"""
        sum by (namespace, job, component, reason) (
          increase(weir_component_failures_total{{reason!="sibling"}}[{context.window("10m")}])
        ) > {context.objectives.failures}
        """,
        wait=context.wait("1m"),
        severity="warning",
        summary="{{ $labels.component }} of {{ $labels.job }} fails: {{ $labels.reason }}",
        description=(
            "About {{ $value | humanize }} requests to {{ $labels.component }} had no answer from "
            "it in the last 10 minutes, for the reason `{{ $labels.reason }}`."
        ),
        runbook=context.runbook("component-failing"),
        dashboard=DASHBOARD,
    )


def _reload(context: Context) -> Alert:
    failure = f'max without (result) ({RELOAD}{{result="failure"}})'
    success = f'max without (result) ({RELOAD}{{result="success"}})'
    app = f'max by (namespace, job, instance) ({RELOAD}{{component="_app", result="success"}})'
    # When the old file is put back there is nothing to load, so the component has no new success;
    # but the app as a whole has been read without one failing since.
    return Alert(
        name="ReloadFailed",
        expr=f"""
        {failure}
        unless
        {failure} < {success}
        unless
        {failure} < on (namespace, job, instance) group_left () {app}
        """,
        wait=context.wait("1m"),
        severity="warning",
        summary="{{ $labels.component }} of {{ $labels.job }} was not loaded anew",
        description=(
            "On {{ $labels.instance }} the last attempt to load {{ $labels.component }} failed, at "
            "{{ $value | humanizeTimestamp }}. What ran before still serves; the change does not."
        ),
        runbook=context.runbook("reload-failed"),
        dashboard=DASHBOARD,
    )
