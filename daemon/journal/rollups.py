"""A rollup as some 30 bytes: the series by its number, all else as integers of seven bits a byte."""

from collections.abc import Callable, Iterator
from itertools import accumulate, chain, pairwise

from daemon.classes import FailureClass
from daemon.rows import Rollup, Spread
from probes.record import Series

MICRO = 1_000_000
_CLASSES = tuple(FailureClass)
_NUMBERS = {name: number for number, name in enumerate(_CLASSES)}


def pack(rollup: Rollup, series: int) -> bytes:
    """The bytes of a rollup of the series of that number. Raises ValueError if it cannot be kept."""
    window, rest = divmod(rollup.start, rollup.width * MICRO)
    if rest:
        raise ValueError(f"a rollup must begin at a multiple of its width of {rollup.width} s, not at {rollup.start}")
    failures = sorted((_NUMBERS[name], count) for name, count in rollup.failures.items())
    spread = rollup.latency
    ints = [series, rollup.width, window, rollup.n, rollup.ok, rollup.local, rollup.skipped, len(failures)]
    ints += chain.from_iterable(failures)
    if spread is not None:
        rising = (spread.min, spread.p50, spread.p90, spread.p95, spread.max)
        ints += (spread.min, *(after - before for before, after in pairwise(rising)))
    return bytes(chain.from_iterable(map(_varint, ints)))


def unpack(body: bytes, series: Callable[[int], Series]) -> Rollup:
    """The reverse of `pack`. Raises ValueError if the bytes are no rollup."""
    ints = iter(_ints(body))
    try:
        number, width, window, n, ok, local, skipped, classes = (next(ints) for _ in range(8))
        failures = {_CLASSES[next(ints)]: next(ints) for _ in range(classes)}
        steps = list(ints)
        spread = Spread(*accumulate(steps)) if steps else None
        of = series(number)
    except (RuntimeError, StopIteration, LookupError, TypeError) as fault:
        raise ValueError(f"a rollup cannot be read: {fault!r}") from fault
    return Rollup(of, window * width * MICRO, width, n, ok, failures, local, skipped, spread)


def beginning(series: int) -> bytes:
    """What the bytes of every rollup of the series of that number begin with, and no other's."""
    return bytes(_varint(series))


def _varint(value: int) -> Iterator[int]:
    """Seven bits a byte, the lowest first; the highest bit says that more follow."""
    if value < 0:
        raise ValueError(f"a rollup holds no negative figures, and its quantiles rise: {value}")
    while value > 127:
        yield value & 127 | 128
        value >>= 7
    yield value


def _ints(body: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in body:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield value
            value = shift = 0
    if shift:
        raise ValueError("a rollup was cut off")
