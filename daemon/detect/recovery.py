"""What becomes of an event's members: how they do now, when they came back, and when the whole event is over."""

from daemon.detect.case import Case, Member
from daemon.detect.gate import trusted
from daemon.detect.mechanism import mode
from daemon.detect.series import RUN, Track, artefact
from daemon.detect.state import Detection
from probes.record import Series


def member_of(track: Track) -> Member:
    """What an event keeps of a failing series."""
    return Member(
        mechanism=mode({name: float(number) for name, number in track.mix.items()}),
        phase=track.phase,
        before=track.before,
        first_bad=track.first_bad,
        last_bad=track.bads[-1],
        artefact=artefact(track),
        ids=list(track.ids),
        contra=list(track.contra),
        proof=track.proof,
    )


def refresh(state: Detection, case: Case) -> None:
    """Bring the members up to date; those that are no longer planned leave."""
    for series in list(case.members):
        track = state.tracks.get(series)
        if track is None:
            del case.members[series]
        else:
            _refresh(state, case, series, track)
    state.changed.cases.add(case.id)
    if not case.recovering:
        case.recovering = any(member.up for member in case.members.values())


def _refresh(state: Detection, case: Case, series: Series, track: Track) -> None:
    member = case.members[series]
    if track.down and not track.good:
        if not member.up and (case.wide or trusted(state, series.vantage)):
            case.members[series] = member_of(track)
    elif not track.down and not member.up and track.good >= RUN:
        member.up = track.first_good


def came_back(state: Detection, case: Case) -> int | None:
    """When an event ended (microseconds), None while it goes on."""
    if case.part_of:
        return state.now
    if case.wide:
        return _wide_came_back(state, case)
    if not case.members:
        return state.now  # nothing of it is measured any more
    ups = [member.up for member in case.members.values()]
    return max(ups) if all(ups) else None


def _wide_came_back(state: Detection, case: Case) -> int | None:
    """Over when every one of its places is back, at the moment the last of them answered first."""
    for vantage in case.vantages:
        if vantage not in case.back:
            moment = _back(state, case, vantage)
            if moment:
                case.back[vantage] = moment
    missing = [vantage for vantage in case.vantages if vantage not in case.back]
    if missing:
        case.recovering = case.recovering or bool(case.back)
        return None
    return max(case.back.values())


def _back(state: Detection, case: Case, vantage: str) -> int:
    """When a place came back: its controls answer, or where it has none half of what failed; 0 while it is out."""
    watch = state.watches.get(vantage)
    if watch is None:
        return state.now  # no longer planned
    if watch.silent:
        return 0
    tracks = _witnesses(state, case, vantage)
    if not tracks:
        return watch.woke or state.now
    up = [track.first_good for track in tracks if track.good >= RUN and not track.down]
    return min(up) if 2 * len(up) >= len(tracks) else 0


def _witnesses(state: Detection, case: Case, vantage: str) -> list[Track]:
    """Whose return is the return of the place: controls that failed with it, else all that did."""
    members = [series for series in case.members if series.vantage == vantage]
    controls = state.index.controls.get((vantage, ""), [])
    return [state.tracks[series] for series in members if series in controls] or [
        state.tracks[series] for series in members
    ]
