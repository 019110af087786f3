"""Moments as text: RFC 3339 in UTC with as many decimals as the microseconds need, and back without loss."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND = 1_000_000
"""Microseconds in a second."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)")
_ONE = timedelta(microseconds=1)


def text_of(moment: int) -> str:
    """Write microseconds since the epoch as `2026-02-11T20:00:11.3Z`: trailing zeros go, and the dot with them."""
    seconds, rest = divmod(moment, SECOND)
    if not rest:
        return f"{_to_the_second(seconds)}Z"
    return f"{_to_the_second(seconds)}.{rest:06d}".rstrip("0") + "Z"


def micros_of(text: str) -> int:
    """Read RFC 3339 as microseconds since the epoch. Raises ValueError, also for a time without a zone."""
    if not _RFC3339.fullmatch(text):
        raise ValueError(f"{text!r} is no time like 2026-02-11T20:00:11.3Z")
    return (datetime.fromisoformat(text.upper()) - _EPOCH) // _ONE


@lru_cache(maxsize=4_096)  # neighbouring rows share their seconds: half the cost of an export
def _to_the_second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
