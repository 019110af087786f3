"""Quantities as people write them: durations, sizes, rates; read into numbers, or refused with the form to write."""

import re
from typing import Annotated

from pydantic import BeforeValidator

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
"""Seconds in a unit of time."""
SIZES = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}
"""Bytes in a unit of size."""
DAY = 86_400
LONGEST_TIMEOUT = 300.0
"""Seconds; a run that waits longer tells nothing that a shorter one does not."""

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(ms|s|m|h|d)")
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([KMGT]?i?B)", re.IGNORECASE)
_FALSE_EVENTS = re.compile(r"([0-9]+) per ([0-9]+) vantage-months?")


def duration(text: object) -> float:
    """Read `10s`, `5m`, `1h`, `0.1s` into seconds. Raises ValueError."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError('must be a duration in quotes, such as "10s", "5m" or "1h"')
    return round(float(match[1]) * UNITS[match[2]], 6)


def interval(text: object) -> int:
    """Read the interval of an endpoint: whole seconds, from 1 s to a day. Raises ValueError."""
    seconds = duration(text)
    if seconds < 1 or seconds > DAY:
        raise ValueError("must be between 1s and 1d")
    if seconds != int(seconds):
        raise ValueError("must be whole seconds: slots lie on a grid of seconds")
    return int(seconds)


def timeout(text: object) -> float:
    """Read the time that one run may take: 0.1 s to 5 minutes. Raises ValueError."""
    seconds = duration(text)
    if not 0.1 <= seconds <= LONGEST_TIMEOUT:
        raise ValueError("must be between 0.1s and 5m")
    return seconds


def spacing(text: object) -> float:
    """Read the time between two contacts to an own address: 1 ms to a day. Raises ValueError."""
    seconds = duration(text)
    if not 0.001 <= seconds <= DAY:
        raise ValueError("must be between 1ms and 1d")
    return seconds


def size(text: object) -> int:
    """Read `20 GB` or `500 MiB` into bytes. Raises ValueError."""
    match = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError('must be a size in quotes, such as "20 GB" or "500 MB"')
    return int(float(match[1]) * SIZES[match[2].upper()])


def false_events(text: object) -> float:
    """Read `1 per 50 vantage-months` into events a vantage-month. Raises ValueError."""
    match = _FALSE_EVENTS.fullmatch(text) if isinstance(text, str) else None
    if match is None or int(match[1]) == 0 or int(match[2]) == 0:
        raise ValueError('must be a rate such as "1 per 50 vantage-months"')
    return int(match[1]) / int(match[2])


def in_words(seconds: float) -> str:
    """A duration as it is written in TOML, in the largest unit that leaves it whole: `90s`, `2m`, `0.1s`."""
    for unit in ("d", "h", "m"):
        if seconds >= UNITS[unit] and seconds % UNITS[unit] == 0:
            return f"{seconds / UNITS[unit]:.0f}{unit}"
    return f"{seconds:g}s"


Duration = Annotated[float, BeforeValidator(duration)]
Interval = Annotated[int, BeforeValidator(interval)]
Timeout = Annotated[float, BeforeValidator(timeout)]
Spacing = Annotated[float, BeforeValidator(spacing)]
Size = Annotated[int, BeforeValidator(size)]
FalseEvents = Annotated[float, BeforeValidator(false_events)]
