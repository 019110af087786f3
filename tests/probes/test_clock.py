"""The system's clocks, and that the rest takes them as an argument."""

import time

from probes.clock import SystemClock


def test_wall_time_is_microseconds_since_the_epoch() -> None:
    before = time.time_ns() // 1000
    assert before <= SystemClock().wall() <= time.time_ns() // 1000


def test_monotonic_time_does_not_step_back() -> None:
    clock = SystemClock()
    moments = [clock.monotonic() for _ in range(1000)]
    assert moments == sorted(moments)
