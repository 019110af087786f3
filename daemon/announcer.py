"""Tells the log, once, what detection concluded: series that went down or came back, and each event's new state."""

import json
import logging
from collections import Counter
from collections.abc import Iterable, Mapping

from daemon.follower import Taken
from daemon.rows import Change, Direction, Event, Row

log = logging.getLogger("reachd.events")
REMEMBERED = 500
"""Events whose last state is known: a later revision of one that says the same is no news."""
STATES = "states"


class Announcer:
    """A follower whose cursor keeps a restart from telling anything twice."""

    name = "log"
    batch = 5_000

    def __init__(self) -> None:
        """Nothing is known until `resume`."""
        self.states: dict[str, str] = {}
        """Event to its state and kind, as told last."""

    async def resume(self, saved: Mapping[str, bytes]) -> None:
        """Take up what was told."""
        self.states = json.loads(saved.get(STATES, b"{}"))

    async def take(self, rows: list[Row]) -> Taken:
        """Tell what is new in these rows."""
        before = dict(self.states)
        _tell_changes(row.body for row in rows if isinstance(row.body, Change))
        for row in rows:
            if isinstance(row.body, Event):
                self._tell(row.body)
        return Taken(saved={STATES: json.dumps(self.states).encode()} if self.states != before else {})

    def _tell(self, event: Event) -> None:
        told = f"{event.state} {event.kind}"
        if self.states.get(event.id) == told:
            return
        self.states.pop(event.id, None)
        self.states[event.id] = told
        for forgotten in list(self.states)[:-REMEMBERED]:
            del self.states[forgotten]
        log.info("%s: %s", told, event.summary, extra={"event": event.id, "revision": event.revision})


def _tell_changes(changes: Iterable[Change]) -> None:
    """One line for each vantage and direction, however many series went the same way together."""
    groups: dict[tuple[str, Direction], list[Change]] = {}
    for change in changes:
        groups.setdefault((change.series.vantage, change.direction), []).append(change)
    for (vantage, direction), found in groups.items():
        log.info("%s: %s: %s", vantage, direction, _many(found) if len(found) > 1 else _one(found[0]))


def _one(change: Change) -> str:
    series = change.series
    return f"{series.service} {series.role} {series.endpoint} {series.probe} {series.family}{_why(change)}"


def _many(changes: list[Change]) -> str:
    services = Counter(change.series.service for change in changes)
    why = Counter(map(_why, changes)).most_common(1)[0][0]
    return f"{len(changes)} series: {', '.join(f'{name} {count}' for name, count in services.items())}{why}"


def _why(change: Change) -> str:
    return "" if change.direction is Direction.UP else f" ({change.phase}: {change.kind})"
