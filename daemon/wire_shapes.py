"""The forms of the lines that come in, one strict model each: what `wire_in` reads and what docs/schema/ publishes."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from daemon.classes import FailureClass
from daemon.moments import micros_of
from daemon.rows import (
    Annotation,
    Body,
    Change,
    ClockStep,
    Delivery,
    Direction,
    Event,
    Gap,
    Health,
    Heartbeat,
    Place,
    Planned,
    PlanRow,
    Rollup,
    Row,
    Scope,
    Spread,
    State,
)
from daemon.wire import ended_at
from probes.record import Facts, Failure, Purpose, Record, Series, Timing


def _moment(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError("should be a time like 2026-02-11T20:00:11Z")  # noqa: TRY004  pydantic collects ValueError
    return micros_of(value)


Moment = Annotated[int, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
"""Microseconds since the epoch; on the wire RFC 3339."""


class Part(BaseModel):
    """Anything within a line. Unknown fields are errors: a misspelt one would silently be lost."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class Shape(Part):
    """The form of one line."""

    at: Moment

    def body(self) -> Body:
        """The value that the line stands for."""
        raise NotImplementedError

    def row(self, number: int) -> Row:
        """The row with that number. Raises ValueError for an id that is not true."""
        return Row(number, self.at, self.body())


def _rest(shape: Shape, *without: str) -> dict[str, Any]:
    """The fields that the value takes as they are."""
    return {name: value for name, value in shape if name not in {"reachd", "at", *without}}


class RecordShape(Shape):
    """One measured attempt. What has a default may be left out by others who write lines; we write every field."""

    reachd: Literal["record/1"]
    id: str = ""
    """Hash of agent, series, due, began, purpose and attempt; checked where it is given."""
    at: Moment | None = None  # type: ignore[assignment]  # a record alone may come without
    """When the journal took it; where absent, began + seconds."""
    due: Moment
    began: Moment
    seconds: float
    purpose: Purpose = Purpose.SLOT
    of: str | None = None
    attempt: int = 1
    agent: str = ""
    config: str = ""
    version: str = ""
    series: Series
    timings: tuple[Timing, ...] = ()
    failure: Failure | None = None
    facts: Facts = Field(default_factory=Facts)

    def body(self) -> Record:
        """The record, once its id is found to be true."""
        record = Record(**_rest(self, "id"))
        if self.id and self.id != record.id:
            raise ValueError(f"id: {self.id} is not this record's, {record.id}: leave `id` out to have it computed")
        return record

    def row(self, number: int) -> Row:
        """The row; see `at`."""
        record = self.body()
        return Row(number, ended_at(record) if self.at is None else self.at, record)


class SideShape(Part):
    """What a plan says of a service."""

    side: str


class PlannedShape(Part):
    """One assignment of a plan; whole seconds, but the timeout in seconds and parts."""

    series: Series
    every: int
    offset: int
    timeout: float = 10.0
    config: str = ""


class PlanShape(Shape):
    """What runs from `at` on."""

    reachd: Literal["plan/1"]
    config: str = ""
    vantages: dict[str, Place]
    services: dict[str, SideShape]
    assignments: tuple[PlannedShape, ...]
    changed: tuple[str, ...] = ()
    flash: float = 30.0

    def body(self) -> PlanRow:
        """The plan."""
        return PlanRow(
            config=self.config,
            vantages=self.vantages,
            services={name: service.side for name, service in self.services.items()},
            assignments=tuple(Planned(a.series, a.every, a.offset, a.timeout, a.config) for a in self.assignments),
            changed=self.changed,
            flash=self.flash,
        )


class OnsetShape(Part):
    """Between the last moment it was well and the first it was not."""

    earliest: Moment
    latest: Moment


class EventShape(Shape):
    """One revision of an event; `at` is the data's time of the revision."""

    reachd: Literal["event/1"]
    id: str
    revision: int
    state: str
    kind: str
    service: str | None
    roles: tuple[str, ...]
    mechanism: str
    mechanisms: dict[str, str]
    scope: Scope
    onset: OnsetShape
    detected: Moment
    reopened: Moment | None = None
    ended: Moment | None
    confidence: float
    comparators: dict[str, str]
    evidence: tuple[str, ...]
    summary: str
    against: str

    def body(self) -> Event:
        """The revision."""
        onset = (self.onset.earliest, self.onset.latest)
        return Event(at=self.at, onset=onset, **_rest(self, "onset"))


class ChangeShape(Shape):
    """A series went down, up or slow; `before` is null where nothing came before."""

    reachd: Literal["change/1"]
    series: Series
    direction: Direction
    phase: str
    kind: str
    before: Moment | None
    after: Moment
    confidence: float
    evidence: tuple[str, ...]

    def body(self) -> Change:
        """The change."""
        return Change(at=self.at, before=self.before or 0, **_rest(self, "before"))


class HeartbeatShape(Shape):
    """A vantage is alive."""

    reachd: Literal["heartbeat/1"]
    vantage: str
    control: bool | None
    families: tuple[str, ...] = ()
    clock_offset: float = 0.0

    def body(self) -> Heartbeat:
        """The heartbeat."""
        return Heartbeat(**_rest(self))


class ClockShape(Shape):
    """The wall clock stepped."""

    reachd: Literal["clock/1"]
    seconds: float

    def body(self) -> ClockStep:
        """The step."""
        return ClockStep(**_rest(self))


class GapShape(Shape):
    """Slots without a record; `first` and `last` are due times."""

    reachd: Literal["gap/1"]
    series: Series
    first: Moment
    last: Moment
    every: int
    reason: str

    def body(self) -> Gap:
        """The gap."""
        return Gap(**_rest(self))


class StateShape(Shape):
    """A service at a vantage: 0 ok, 1 degraded, 2 blocked, 3 unknown."""

    reachd: Literal["state/1"]
    service: str
    vantage: str
    state: int
    availability: float
    score: float
    baseline: float

    def body(self) -> State:
        """The state."""
        return State(**_rest(self))


class HealthShape(Shape):
    """The daemon's own figures."""

    reachd: Literal["health/1"]
    figures: dict[str, float]

    def body(self) -> Health:
        """The figures."""
        return Health(**_rest(self))


class SpreadShape(Part):
    """How long good slots took in all, in microseconds: each figure is one that was measured (nearest rank)."""

    min_us: int
    p50_us: int
    p90_us: int
    p95_us: int
    max_us: int


class RollupShape(Shape):
    """The slots of a series that were due within a window; a later line for the same window replaces it."""

    reachd: Literal["rollup/1"]
    series: Series
    start: Moment
    """A multiple of `width` since the epoch."""
    width: int
    """Seconds: 300 or 3600."""
    n: int
    """Slots measured; those in `local` and `skipped` are not among them."""
    ok: int
    failures: dict[FailureClass, int]
    """Failed slots by class, those that occurred."""
    local: int
    """Slots that failed by a fault of this machine or its line."""
    skipped: int
    """Slots without a record, as gaps tell."""
    latency: SpreadShape | None
    """Null without a good slot."""

    def body(self) -> Rollup:
        """The rollup."""
        spread = self.latency
        latency = None if spread is None else Spread(*(figure for _name, figure in spread))
        return Rollup(latency=latency, **_rest(self, "latency"))


class AnnotationShape(Shape):
    """A remark of a person."""

    reachd: Literal["annotation/1"]
    text: str
    author: str = ""

    def body(self) -> Annotation:
        """The remark."""
        return Annotation(**_rest(self))


class DeliveryShape(Shape):
    """What became of a message about one transition of an event."""

    reachd: Literal["delivery/1"]
    message: str
    """Its id, by which a receiver drops repeats; several transitions share that of a digest."""
    event: str
    revision: int
    transition: str
    """opened, grown, changed, ended."""
    channel: str
    """The alert that it was sent through."""
    attempts: int
    outcome: str
    """delivered, given_up."""
    status: int
    """The receiver's last answer (HTTP), 0 if none came."""
    detail: str = ""
    """Why it was given up."""

    def body(self) -> Delivery:
        """The outcome."""
        return Delivery(**_rest(self))


SHAPES: dict[str, type[Shape]] = {
    "record/1": RecordShape,
    "plan/1": PlanShape,
    "event/1": EventShape,
    "change/1": ChangeShape,
    "heartbeat/1": HeartbeatShape,
    "clock/1": ClockShape,
    "gap/1": GapShape,
    "state/1": StateShape,
    "health/1": HealthShape,
    "rollup/1": RollupShape,
    "annotation/1": AnnotationShape,
    "delivery/1": DeliveryShape,
}
"""Every form that this version reads, by the word in `reachd`."""
