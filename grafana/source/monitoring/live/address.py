"""Ports that nobody has, and requests to them."""

import http.client
import json
import socket
import urllib.error
import urllib.request
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"
# What a request may take; longer than the slowest fault makes it.
TIMEOUT = 20.0


def free(count: int) -> list[str]:
    """Addresses with ports that were free a moment ago, all different."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [f"{LOOPBACK}:{each.getsockname()[1]}" for each in sockets]


def ask(
    url: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """Status and body of the answer; the status is 0 if there was none."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except (OSError, http.client.HTTPException):
        return 0, b""


def ask_json(url: str) -> dict | list | None:
    """The JSON of an answer with status 200, else None."""
    status, body = ask(url)
    return json.loads(body) if status == 200 else None
