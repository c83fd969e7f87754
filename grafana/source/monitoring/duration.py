"""Windows and waiting times, which a test on a live stack shortens all alike.

With the scale 1/60 an hour becomes a minute, and the rules are otherwise the same. A window that
would hold too few scrapes for a rate stays at `MINIMUM_WINDOW`, which suits a scrape each second.
"""

import re
from dataclasses import dataclass

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MINIMUM_WINDOW = 5.0


@dataclass(frozen=True)
class Scale:
    """How much shorter times are than written; 1 leaves them."""

    factor: float = 1.0

    def window(self, text: str) -> str:
        """The range of a query."""
        seconds = parse(text)
        return render(max(seconds * self.factor, min(seconds, MINIMUM_WINDOW)))

    def wait(self, text: str) -> str:
        """How long something must last, or is waited for."""
        return render(parse(text) * self.factor)


def parse(text: str) -> float:
    """Seconds of a duration such as `5m`."""
    match = re.fullmatch(r"(\d+)([smhd])", text)
    if match is None:
        raise ValueError(f"`{text}` is not a duration such as 5m")
    return float(match[1]) * SECONDS[match[2]]


def render(seconds: float) -> str:
    """The duration in Prometheus' and Alertmanager's form, in the largest unit that is exact."""
    milliseconds = round(seconds * 1000)
    for unit in "dhms":
        if milliseconds % (SECONDS[unit] * 1000) == 0 and (milliseconds or unit == "s"):
            return f"{milliseconds // (SECONDS[unit] * 1000)}{unit}"
    return f"{milliseconds}ms"
