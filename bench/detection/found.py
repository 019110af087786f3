"""What a detector said, in one shape for ours and for the baselines: one finding, from first to last word."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from daemon.rows import Event, Row

SENT = frozenset({"confirmed", "standing"})


@dataclass(frozen=True, slots=True)
class Found:
    """One event of a detector. Moments in microseconds."""

    kind: str
    """Empty where a detector has no kinds."""
    service: str | None
    mechanism: str
    vantages: frozenset[str]
    onset: int
    detected: int
    """When its first word came: what a receiver waited for."""
    ended: int | None
    first: "Found | None" = None
    """As it was told first; None where that was the last word too."""


class Detector(Protocol):
    """Anything that reads the rows of a stream and names disruptions at the end."""

    def take(self, row: Row) -> None:
        """Read one row."""

    def found(self) -> list[Found]:
        """All that was said."""


def of_events(revisions: Iterable[Event], states: frozenset[str] | None = None) -> list[Found]:
    """Our revisions as findings; with `states` only events that were in one of them, and from then on."""
    lives: dict[str, list[Event]] = {}
    for event in revisions:
        if event.id in lives or states is None or event.state in states:
            lives.setdefault(event.id, []).append(event)
    return [_life(life) for life in lives.values()]


def _life(life: list[Event]) -> Found:
    last = _one(life[-1], life[0].at)
    return replace(last, first=_one(life[0], life[0].at))


def _one(event: Event, detected: int) -> Found:
    onset = sum(event.onset) // 2
    vantages = frozenset(event.scope.vantages)
    return Found(event.kind, event.service, event.mechanism, vantages, onset, detected, event.ended)
