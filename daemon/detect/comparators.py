"""Those that show whether the line works where a service fails: domestic services by name, and the controls as one."""

from daemon.detect.case import Case
from daemon.detect.series import Track
from daemon.detect.state import CONTROL, DOMESTIC, Detection

CONTROLS = "controls"
REACHABLE, FAILING, UNKNOWN = "reachable", "failing", "unknown"


def compare(state: Detection, case: Case) -> dict[str, str]:
    """Comparator to reachable, failing or unknown at the places of an event, since it began."""
    found: dict[str, list[Track]] = {}
    for vantage in case.vantages:
        for series, track in state.tracks_at(vantage):
            side = state.side(series.service)
            if side in {DOMESTIC, CONTROL} and series.service != case.service:
                found.setdefault(CONTROLS if side == CONTROL else series.service, []).append(track)
    order = sorted(found, key=lambda name: (name == CONTROLS, name))
    return {name: _word(found[name], case.onset[1]) for name in order}


def _word(tracks: list[Track], since: int) -> str:
    heard = [track for track in tracks if track.last >= since]
    failing = sum(track.fails > 0 and not track.good for track in heard)
    if not heard:
        return UNKNOWN
    return FAILING if 2 * failing > len(heard) else REACHABLE
