"""Clients of a rate that does not depend on the answers.

Each request begins when it is due, on a connection that nobody uses or on a new one. So what a
service does not manage waits before it, as with the many clients of a real one, while a fixed
number of clients that wait for their answers would slow down with it.
"""

import asyncio
from dataclasses import dataclass, field

from monitoring.live.client import Client, Entry, Request


@dataclass
class Demand:
    """Requests to one address; `journal` has those that have ended."""

    address: str
    request: Request
    journal: list[Entry] = field(default_factory=list)
    _idle: list[Client] = field(default_factory=list)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    async def hold(self, rate: float, seconds: float) -> None:
        """Begins `rate` requests a second for so long."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(round(rate * seconds)):
            await asyncio.sleep(began + number / rate - loop.time())
            task = asyncio.create_task(self._ask())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        await asyncio.sleep(began + seconds - loop.time())

    async def finish(self) -> None:
        """Waits for all that have begun."""
        await asyncio.gather(*self._running)
        for client in self._idle:
            client.close()

    async def _ask(self) -> None:
        client = self._idle.pop() if self._idle else Client(self.address, self.journal)
        await client.ask(self.request)
        self._idle.append(client)
