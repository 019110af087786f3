"""Which rows go into which bucket: what is kept for a month, for a year, and for ever."""

from dataclasses import dataclass
from enum import StrEnum

from daemon.rows import Body, Event, Rollup, State

HOUR = 3600


class Share(StrEnum):
    """A part of what is written, by how long it is worth keeping."""

    RECENT = "recent"
    """Slots, heartbeats, the daemon's own figures."""
    WINDOWS = "windows"
    """5 minutes of a series, states of services."""
    LASTING = "lasting"
    """Hours of a series, and events."""


ALL = frozenset(Share)
DAYS = {Share.RECENT: 30, Share.WINDOWS: 400, Share.LASTING: 0}
"""Days that each is kept; 0 is for ever."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one follower writes, and the name under which its cursor is kept."""

    follower: str = "influx"
    shares: frozenset[Share] = ALL


WHOLE = Part()


def share_of(body: Body) -> Share:
    """Where a row belongs."""
    if isinstance(body, Rollup):
        return Share.LASTING if body.width >= HOUR else Share.WINDOWS
    if isinstance(body, State):
        return Share.WINDOWS
    return Share.LASTING if isinstance(body, Event) else Share.RECENT


def days_of(shares: frozenset[Share]) -> int:
    """Days that a bucket with these has to keep; 0 is for ever."""
    days = [DAYS[share] for share in shares]
    return 0 if 0 in days else max(days)
