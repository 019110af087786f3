"""What a channel is told: one transition, or a digest of several; equal ids have equal bodies. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from daemon.alerts.news import Transition
from daemon.moments import text_of
from daemon.rows import Event
from daemon.wire import object_of
from probes.record import short_hash

DIGEST = "digest"
TEST = "test"
NAMED = 200
"""Transitions that a digest names at most: the newest."""


@dataclass(frozen=True, slots=True)
class Part:
    """One transition that a message tells; `id` is what it has, or would have had, as a message of its own."""

    id: str
    event: str
    revision: int
    transition: str
    at: int
    """The data's time of the revision (microseconds)."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent at once; `place` is the number of the newest row that it tells of."""

    id: str
    place: int
    at: int
    """The newest of its parts (microseconds)."""
    parts: tuple[Part, ...]
    body: str
    """JSON as it is sent and signed."""
    attempts: int = 0
    refusals: int = 0
    """Attempts that were answered by a refusal; others are the network's or the receiver's trouble."""

    def pack(self) -> bytes:
        """For the saved state."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()


def unpack(saved: bytes) -> Message:
    """A message from the saved state."""
    found = json.loads(saved)
    return Message(**{**found, "parts": tuple(Part(**part) for part in found["parts"])})


def page(channel: str, event: Event, what: Transition, place: int) -> Message:
    """The message about one transition."""
    name = short_hash(event.id, str(event.revision), what, channel)
    body = _body(name, channel, what, event.at) | {"event": object_of(event, event.at)}
    part = Part(name, event.id, event.revision, what, event.at)
    return Message(name, place, event.at, (part,), _text(body))


def digest(channel: str, messages: Sequence[Message]) -> Message:
    """One message in place of several that came too late, or are too many, to be sent one by one."""
    parts = tuple(part for message in messages for part in message.parts)
    events: dict[str, Any] = {}
    left_out = 0
    for message in messages:
        told = json.loads(message.body)
        left_out += told.get("left_out", 0)
        for event in told.get("events") or [told["event"]]:
            events.pop(event["id"], None)
            events[event["id"]] = event
    kept = parts[-NAMED:]
    events = {name: event for name, event in events.items() if any(part.event == name for part in kept)}
    name = short_hash(DIGEST, channel, *(part.id for part in parts))
    at = max(message.at for message in messages)
    body = _body(name, channel, DIGEST, at) | {
        "events": list(events.values()),
        "transitions": [asdict(part) | {"at": text_of(part.at)} for part in kept],
        "left_out": left_out + len(parts) - len(kept),
    }
    return Message(name, messages[-1].place, at, kept, _text(body))


def trial(channel: str, now: int) -> Message:
    """What `reachd alerts test` sends; `now` in microseconds."""
    name = short_hash(TEST, channel, str(now))
    body = _body(name, channel, TEST, now) | {"text": "A test by `reachd alerts test`: nothing happened."}
    return Message(name, 0, now, (), _text(body))


def _body(name: str, channel: str, what: str, at: int) -> dict[str, Any]:
    return {"reachd": "alert/1", "id": name, "channel": channel, "transition": str(what), "at": text_of(at)}


def _text(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, allow_nan=False)
