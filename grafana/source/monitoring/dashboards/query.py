"""What panels ask Prometheus for, narrowed to what is chosen at the top of a dashboard."""

from dataclasses import dataclass

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

# The targets that a dashboard about Weir is narrowed to. `namespace` is empty outside Kubernetes,
# which its value for all, `.*`, matches too.
TARGET = 'namespace=~"$namespace", job=~"$job", instance=~"$instance"'


@dataclass(frozen=True)
class Query:
    """A query with its legend; `instant` asks for the present only."""

    expr: str
    legend: str = "__auto"
    instant: bool = False
    heatmap: bool = False

    def builder(self, letter: str) -> prometheus.Dataquery:
        """The query as the SDK has it."""
        query = prometheus.Dataquery().ref_id(letter).expr(self.expr).legend_format(self.legend)
        if self.heatmap:
            query.format(PromQueryFormat.HEATMAP)
        elif self.instant:
            query.format(PromQueryFormat.TABLE)
        return query.instant() if self.instant else query.range()


def select(metric: str, *matchers: str) -> str:
    """The series of Weir's `metric` that the dashboard is narrowed to."""
    return f"{metric}{{{', '.join((TARGET, *matchers))}}}"


def rate(metric: str, *matchers: str) -> str:
    """How fast Weir's counter grows, a second."""
    return f"rate({select(metric, *matchers)}[$__rate_interval])"


def total(labels: str, expr: str) -> str:
    """The sum by labels; over everything if there are none."""
    return f"sum by ({labels}) ({expr})" if labels else f"sum({expr})"


def happening(labels: str, counter: str, *matchers: str) -> str:
    """How fast Weir's counter grows, by labels, where it does: some are there before they begin."""
    return f"{total(labels, rate(counter, *matchers))} > 0"


def quantile(share: float, labels: str, metric: str, *matchers: str) -> str:
    """The quantile of Weir's histogram by labels."""
    by = f"{labels}, le" if labels else "le"
    return f"histogram_quantile({share:g}, {total(by, rate(f'{metric}_bucket', *matchers))})"


def average(labels: str, metric: str, *matchers: str) -> str:
    """The average of what Weir's histogram measured, by labels."""
    ended = total(labels, rate(f"{metric}_count", *matchers))
    return f"{total(labels, rate(f'{metric}_sum', *matchers))} / {ended}"


def share(labels: str, part: str, whole: str) -> str:
    """The share of a rate in another; 0 where there is a whole and no part."""
    whole = total(labels, whole)
    return f"({total(labels, part)} or 0 * {whole}) / {whole}"
