"""The rows of the journal: what happened, what was planned, and what was concluded, one frozen type each."""

from dataclasses import dataclass
from enum import StrEnum

from daemon.classes import FailureClass
from probes.record import Record, Series, short_hash

# All moments (`at`, `due`, onset, ended ...) are microseconds since the epoch, UTC.


@dataclass(frozen=True, slots=True)
class Place:
    """What a plan says of a vantage."""

    country: str = ""
    asn: int | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """One assignment as the journal keeps it: whole seconds, but the timeout in seconds and parts."""

    series: Series
    every: int
    offset: int
    timeout: float
    config: str


@dataclass(frozen=True, slots=True)
class PlanRow:
    """What runs from now on: a journal explains itself."""

    config: str
    """Hash of the whole plan."""
    vantages: dict[str, Place]
    services: dict[str, str]
    """Service to side: foreign, domestic, control."""
    assignments: tuple[Planned, ...]
    changed: tuple[str, ...] = ()
    """What a reload changed, in words."""
    flash: float = 30.0
    """Seconds: a disruption shorter than this is suspected, never confirmed."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A vantage is alive; `control` is whether its controls answer lately (None: it has none, or none yet)."""

    vantage: str
    control: bool | None
    families: tuple[str, ...] = ()
    clock_offset: float = 0.0


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The wall clock stepped by so many seconds against the monotonic one."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Gap:
    """Slots first..last (their due times) of a series without a record, and why.

    Reasons: suspend, overload, budget, stop, down, clock, bug, disk, retention, pause.
    """

    series: Series
    first: int
    last: int
    every: int
    reason: str


class Direction(StrEnum):
    """What a series did."""

    DOWN = "down"
    UP = "up"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Change:
    """A series went down or up."""

    series: Series
    at: int
    direction: Direction
    phase: str
    kind: str
    before: int
    """Began of the last record of the old state, 0 if none is known."""
    after: int
    """Began of the first record of the new state."""
    confidence: float
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an event is."""

    vantages: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    asns: tuple[int, ...] = ()
    endpoints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One revision of an inference: what is disrupted, where, since when, by which mechanism, how sure."""

    id: str
    revision: int
    at: int
    state: str
    """suspected, confirmed, standing, ended."""
    kind: str
    """block, throttle, unreachable, service_outage, network_outage, vantage_outage."""
    service: str | None
    roles: tuple[str, ...]
    mechanism: str
    mechanisms: dict[str, str]
    scope: Scope
    onset: tuple[int, int]
    """Earliest and latest."""
    detected: int
    reopened: int | None
    ended: int | None
    confidence: float
    evidence: tuple[str, ...]
    comparators: dict[str, str]
    """Domestic or control service to reachable, failing, unknown."""
    summary: str
    against: str


@dataclass(frozen=True, slots=True)
class State:
    """A service at a vantage: 0 ok, 1 degraded, 2 blocked, 3 unknown; written on change and every 5 minutes."""

    service: str
    vantage: str
    state: int
    availability: float
    score: float
    baseline: float


@dataclass(frozen=True, slots=True)
class Health:
    """The daemon's own figures every 10 s: the dead-man signal. Names end in their unit."""

    figures: dict[str, float]


@dataclass(frozen=True, slots=True)
class Spread:
    """How long good slots took in all, in microseconds: each figure is one that was measured (nearest rank)."""

    min: int
    p50: int
    p90: int
    p95: int
    max: int


@dataclass(frozen=True, slots=True)
class Rollup:
    """The slots of a series that were due in [start, start + width); a later row for the same window replaces it."""

    series: Series
    start: int
    """Microseconds, a multiple of `width`."""
    width: int
    """Seconds: 300 or 3600."""
    n: int
    """Slots measured; those in `local` and `skipped` are not among them."""
    ok: int
    failures: dict[FailureClass, int]
    """Failed slots by class, those that occurred; they sum to n - ok."""
    local: int
    """Slots that failed by a fault of our own."""
    skipped: int
    """Slots without a record, as gaps tell."""
    latency: Spread | None
    """None without a good slot."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark of a person about the data."""

    text: str
    author: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message about one transition of an event: a channel has it, or it was given up."""

    message: str
    """Its id, by which a receiver drops repeats; several transitions share that of a digest."""
    event: str
    revision: int
    transition: str
    """opened, grown, changed, ended."""
    channel: str
    """The alert, as `[alerts.NAME]`."""
    attempts: int
    outcome: str
    """delivered, given_up."""
    status: int
    """The receiver's last answer (HTTP), 0 if none came."""
    detail: str = ""
    """Why it was given up, in words."""


Body = Record | PlanRow | Heartbeat | ClockStep | Gap | Change | Event | State | Health | Rollup | Annotation | Delivery


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the journal: its place in the one order, the journal's own stamp, the body."""

    seq: int
    at: int
    body: Body


KINDS: dict[type, str] = {
    Record: "record",
    PlanRow: "plan",
    Heartbeat: "heartbeat",
    ClockStep: "clock",
    Gap: "gap",
    Change: "change",
    Event: "event",
    State: "state",
    Health: "health",
    Rollup: "rollup",
    Annotation: "annotation",
    Delivery: "delivery",
}
"""The row kinds by type; the words of the contract."""


def event_id(service: str | None, kind: str, scope: Scope, onset_slot: int) -> str:
    """The name of an event, from its first revision, never changed after."""
    return short_hash(service or "", kind, *scope.vantages, *scope.countries, str(onset_slot))
