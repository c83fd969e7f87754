"""What was seen, one line each, and the closing line that counts it."""

import sys
import time


class Report:
    """Counts checks."""

    def __init__(self) -> None:
        """Starts the clock."""
        self._started = time.monotonic()
        self._passed = 0
        self._failed = 0

    def note(self, what: str) -> None:
        """Says what is being done."""
        print(f"{time.monotonic() - self._started:6.1f}s {what}", flush=True)

    def passed(self, what: str) -> None:
        """A check that went well."""
        self._passed += 1
        self.note(f"ok      {what}")

    def failed(self, what: str, why: str) -> None:
        """A check that did not, and the reason."""
        self._failed += 1
        self.note(f"FAILED  {what}")
        print("".join(f"                {line}\n" for line in why.splitlines()), end="")

    def check(self, what: str, problem: str) -> None:
        """A check with what is wrong, if anything is."""
        if problem:
            self.failed(what, problem)
        else:
            self.passed(what)

    def close(self) -> int:
        """Prints the closing line; gives the exit status."""
        sys.stdout.flush()
        print(f"\n{self._passed} passed, {self._failed} failed")
        return 1 if self._failed or not self._passed else 0


def unless(right: object) -> str:
    """A problem unless it is right, for checks that have no more to say."""
    return "" if right else "it is not so"
