"""How long to wait before the next try: exponential with jitter, at least what the server asks, never beyond a cap."""

from collections.abc import Callable
from dataclasses import dataclass

RETRY_AFTER_CAP = 300.0
"""Seconds: a server (or a box before it) that asks for days is asked again after five minutes."""


@dataclass(slots=True)
class Pace:
    """The delays of one kind of trouble; `jitter` gives a number from 0 to 1."""

    first: float
    longest: float
    jitter: Callable[[], float]
    failures: int = 0

    def delay(self, asked: float | None = None) -> float:
        """Count a failure and give the seconds to wait: half the step and up to half of it again by chance."""
        step = min(self.longest, self.first * 2.0 ** min(self.failures, 30))
        self.failures += 1
        wait = step * (0.5 + self.jitter() / 2)
        return max(wait, min(asked, RETRY_AFTER_CAP)) if asked is not None else wait

    def recover(self) -> None:
        """It worked: the next trouble begins at the first step."""
        self.failures = 0
