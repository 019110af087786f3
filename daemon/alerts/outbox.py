"""What a channel still has to be told, in order, and what it was told of each event; pure, kept with the cursor."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from daemon.alerts.messages import Message, digest, page, unpack
from daemon.alerts.news import Told, transition
from daemon.rows import Event, Row

DIGEST_AFTER = 600 * 1_000_000
"""Microseconds: what could not be sent for so long is told in one digest."""
STORM = 50
"""Messages that may wait; more become one digest."""
MESSAGE, TOLD = "m/", "e/"


@dataclass(slots=True)
class Outbox:
    """The state of one channel. `changes()` gives what to save; what came in since then is not durable."""

    channel: str
    waiting: list[Message] = field(default_factory=list)
    """Oldest first: an event's transitions are told in their order."""
    told: dict[str, Told] = field(default_factory=dict)
    """Open event to what was told of it, or waits to be."""
    _changes: dict[str, bytes | None] = field(default_factory=dict)

    def absorb(self, row: Row) -> None:
        """Take note of a row."""
        event = row.body
        if not isinstance(event, Event):
            return
        what = transition(event, self.told.get(event.id))
        if what is None:
            return
        self._remember(event)
        self._put(page(self.channel, event, what, row.seq))

    def collapse(self, now: int) -> bool:
        """Put a digest in the place of what is too old or too much; True if that changed anything."""
        old = [place for place, message in enumerate(self.waiting, 1) if now - message.at > DIGEST_AFTER]
        count = len(self.waiting) if len(self.waiting) > STORM else max(old, default=0)
        if count < 2:
            return False
        together = self.waiting[:count]
        rest = self.waiting[count:]
        for message in together:
            self._changes[_key(message)] = None
        self.waiting = []
        self._put(digest(self.channel, together))
        self.waiting += rest
        return True

    def done(self, message: Message) -> None:
        """It was delivered, or given up."""
        self.waiting.remove(message)
        self._changes[_key(message)] = None

    def failed(self, message: Message, *, refused: bool) -> Message:
        """It was not delivered, and waits on; returns it with one attempt more."""
        again = replace(message, attempts=message.attempts + 1, refusals=message.refusals + refused)
        self.waiting[self.waiting.index(message)] = again
        self._changes[_key(again)] = again.pack()
        return again

    def changes(self) -> dict[str, bytes | None]:
        """What is to be saved since the last call; None deletes."""
        changes, self._changes = self._changes, {}
        return changes

    def _put(self, message: Message) -> None:
        self.waiting.append(message)
        self._changes[_key(message)] = message.pack()

    def _remember(self, event: Event) -> None:
        if event.ended is not None:
            del self.told[event.id]
            self._changes[TOLD + event.id] = None
        else:
            self.told[event.id] = Told.of(event)
            self._changes[TOLD + event.id] = _pack(self.told[event.id])


def load(channel: str, saved: Mapping[str, bytes]) -> Outbox:
    """The outbox as it was saved."""
    messages = sorted((unpack(text) for key, text in saved.items() if key.startswith(MESSAGE)), key=lambda it: it.place)
    told = {key.removeprefix(TOLD): _unpack(text) for key, text in saved.items() if key.startswith(TOLD)}
    return Outbox(channel, messages, told)


def _key(message: Message) -> str:
    return f"{MESSAGE}{message.place}"


def _pack(told: Told) -> bytes:
    return json.dumps([told.kind, told.mechanism, sorted(told.reach)]).encode()


def _unpack(saved: bytes) -> Told:
    kind, mechanism, reach = json.loads(saved)
    return Told(kind, mechanism, frozenset(reach))
