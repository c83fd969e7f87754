"""The course of the load test, phase by phase."""

import asyncio
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from monitoring.live import counts
from monitoring.live.client import Entry, Request
from monitoring.live.host import App, Instance
from monitoring.live.prometheus import Prometheus, Span
from monitoring.live.receivers import Webhook, serving
from monitoring.live.stack import Stack
from monitoring.live.wait import NotSeenError
from monitoring.load import SCALE
from monitoring.load.demand import Demand
from monitoring.load.proxy import Proxy

HERE = Path(__file__).parent
COMPONENT, ROUTE = "data-api", "/data/..."
ALERT = {"alertname": "Unresponsive", "component": COMPONENT}
REPLICAS = 3
# What weir.toml gives each replica, and what the component waits by default, in seconds.
IN_FLIGHT, QUEUE, SECONDS = 60, 200, 3.0
# Requests a second: well below what one replica can do, near it, beyond it, and what three can do.
LOW, NEAR, BEYOND, MORE = 8, 16, 32, 48
# Seconds of a phase, and how long an alert may take to fire or to end.
PHASE, PATIENCE = 20.0, 120.0
# Seconds until Prometheus has seen the last requests.
LAST_SCRAPES = 3.0


@dataclass(frozen=True)
class Phase:
    """A stretch of the test: how many replicas, how many requests a second, and when."""

    title: str
    replicas: int
    rate: float
    span: Span


@dataclass
class Recording:
    """What the test has seen. `marks` are moments with what happened then."""

    prometheus: Prometheus
    phases: list[Phase] = field(default_factory=list)
    marks: list[tuple[float, str]] = field(default_factory=list)
    journal: list[Entry] = field(default_factory=list)
    # The replicas' names by their admin servers, which are the label `instance`.
    replicas: dict[str, str] = field(default_factory=dict)
    counted: int = 0

    def span(self) -> Span:
        """All of it."""
        return Span(self.phases[0].span.start, self.phases[-1].span.end)


class Story:
    """The stack with the replicas behind a proxy."""

    def __init__(self, held: ExitStack, folder: Path, binary: Path) -> None:
        """Starts everything but the further replicas; `held` stops it."""
        app = App(folder, {"processing_seconds": f"{SECONDS:g}"})
        names = [f"replica-{number + 1}" for number in range(REPLICAS)]
        template = HERE / "weir.toml"
        self.replicas = [Instance(app, name, binary, template) for name in names]
        for replica in self.replicas:
            held.callback(replica.stop)
        self._webhook = Webhook()
        webhook = held.enter_context(serving(self._webhook.handler()))
        self._stack = Stack(folder, webhook + "/alerts", SCALE)
        held.callback(self._stack.stop)
        self._stack.scrape("weir", [replica.admin for replica in self.replicas])
        self._start(self.replicas[:1])
        proxy = Proxy(folder, self.replicas)
        held.callback(proxy.process.stop)
        proxy.process.wait()
        self._stack.start()
        self._demand = Demand(proxy.address, Request("/data/", ROUTE))
        self._recording = Recording(
            self._stack.prometheus,
            journal=self._demand.journal,
            replicas={replica.admin: replica.name for replica in self.replicas},
        )

    async def tell(self) -> Recording:
        """Goes through all phases."""
        await self._phase("few requests", LOW)
        await self._phase("more, and all is well", NEAR)
        await self._until("more than one replica carries", BEYOND, "fires", self._fires)
        scaling = asyncio.create_task(self._scale())
        await self._until("the same with three replicas", BEYOND, "ends", self._has_ended)
        await scaling
        await self._phase("more than before", MORE)
        await self._demand.finish()
        await asyncio.sleep(LAST_SCRAPES)
        self._recording.counted = self._counted()
        return self._recording

    async def _scale(self) -> None:
        await asyncio.to_thread(self._start, self.replicas[1:])
        self._mark("three replicas are ready")

    def _start(self, replicas: list[Instance]) -> None:
        for replica in replicas:
            replica.start()
        for replica in replicas:
            replica.process.wait()

    async def _phase(self, title: str, rate: float, seconds: float = PHASE) -> None:
        began = time.time()
        await self._demand.hold(rate, seconds)
        self._add(title, rate, began)

    async def _until(self, title: str, rate: float, what: str, ask: Callable[[], bool]) -> None:
        """A phase that goes on for a while after the alert did what it must."""
        began = time.time()
        while not await asyncio.to_thread(ask):
            if time.time() > began + PATIENCE:
                raise NotSeenError(f"Unresponsive {what}: not within {PATIENCE:g} s")
            await self._demand.hold(rate, 1)
        self._mark(f"Unresponsive {what}")
        await self._demand.hold(rate, PHASE / 2)
        self._add(title, rate, began)

    def _add(self, title: str, rate: float, began: float) -> None:
        running = sum(replica.process is not None for replica in self.replicas)
        self._recording.phases.append(Phase(title, running, rate, Span(began, time.time())))

    def _mark(self, what: str) -> None:
        self._recording.marks.append((time.time(), what))

    def _fires(self) -> bool:
        return self._webhook.told("wake", "firing", ALERT)

    def _has_ended(self) -> bool:
        # Notifications of what has ended are gathered for a while.
        return not self._stack.alertmanager.find(ALERT)

    def _counted(self) -> int:
        """What all replicas have counted."""
        texts = [replica.scrape() for replica in self.replicas]
        return sum(counts.Exposition(text).total() for text in texts)
