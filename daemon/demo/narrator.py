"""A follower that tells what the daemon concludes while the story is played: event lines, or sentences for people."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from daemon.follower import Taken
from daemon.rows import Change, Event, Row


@dataclass(slots=True)
class Narrator:
    """Tells each event revision, and each change of a series if it is asked to, as soon as it is in the journal."""

    event: Callable[[Event], None]
    change: Callable[[Change], None] | None = None
    name: str = "narrator"
    batch: int = 1_000
    events: list[Event] = field(default_factory=list)
    """Every revision told so far."""

    async def resume(self, saved: Mapping[str, bytes]) -> None:
        """It keeps nothing: a demonstration is never resumed."""

    async def take(self, rows: list[Row]) -> Taken:
        """Tell what is new."""
        for row in rows:
            if isinstance(row.body, Event):
                self.events.append(row.body)
                self.event(row.body)
            elif isinstance(row.body, Change) and self.change is not None:
                self.change(row.body)
        return Taken()
