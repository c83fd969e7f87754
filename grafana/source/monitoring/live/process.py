"""A program that runs beside the test: started, waited for, stopped by its id."""

import subprocess
from collections import deque
from threading import Thread

from monitoring.live import address
from monitoring.live.wait import until

# Lines of what it wrote that are kept, to be shown if it ends before it can be used.
KEPT = 30
# The host may take so long to finish what is in flight.
GRACE = 40.0


class Process:
    """A running program."""

    def __init__(self, command: list[str], ready: str, kept: int | None = KEPT) -> None:
        """Starts it; `ready` is a URL that answers 200 once it can be used.

        Of what it writes the last `kept` lines are kept, and all if that is None.
        """
        self.name = command[0].rpartition("/")[2]
        self._ready = ready
        # Python ignores SIGXFSZ, and so does the program then: a limit on the size of files makes
        # its writes fail and does not end it.
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            restore_signals=False,
        )
        self.written: deque[str] = deque(maxlen=kept)
        self._reader = Thread(target=self._collect, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    def wait(self) -> None:
        """Waits until it can be used."""

        def is_ready() -> bool:
            if self._child.poll() is not None:
                self._reader.join()
                raise RuntimeError(f"{self.name} ended:\n" + "".join(self.written))
            return address.ask(self._ready)[0] == 200

        until(f"{self.name} is ready", is_ready)

    def ask_to_stop(self) -> None:
        """Asks it to end, as an operator does."""
        self._child.terminate()

    def stop(self) -> None:
        """Ends it as an operator does, and if that does not help, at once."""
        self.ask_to_stop()
        try:
            self._child.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._reader.join()

    def _collect(self) -> None:
        # Read to the end, so that it never waits for its reader.
        with self._child.stdout as lines:
            self.written.extend(lines)
