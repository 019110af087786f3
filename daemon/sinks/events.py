"""Events as points: one of `disruption_event`, overwritten by each revision, and one of `event_log` per revision."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from daemon.rows import Event, Row, Scope
from daemon.sinks.codes import EVENT_KINDS, EVENT_STATES, NONE_OF_THESE, REPLACED
from daemon.sinks.fields import DISRUPTION_EVENT, EVENT_LOG
from daemon.sinks.lines import NS
from daemon.sinks.protocol import Line, head, point

REVISIONS = 999
"""The journal's stamps are microseconds: a revision's number in the nanoseconds keeps two of one moment apart."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Time (microseconds) and tags of an event's point: what a later revision may change, although a point cannot."""

    onset: int
    service: str
    kind: str
    scope: str

    def pack(self) -> bytes:
        """As saved beside the cursor."""
        return json.dumps(asdict(self)).encode()


def unpack(saved: bytes) -> Identity:
    """Read what `pack` wrote."""
    return Identity(**json.loads(saved))


def identity(event: Event) -> Identity:
    """Where this revision of an event is written."""
    return Identity(event.onset[0], event.service or "", event.kind, scope_name(event.scope))


def scope_name(scope: Scope) -> str:
    """The scope in one word: its countries, else its vantages (sorted, joined by `+`)."""
    return "+".join(sorted(scope.countries or scope.vantages))


def event_lines(row: Row, event: Event, former: Identity | None) -> Iterator[Line]:
    """The points of a revision: log, event, and where kind, scope or onset changed, an end to the point left behind.

    The old point is overwritten with state `replaced`, not deleted: a token that may only write is enough.
    """
    now = identity(event)
    stamp = row.seq, event.at * NS + min(event.revision, REVISIONS)
    where = head(EVENT_LOG.name, kind=event.kind, scope=now.scope, service=now.service)
    yield point(*stamp, where, EVENT_LOG.write(_fields(event)))
    if former is not None and former != now:
        yield _point(row.seq, former, _fields(event) | _closed())
    yield _point(row.seq, now, _fields(event))


def _point(seq: int, where: Identity, fields: dict[str, object]) -> Line:
    tags = head(DISRUPTION_EVENT.name, kind=where.kind, scope=where.scope, service=where.service)
    return point(seq, where.onset * NS, tags, DISRUPTION_EVENT.write(fields))


def _closed() -> dict[str, object]:
    """What a point left behind says instead: nothing open, no confidence."""
    return {"state": REPLACED, "state_code": EVENT_STATES[REPLACED], "confidence": 0.0}


def _fields(event: Event) -> dict[str, object]:
    """All fields of a revision, each every time; moments in milliseconds (0: not yet), as Grafana wants them."""
    return {
        "event_id": event.id,
        "revision": event.revision,
        "state": event.state,
        "state_code": EVENT_STATES.get(event.state, NONE_OF_THESE),
        "kind_code": EVENT_KINDS.get(event.kind, NONE_OF_THESE),
        "mechanism": event.mechanism,
        "mechanisms": _pairs(event.mechanisms),
        "confidence": event.confidence,
        "at_ms": event.at // 1000,
        "onset_ms": event.onset[0] // 1000,
        "onset_latest_ms": event.onset[1] // 1000,
        "detected_ms": event.detected // 1000,
        "reopened_ms": (event.reopened or 0) // 1000,
        "ended_ms": (event.ended or 0) // 1000,
        "summary": event.summary,
        "against": event.against,
    } | _extent(event)


def _extent(event: Event) -> dict[str, object]:
    """How far it reaches, in words and in numbers."""
    scope = event.scope
    return {
        "roles": " ".join(event.roles),
        "vantages": " ".join(scope.vantages),
        "countries": " ".join(scope.countries),
        "asns": " ".join(map(str, scope.asns)),
        "endpoints": " ".join(scope.endpoints),
        "comparators": _pairs(event.comparators),
        "n_vantages": len(scope.vantages),
        "n_endpoints": len(scope.endpoints),
        "n_evidence": len(event.evidence),
    }


def _pairs(words: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(words.items()))
