"""All that detection remembers: the plan, every series, every vantage, the events, and what changed since it was saved."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from daemon.detect.case import Case
from daemon.detect.series import Track
from daemon.rows import Place, PlanRow
from probes.record import Series

SECOND = 1_000_000
CONTROL, DOMESTIC, FOREIGN = "control", "domestic", "foreign"
HEARTBEAT = 10 * SECOND
"""Between two heartbeats, unless a series is measured more often than that."""
NEAR = 15 * 60 * SECOND
"""Onsets within this time (or five intervals) can have one cause."""


@dataclass(slots=True)
class Line:
    """What a vantage can carry in one family (or in all: the family is empty). Moments in microseconds."""

    answered: int = 0
    """Began of the newest good record of any series."""
    suspect: bool = False
    """Its controls mostly fail."""
    clear: int = 0
    """What begins before this counts nothing: the line was suspect, and three probes are let go by."""


@dataclass(slots=True)
class Watch:
    """A vantage: its lines and its signs of life."""

    lines: dict[str, Line] = field(default_factory=lambda: {"": Line()})
    control: bool | None = None
    """What the last heartbeat said."""
    life: int = 0
    """When it was last heard of, 0 if its silence would mean nothing."""
    lived: int = 0
    """The time lived through until then."""
    silent: int = 0
    """When it was last heard of before its silence, 0 if it is not silent."""
    woke: int = 0
    """When its last silence ended."""


@dataclass(slots=True)
class Index:
    """Who belongs to whom in the plan; derived, never saved."""

    by_vantage: dict[str, list[Series]] = field(default_factory=dict)
    by_service: dict[str, list[Series]] = field(default_factory=dict)
    families: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """(Vantage, family) to the services measured there."""
    controls: dict[tuple[str, str], list[Series]] = field(default_factory=dict)
    """(Vantage, family or empty) to its control series."""
    slots: dict[Series, tuple[int, int]] = field(default_factory=dict)
    """Interval and offset in seconds."""
    beat: int = HEARTBEAT


@dataclass(slots=True)
class Changed:
    """What is to be saved."""

    tracks: set[Series] = field(default_factory=set)
    watches: set[str] = field(default_factory=set)
    cases: set[str] = field(default_factory=set)
    plan: bool = False
    states: bool = False
    clock: bool = False


@dataclass(slots=True)
class Detection:
    """The state of detection; `step` alone changes it."""

    plan: PlanRow | None = None
    tracks: dict[Series, Track] = field(default_factory=dict)
    watches: dict[str, Watch] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    states: dict[tuple[str, str], int] = field(default_factory=dict)
    """(Service, vantage) to the state that was told last."""
    now: int = 0
    """The largest `at` so far: detection's clock."""
    lived: int = 0
    """Microseconds lived through: `now` without the jumps in which nobody wrote rows."""
    look_at: int = 0
    """When to look at all again."""
    tell_at: int = 0
    """When to tell all states again."""
    down: set[Series] = field(default_factory=set)
    index: Index = field(default_factory=Index)
    changed: Changed = field(default_factory=Changed)

    def side(self, service: str) -> str:
        """foreign, domestic or control; foreign where the plan does not say."""
        return self.plan.services.get(service, FOREIGN) if self.plan else FOREIGN

    def place(self, vantage: str) -> Place:
        """Country and network of a vantage."""
        return (self.plan.vantages.get(vantage) if self.plan else None) or Place()

    def flash(self) -> int:
        """Microseconds below which a disruption pages nobody."""
        return round((self.plan.flash if self.plan else 30.0) * SECOND)

    def open_cases(self) -> list[Case]:
        """The events that go on, oldest first."""
        going = (case for case in self.cases.values() if case.event is None or case.event.ended is None)
        return sorted(going, key=lambda case: (case.detected, case.id))

    def tracks_at(self, vantage: str, family: str = "") -> Iterator[tuple[Series, Track]]:
        """The series of a line, in the plan's order; an empty family is all of them."""
        for series in self.index.by_vantage.get(vantage, ()):
            if not family or series.family == family:
                yield series, self.tracks[series]

    def near(self, *tracks: Track) -> int:
        """Microseconds within which onsets can have one cause."""
        return max([NEAR, *(5 * track.every for track in tracks)])

    def line(self, vantage: str, family: str) -> Line:
        """A line of a vantage that has a watch; made on first use."""
        lines = self.watches[vantage].lines
        if family not in lines:
            lines[family] = Line()
        return lines[family]


def beat_of(everies: list[int]) -> int:
    """Microseconds between two heartbeats, and between two looks at all."""
    return min([HEARTBEAT, *(every * SECOND for every in everies)])


def index_of(plan: PlanRow) -> Index:
    """Sort the assignments of a plan."""
    index = Index(beat=beat_of([planned.every for planned in plan.assignments]))
    for planned in plan.assignments:
        series = planned.series
        if series in index.slots:
            continue
        index.slots[series] = (planned.every, planned.offset)
        index.by_vantage.setdefault(series.vantage, []).append(series)
        index.by_service.setdefault(series.service, []).append(series)
        index.families.setdefault((series.vantage, series.family), set()).add(series.service)
        if plan.services.get(series.service) == CONTROL:
            index.controls.setdefault((series.vantage, ""), []).append(series)
            index.controls.setdefault((series.vantage, series.family), []).append(series)
    return index
