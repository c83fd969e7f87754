"""Servers of the test's own: Alertmanager's webhook, and the external service of backend-api."""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from monitoring.live.address import LOOPBACK


class Server(ThreadingHTTPServer):
    """A server that does not mind clients which leave before they are answered."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Shows what is wrong, unless it is that."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serves on a free port; gives the URL."""
    server = Server((LOOPBACK, 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Webhook:
    """Keeps every alert of every notification, with the receiver that its path names."""

    def __init__(self) -> None:
        """Has got nothing."""
        self._lock = threading.Lock()
        self._told: list[tuple[str, str, dict[str, str]]] = []

    def told(self, receiver: str, status: str, labels: dict[str, str]) -> bool:
        """Whether the receiver was sent an alert with this status and at least these labels."""
        with self._lock:
            return any(
                one == receiver and other == status and labels.items() <= got.items()
                for one, other, got in self._told
            )

    def names(self) -> set[str]:
        """The names of all alerts that any receiver was told of."""
        with self._lock:
            return {labels["alertname"] for _, _, labels in self._told}

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What answers Alertmanager."""
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver = self.path.rpartition("/")[2]
                with webhook._lock:
                    for alert in document["alerts"]:
                        webhook._told.append((receiver, alert["status"], alert["labels"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing: the report says what came."""

        return Handler


class Upstream:
    """An external service that answers with logs, as late as it is told to."""

    def __init__(self) -> None:
        """Answers at once."""
        self._prompt = threading.Event()
        self._prompt.set()

    @contextmanager
    def slow(self, seconds: float) -> Iterator[None]:
        """Makes every answer that late, until the end."""
        self._delay = seconds
        self._prompt.clear()
        yield
        self._prompt.set()

    def handler(self) -> type[BaseHTTPRequestHandler]:
        """What answers backend-api."""
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if not upstream._prompt.is_set():
                    upstream._prompt.wait(upstream._delay)
                body = b'{"logs": []}'
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing: it is asked often."""

        return Handler
