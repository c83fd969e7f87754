"""The course of the test: all well, faults of components, hosts that are gone, panels."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from monitoring.checks.expressions import GRAFANA
from monitoring.live import SCALE, cluster, exporters
from monitoring.live.boards import Board, Times
from monitoring.live.faults import TELL, WAKE, Expected, Fault
from monitoring.live.host import FaultyApp, Instance
from monitoring.live.prometheus import Span
from monitoring.live.receivers import Upstream, Webhook, serving
from monitoring.live.report import Report
from monitoring.live.stack import Stack
from monitoring.live.wait import PATIENCE, NotSeenError, until

# How long the services are used before anything goes wrong, in seconds.
QUIET = 15.0
# What a question gets when its phase is over time.
LEAST_PATIENCE = 2.0
# The machine that the test runs on may well be busy or full, which is no fault of the host.
MACHINE = "Node"


class Scenario:
    """The stack with the host in it, and what was seen so far."""

    def __init__(self, report: Report, held: ExitStack, folder: Path, binary: Path) -> None:
        """Starts everything; `held` stops it."""
        self._report = report
        self.upstream, self._webhook = Upstream(), Webhook()
        app = FaultyApp(folder, held.enter_context(serving(self.upstream.handler())))
        webhook = held.enter_context(serving(self._webhook.handler()))
        self.first, self.second = (Instance(app, name, binary) for name in ("first", "second"))
        for instance in (self.first, self.second):
            held.callback(instance.stop)
            instance.start()
            # The second finds compiled what the first has compiled.
            instance.process.wait()
        self._stack = Stack(folder, webhook + "/alerts", SCALE)
        held.callback(self._stack.stop)
        self._past = cluster.backfill(self._stack.storage)
        exporters.run(self._stack, self.first)
        self._stack.scrape("weir", [self.first.admin, self.second.admin])
        self._stack.start()
        self._started = time.time()
        self._begin("all is well")

    def all_is_well(self) -> None:
        """Nothing is told of services that do what they should."""
        until("the services have been used", lambda: time.time() > self._started + QUIET)
        self._see("every rule can be evaluated", self._rules_are_healthy)
        self._see("nothing is told while all is well", self._nothing_fires)
        told = sorted(name for name in self._webhook.names() if not name.startswith(MACHINE))
        self._see("nothing has been told meanwhile", lambda: not told)

    def faults_are_told(self, faults: list[Fault]) -> None:
        """Each fault's alerts are told, and told to be over after the fault."""
        with ExitStack() as held:
            for fault in faults:
                self._begin(fault.title)
                held.enter_context(fault.context())
            for fault in faults:
                self._fire(fault.title, *fault.alerts)
        self._begin("everything is as it should be again")
        for fault in faults:
            if fault.ends:
                self._end(*fault.alerts)
        self._see("nothing else is left", self._nothing_fires)

    def instances_are_gone(self) -> None:
        """One of two, then both."""
        one = Expected("InstanceDown", TELL, {"instance": self.second.admin})
        both = Expected("ServiceDown", WAKE, {"job": "weir"})
        probe = Expected("HealthCheckFailed", WAKE, {"instance": self.first.url + "/data/"})
        self._begin("an instance is gone")
        self.second.stop()
        self._fire("an instance is gone", one)
        self._begin("both are gone")
        self.first.stop()
        self._fire("both are gone", both, probe)
        self._see("InstanceDown is silent meanwhile", lambda: self._is_inhibited(one))
        for instance in (self.first, self.second):
            instance.start()
            instance.process.wait()
        self._begin("both are back")
        self._end(one, both, probe)
        self._see("nothing else is left", self._nothing_fires)

    def panels_have_data(self) -> None:
        """Every expression of every dashboard finds something."""
        times = Times(Span(self._started, time.time()), self._past)
        for file in sorted((GRAFANA / "dashboards").glob("*.json")):
            for where, of_cluster, problem in Board(file, self._stack.prometheus, times).answers():
                what = f"{where} has data{' (of a cluster)' if of_cluster else ''}"
                self._report.check(what, problem)

    def _begin(self, what: str) -> None:
        # One deadline for all that follows from it, since all of that takes its time together.
        self._report.note(f"--      {what}")
        self._deadline = time.monotonic() + PATIENCE

    def _fire(self, when: str, *alerts: Expected) -> None:
        for alert in alerts:
            self._see(f"{alert} fires when {when}", partial(self._fires, alert))
            told = partial(self._webhook.told, alert.receiver, "firing", alert.wanted)
            self._see(f"{alert} is sent to `{alert.receiver}`", told)

    def _end(self, *alerts: Expected) -> None:
        for alert in alerts:
            self._see(f"{alert} ends", partial(self._has_ended, alert))
            told = partial(self._webhook.told, alert.receiver, "resolved", alert.wanted)
            self._see(f"{alert} is sent to `{alert.receiver}` as resolved", told)

    def _has_ended(self, alert: Expected) -> bool:
        return not self._stack.alertmanager.find(alert.wanted)

    def _fires(self, alert: Expected) -> bool:
        found = self._stack.alertmanager.find(alert.wanted)
        return any(each["status"]["state"] == "active" for each in found)

    def _is_inhibited(self, alert: Expected) -> bool:
        found = self._stack.alertmanager.find(alert.wanted)
        return any(each["status"]["inhibitedBy"] for each in found)

    def _nothing_fires(self) -> bool:
        names = {each["labels"]["alertname"] for each in self._stack.alertmanager.alerts()}
        return all(name.startswith(MACHINE) for name in names)

    def _rules_are_healthy(self) -> bool:
        return not self._stack.prometheus.unhealthy()

    def _see(self, what: str, ask: Callable[[], object]) -> None:
        try:
            until(what, ask, max(self._deadline - time.monotonic(), LEAST_PATIENCE))
        except NotSeenError as error:
            state = [each["labels"] for each in self._stack.alertmanager.alerts()]
            self._report.failed(what, "\n".join([str(error), *map(str, state)]))
        else:
            self._report.passed(what)
