"""InfluxDB line protocol: how tags, strings, integers and floats are written so that any server reads them back."""

import math
from functools import lru_cache
from typing import NamedTuple

from probes.record import short_hash

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
TAG_LENGTH = 1000
"""Characters of a tag value; a server refuses a series key over 65,535 bytes."""
STRING_LENGTH = 4000
"""Characters of a string field; a server refuses over 65,535 bytes."""

_TAG_ESCAPES = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ ", "\n": "\\ ", "\r": "\\ ", "\t": "\\ ", "\0": "\\ "})
# VictoriaMetrics refuses a raw line break in a string field, so there is none
_STRING_ESCAPES = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": " ", "\r": " ", "\0": " "})


class Line(NamedTuple):
    """A point as text: the journal row it comes from, its time (nanoseconds), the line without its line feed."""

    seq: int
    time: int
    text: bytes


@lru_cache(maxsize=65_536)
def tag(value: str) -> str:
    """A tag value escaped; empty is written `-`, for a tag without a value is a syntax error.

    A backslash at the end would escape what follows, and no escape for it exists: it becomes a slash.
    """
    kept = value.rstrip("\\")
    value = (kept + "/" * (len(value) - len(kept))) or "-"
    if len(value) > TAG_LENGTH:  # the hash keeps two long names apart
        value = f"{value[: TAG_LENGTH - 17].rstrip(chr(92))}~{short_hash(value.encode(errors='replace').decode())}"
    return value.translate(_TAG_ESCAPES)


@lru_cache(maxsize=65_536)
def string(value: str) -> str:
    """A string field with its quotes; line breaks become blanks."""
    return f'"{value[:STRING_LENGTH].translate(_STRING_ESCAPES)}"'


def integer(value: int) -> str:
    """An integer field, held inside 64 bits."""
    return f"{value if INT_MIN <= value <= INT_MAX else INT_MAX if value > 0 else INT_MIN}i"


def real(value: float) -> str:
    """A float field; infinity and NaN, which no server takes, are written as 0."""
    return repr(float(value)) if math.isfinite(value) else "0.0"


def micros(seconds: float) -> int:
    """A span in whole microseconds, at least 1: 0 is kept for what did not run."""
    span = seconds * 1e6
    return max(1, round(span)) if math.isfinite(span) else 1


def point(seq: int, time: int, head: str, fields: str) -> Line:
    """Put a point together of its measurement with tags, its fields and its time in nanoseconds."""
    return Line(seq, time, f"{head} {fields} {time}".encode(errors="replace"))


def head(measurement: str, **tags: str) -> str:
    """The measurement and its tags."""
    return ",".join((measurement, *(f"{name}={tag(value)}" for name, value in tags.items())))


def measurement_of(text: bytes) -> bytes:
    """The measurement of a line of ours (their names hold nothing that needs escaping)."""
    return text.partition(b",")[0].partition(b" ")[0]
