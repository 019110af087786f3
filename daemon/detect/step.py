"""One row in, conclusions out: the whole of detection, the same live and in replay."""

from daemon.detect.events import evaluate
from daemon.detect.gate import judge_controls
from daemon.detect.planning import take_plan
from daemon.detect.series import Track, amend, anew, flake_rate, known, look_closer, settle, take_bad, take_good
from daemon.detect.silence import alive, excuse, listen, pass_time
from daemon.detect.state import CONTROL, Detection, restore
from daemon.detect.states import tell
from daemon.rows import Body, Change, ClockStep, Direction, Gap, Heartbeat, PlanRow, Row
from probes.record import Kind, Purpose, Record

__all__ = ["Detection", "restore", "step"]

PAUSES = frozenset({"stop", "down", "pause", "suspend", "clock"})
"""Reasons of gaps after which silence means nothing."""

PACE = 20
"""Looks at all within one heartbeat, at most."""


def step(state: Detection, row: Row) -> list[Body]:
    """Take one row of the journal; returns the changes, event revisions and states that it makes."""
    body = row.body
    if isinstance(body, Record):
        return _record(state, row.at, body)
    if isinstance(body, Heartbeat):
        return _heartbeat(state, row.at, body)
    if isinstance(body, PlanRow):
        return _plan(state, row.at, body)
    if isinstance(body, Gap):
        _gap(state, row.at, body)
    elif isinstance(body, ClockStep):
        excuse(state, sorted(state.watches))
    return []


def _record(state: Detection, at: int, record: Record) -> list[Body]:
    track = state.tracks.get(record.series)
    pass_time(state, at)
    state.changed.clock = True
    if track is None:
        return _look(state)
    watch = state.watches[record.series.vantage]
    woken = alive(state, record.series.vantage) if watch.life or watch.silent else False
    if record.purpose is not Purpose.SLOT:
        _closer(state, track, record)
        return _look(state, now=woken)
    if record.failure is not None and record.failure.kind is Kind.LOCAL:
        return _look(state, now=woken)
    newer = record.due > track.due
    if newer and record.version != track.version:
        track = _renew(state, record, track)
    if known(track, record.due):
        return _look(state, now=woken)
    state.changed.tracks.add(record.series)
    if not newer:
        return _look(state, now=amend(track, record))
    track.fresh = at - record.due <= track.patience
    rows: list[Body] = _good(state, track, record) if record.failure is None else _bad(state, track, record)
    return rows + _look(state, now=bool(rows) or woken) if rows or woken or state.now >= state.look_at else rows


def _renew(state: Detection, record: Record, track: Track) -> Track:
    """A new version of a probe type restarts what is known; the first version that is seen does not."""
    if track.version:
        track = anew(track, track.config)
        state.tracks[record.series] = track
        state.down.discard(record.series)
    track.version = record.version
    return track


def _closer(state: Detection, track: Track, record: Record) -> None:
    local = record.failure is not None and record.failure.kind is Kind.LOCAL
    if record.purpose is not Purpose.MANUAL and not local:
        look_closer(track, record)
        state.changed.tracks.add(record.series)


def _good(state: Detection, track: Track, record: Record) -> list[Body]:
    series = record.series
    lines = state.watches[series.vantage].lines
    began = record.began
    whole, own = lines[""], lines[series.family]
    whole.answered = max(whole.answered, began)
    own.answered = max(own.answered, began)
    state.changed.watches.add(series.vantage)
    came_up = take_good(track, record)
    if (whole.suspect or own.suspect) and state.side(series.service) == CONTROL:
        judge_controls(state, series.vantage)
    if not came_up:
        return []
    change = _change(state, track, record, Direction.UP)
    state.down.discard(series)
    settle(track)
    return [change]


def _bad(state: Detection, track: Track, record: Record) -> list[Body]:
    went_down = take_bad(track, record)
    if state.side(record.series.service) == CONTROL:
        judge_controls(state, record.series.vantage)
        state.changed.watches.add(record.series.vantage)
    if not went_down:
        return []
    state.down.add(record.series)
    return [_change(state, track, record, Direction.DOWN)]


def _change(state: Detection, track: Track, record: Record, direction: Direction) -> Change:
    """The change that a record completes; its confidence is that the usual loss does not explain three in a row."""
    down = direction is Direction.DOWN
    return Change(
        series=record.series,
        at=state.now,
        direction=direction,
        phase=track.phase,
        kind=track.kind,
        before=track.before if down else track.bads[-1],
        after=track.first_bad if down else track.first_good,
        confidence=round(min(0.99, 1 - flake_rate(track.weight, track.flakes) ** 2), 2),
        evidence=tuple(track.ids if down else track.good_ids),
    )


def _heartbeat(state: Detection, at: int, beat: Heartbeat) -> list[Body]:
    pass_time(state, at)
    state.changed.clock = True
    watch = state.watches.get(beat.vantage)
    if watch is None:
        return _look(state)
    woken = alive(state, beat.vantage)
    if beat.control is not watch.control or watch.lines[""].suspect:
        watch.control = beat.control
        judge_controls(state, beat.vantage)
    return _look(state, now=woken)


def _plan(state: Detection, at: int, plan: PlanRow) -> list[Body]:
    pass_time(state, at)
    state.changed.clock = True
    return _look(state, now=take_plan(state, plan))


def _gap(state: Detection, at: int, gap: Gap) -> None:
    """Slots without a record are no evidence of anything."""
    pass_time(state, at)
    state.changed.clock = True
    if gap.reason in PAUSES and gap.series.vantage in state.watches:
        excuse(state, [gap.series.vantage])


def _look(state: Detection, *, now: bool = False) -> list[Body]:
    """Look at all failing series and events, when something happened or once a heartbeat.

    What happens at once everywhere is looked at together, a little later: otherwise a burst would cost its square.
    """
    if now:
        state.stirred = True
        state.look_at = min(state.look_at, state.looked + state.index.beat // PACE)
    if state.now < state.look_at:
        return []
    state.looked, state.look_at = state.now, state.now + state.index.beat
    active = listen(state) or state.stirred or bool(state.down) or any(case.going for case in state.cases.values())
    state.stirred = False
    rows: list[Body] = []
    if active or state.cases:
        rows += evaluate(state)
    if active or state.now >= state.tell_at:
        rows += tell(state)
    return rows
