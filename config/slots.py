"""Slot arithmetic: the grid on which everything is due, the same after a restart and on every machine."""

from hashlib import blake2b

from probes.record import Series, series_parts

SECOND = 1_000_000
"""Microseconds in a second."""
SPREAD = 0.2
"""Part of the interval over which starts are spread after `due`, so that traffic has no beat."""


def stable(series: Series, salt: str) -> int:
    """A number below 2**64 that depends on nothing but its arguments."""
    text = "\x1f".join((*series_parts(series), salt))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


def offset_of(series: Series, every: int) -> int:
    """The whole seconds within the interval at which this series is due."""
    return stable(series, "offset") % every


def slot_at(moment: int, every: int, offset: int) -> int:
    """The number of the last slot due at or before a moment (microseconds)."""
    return (moment - offset * SECOND) // (every * SECOND)


def due_of(slot: int, every: int, offset: int) -> int:
    """When a slot is due, in microseconds."""
    return (slot * every + offset) * SECOND


def start_after_due(seed: int, slot: int, every: int) -> float:
    """Seconds from due to the start of the run: 0 to 20 % of the interval, a mix of (series, slot).

    `seed` is `stable(series, "start")`; the mix is splitmix64's, cheap enough for every slot.
    """
    mixed = (seed + slot * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return (mixed ^ (mixed >> 31)) / 2**64 * SPREAD * every
