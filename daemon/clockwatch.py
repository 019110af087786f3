"""Notices steps of the wall clock and sleeps of the machine, so that neither is taken for a fault of a target."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from probes.clock import Clock

STEP = 1.0
"""Seconds by which wall and monotonic clock may drift apart between two looks before it is a step."""


def asleep() -> float:
    """Seconds that this machine has been suspended since it booted (Linux: boot time minus monotonic time)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()


@dataclass(slots=True)
class ClockWatch:
    """Compares wall and monotonic clock at each look; tells each step once, with its reason: clock or suspend."""

    clock: Clock
    told: Callable[[float, str], None]
    asleep: Callable[[], float] = asleep
    _base: float = field(init=False)
    _slept: float = field(init=False)

    def __post_init__(self) -> None:
        """Take the clocks as they are now for right."""
        self._base = self._difference()
        self._slept = self.asleep()

    def _difference(self) -> float:
        return self.clock.wall() / 1e6 - self.clock.monotonic()

    def look(self) -> str:
        """Look at the clocks; returns the reason for slots that were missed just now: clock, suspend or overload."""
        difference, slept = self._difference(), self.asleep()
        step, sleep = difference - self._base, slept - self._slept
        self._base, self._slept = difference, slept
        if abs(step) <= STEP:
            return "overload"
        reason = "suspend" if sleep > STEP else "clock"
        self.told(step, reason)
        return reason
