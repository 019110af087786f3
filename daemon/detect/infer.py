"""From failing series to what they mean for one service: which count, what other places say, which kind it is."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from daemon.detect.background import LONGEST, needed
from daemon.detect.gate import may_speak, trusted
from daemon.detect.mechanism import resolver_of
from daemon.detect.proof import in_path
from daemon.detect.series import RUN, Track
from daemon.detect.state import Detection
from probes.record import Series

WORKS, ALIVE, FAILS, PENDING, ABSENT = "works", "alive", "fails", "pending", "absent"
"""`alive`: the service works there in another role, and this one is not measured."""
STATUS = "status"
"""The role of what a service says of itself: a hint to whoever reads an event, and never evidence of one."""
PATIENCE = 2
"""Intervals that a new event waits for places that have not made up their minds."""


def counts(state: Detection, series: Series) -> bool:
    """Whether a series that is down is evidence now: fresh, beyond the usual loss, and not its vantage's own fault."""
    track = state.tracks.get(series)
    return (
        track is not None
        and series.role != STATUS
        and track.down
        and track.good == 0
        and track.fresh
        and may_speak(state, series, track)
        and (track.bad >= LONGEST or track.bad >= needed(state, series, track))
        and not _is_the_resolver(state, series, track)
    )


def _is_the_resolver(state: Detection, series: Series, track: Track) -> bool:
    """Whether a resolver that is asked by its address says this wherever it is asked from, and all else is well here.

    A national resolver denies a name to the free line, too; and one that is down takes no service down with it.
    """
    if not _at_a_named_resolver(series):
        return False
    beside = (one for one in state.index.by_service.get(series.service, ()) if one.vantage == series.vantage)
    others = [state.tracks[one] for one in beside if not _at_a_named_resolver(one)]
    if not others or any(other.down and not other.good for other in others):
        return False
    same = (twin for twin in twins(state, series) if twin.endpoint == series.endpoint)
    return all(status(state, track, twin) != WORKS for twin in same)


def _at_a_named_resolver(series: Series) -> bool:
    if series.probe == "registry":
        return True
    return series.probe == "dns" and "@" in series.endpoint and resolver_of(series.endpoint) != "vantage"


def twins(state: Detection, series: Series) -> list[Series]:
    """What measures the same at other vantages: the endpoint itself, else the role, else anything of the service."""
    known = state.index.twins.get(series)
    if known is None:
        known = state.index.twins[series] = _find_twins(state, series)
    return known


def _find_twins(state: Detection, series: Series) -> list[Series]:
    others = [one for one in state.index.by_service.get(series.service, ()) if one.vantage != series.vantage]
    same_role = [one for one in others if one.role == series.role]
    same = [
        one
        for one in same_role
        if (one.endpoint, one.probe, one.family) == (series.endpoint, series.probe, series.family)
    ]
    seen = {one.vantage for one in same}
    near = [one for one in same_role if one.vantage not in seen]
    seen |= {one.vantage for one in near}
    return [*same, *near, *(one for one in others if one.vantage not in seen)]


def status(state: Detection, member: Track, twin: Series) -> str:
    """How a twin did while the member failed: works, fails, pending, or absent if nothing can be told."""
    track = state.tracks[twin]
    if not trusted(state, twin.vantage) or not track.last:
        return ABSENT
    if track.down and track.good < RUN:
        return FAILS
    if track.last_good >= member.second_end > 0:
        return WORKS
    silent = state.now - track.last > track.patience + track.every
    return ABSENT if silent else PENDING


@dataclass(slots=True)
class Elsewhere:
    """What other vantages say of a set of failing series: vantage to how many twins work, fail, are pending."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, vantage: str, word: str) -> None:
        """One twin's word."""
        words = self.counts.setdefault(vantage, {})
        words[word] = words.get(word, 0) + 1

    def saying(self, word: str) -> list[str]:
        """The vantages where more than half of what is known of the twins says so."""
        return sorted(
            vantage
            for vantage, words in self.counts.items()
            if 2 * words.get(word, 0) > sum(number for said, number in words.items() if said != ABSENT)
        )

    def pending(self) -> bool:
        """Whether a place has not made up its mind."""
        return any(PENDING in words for words in self.counts.values())


def elsewhere(state: Detection, members: Iterable[Series]) -> Elsewhere:
    """Ask all other vantages about the endpoints of failing series."""
    found = Elsewhere()
    members = [series for series in members if series in state.tracks]
    inside = {series.vantage for series in members}
    for series in members:
        track = state.tracks[series]
        for twin in twins(state, series):
            if twin.vantage not in inside:
                word = status(state, track, twin)
                found.add(twin.vantage, ALIVE if word == WORKS and twin.role != series.role else word)
    return found


def kind_of(state: Detection, members: Iterable[Series], said: Elsewhere) -> str:
    """block, unreachable or service_outage for a service whose `members` fail here, given what other places say."""
    failing = {series.vantage for series in members} | set(said.saying(FAILS))
    if said.saying(WORKS):
        return "block"
    countries = {state.place(vantage).country for vantage in failing} - {""}
    if len(countries) > 1:
        return "service_outage"
    if said.saying(ALIVE):
        return "block"
    proofs = [track.proof for series in members if (track := state.tracks.get(series)) is not None]
    return "block" if any(map(in_path, proofs)) else "unreachable"


def undecided(state: Detection, members: Iterable[Series], said: Elsewhere) -> bool:
    """Whether to wait for other places before an event is opened; never longer than two intervals after going down."""
    if not said.pending():
        return False
    tracks = [state.tracks[series] for series in members]
    latest = min(track.second_end + (PATIENCE + 1) * track.every + track.patience for track in tracks)
    return state.now < latest
