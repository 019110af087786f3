"""Events as points: one of `disruption_event`, overwritten by each revision, and one of `event_log` per revision."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from daemon.rows import Event, Row, Scope
from daemon.sinks.codes import EVENT_KINDS, EVENT_STATES, NONE_OF_THESE, REPLACED
from daemon.sinks.lines import NS
from daemon.sinks.protocol import Line, head, integer, line, real, string

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
    yield line(*stamp, head("event_log", kind=event.kind, scope=now.scope, service=now.service), _fields(event))
    if former is not None and former != now:
        yield _point(row.seq, former, _fields(event) | _closed())
    yield _point(row.seq, now, _fields(event))


def _point(seq: int, where: Identity, fields: dict[str, str]) -> Line:
    tags = head("disruption_event", kind=where.kind, scope=where.scope, service=where.service)
    return line(seq, where.onset * NS, tags, fields)


def _closed() -> dict[str, str]:
    """What a point left behind says instead: nothing open, no confidence."""
    return {"state": string(REPLACED), "state_code": integer(EVENT_STATES[REPLACED]), "confidence": real(0.0)}


def _fields(event: Event) -> dict[str, str]:
    """All fields of a revision, each every time; moments in milliseconds (0: not yet), as Grafana wants them."""
    return {
        "event_id": string(event.id),
        "revision": integer(event.revision),
        "state": string(event.state),
        "state_code": integer(EVENT_STATES.get(event.state, NONE_OF_THESE)),
        "kind_code": integer(EVENT_KINDS.get(event.kind, NONE_OF_THESE)),
        "mechanism": string(event.mechanism),
        "mechanisms": string(_pairs(event.mechanisms)),
        "confidence": real(event.confidence),
        "at_ms": integer(event.at // 1000),
        "onset_ms": integer(event.onset[0] // 1000),
        "onset_latest_ms": integer(event.onset[1] // 1000),
        "detected_ms": integer(event.detected // 1000),
        "reopened_ms": integer((event.reopened or 0) // 1000),
        "ended_ms": integer((event.ended or 0) // 1000),
        "summary": string(event.summary),
        "against": string(event.against),
    } | _extent(event)


def _extent(event: Event) -> dict[str, str]:
    """How far it reaches, in words and in numbers."""
    scope = event.scope
    return {
        "roles": string(" ".join(event.roles)),
        "vantages": string(" ".join(scope.vantages)),
        "countries": string(" ".join(scope.countries)),
        "asns": string(" ".join(map(str, scope.asns))),
        "endpoints": string(" ".join(scope.endpoints)),
        "comparators": string(_pairs(event.comparators)),
        "n_vantages": integer(len(scope.vantages)),
        "n_endpoints": integer(len(scope.endpoints)),
        "n_evidence": integer(len(event.evidence)),
    }


def _pairs(words: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(words.items()))
