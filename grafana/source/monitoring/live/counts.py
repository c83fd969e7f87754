"""What the host says that it has counted, and what its clients say, in the same form."""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence

from prometheus_client.parser import text_string_to_metric_families

from monitoring.live.client import Entry, Outcome

DURATION = "http_server_request_duration_seconds"
# Methods that are labels of their own, as docs/metrics.md has it.
METHODS = frozenset(
    ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]
)

# A request by route, method and status, which is empty if there was none.
Key = tuple[str, str, str]


class Exposition:
    """The requests of one scrape."""

    def __init__(self, text: str) -> None:
        """Reads the text of `/metrics`."""
        self._samples = [
            sample
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name.startswith(DURATION)
        ]

    def requests(self) -> Counter[Key]:
        """How many were answered, by route, method and status."""
        found: Counter[Key] = Counter()
        for labels, count in self._counted():
            found[_key(labels)] += count
        return answered(found)

    def unanswered(self) -> Counter[str]:
        """How many have no status, by the reason."""
        found: Counter[str] = Counter()
        for labels, count in self._counted():
            if not _key(labels)[2]:
                found[labels["error_type"]] += count
        return found

    def total(self) -> int:
        """How many there are."""
        return sum(count for _, count in self._counted())

    def buckets(self, route: str) -> dict[float, int]:
        """How many of a route's requests with status 200 took no longer, by edges in seconds."""
        found: Counter[float] = Counter()
        for sample in self._samples:
            labels = sample.labels
            if sample.name.endswith("_bucket") and _key(labels)[::2] == (route, "200"):
                found[float(labels["le"])] += int(sample.value)
        return dict(sorted(found.items()))

    def _counted(self) -> Iterable[tuple[dict[str, str], int]]:
        for sample in self._samples:
            if sample.name.endswith("_count"):
                yield sample.labels, int(sample.value)


def _key(labels: dict[str, str]) -> Key:
    status = labels.get("http_response_status_code", "")
    return labels["http_route"], labels["http_request_method"], status


def answered(counts: Counter[Key]) -> Counter[Key]:
    """Those of the counts that have a status."""
    return Counter({key: count for key, count in counts.items() if key[2]})


def told(entries: Iterable[Entry]) -> Counter[Key]:
    """What clients got, as the host's labels have it."""
    return Counter(_told(entry, entry.status) for entry in entries if entry.status is not None)


def crossed(entries: Iterable[Entry], statuses: dict[str, int | None]) -> Counter[Key]:
    """What was on its way to clients that left just then, by what is logged of their traces."""
    left = [entry for entry in with_outcome(entries, Outcome.LEFT) if entry.status is None]
    found = [(entry, statuses.get(entry.trace)) for entry in left]
    return Counter(_told(entry, status) for entry, status in found if status is not None)


def _told(entry: Entry, status: int) -> Key:
    return entry.request.route, _method(entry), str(status)


def _method(entry: Entry) -> str:
    method = entry.request.method
    return method if method in METHODS else "_OTHER"


def logged(log: Iterable[str]) -> list[dict]:
    """The lines of the access log among those of a host."""
    return [json.loads(line) for line in log if '"target":"access"' in line]


def reported_total(log: Iterable[str]) -> int | None:
    """How many requests the host says it has served, once nothing is left of them."""
    for line in log:
        if '"message":"stopped"' in line:
            return json.loads(line)["requests"]
    return None


def bucket_of_counted(quantile: float, buckets: dict[float, int]) -> int:
    """In which bucket the quantile lies, as Prometheus finds it, counted from 0."""
    counts = list(buckets.values())
    return bisect_left(counts, quantile * counts[-1])


def bucket_of_measured(quantile: float, seconds: Iterable[float], edges: Sequence[float]) -> int:
    """The same of what a client measured, with these edges of buckets."""
    counts = [0] * len(edges)
    for each in seconds:
        counts[bisect_left(edges, each)] += 1
    below = 0
    cumulative = {edge: (below := below + count) for edge, count in zip(edges, counts, strict=True)}
    return bucket_of_counted(quantile, cumulative)


def with_outcome(entries: Iterable[Entry], *outcomes: Outcome) -> list[Entry]:
    """The requests of which this came."""
    return [entry for entry in entries if entry.outcome in outcomes]
