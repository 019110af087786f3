"""One series: its numbers, and the plain rule by which it goes down and comes up. The rule to swap lives here."""

from dataclasses import dataclass, field

from daemon.detect.mechanism import ARTEFACTS, mechanism_of
from daemon.detect.proof import latest
from probes.record import Record

RUN = 3
"""Failing slots of one phase until a series is down, and good ones until it is up."""
IDS = 6
"""Record ids kept as evidence of one change."""
MEMORY = 64
"""Slots back to which a repeated record is known again."""
FADE = 0.99
"""What a record still weighs after the next: half after 69."""


@dataclass(slots=True)
class Track:
    """The state of one series; moments in microseconds, 0 for never. `saved` writes the fields in order."""

    config: str
    every: int
    """Microseconds between slots."""
    patience: int
    """Microseconds after due at which a record is late: two intervals and the timeout."""
    version: str = ""
    down: bool = False
    due: int = 0
    """The newest due time so far."""
    seen: int = 0
    """Bit n: the slot n before the newest has come."""
    last: int = 0
    """Began of the newest record."""
    last_good: int = 0
    good: int = 0
    """Good slots in a row."""
    first_good: int = 0
    """Began of the first of them."""
    bad: int = 0
    """Failing slots in a row of one phase."""
    fails: int = 0
    """Failing slots since the last good one, or since it went down."""
    fresh: bool = True
    """Whether the newest record came in time: a late one opens no event."""
    phase: str = ""
    kind: str = ""
    before: int = 0
    """Began of the last good record before the first failing one."""
    first_bad: int = 0
    """Began of the first failing record."""
    second_end: int = 0
    """End of the second failing record: who answers after it answers while this one fails."""
    bads: list[int] = field(default_factory=list)
    """Began of the last three failing records."""
    mix: dict[str, int] = field(default_factory=dict)
    """Mechanism to failing records since the first."""
    ids: list[str] = field(default_factory=list)
    good_ids: list[str] = field(default_factory=list)
    """Ids of the first good records after failing ones."""
    contra: list[str] = field(default_factory=list)
    """Repeats that succeeded while slots failed."""
    weight: float = 0.0
    """Fading count of records that were good or failed alone."""
    flakes: float = 0.0
    """Fading count of those that failed alone: runs that never became a disruption."""
    n: int = 0
    """Records since the last state row."""
    ok: int = 0
    proof: str = ""
    """What closer looks found during this disruption."""


def anew(track: Track, config: str) -> Track:
    """The same series of which nothing is known any more, but which slots have come."""
    return Track(config, track.every, track.patience, due=track.due, seen=track.seen)


def known(track: Track, due: int) -> bool:
    """Note a slot; True if its record has come before."""
    ahead = (due - track.due) // track.every if track.due else MEMORY
    if due > track.due:
        track.seen = 1 if ahead >= MEMORY else (track.seen << max(1, ahead) | 1) & (1 << MEMORY) - 1
        track.due = due
        return False
    if -ahead >= MEMORY:
        return False
    if track.seen >> -ahead & 1:
        return True
    track.seen |= 1 << -ahead
    return False


def take_good(track: Track, record: Record) -> bool:
    """Take the next good slot; True if the series comes up by it."""
    began = record.began
    track.last = began
    if began > track.last_good:  # noqa: PLR1730  a call of max is a tenth of the whole
        track.last_good = began
    track.weight = track.weight * FADE + 1
    track.flakes *= FADE
    track.n += 1
    track.ok += 1
    if track.good >= RUN and not track.fails:
        return False
    track.good += 1
    if track.good == 1:
        track.first_good = began
        track.good_ids = []
    if track.fails:
        return _recover(track, record)
    return False


def _recover(track: Track, record: Record) -> bool:
    """A good slot behind failing ones."""
    track.bad = 0
    track.good_ids = [*track.good_ids, record.id][:IDS]
    if not track.down:
        track.flakes += track.fails
        track.weight += track.fails
        _forget(track)
        return False
    if track.good < RUN:
        return False
    track.down = False
    return True


def settle(track: Track) -> None:
    """Forget the disruption, once the change is told."""
    _forget(track)


def _forget(track: Track) -> None:
    track.fails = track.bad = track.first_bad = track.before = track.second_end = 0
    track.phase = track.kind = track.proof = ""
    track.bads, track.mix, track.ids, track.contra = [], {}, [], []


def take_bad(track: Track, record: Record) -> bool:
    """Take the next failing slot; True if the series goes down by it."""
    failure = record.failure
    assert failure is not None  # noqa: S101  the caller parts good from bad
    began = record.began
    if not track.fails:
        track.first_bad, track.before = began, track.last_good
    track.last, track.good = began, 0
    track.fails += 1
    track.n += 1
    if track.fails == 2:
        track.second_end = began + round(record.seconds * 1e6)
    track.bad = track.bad + 1 if failure.phase == track.phase else 1
    track.phase, track.kind = str(failure.phase), str(failure.kind)
    track.bads = [*track.bads[-2:], began]
    _remember(track, record)
    if track.down or track.bad < RUN:
        return False
    track.down = True
    return True


def _remember(track: Track, record: Record) -> None:
    mechanism = mechanism_of(record)
    track.mix[mechanism] = track.mix.get(mechanism, 0) + 1
    if len(track.ids) < IDS:
        track.ids.append(record.id)


def amend(track: Track, record: Record) -> bool:
    """Take a record that comes behind a newer one; True if it moves the onset of a disruption. It rewinds nothing."""
    began = record.began
    if track.due - record.due < MEMORY * track.every:  # older ones may be repeats of what was counted
        track.n += 1
        track.ok += record.failure is None
    if not track.first_bad or not track.before < began < track.first_bad:
        if record.failure is None and not track.fails:
            track.last_good = max(track.last_good, began)
        return False
    if record.failure is None:
        track.before = began
        return True
    track.first_bad = began
    _remember(track, record)
    return True


def look_closer(track: Track, record: Record) -> None:
    """Take a confirming record or a closer look: evidence for the disruption under way, or against it."""
    if not track.fails or record.began < track.first_bad:
        return
    if record.facts.diagnosis is not None:
        track.proof = latest(track.proof, record.facts.diagnosis.finding)
    kept = track.contra if record.failure is None else track.ids
    if len(kept) < IDS and record.id not in kept:
        kept.append(record.id)


def artefact(track: Track) -> bool:
    """Whether the lie itself is on record."""
    return not ARTEFACTS.isdisjoint(track.mix)


def flake_rate(weight: float, flakes: float) -> float:
    """The share of records that fail alone, held down while few are known."""
    return flakes / (weight + 20)
