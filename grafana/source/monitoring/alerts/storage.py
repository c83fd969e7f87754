"""What is kept: log directories that fill up, stores that refuse."""

from monitoring.alerts.rule import Alert, Context, Group

DASHBOARD = "/d/weir-component?var-job={{ $labels.job }}&var-component={{ $labels.component }}"
# Results that are not the component's own doing.
STORE_ERRORS = 'result=~"no_space|locked|unavailable|closed|io"'
LOG_ERRORS = 'result=~"quota_exceeded|no_space|permission|io"'
# Both begin at 0 when a component is loaded. The counts of the durations begin with the first error
# of a kind, and what is in a series when it begins is no increase.
KEY_VALUE = f"weir_key_value_errors_total{{{STORE_ERRORS}}}"
LOG = f"weir_log_directory_errors_total{{{LOG_ERRORS}}}"


def group(context: Context) -> Group:
    """The group."""
    return Group("weir-storage", (_quota(context), _errors(context)))


def _quota(context: Context) -> Alert:
    # A directory that removes its oldest entries is full by design, and says so by removing.
    return Alert(
        name="LogDirectoryNearQuota",
        expr=f"""
        weir_log_directory_size_bytes / weir_log_directory_quota_bytes
        > {context.objectives.log_directory:g}
        unless increase(weir_log_directory_removed_total[{context.window("1d")}]) > 0
        """,
        wait=context.wait("10m"),
        severity="warning",
        summary="The log directory of {{ $labels.component }} is nearly full",
        description=(
            "On {{ $labels.instance }} the log directory of {{ $labels.component }} holds "
            "{{ $value | humanizePercentage }} of what it may. Then its oldest entries are "
            "removed, or new ones refused, as its `retention` says."
        ),
        runbook=context.runbook("log-directory-near-quota"),
        dashboard=DASHBOARD,
    )


def _errors(context: Context) -> Alert:
    labels, window = "namespace, job, component, store, result", context.window("5m")
    return Alert(
        name="StoreErrors",
        expr=f"""
        sum by ({labels}) (increase({KEY_VALUE}[{window}])) > 0
        or
        sum by ({labels}) (
          label_replace(increase({LOG}[{window}]), "store", "log directory", "", "")
        ) > 0
        """,
        wait=context.wait("1m"),
        severity="warning",
        summary="{{ $labels.component }} cannot store: {{ $labels.result }}",
        description=(
            "About {{ $value | humanize }} operations of {{ $labels.component }} on "
            "`{{ $labels.store }}` failed in the last 5 minutes, with `{{ $labels.result }}`."
        ),
        runbook=context.runbook("store-errors"),
        dashboard=DASHBOARD,
    )
