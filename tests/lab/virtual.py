"""A machine whose time passes at once: an event loop that never waits, a wall clock that can step, a suspend."""

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, tzinfo
from typing import Any, Self, TypeVar
from unittest import mock

T = TypeVar("T")
START = 1_770_840_000_000_000
"""Microseconds; 11 February 2026, 20:00 UTC."""


class Impatient(selectors.DefaultSelector):
    """Where a loop would wait for a timer, the time of that timer comes."""

    now = 1_000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise RuntimeError("nothing is scheduled any more: this loop would wait for ever")
        self.now += timeout
        return ready


class Machine:
    """A Clock, the loop that it drives, and what can happen to both. Only for code without real input and output."""

    def __init__(self) -> None:
        self.selector = Impatient()
        self.loop = asyncio.SelectorEventLoop(self.selector)
        self.loop.time = self.monotonic  # type: ignore[method-assign]
        self.booted = START - round(self.selector.now * 1e6)
        self.suspended = 0.0

    def wall(self) -> int:
        return self.booted + round(self.selector.now * 1e6)

    def monotonic(self) -> float:
        return self.selector.now

    def asleep(self) -> float:
        return self.suspended

    def stall(self, seconds: float) -> None:
        """The process is kept busy: all clocks run on, the loop does not."""
        self.selector.now += seconds

    def step(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self.booted += round(seconds * 1e6)

    def suspend(self, seconds: float) -> None:
        """The lid is closed: the monotonic clock stands still, the wall clock does not."""
        self.step(seconds)
        self.suspended += seconds

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end; APScheduler looks at our wall clock meanwhile."""
        machine = self

        class OurDatetime(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Self:
                return cls.fromtimestamp(machine.wall() / 1e6, tz or UTC)

        with (
            mock.patch("apscheduler.schedulers.base.datetime", OurDatetime),
            mock.patch("apscheduler.executors.base.datetime", OurDatetime),
            asyncio.Runner(loop_factory=lambda: self.loop) as runner,
        ):
            return runner.run(work)
