"""The state of each service at each vantage, told when it changes and every five minutes."""

from daemon.detect.series import Track, flake_rate
from daemon.detect.state import SECOND, Detection
from daemon.rows import Body, State
from probes.record import Series

OK, DEGRADED, BLOCKED, UNKNOWN = 0, 1, 2, 3
PERIOD = 300 * SECOND
"""Between two tellings of everything, in data time, on a grid."""
FIRST = 30 * SECOND
"""After the first row: nobody waits five minutes for a first sight."""
Key = tuple[str, str]


def tell(state: Detection) -> list[Body]:
    """The states that have changed; at the end of each five minutes, all."""
    whole = state.now >= state.tell_at
    if whole:
        first = not state.tell_at
        state.tell_at = state.now + FIRST if first else state.now - state.now % PERIOD + PERIOD
        if first:
            return []
    groups = _groups(state)
    covered = _covered(state)
    rows: list[Body] = []
    for key, tracks in groups.items():
        code = _code(state, key, tracks, covered)
        if not any(track.last for track in tracks):
            continue
        if whole or code != state.states.get(key, UNKNOWN):
            rows.append(_row(key, code, tracks))
        if code != state.states.get(key):
            state.states[key] = code
            state.changed.states = True
    if whole:
        _count_anew(state)
    return rows


def _groups(state: Detection) -> dict[Key, list[Track]]:
    groups: dict[Key, list[Track]] = {}
    for service in sorted(state.index.by_service):
        for series in state.index.by_service[service]:
            groups.setdefault((service, series.vantage), []).append(state.tracks[series])
    return groups


def _covered(state: Detection) -> set[tuple[str | None, str]]:
    """(Service, vantage) of open events; the service is None where all of a vantage is covered."""
    found: set[tuple[str | None, str]] = set()
    for case in state.open_cases():
        down: set[Series] = {series for series, member in case.members.items() if not member.up}
        places = case.vantages if case.wide and not case.family else {series.vantage for series in down}
        found |= {(case.service, vantage) for vantage in places}
    return found


def _code(state: Detection, key: Key, tracks: list[Track], covered: set[tuple[str | None, str]]) -> int:
    service, vantage = key
    watch = state.watches[vantage]
    heard = [track for track in tracks if state.now - track.last <= track.patience + track.every]
    if not heard or watch.silent or watch.lines[""].suspect or (None, vantage) in covered:
        return UNKNOWN
    if (service, vantage) in covered:
        return BLOCKED
    return DEGRADED if any(track.down for track in heard) else OK


def _row(key: Key, code: int, tracks: list[Track]) -> State:
    n, ok = sum(track.n for track in tracks), sum(track.ok for track in tracks)
    rate = flake_rate(sum(track.weight for track in tracks), sum(track.flakes for track in tracks))
    return State(
        service=key[0],
        vantage=key[1],
        state=code,
        availability=round(ok / n, 4) if n else 0.0,
        score=round(sum(track.down for track in tracks) / len(tracks), 4),
        baseline=round(1 - rate, 4),
    )


def _count_anew(state: Detection) -> None:
    for series, track in state.tracks.items():
        if track.n:
            track.n = track.ok = 0
            state.changed.tracks.add(series)
