"""The choices at the top of a dashboard."""

from grafana_foundation_sdk.builders import dashboard as sdk
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    VariableHide,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

# Every panel asks the data source that is chosen, so the JSON can be imported anywhere.
DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")


def datasource() -> sdk.DatasourceVariable:
    """The choice of a Prometheus; the first is the default."""
    return sdk.DatasourceVariable("datasource").label("Data source").type("prometheus")


def choice(name: str, label: str, query: str) -> sdk.QueryVariable:
    """One value of those that a query finds."""
    return (
        sdk.QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query({"query": query, "refId": f"variable-{name}"})
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )


def choices(name: str, label: str, query: str) -> sdk.QueryVariable:
    """Any number of the values that a query finds; at first all, also those that come later."""
    everything = VariableOption(text="All", value="$__all", selected=True)
    variable = choice(name, label, query).multi(True).include_all(True).all_value(".*")
    return variable.current(everything)


def listed(name: str, label: str, query: str, regex: str = "") -> sdk.QueryVariable:
    """As `choices`, but all are those that were found, each by its name."""
    everything = VariableOption(text="All", value="$__all", selected=True)
    variable = choice(name, label, query).multi(True).include_all(True).regex(regex)
    return variable.current(everything)


def hidden(name: str, query: str, regex: str) -> sdk.QueryVariable:
    """A value that follows from others and is not shown."""
    return choice(name, name, query).regex(regex).hide(VariableHide.HIDE_VARIABLE)


def targets() -> list[sdk.QueryVariable]:
    """The choice of Weir's instances."""
    within = 'namespace=~"$namespace"'
    return [
        choices("namespace", "Namespace", "label_values(weir_build_info, namespace)"),
        # All are those that were found: other jobs have metrics of processes and scrapes too.
        listed("job", "Job", f"label_values(weir_build_info{{{within}}}, job)"),
        choices(
            "instance",
            "Instance",
            f'label_values(weir_build_info{{{within}, job=~"$job"}}, instance)',
        ),
    ]
