"""Takes up a plan: which series there are, which of them start anew, which leave."""

from dataclasses import replace

from daemon.detect.places import Watch
from daemon.detect.series import Track, anew
from daemon.detect.silence import excuse
from daemon.detect.state import SECOND, Detection, index_of
from daemon.rows import Planned, PlanRow


def take_plan(state: Detection, plan: PlanRow) -> bool:
    """Measure by a new plan; True if it differs. The same plan again only says that the daemon has started."""
    excuse(state, sorted(state.watches))
    plan = replace(plan, changed=())
    if plan == state.plan:
        return False
    state.plan, state.index = plan, index_of(plan)
    state.changed.plan = True
    _keep_tracks(state, plan)
    _keep_watches(state)
    state.states = {
        key: told for key, told in state.states.items() if key[0] in plan.services and key[1] in state.watches
    }
    state.changed.states = True
    return True


def _keep_tracks(state: Detection, plan: PlanRow) -> None:
    planned = {one.series: one for one in reversed(plan.assignments)}
    for series in [series for series in state.tracks if series not in planned]:
        del state.tracks[series]
        state.down.discard(series)
        state.changed.tracks.add(series)
    for series, one in planned.items():
        track = state.tracks.get(series)
        if track is None:
            state.tracks[series] = new_track(one)
        elif track.config != one.config:
            state.tracks[series] = anew(track, one.config)
            state.down.discard(series)
        if _set_pace(state.tracks[series], one) or track is not state.tracks[series]:
            state.changed.tracks.add(series)


def _set_pace(track: Track, planned: Planned) -> bool:
    """Take over interval and timeout; True if they are others. Which slots have come is known by the old grid only."""
    pace = planned.every * SECOND, patience_of(planned)
    if (track.every, track.patience) == pace:
        return False
    if track.every != pace[0]:
        track.seen = 1
    track.every, track.patience = pace
    return True


def _keep_watches(state: Detection) -> None:
    for vantage in [vantage for vantage in state.watches if vantage not in state.index.by_vantage]:
        del state.watches[vantage]
        state.changed.watches.add(vantage)
    for vantage in sorted(state.index.by_vantage):
        watch = state.watches.setdefault(vantage, Watch())
        for family in sorted({series.family for series in state.index.by_vantage[vantage]}):
            state.line(vantage, family)
        state.watches[vantage] = watch
        state.changed.watches.add(vantage)


def new_track(planned: Planned) -> Track:
    """A series of which nothing is known."""
    return Track(planned.config, planned.every * SECOND, patience_of(planned))


def patience_of(planned: Planned) -> int:
    """Microseconds after due at which a record is late: two intervals and the timeout."""
    return 2 * planned.every * SECOND + round(planned.timeout * SECOND)
