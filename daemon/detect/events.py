"""The life of an event: which failing series belong to which, when one opens, changes, ends and opens again."""

from collections.abc import Iterable

from config.slots import slot_at
from daemon.detect.case import Case
from daemon.detect.gate import hush
from daemon.detect.infer import (
    ALIVE,
    FAILS,
    PENDING,
    WORKS,
    Elsewhere,
    counts,
    elsewhere,
    kind_of,
    status,
    twins,
    undecided,
)
from daemon.detect.recovery import came_back, member_of, refresh
from daemon.detect.revision import revise, scope_of, settle_onset
from daemon.detect.state import HEARTBEAT, SECOND, Detection
from daemon.detect.wide import Wide, hypotheses
from daemon.rows import Body, event_id
from probes.record import Series

BEAT = (HEARTBEAT // SECOND, 0)
"""The grid of an event that no series tells."""
REOPEN = 2 * 3600 * SECOND
"""An event that comes back within this time after its end is the same."""


def evaluate(state: Detection) -> list[Body]:
    """Look at all failing series and open events; returns the revisions that this makes."""
    for case in state.open_cases():
        refresh(state, case)
    for wide in hypotheses(state):
        _attach_wide(state, wide)
    _attach_services(state)
    rows: list[Body] = []
    for case in sorted(state.open_cases(), key=lambda case: not case.part_of):
        rows += _settle(state, case)
    _forget(state)
    return rows


def _settle(state: Detection, case: Case) -> list[Body]:
    """Judge the kind anew, close what is over, and tell what changed."""
    ended = came_back(state, case)
    if ended is None and not case.wide and not case.recovering:
        _judge(state, case)
    if not case.wide:
        settle_onset(case)
    if case.event is None:
        _name(state, case)
    event = revise(state, case, ended)
    if event is None:
        return []
    if ended is not None and case.wide:
        for vantage in case.vantages:
            if vantage in state.watches:
                hush(state, vantage)
    case.event, case.changed, case.going = event, state.now, ended is None
    state.changed.cases.add(case.id)
    return [event]


def _judge(state: Detection, case: Case) -> None:
    """The kind by what is known now. Silence elsewhere takes nothing back: a block stays one."""
    members = [series for series, member in case.members.items() if not member.up]
    said = elsewhere(state, members)
    kind = kind_of(state, members, said)
    case.elsewhere = bool(said.saying(WORKS) or said.saying(ALIVE))
    if kind != "unreachable" and members:
        case.kind = kind


def _forget(state: Detection) -> None:
    """Events that ended long ago can not open again."""
    for case in list(state.cases.values()):
        ended = case.event.ended if case.event else None
        if ended is not None and state.now - max(ended, case.changed) > REOPEN:
            del state.cases[case.id]
            state.changed.cases.add(case.id)


# ---- wide events ---------------------------------------------------------------------------------------------------


def _attach_wide(state: Detection, wide: Wide) -> None:
    """Give a hypothesis about places to the event that it belongs to, or open one."""
    case = _wide_case(state, wide) or _adopt(state, wide) or _reopen_wide(state, wide) or _open_wide(state, wide)
    if not case.recovering and set(case.vantages) <= set(wide.vantages):
        case.kind, case.mechanism = wide.kind, wide.mechanism
        case.family = "" if not wide.family else case.family
    case.vantages = sorted({*case.vantages, *wide.vantages})
    for vantage in wide.vantages:
        case.back.pop(vantage, None)
    for series in wide.members:
        join(state, case, series)
    state.changed.cases.add(case.id)


def _wide_case(state: Detection, wide: Wide) -> Case | None:
    """The open event about one of these places; where there are several, the others end in the first."""
    found = [
        case
        for case in state.open_cases()
        if case.wide and not case.part_of and set(case.vantages) & set(wide.vantages)
    ]
    for other in found[1:]:
        other.part_of = found[0].id
        found[0].vantages = sorted({*found[0].vantages, *other.vantages})
    return found[0] if found else None


def _adopt(state: Detection, wide: Wide) -> Case | None:
    """An event of one service that began with the outage was its first sign: it becomes the wide one."""
    inside = [
        case
        for case in state.open_cases()
        if not case.wide and set(case.vantages) <= set(wide.vantages) and _began_with(state, case, wide)
    ]
    if not inside:
        return None
    first, *others = inside
    first.service = None
    for other in others:
        other.part_of = first.id
    return first


def _began_with(state: Detection, case: Case, wide: Wide) -> bool:
    tracks = [state.tracks[series] for series in case.members if series in state.tracks]
    since = min(state.line(vantage, "").answered for vantage in wide.vantages)
    return bool(tracks) and case.onset[1] >= since - max(2 * track.every + track.patience for track in tracks)


def _reopen_wide(state: Detection, wide: Wide) -> Case | None:
    ended = [
        case
        for case in _ended_lately(state, None)
        if set(case.vantages) & set(wide.vantages) and case.family == wide.family
    ]
    return _reopen(state, ended[-1]) if ended else None


def _open_wide(state: Detection, wide: Wide) -> Case:
    onset = _wide_onset(state, wide)
    return _new(state, Case("", wide.kind, None, state.now, list(wide.vantages), wide.family, onset=onset))


def _wide_onset(state: Detection, wide: Wide) -> tuple[int, int]:
    """Between the last that answered and the first that failed after it, at the place that fell first."""
    since = min(state.watches[vantage].silent or state.line(vantage, wide.family).answered for vantage in wide.vantages)
    failed = [began for series in wide.members if (began := state.tracks[series].first_bad) >= since]
    if failed:
        return since, min(failed)
    return _onset(state, wide.members) or (since, since)


# ---- events of one service -----------------------------------------------------------------------------------------


def _attach_services(state: Detection) -> None:
    """Give each series that counts to the event of its service, or open one for those of one service and country."""
    owned = {series for case in state.open_cases() for series, member in case.members.items() if not member.up}
    shut = {(vantage, case.family) for case in state.open_cases() if case.wide for vantage in case.vantages}
    groups: dict[tuple[str, str], list[Series]] = {}
    for series in sorted(state.down - owned, key=_order):
        covered = (series.vantage, "") in shut or (series.vantage, series.family) in shut
        if not covered and counts(state, series):
            groups.setdefault((series.service, state.place(series.vantage).country), []).append(series)
    for (service, country), members in groups.items():
        case = _service_case(state, service, country, members) or _open_service(state, service, members)
        if case is not None:
            case.vantages = sorted({*case.vantages, *(series.vantage for series in members)})
            for series in members:
                join(state, case, series)


def _order(series: Series) -> tuple[str, ...]:
    return (series.service, series.vantage, series.role, series.endpoint, series.probe, series.family)


def _service_case(state: Detection, service: str, country: str, members: list[Series]) -> Case | None:
    """The open event of the service in this country; or elsewhere, if all of it fell here at the same time."""
    going = [case for case in state.open_cases() if case.service == service]
    for case in going:
        if _in_country(state, case, country):
            return case
    for case in going:
        if _fell_with(state, case, members) == FAILS:
            return case
    for case in reversed(_ended_lately(state, service)):
        if _in_country(state, case, country):
            return _reopen(state, case)
    return None


def _in_country(state: Detection, case: Case, country: str) -> bool:
    return any(state.place(vantage).country == country for vantage in case.vantages)


def _fell_with(state: Detection, case: Case, members: list[Series]) -> str:
    """Whether what is down of a service in another country fell at the same time: FAILS, PENDING, or WORKS if not."""
    first = state.tracks[_first(state, members)]
    if abs(first.first_bad - case.onset[1]) > state.near(first):
        return WORKS
    here = {series.vantage for series in members}
    said = Elsewhere()
    for series, member in case.members.items():
        if not member.up and series in state.tracks:
            for twin in twins(state, series):
                if twin.vantage in here:
                    said.add(twin.vantage, status(state, first, twin))
    if said.saying(FAILS):
        return FAILS
    return PENDING if undecided(state, members, said) else WORKS


def _open_service(state: Detection, service: str, members: list[Series]) -> Case | None:
    """A new event, unless other places still make up their minds: then the kind cannot be told yet."""
    said = elsewhere(state, members)
    going = [case for case in state.open_cases() if case.service == service]
    if undecided(state, members, said) or any(_fell_with(state, case, members) == PENDING for case in going):
        return None
    kind = kind_of(state, members, said)
    vantages = sorted({series.vantage for series in members})
    onset = _onset(state, members) or (state.now, state.now)
    return _new(state, Case("", kind, service, state.now, vantages, onset=onset))


def _first(state: Detection, members: Iterable[Series]) -> Series:
    return min(members, key=lambda series: (state.tracks[series].first_bad, _order(series)))


def _onset(state: Detection, members: list[Series]) -> tuple[int, int] | None:
    """Between the last good and the first failing record of the member that failed first."""
    if not members:
        return None
    track = state.tracks[_first(state, members)]
    return track.before or track.first_bad, track.first_bad


# ---- both ----------------------------------------------------------------------------------------------------------


def _new(state: Detection, case: Case) -> Case:
    """Take a case in under a passing name: its true one comes from its first revision."""
    case.id = f"new {len(state.cases)}"
    state.cases[case.id] = case
    return case


def _name(state: Detection, case: Case) -> None:
    """The name of an event, by its first revision."""
    first = [series for series, member in case.members.items() if member.first_bad == case.onset[1]]
    grid = state.index.slots.get(min(first, key=_order)) if first else None
    del state.cases[case.id]
    case.id = event_id(case.service, case.kind, scope_of(state, case), slot_at(case.onset[1], *(grid or BEAT)))
    if case.id in state.cases:  # what ended within another event and outlives that is itself again
        known = state.cases[case.id]
        case.event, case.detected, case.reopened = known.event, known.detected, state.now
    state.cases[case.id] = case


def join(state: Detection, case: Case, series: Series) -> None:
    """Make a failing series a member, or bring what is known of it up to date."""
    track = state.tracks[series]
    case.members[series] = member_of(track)
    state.changed.cases.add(case.id)


def _ended_lately(state: Detection, service: str | None) -> list[Case]:
    """Events of a service (None: of places) that may open again: no open one has taken one of their places."""
    taken = {vantage for case in state.open_cases() if case.service == service for vantage in case.vantages}
    ended = [
        (case.event.ended, case.id, case)
        for case in state.cases.values()
        if not case.going and not case.part_of and case.service == service and case.event and case.event.ended
    ]
    return [case for end, _name, case in sorted(ended) if state.now - end <= REOPEN and not taken & set(case.vantages)]


def _reopen(state: Detection, case: Case) -> Case:
    case.reopened, case.going = state.now, True
    case.recovering = False
    case.back = {}
    return case
