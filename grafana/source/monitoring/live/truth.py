"""Whether the host's counts are its clients', to the last request.

Problem: a dashboard is worth what its counts are. Requests are lost to them, or counted twice,
where things end otherwise than planned: in traps, refusals and reloads, and above all in the drain.

Mechanism: a host of its own gets requests from nobody but clients that keep a journal. They go on
under load while a component is replaced again and again, others trap, compute without end, want too
much memory, break off their bodies or refuse, and clients leave. Then the host is told to stop, and
they go on until it takes no connection any more. Three accounts are compared: the clients' journal,
the sums of `http_server_request_duration_seconds_count`, and the access log.

How exactness is reached:

- The metrics are read once the host has logged `stopped`: nothing is in flight then, and nothing
  can come, but the admin server goes on for `drain.admin_linger`.
- What was answered must have the same number by route, method and status.
- What was not answered is looked up by its trace id in the access log. If it is there, it must be
  in the metrics without a status, as `stopped` where the host cut it and as `client_disconnect`
  where its client left. If it is not, the host has not read it: it was on its way on a connection
  that was closed between two requests, or had not been accepted yet, and must not be counted.
- A client that leaves while its answer is on its way has not seen a status that was sent: the
  access log has it, by which it counts as answered. Nobody else may have such a status.
- No id may be in the access log twice, and none that no client has sent.
- The total in the host's last line must be that of both.

Quantiles are compared where requests wait, so that what the client itself needs to send and to read
is small beside it; each must be in the bucket of the client's own or in the next.
"""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from monitoring.live import counts
from monitoring.live.accounts import Accounts
from monitoring.live.client import Client, Entry, Outcome, Request
from monitoring.live.counts import Exposition
from monitoring.live.host import HERE, FaultyApp, Instance
from monitoring.live.receivers import Upstream, serving
from monitoring.live.report import Report, unless
from monitoring.live.wait import until

# Seconds of load before the host is told to stop, and between two reloads.
LOAD, BETWEEN = 15.0, 0.5
# What replaces each other: guests of the host's tests.
REPLACING = ("p3_request_info", "p3_hello")
REPLACED = "/live/replaced"
WAITING = "/live/waiting"
# Milliseconds that twenty requests wait. Each is amid a wide bucket, so that a client of a busy
# machine, which sees its answers late, is not two buckets off.
WAITS = [350] * 14 + [700] * 5 + [1500]
# Longer than the test is.
ENDLESS = 3_600_000


def run(report: Report, held: ExitStack, folder: Path, binary: Path) -> None:
    """Compares the accounts; `held` stops what was started."""
    report.note("--      the host's counts are compared with its clients'")
    upstream = held.enter_context(serving(Upstream().handler()))
    app = FaultyApp(folder, upstream)
    instance = Instance(app, "counted", binary, HERE / "truth.toml", kept=None)
    held.callback(instance.stop)
    instance.start()
    instance.process.wait()
    journal, reloads = asyncio.run(_load(instance))
    log = instance.process.written
    until("the host has stopped", lambda: counts.reported_total(list(log)) is not None)
    accounts = Accounts(journal, Exposition(instance.scrape()), list(log))
    instance.stop()
    report.check(f"the code was replaced under load ({reloads} times)", unless(reloads > 1))
    accounts.compare(report)
    accounts.compare_quantiles(report, WAITING, (0.5, 0.9, 0.99))
    accounts.compare_quantiles(report, "/data/...", (0.5, 0.9))
    accounts.see_only(report, WAITING, 200)


async def _load(instance: Instance) -> tuple[list[Entry], int]:
    journal: list[Entry] = []
    visitors = [_visit(instance.plain, plan, pause, journal) for plan, pause in _plans()]
    tasks = [asyncio.create_task(visitor) for visitor in visitors]
    reloads = 0
    loop = asyncio.get_running_loop()
    end = loop.time() + LOAD
    for guest in itertools.cycle(REPLACING):
        if loop.time() > end:
            break
        instance.app.replace(guest)
        failed = await asyncio.to_thread(instance.reload)
        reloads += "replaced" not in failed
        await asyncio.sleep(BETWEEN)
    instance.process.ask_to_stop()
    await asyncio.gather(*tasks)
    return journal, reloads


async def _visit(
    listener: str, plan: Sequence[Request], pause: float, journal: list[Entry]
) -> None:
    """Makes the plan's requests again and again until there is nobody to connect to."""
    client = Client(listener, journal)
    for request in itertools.cycle(plan):
        entry = await client.ask(request)
        if entry.outcome is Outcome.UNSENT:
            return
        await asyncio.sleep(pause)


def _plans() -> list[tuple[list[Request], float]]:
    """What each visitor asks in turn, and the seconds between."""
    waits = [Request(f"{WAITING}?ms={wait}", WAITING) for wait in WAITS]
    # Each begins elsewhere, so that the shares are right whenever it ends.
    turned = [waits[start:] + waits[:start] for start in range(len(waits))]
    return [
        *[(plan, 0.0) for plan in turned],
        *[([Request(REPLACED, REPLACED)], 0.01)] * 4,
        *[([Request("/data/", "/data/...")], 0.0)] * 4,
        *[([Request("/live/crowded?ms=100", "/live/crowded")], 0.02)] * 12,
        *[([Request(f"{WAITING}?ms={ENDLESS}", WAITING)], 0.0)] * 3,
        # Who leaves shares an instance with those that wait, and does them no harm.
        ([Request(f"{WAITING}?ms={ENDLESS}", WAITING, patience=0.1)], 0.1),
        ([Request(f"{WAITING}?ms=1000", WAITING, patience=0.1)], 0.1),
        (_storage(), 0.01),
        (_faults(), 0.05),
        (_oddities(), 0.05),
    ]


def _storage() -> list[Request]:
    path, route = "/api/buckets/counted", "/api/buckets/:id"
    requests = [Request(path, route, "PUT", b"some bytes")]
    requests += [Request(path, route, method) for method in ("GET", "DELETE", "GET")]
    return [*requests, Request("/api/buckets", "/api/buckets")]


def _faults() -> list[Request]:
    return [
        Request("/live/trap", "/live/trap"),
        Request("/live/loop", "/live/loop"),
        Request("/live/hungry?mib=64&insist=1", "/live/hungry"),
        Request("/live/breaking", "/live/breaking"),
        Request("/live/erring?status=503", "/live/erring"),
    ]


def _oddities() -> list[Request]:
    return [
        Request("/nowhere", "_unmatched"),
        Request(REPLACED, REPLACED, "BREW"),
        Request("/backend/download_external_logs?env=nowhere", "/backend/download_external_logs"),
    ]
