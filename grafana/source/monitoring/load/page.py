"""The report, as a page of docs/."""

from collections.abc import Iterator

from monitoring.load.figures import SETTLED, Graphs, Measured, unanswered
from monitoring.load.story import IN_FLIGHT, QUEUE, REPLICAS, SECONDS, Recording

HEAD = """\
# Load test

Written by `make load-test`, which starts all that is named here and measures anew.

One replica of the host, limited in how much it may have in flight, gets more and more requests
until it is unresponsive and the alert of that name fires. Then two replicas more are started behind
the same proxy. More load is carried, and the alert ends.

| | |
|---|---|
| component | `data-api`, which waits {seconds:g} s for each answer, as shipped |
| limit of a replica | {in_flight} requests in flight: at most {capacity:g} a second |
| queue of a replica | {queue} requests, 15 s: as patient as a server that never refuses |
| proxy | haproxy, `leastconn`, asks `/readyz` of each replica's admin server |
| clients | begin requests at a fixed rate, whether or not earlier ones were answered |
| watched by | Prometheus, rules with times 12 times shorter than usual, and Alertmanager |

The component waits and does not compute, because on one machine three processes have no more CPU
than one: what limits a replica here is its requests in flight, as it is where services wait for
databases and other services. With the default queue, which lets requests wait for one second, a
replica refuses what is too much and stays responsive; it is made deeper here to see the alert fire.

## What the clients measured

| phase | replicas | sent a second | answered a second | refused | p50 | p95 | p99 |
|---|---|---|---|---|---|---|---|
"""

ROW = (
    "| {title} | {replicas} | {rate:g} | {carried:.1f} | {refused:.1%} | {median:.2f} s "
    "| {high:.2f} s | {highest:.2f} s |\n"
)

TAIL = """
Durations are of requests that began in the phase and were answered 200. What was answered a second
is of the phase's last {settled:g} seconds.

{most}

## What happened when

| second | |
|---|---|
{marks}

Of {sent} requests {other} got neither 200 nor 503, and {unanswered} got no answer. The three
replicas have counted {counted} in `http_server_request_duration_seconds_count`{agrees}.

## What Prometheus saw

![Requests a second: sent, answered, refused](load-test/requests.svg)

![Duration: p50, p95 and p99](load-test/duration.svg)

The histogram has edges at 10 and at 30 s; between two edges a quantile is guessed, and the clients
know it better.

![Requests in flight of each replica](load-test/in-flight.svg)

What is in flight includes what waits in a replica's queue.

![State of the alerts](load-test/alerts.svg)

Alerts other than Unresponsive tell of the same: Rejecting that requests are refused, HighLatency
that a route is slower than its limit, ErrorBudgetBurnFast and ErrorBudgetBurnSlow that too many
fail. While Unresponsive fires, Alertmanager keeps them back. ErrorBudgetBurnSlow looks back over
six hours, which are half an hour here.
"""


def written(recording: Recording, measured: list[Measured], graphs: Graphs) -> str:
    """The page."""
    sent = len(recording.journal)
    head = HEAD.format(
        seconds=SECONDS, in_flight=IN_FLIGHT, capacity=IN_FLIGHT / SECONDS, queue=QUEUE
    )
    tail = TAIL.format(
        settled=SETTLED,
        most=_most(measured, graphs),
        marks="\n".join(_marks(recording)),
        sent=sent,
        other=sum(each.other for each in measured),
        unanswered=unanswered(recording),
        counted=recording.counted,
        agrees=", which is the same" if recording.counted == sent else "",
    )
    return head + "".join(_row(each) for each in measured) + tail


def _row(each: Measured) -> str:
    phase = each.phase
    return ROW.format(
        title=phase.title,
        replicas=phase.replicas,
        rate=phase.rate,
        carried=each.carried,
        refused=each.refused / each.begun,
        median=each.median,
        high=each.high,
        highest=each.highest,
    )


def _most(measured: list[Measured], graphs: Graphs) -> str:
    """The most that was answered in any second, by one replica and by all."""
    change = next(each.phase.span.start for each in measured if each.phase.replicas > 1)
    answered = graphs.ended["200"]
    one = max(rate for moment, rate in answered if moment < change)
    all_of_them = max(rate for moment, rate in answered if moment >= change)
    return (
        f"The most that Prometheus saw answered over five seconds was {one:.1f} requests a second\n"
        f"by one replica and {all_of_them:.1f} by {REPLICAS}."
    )


def _marks(recording: Recording) -> Iterator[str]:
    start = recording.span().start
    for moment, what in sorted(recording.marks):
        yield f"| {moment - start:.0f} | {what} |"
