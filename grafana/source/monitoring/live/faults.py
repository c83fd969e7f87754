"""What goes wrong on purpose, and which alerts must tell of it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from monitoring.live import address, host
from monitoring.live.host import Instance
from monitoring.live.receivers import Upstream
from monitoring.live.traffic import Visit, visiting
from monitoring.live.wait import until

WAKE, TELL = "wake", "tell"
# Beyond this offset no file can be written, which is the first page of a store.
FULL = 4096
UNLIMITED = -1


@dataclass(frozen=True)
class Expected:
    """An alert: its name, the receiver that is told, and labels that it must have."""

    name: str
    receiver: str
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def wanted(self) -> dict[str, str]:
        """All labels, the name among them."""
        return {"alertname": self.name} | self.labels

    def __str__(self) -> str:
        """The name with its labels."""
        labels = ", ".join(self.labels.values())
        return f"{self.name} ({labels})" if labels else self.name


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong from the beginning of a context to its end."""

    title: str
    context: Callable[[], AbstractContextManager[None]]
    alerts: tuple[Expected, ...]
    # Whether the alerts must end with it; not where something else may be the cause as well.
    ends: bool = True


def together(instance: Instance, upstream: Upstream) -> list[Fault]:
    """Faults of single components, which do not get in each other's way."""
    return [
        Fault(
            "a component traps",
            lambda: visiting(instance, [Visit("/live/trap")]),
            (Expected("ComponentFailing", TELL, {"component": "trap", "reason": "trap"}),),
        ),
        Fault(
            "a component computes without end",
            lambda: visiting(instance, [Visit("/live/loop")], visitors=2),
            (
                Expected("ComponentFailing", TELL, {"component": "loop", "reason": "timeout"}),
                Expected("Unresponsive", WAKE, {"component": "loop"}),
            ),
        ),
        Fault(
            "every other request wants more memory than it may have",
            lambda: visiting(instance, _hungry(), visitors=2),
            (
                Expected("ComponentFailing", TELL, {"component": "hungry", "reason": "memory"}),
                Expected("ErrorBudgetBurnFast", WAKE, {"component": "hungry"}),
            ),
        ),
        Fault(
            "one request in a hundred fails",
            lambda: visiting(instance, _erring(), visitors=4, pause=0.07),
            (Expected("ErrorBudgetBurnSlow", TELL, {"component": "erring"}),),
        ),
        Fault(
            "a component measures what it may not",
            # A gauge cannot be added to.
            lambda: visiting(instance, [Visit("/live/metered/add?name=level&value=1")]),
            (Expected("ErrorBudgetBurnFast", WAKE, {"component": "metered"}),),
        ),
        Fault(
            "the external service is slow",
            lambda: _slow_upstream(instance, upstream),
            (
                Expected("HighLatency", TELL, {"http_route": "/backend/download_external_logs"}),
                Expected("HealthCheckFailed", WAKE),
            ),
        ),
        Fault(
            "more requests arrive than are let in",
            lambda: visiting(instance, [Visit("/live/crowded?ms=200")], visitors=12, pause=0.05),
            (Expected("Rejecting", TELL, {"component": "crowded"}),),
        ),
        Fault(
            "new code cannot be loaded",
            lambda: _broken_code(instance),
            (Expected("ReloadFailed", TELL, {"component": "replaced"}),),
        ),
        Fault(
            "a log directory fills up",
            lambda: _full_log(instance),
            (
                Expected("LogDirectoryNearQuota", TELL, {"component": "logger"}),
                Expected("StoreErrors", TELL, {"component": "logger", "result": "quota_exceeded"}),
            ),
        ),
        Fault(
            "the store's disk takes no more",
            lambda: _failing_store(instance),
            (Expected("StoreErrors", TELL, {"component": "storage-api", "store": "default"}),),
        ),
        Fault(
            "a certificate is about to expire",
            lambda: _expiring_certificate(instance),
            (Expected("CertificateExpiry", TELL, {"listener": instance.tls}),),
        ),
    ]


def _hungry() -> list[Visit]:
    return [Visit("/live/hungry?mib=1"), Visit("/live/hungry?mib=64&insist=1")]


def _erring() -> list[Visit]:
    return [*[Visit("/live/erring?status=200")] * 99, Visit("/live/erring?status=503")]


@contextmanager
def _slow_upstream(instance: Instance, upstream: Upstream) -> Iterator[None]:
    visits = [Visit("/backend/download_external_logs?env=development")]
    with upstream.slow(4), visiting(instance, visits, visitors=8):
        yield


@contextmanager
def _broken_code(instance: Instance) -> Iterator[None]:
    instance.app.spoil()
    instance.reload()
    yield
    instance.app.replace()
    until("the code is loaded again", lambda: "replaced" not in instance.reload())


@contextmanager
def _full_log(instance: Instance) -> Iterator[None]:
    visits = [Visit("/live/logger/entry", "POST", b"x" * 4096)]
    with visiting(instance, visits, pause=0.2):
        yield
    instance.configure(host.PLENTY)
    until("the quota is larger", lambda: "logger" not in instance.reload())


@contextmanager
def _failing_store(instance: Instance) -> Iterator[None]:
    visits = [Visit(f"/api/buckets/{number}", "PUT", b"x" * 4096) for number in range(8)]
    instance.limit_files(FULL)
    with visiting(instance, visits):
        yield
    instance.limit_files(UNLIMITED)
    again = visits[0]
    until(
        "the store takes writes again",
        lambda: address.ask(instance.url + again.path, again.method, again.body)[0] == 200,
    )


@contextmanager
def _expiring_certificate(instance: Instance) -> Iterator[None]:
    instance.certify(host.EXPIRING)
    yield
    instance.certify(host.VALID)
