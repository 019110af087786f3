"""Which revisions of an event are news to a person, and what they are called; pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from daemon.rows import Event


class Transition(StrEnum):
    """What happened to an event since it was told last."""

    OPENED = "opened"
    """Confirmed for the first time, or again after its end."""
    GROWN = "grown"
    """More roles or places than told."""
    CHANGED = "changed"
    """Another kind or mechanism, or fewer roles or places."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel was told last of an open event; endpoints, confidence and sentences alone are no news."""

    kind: str
    mechanism: str
    reach: frozenset[str]
    """Its roles, vantages, countries and networks."""

    @classmethod
    def of(cls, event: Event) -> Self:
        """What a message about this revision tells."""
        scope = event.scope
        places = {"vantage": scope.vantages, "country": scope.countries, "asn": scope.asns, "role": event.roles}
        reach = frozenset(f"{what} {one}" for what, several in places.items() for one in several)
        return cls(event.kind, event.mechanism, reach)


def transition(event: Event, told: Told | None) -> Transition | None:
    """What a revision is to who was told that much (nothing, or of an end: None); None if it is no news.

    Only confirmed events are told: a flash never becomes one. A standing event is silent, but its end is news.
    """
    if event.ended is not None:
        return Transition.ENDED if told else None
    now = Told.of(event)
    if event.state != "confirmed" or now == told:
        return None
    if told is None:
        return Transition.OPENED
    same = (now.kind, now.mechanism) == (told.kind, told.mechanism)
    return Transition.GROWN if same and now.reach > told.reach else Transition.CHANGED
