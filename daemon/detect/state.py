"""All that detection remembers: plan, series, vantages, events; what of it is to be saved, and the way back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from daemon.detect.case import Case
from daemon.detect.places import Line, Watch
from daemon.detect.saved import (
    case_from,
    event_key,
    pack,
    pack_case,
    pack_plan,
    pack_track,
    pack_watch,
    plan_from,
    series_key,
    track_from,
    unpack,
    vantage_key,
    watch_from,
)
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
class Index:
    """Who belongs to whom in the plan; derived, never saved."""

    by_vantage: dict[str, list[Series]] = field(default_factory=dict)
    by_service: dict[str, list[Series]] = field(default_factory=dict)
    families: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    """(Vantage, family) to the services measured there."""
    controls: dict[tuple[str, str], list[Series]] = field(default_factory=dict)
    """(Vantage, family or empty) to its control series."""
    twins: dict[Series, list[Series]] = field(default_factory=dict)
    """Filled by `infer.twins`, as they are asked for."""
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
    looked: int = 0
    """When that was done last."""
    stirred: bool = False
    """Something happened since."""
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
        return sorted((case for case in self.cases.values() if case.going), key=lambda case: (case.detected, case.id))

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

    def changes(self) -> dict[str, bytes | None]:
        """What changed since it was asked for last, by key; None for what is gone."""
        changed, self.changed = self.changed, Changed()
        found: dict[str, bytes | None] = {}
        for series in changed.tracks:
            track = self.tracks.get(series)
            found[series_key(series)] = None if track is None else pack_track(series, track)
        for vantage in changed.watches:
            watch = self.watches.get(vantage)
            found[vantage_key(vantage)] = None if watch is None else pack_watch(vantage, watch)
        for name in changed.cases:
            case = self.cases.get(name)
            found[event_key(name)] = None if case is None else pack_case(case)
        if changed.states:
            found["states"] = pack([[*key, code] for key, code in sorted(self.states.items())])
        if changed.plan and self.plan:
            found["plan"] = pack_plan(self.plan)
        if changed.clock:
            found["clock"] = pack([self.now, self.lived, self.look_at, self.looked, self.stirred, self.tell_at])
        return found


def restore(saved: Mapping[str, bytes]) -> Detection:
    """The state that `changes` told of. Raises ValueError if another version of the program saved it."""
    state = Detection()
    values = {key: unpack(key, value) for key, value in saved.items()}
    if "plan" in values:
        state.plan = plan_from(values["plan"])
        state.index = index_of(state.plan)
    if "clock" in values:
        state.now, state.lived, state.look_at, state.looked, state.stirred, state.tell_at = values["clock"]
    state.states = {(service, vantage): code for service, vantage, code in values.get("states", ())}
    for key in sorted(values):
        _take_up(state, key.partition("/")[0], values[key])
    return state


def _take_up(state: Detection, sort: str, value: list[Any]) -> None:
    if sort == "series":
        series, track = track_from(value)
        state.tracks[series] = track
        if track.down:
            state.down.add(series)
    elif sort == "vantage":
        vantage, watch = watch_from(value)
        state.watches[vantage] = watch
    elif sort == "event":
        case = case_from(value)
        state.cases[case.id] = case


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
