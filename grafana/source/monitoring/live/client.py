"""A client that writes down what came of each of its requests.

It keeps its connection between requests, as browsers and proxies do, and never asks twice: a
request that got no answer stays one, because the host may have counted it. Each carries a trace id,
by which it can be found in the host's access log.
"""

import asyncio
import secrets
import time
from dataclasses import dataclass
from enum import Enum, auto

import h11

# Bytes that are taken from a connection at once.
CHUNK = 65536


class Outcome(Enum):
    """What came of a request."""

    ANSWERED = auto()
    """There was a status, whether or not the body came to its end."""
    LEFT = auto()
    """The client did not want to wait longer and closed the connection."""
    LOST = auto()
    """It was written, and the connection ended before a status came."""
    UNSENT = auto()
    """There was no connection to write it to."""


@dataclass(frozen=True)
class Request:
    """What is asked. `route` is how the manifest writes the path's route.

    `patience` is how long the client waits, in seconds; None is for ever.
    """

    path: str
    route: str
    method: str = "GET"
    body: bytes = b""
    patience: float | None = None


@dataclass(frozen=True)
class Entry:
    """A request with what came of it: began so many seconds after 1970, took so many."""

    request: Request
    trace: str
    outcome: Outcome
    status: int | None
    began: float
    seconds: float


class Client:
    """One visitor with one connection at a time; what it does is added to a journal."""

    def __init__(self, address: str, journal: list[Entry]) -> None:
        """Is not connected yet; `address` has host and port."""
        self._address, self._journal = address, journal
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._machine = h11.Connection(h11.CLIENT)

    async def ask(self, request: Request) -> Entry:
        """Makes a request and waits for the end of its answer."""
        trace, began, started = secrets.token_hex(16), time.time(), time.perf_counter()
        outcome, status = await self._exchange(request, trace)
        seconds = time.perf_counter() - started
        entry = Entry(request, trace, outcome, status, began, seconds)
        self._journal.append(entry)
        return entry

    def close(self) -> None:
        """Ends the connection, if there is one."""
        if self._streams:
            self._streams[1].close()
            self._streams = None

    async def _exchange(self, request: Request, trace: str) -> tuple[Outcome, int | None]:
        try:
            await self._connect()
        except OSError:
            return Outcome.UNSENT, None
        status = None
        try:
            async with asyncio.timeout(request.patience):
                await self._send(request, trace)
                status = await self._head()
                await self._rest()
        except TimeoutError:
            self.close()
            return Outcome.LEFT, status
        except (OSError, h11.RemoteProtocolError):
            self.close()
        return (Outcome.LOST if status is None else Outcome.ANSWERED), status

    async def _connect(self) -> None:
        if self._streams and self._streams[0].at_eof():
            self.close()
        if not self._streams:
            host, _, port = self._address.rpartition(":")
            self._streams = await asyncio.open_connection(host, int(port))
            self._machine = h11.Connection(h11.CLIENT)

    async def _send(self, request: Request, trace: str) -> None:
        headers = [("Host", self._address), ("Content-Length", str(len(request.body)))]
        # The last field asks that nothing be recorded of it elsewhere.
        headers.append(("traceparent", f"00-{trace}-{trace[:16]}-00"))
        head = h11.Request(method=request.method, target=request.path, headers=headers)
        parts = (head, h11.Data(data=request.body), h11.EndOfMessage())
        writer = self._streams[1]
        writer.write(b"".join(self._machine.send(part) for part in parts))
        await writer.drain()

    async def _head(self) -> int:
        while True:
            event = await self._event()
            if isinstance(event, h11.Response):
                return event.status_code

    async def _rest(self) -> None:
        while not isinstance(await self._event(), h11.EndOfMessage):
            pass
        if self._machine.our_state is h11.DONE and self._machine.their_state is h11.DONE:
            self._machine.start_next_cycle()
        else:
            self.close()

    async def _event(self) -> object:
        reader = self._streams[0]
        while (event := self._machine.next_event()) is h11.NEED_DATA:
            self._machine.receive_data(await reader.read(CHUNK))
        return event
