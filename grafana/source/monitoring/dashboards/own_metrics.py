"""Panels for the metrics that a component defines itself, one for each of them.

They begin with the component's id and have no label `component`, so a hidden variable makes the
prefix out of the id, `-` becoming `_`, and others find the names. A component whose id begins with
this one's and a dash is found too.
"""

from grafana_foundation_sdk.builders.dashboard import QueryVariable

from monitoring.dashboards.panel import Panel, series
from monitoring.dashboards.query import TARGET, Query, select, total
from monitoring.dashboards.variable import hidden, listed

# Dashes in an id that are replaced: one for each nested call.
DASHES = 8
# Panels beside each other, once Grafana has repeated them.
PER_ROW = 3

COMPONENT = 'component="$component"'
ID = '"prefix", "$1", "component", "(.*)"'
# Without braces the first group would be called `1_`.
DASH = '"prefix", "${1}_${2}", "prefix", "([^-]*)-(.*)"'
NAMED = f'{{__name__=~"${{prefix}}_.+", {TARGET}}}'


def variables() -> list[QueryVariable]:
    """The prefix, and the names of counters, gauges and histograms."""
    prefix = f"label_replace({select('weir_component_generation', COMPONENT)}, {ID})"
    for _ in range(DASHES):
        prefix = f"label_replace({prefix}, {DASH})"
    names = f"label_values({NAMED}, __name__)"
    return [
        hidden("prefix", f"query_result({prefix})", '/prefix="([^"]+)"/'),
        listed("counter", "Counters", names, "/.+_total$/"),
        listed("gauge", "Gauges", names, "/^(?!.+_(?:total|bucket|sum|count)$).+$/"),
        listed("histogram", "Histograms", names, "/(.+)_bucket$/"),
    ]


def panels() -> list[Panel]:
    """A panel for each kind, which Grafana repeats for each name."""

    def named(variable: str, suffix: str = "") -> str:
        return f'{{__name__="${{{variable}}}{suffix}", {TARGET}}}'

    replicas = (
        "sum without (namespace, job, instance, pod, container, endpoint, service, node, app)"
    )
    counter = f"{replicas} (rate({named('counter')}[$__rate_interval]))"
    buckets = total("le", f"rate({named('histogram', '_bucket')}[$__rate_interval])")
    return [
        series(
            "$counter",
            "A counter of the component's own: how fast it grows, a second.",
            Query(counter),
            width=24,
        )
        .repeat("counter")
        .max_per_row(PER_ROW),
        series(
            "$gauge",
            "A gauge or up-down counter of the component's own, by instance of the host.",
            Query(named("gauge")),
            width=24,
        )
        .repeat("gauge")
        .max_per_row(PER_ROW),
        series(
            "$histogram",
            "A histogram of the component's own.",
            *(
                Query(f"histogram_quantile({share:g}, {buckets})", f"p{share * 100:g}")
                for share in (0.5, 0.95, 0.99)
            ),
            width=24,
        )
        .repeat("histogram")
        .max_per_row(PER_ROW),
    ]
