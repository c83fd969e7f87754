"""Waiting for what happens elsewhere: asking until it is so, up to a deadline."""

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

# Far more than anything takes on a busy machine.
PATIENCE = 90.0
INTERVAL = 0.2

T = TypeVar("T")


class NotSeenError(Exception):
    """What was waited for did not happen in time."""


def until(what: str, ask: Callable[[], T], patience: float = PATIENCE) -> T:
    """The first answer that is true; NotSeenError if there is none in `patience` seconds."""
    deadline = time.monotonic() + patience
    pause = Event()
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise NotSeenError(f"{what}: not within {patience:g} s")
        pause.wait(INTERVAL)
    return answer
