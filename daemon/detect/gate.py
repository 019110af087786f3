"""The gate: whether a vantage's own line works, so that its faults are never taken for a block."""

from collections.abc import Iterable

from daemon.detect.mechanism import CERTIFICATE_KINDS
from daemon.detect.places import Line, Watch
from daemon.detect.series import Track
from daemon.detect.state import FOREIGN, Detection
from probes.record import Series

QUIET = 3
"""Probes let go by after a line recovered."""


def judge_controls(state: Detection, vantage: str) -> None:
    """Look at a vantage's controls again, after one of them was heard of or a heartbeat came."""
    watch = state.watches[vantage]
    for family in sorted(watch.lines):
        _judge(state, vantage, family, watch)


def _judge(state: Detection, vantage: str, family: str, watch: Watch) -> None:
    line = watch.lines[family]
    tracks = [state.tracks[series] for series in state.index.controls.get((vantage, family), ())]
    heard = [track for track in tracks if track.last]
    if heard:
        failing = [track for track in heard if track.fails and not track.good]
        lying = falsely_signed(failing)
        suspect = 2 * len(failing) > len(heard) and (lying or not _foreign_answers(state, vantage, family, failing))
    else:  # the heartbeat speaks only where no control can be seen: it counts a half of the controls as failing
        suspect = not family and watch.control is False
    if suspect or line.suspect:
        line.clear = max(line.clear, state.now + _quiet(state, vantage))
    line.suspect = suspect


def falsely_signed(controls: Iterable[Track]) -> bool:
    """Whether two controls or more show certificates that are not theirs: a portal, or a clock that is wrong.

    What only connects or asks for a name is answered by a portal, too, and so says nothing for the line.
    """
    return sum(track.kind in CERTIFICATE_KINDS for track in controls) > 1


def portal(state: Detection, vantage: str) -> bool:
    """Whether a suspect line is one that signs for everybody, for as long as makes a disruption."""
    tracks = [state.tracks[series] for series in state.index.controls.get((vantage, ""), ())]
    down = [track for track in tracks if track.down and not track.good]
    return state.line(vantage, "").suspect and falsely_signed(down)


def _foreign_answers(state: Detection, vantage: str, family: str, failing: list[Track]) -> bool:
    """Whether most foreign services answered after the controls began to fail: then those are at fault themselves."""
    since = max(track.first_bad for track in failing)
    answered: dict[str, bool] = {}
    for series, track in state.tracks_at(vantage, family):
        if state.side(series.service) == FOREIGN:
            answered[series.service] = answered.get(series.service, False) or (
                track.last_good > since and not track.fails
            )
    return 2 * sum(answered.values()) > len(answered)


def hush(state: Detection, vantage: str) -> None:
    """Let three probes go by on all lines of a vantage that was out."""
    for line in state.watches[vantage].lines.values():
        line.clear = max(line.clear, state.now + _quiet(state, vantage))
    state.changed.watches.add(vantage)


def _quiet(state: Detection, vantage: str) -> int:
    controls = state.index.controls.get((vantage, "")) or state.index.by_vantage.get(vantage, [])
    return QUIET * max((state.tracks[series].every for series in controls), default=0)


def lines_of(state: Detection, series: Series) -> list[Line]:
    """The lines that carry a series: the whole vantage, and its family's own where several services use it."""
    lines = [state.line(series.vantage, "")]
    if len(state.index.families.get((series.vantage, series.family), ())) > 1:
        lines.append(state.line(series.vantage, series.family))
    return lines


def may_speak(state: Detection, series: Series, track: Track) -> bool:
    """Whether a failing series is evidence of anything but its own vantage's faults.

    Something else must have answered over the same line after this series failed twice: the line worked while it
    failed.
    (Its third failure alone may come before the controls' first: all are measured once an interval, in any order.)
    """
    watch = state.watches[series.vantage]
    return not watch.silent and all(
        not line.suspect and track.bads[0] >= line.clear and line.answered >= track.second_end
        for line in lines_of(state, series)
    )


def trusted(state: Detection, vantage: str) -> bool:
    """Whether what a vantage says counts at all now."""
    watch = state.watches.get(vantage)
    return watch is not None and not watch.silent and not watch.lines[""].suspect


def is_out(state: Detection, vantage: str, family: str = "") -> bool:
    """Whether nothing answers on a line any more: two services (or every series) failed three times since anything did.

    Every service that is measured there must have failed since, too: one that is asked seldom may still be well.
    """
    since = state.line(vantage, family).answered
    tracks = [(series, track) for series, track in state.tracks_at(vantage, family) if _lately(state, track)]
    dead = [series for series, track in tracks if len(track.bads) == QUIET and track.bads[0] > since]
    if not dead or (len({series.service for series in dead}) < 2 and len(dead) < len(tracks)):
        return False
    heard = {series.service for series, track in tracks if track.bads and track.bads[-1] > since}
    return heard == {series.service for series, _track in tracks}


def _lately(state: Detection, track: Track) -> bool:
    return track.last > 0 and state.now - track.last < track.patience + 2 * track.every
