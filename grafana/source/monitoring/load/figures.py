"""The numbers of the report: of each phase as its clients measured it, and Prometheus' graphs."""

import math
from dataclasses import dataclass

from monitoring.live.client import Entry, Outcome
from monitoring.live.prometheus import Point, Prometheus, Span
from monitoring.load.story import COMPONENT, Phase, Recording

OF_COMPONENT = f'component="{COMPONENT}"'
# The last seconds of a phase, when what was before it is over.
SETTLED = 10.0
# Seconds over which rates are taken.
WINDOW = "5s"


@dataclass(frozen=True)
class Measured:
    """What the clients measured of the requests that began in a phase; durations in seconds.

    `carried` is how many were answered in each of the phase's last seconds, whenever they began.
    """

    phase: Phase
    begun: int
    carried: float
    refused: int
    other: int
    median: float
    high: float
    highest: float


def measured(recording: Recording) -> list[Measured]:
    """Each phase."""
    return [_measure(phase, recording.journal) for phase in recording.phases]


def unanswered(recording: Recording) -> int:
    """Requests without a status."""
    return sum(entry.outcome is not Outcome.ANSWERED for entry in recording.journal)


def _measure(phase: Phase, journal: list[Entry]) -> Measured:
    entries = [entry for entry in journal if phase.span.start <= entry.began < phase.span.end]
    seconds = sorted(entry.seconds for entry in entries if entry.status == 200)
    refused = sum(entry.status == 503 for entry in entries)
    median, high, highest = (_quantile(seconds, share) for share in (0.5, 0.95, 0.99))
    other = len(entries) - len(seconds) - refused
    carried = _carried(journal, phase.span.end)
    return Measured(phase, len(entries), carried, refused, other, median, high, highest)


def _carried(journal: list[Entry], end: float) -> float:
    ended = (entry.began + entry.seconds for entry in journal if entry.status == 200)
    return sum(end - SETTLED <= moment < end for moment in ended) / SETTLED


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else math.nan


@dataclass(frozen=True)
class Graphs:
    """What Prometheus saw, as series of points by name."""

    begun: dict[str, list[Point]]
    ended: dict[str, list[Point]]
    durations: dict[str, list[Point]]
    in_flight: dict[str, list[Point]]
    # Of each alert and state the seconds in which it was in it, as beginnings and lengths.
    alerts: dict[str, dict[str, list[Point]]]


def graphs(recording: Recording) -> Graphs:
    """All graphs over the whole test."""
    asked, span = recording.prometheus, recording.span()
    rate = f"rate(http_server_request_duration_seconds_count{{{OF_COMPONENT}}}[{WINDOW}])"
    bucket = f"rate(http_server_request_duration_seconds_bucket{{{OF_COMPONENT}}}[{WINDOW}])"
    in_flight = f"http_server_active_requests{{{OF_COMPONENT}}}"
    return Graphs(
        begun=_begun(recording.journal, span),
        ended=_by(
            asked, f"sum by (http_response_status_code) ({rate})", span, "http_response_status_code"
        ),
        durations={
            f"p{share * 100:.0f}": _one(
                asked, f"histogram_quantile({share}, sum by (le) ({bucket}))", span
            )
            for share in (0.5, 0.95, 0.99)
        },
        in_flight={
            recording.replicas[instance]: points
            for instance, points in _by(
                asked, f"sum by (instance) ({in_flight})", span, "instance"
            ).items()
        },
        alerts=_alerts(asked, span),
    )


def _begun(journal: list[Entry], span: Span) -> dict[str, list[Point]]:
    """Requests begun in each second, by the clients' own journal."""
    counts = [0] * (int(span.end - span.start) + 1)
    for entry in journal:
        second = int(entry.began - span.start)
        if 0 <= second < len(counts):
            counts[second] += 1
    # The last second is not a whole one.
    points = [(span.start + second, float(count)) for second, count in enumerate(counts[:-1])]
    return {"sent": points}


def _by(asked: Prometheus, query: str, span: Span, label: str) -> dict[str, list[Point]]:
    found = asked.graph(query, span)
    return {labels.get(label, "none"): points for labels, points in found}


def _one(asked: Prometheus, query: str, span: Span) -> list[Point]:
    found = asked.graph(query, span)
    return [point for point in found[0][1] if math.isfinite(point[1])] if found else []


def _alerts(asked: Prometheus, span: Span) -> dict[str, dict[str, list[Point]]]:
    found: dict[str, dict[str, list[Point]]] = {}
    for state in ("pending", "firing"):
        query = f'max by (alertname) (ALERTS{{alertstate="{state}", {OF_COMPONENT}}})'
        for labels, points in asked.graph(query, span):
            moments = [moment for moment, _ in points]
            found.setdefault(labels["alertname"], {})[state] = _stretches(moments)
    return dict(sorted(found.items()))


def _stretches(moments: list[float]) -> list[Point]:
    """Moments a second apart, put together: where each stretch begins and how long it is."""
    stretches: list[Point] = []
    for moment in moments:
        if stretches and moment - sum(stretches[-1]) < 0.5:
            begin, length = stretches[-1]
            stretches[-1] = (begin, length + 1)
        else:
            stretches.append((moment, 1.0))
    return stretches
