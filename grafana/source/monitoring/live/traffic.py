"""Visitors that make requests until they are told to stop."""

import http.client
import itertools
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread

from monitoring.live import address
from monitoring.live.host import Instance


@dataclass(frozen=True)
class Visit:
    """A request, by its path."""

    path: str
    method: str = "GET"
    body: bytes | None = None


@contextmanager
def visiting(
    instance: Instance, visits: Sequence[Visit], visitors: int = 1, pause: float = 0.3
) -> Iterator[None]:
    """Makes the requests again and again, `visitors` at once, each with a pause in between."""
    stop = Event()

    def visit(first: int) -> None:
        for each in itertools.islice(itertools.cycle(visits), first, None):
            address.ask(instance.url + each.path, each.method, each.body)
            if stop.wait(pause):
                return

    # Each begins at another request, so that rare ones do not come all at once.
    starts = [number * len(visits) // visitors for number in range(visitors)]
    threads = [Thread(target=visit, args=(start,)) for start in starts]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def services() -> list[Visit]:
    """What clients of the services do, all of it answered well."""
    bucket = "/api/buckets/live"
    return [
        Visit(bucket, "PUT", b'{"data": "some json"}'),
        Visit(bucket),
        Visit("/api/buckets"),
        Visit(bucket, "DELETE"),
        Visit("/backend/"),
        Visit("/backend/download_external_logs?env=development"),
        Visit("/data/"),
        Visit("/live/replaced"),
    ]


def oddities(closed: str) -> list[Visit]:
    """What is rare and shown in a panel all the same, though no alert is about it.

    `closed` is an address where nobody listens.
    """
    metered, caller = "/live/metered", "/live/caller?url=http://"
    return [
        Visit("/nowhere"),
        Visit("/live/rotating/entry", "POST", b"an entry"),
        Visit(f"{metered}/describe?name=level&kind=gauge"),
        Visit(f"{metered}/set?name=level&value=3"),
        Visit(f"{metered}/describe?name=wait_seconds&kind=histogram&boundaries=1,2"),
        Visit(f"{metered}/observe?name=wait_seconds&value=1.5"),
        *(Visit(f"{metered}/add?name=many&value=1&number={number}") for number in range(30)),
        Visit(f"{caller}external-logs.spin.internal/download_logs"),
        Visit(f"{caller}{closed}/"),
        Visit(f"{caller}denied.example/"),
    ]


@contextmanager
def connecting(instance: Instance) -> Iterator[None]:
    """Opens connections of two further kinds: with TLS, and with what is no HTTP."""
    stop = Event()

    def connect() -> None:
        while not stop.wait(1):
            _speak_tls(instance.tls)
            _speak_nonsense(instance.plain)

    thread = Thread(target=connect)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _speak_tls(listener: str) -> None:
    # The certificate is the test's own.
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection(listener, context=context, timeout=address.TIMEOUT)
    try:
        connection.request("GET", "/live/replaced")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        # The host is being stopped, which other checks see.
        return
    finally:
        connection.close()


def _speak_nonsense(listener: str) -> None:
    host, _, port = listener.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), address.TIMEOUT) as connection:
            connection.sendall(b"what is this\r\n\r\n")
            connection.recv(1024)
    except OSError:
        return
