"""Two clocks, passed as an argument: wall time names a moment, monotonic time measures a span."""

import time
from typing import Protocol


class Clock(Protocol):
    """What a run or the daemon asks for the time; tests pass one that they move by hand."""

    def wall(self) -> int:
        """Microseconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that never steps."""
        ...


class SystemClock:
    """The machine's clocks."""

    def wall(self) -> int:
        """Microseconds since the epoch, UTC."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Seconds of a clock that never steps."""
        return time.monotonic()
