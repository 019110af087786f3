"""What one series did in one hour, eight bytes a slot, and the rollups that this makes; pure arithmetic."""

import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator

from daemon.classes import FailureClass, class_of
from daemon.quantiles import quantile
from daemon.rows import Gap, Rollup, Spread
from probes.record import Kind, Record, Series

SECOND = 1_000_000
HOUR = 3600 * SECOND
"""Microseconds; values are kept by the hour in which their slot was due."""
WIDTHS = (300, 3600)
"""Seconds of the windows."""
GRACE = 2
"""Hours before the newest one whose values stay at hand for what comes late."""
WRITTEN_BEFORE = frozenset({"retention", "disk"})
"""Reasons of gaps whose slots were measured, and counted then."""

# A slot is 64 bits: when it was due (microseconds in its hour) in the upper half, in the lower the microseconds it
# took if it was good, else a number above all of those.
_LOWER = (1 << 32) - 1
_NOT_GOOD = 1 << 31
SKIPPED = _NOT_GOOD
LOCAL = _NOT_GOOD + 1
_CLASSES = tuple(FailureClass)
_FAILED = {name: LOCAL + 1 + number for number, name in enumerate(_CLASSES)}

Values = array  # of "Q", in the order of due time
WindowKey = tuple[int, int]
"""Start (microseconds) and width (seconds)."""


def value_of(record: Record) -> int:
    """The lower half of a slot that was measured; a good one took at least one microsecond."""
    failure = record.failure
    if failure is not None:
        return LOCAL if failure.kind is Kind.LOCAL else _FAILED[class_of(failure.phase, failure.kind)]
    span = record.seconds * 1e6
    return min(_NOT_GOOD - 1, max(1, round(span))) if math.isfinite(span) else 1


def put(values: "array[int]", due: int, value: int) -> bool:
    """Note a slot; False if nothing changed. The first record of a slot counts, and any record before a gap."""
    place = due % HOUR << 32
    if not values or values[-1] < place:
        values.append(place | value)
        return True
    index = bisect_left(values, place)
    if index == len(values) or values[index] >> 32 != place >> 32:
        values.insert(index, place | value)
        return True
    if value == SKIPPED or values[index] & _LOWER != SKIPPED:
        return False
    values[index] = place | value
    return True


def windows_of(due: int) -> Iterator[WindowKey]:
    """The windows that a slot falls into, one of each width."""
    for width in WIDTHS:
        yield due - due % (width * SECOND), width


def windows_in(hour: int) -> Iterator[WindowKey]:
    """All windows of an hour, by its number."""
    for width in WIDTHS:
        for start in range(hour * HOUR, (hour + 1) * HOUR, width * SECOND):
            yield start, width


def rolled(series: Series, values: "array[int]", window: WindowKey) -> Rollup:
    """The rollup of a window from the values of its hour."""
    start, width = window
    low = bisect_left(values, start % HOUR << 32)
    high = bisect_left(values, start % HOUR + width * SECOND << 32)
    found = [slot & _LOWER for slot in values[low:high]]
    good = sorted(value for value in found if value < _NOT_GOOD)
    bad = Counter(value for value in found if value >= _NOT_GOOD)
    failures = {name: bad[number] for name, number in _FAILED.items() if number in bad}
    return Rollup(
        series=series,
        start=start,
        width=width,
        n=len(good) + sum(failures.values()),
        ok=len(good),
        failures=failures,
        local=bad[LOCAL],
        skipped=bad[SKIPPED],
        latency=_spread(good) if good else None,
    )


def _spread(good: list[int]) -> Spread:
    return Spread(good[0], quantile(good, 50), quantile(good, 90), quantile(good, 95), good[-1])


def skipped_slots(gap: Gap, at: int) -> Iterator[int]:
    """The due times of a gap that are counted: of the hour in which it begins, and of the last few before `at`.

    A daemon that was off for a month would otherwise write hundreds of windows a series that tell nothing: where there
    is no rollup there is no data, and the gap row says why.
    """
    if gap.reason in WRITTEN_BEFORE:
        return
    every = max(1, gap.every) * SECOND
    first, last, now = gap.first // HOUR, gap.last // HOUR, at // HOUR
    recent = range(max(first + 1, now - GRACE), min(last, now + 1) + 1)
    for hour in (first, *recent):
        begin = max(0, -((gap.first - hour * HOUR) // every))
        yield from range(gap.first + begin * every, min(gap.last, (hour + 1) * HOUR - 1) + 1, every)
