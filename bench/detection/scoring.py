"""Holds what a detector said against what truly happened."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from bench.detection.found import Found
from bench.detection.truth import BENIGN, OWN, Truth
from bench.detection.world import SECOND

LATE = 15 * 60 * SECOND
"""An alarm that comes later than this after the end belongs to something else."""
EARLY = 60 * SECOND
HALF = 0.5
"""A detector that has no kinds is right if it names the places at least by half."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one disruption. Errors and delays in seconds."""

    truth: int
    kind: str
    shape: str
    own: bool
    events: int
    right: bool = False
    first_right: bool = False
    mechanism: bool = True
    delay: float | None = None
    bound: float | None = None
    onset_error: float | None = None
    end_error: float | None = None
    jaccard: float | None = None
    first_jaccard: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """One detector on one stream."""

    outcomes: tuple[Outcome, ...]
    events: int
    false: int
    """Events with nothing behind them, look-alikes included, and those that take our own fault for another's."""
    alike: int
    """Of those, the ones while a look-alike was going on at one of their places."""
    wrongly: int
    """Of those, faults of our own that were none, and own faults called something else."""
    months: float
    """Vantage-months."""

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)


def match(found: Found, truths: Iterable[Truth]) -> Truth | None:
    """The truth that a finding is about: of its time, service and places; the best where there are several."""
    fits = [truth for truth in truths if _fits(found, truth)]
    return max(fits, key=lambda truth: _closeness(found, truth), default=None)


def _fits(found: Found, truth: Truth) -> bool:
    timely = truth.onset - EARLY <= found.detected <= truth.end + LATE
    served = found.service == truth.service or None in {found.service, truth.service}
    return timely and served and bool(found.vantages & truth.vantages)


def _closeness(found: Found, truth: Truth) -> tuple[bool, bool, float]:
    return found.kind == truth.kind, found.service == truth.service, jaccard(found.vantages, truth.vantages)


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """What two sets share of what they have together."""
    together = one | other
    return len(one & other) / len(together) if together else 1.0


def score(said: Sequence[Found], truths: Sequence[Truth], bounds: Mapping[int, float], months: float) -> Score:
    """Match all findings and judge them."""
    real = [truth for truth in truths if truth.kind != BENIGN]
    pairs = [(found, match(found, real)) for found in said]
    matched: dict[int, list[Found]] = {}
    for found, truth in pairs:
        if truth is not None:
            matched.setdefault(truth.name, []).append(found)
    wrong = [(found, truth) for found, truth in pairs if truth is None or _takes_ours_for_theirs(found, truth)]
    looks = [truth for truth in truths if truth.kind == BENIGN]
    return Score(
        outcomes=tuple(_judge(truth, matched.get(truth.name, []), bounds.get(truth.name)) for truth in real),
        events=len(said),
        false=len(wrong),
        alike=sum(match(found, looks) is not None for found, _truth in wrong),
        wrongly=sum(truth is not None or found.kind == OWN for found, truth in wrong),
        months=months,
    )


def _takes_ours_for_theirs(found: Found, truth: Truth) -> bool:
    """A fault of our own under another name; a detector without kinds pages somebody for it all the same."""
    return truth.kind == OWN and found.kind != OWN


def _judge(truth: Truth, events: Sequence[Found], bound: float | None) -> Outcome:
    own = truth.kind == OWN
    if not events:
        return Outcome(truth.name, truth.kind, truth.shape, own, 0, bound=bound)
    best = max(events, key=lambda found: (found.kind == truth.kind, -found.detected))
    soonest = min(events, key=lambda found: found.detected)
    first = soonest.first or soonest
    places = jaccard(frozenset().union(*(found.vantages for found in events)), truth.vantages)
    return Outcome(
        truth=truth.name,
        kind=truth.kind,
        shape=truth.shape,
        own=own,
        events=len(events),
        right=_is_right(best, truth, places),
        first_right=_is_right(first, truth, jaccard(first.vantages, truth.vantages)),
        mechanism=not truth.mechanism or _word(best.mechanism) == _word(truth.mechanism),
        delay=(soonest.detected - truth.onset) / SECOND,
        bound=bound,
        onset_error=abs(soonest.onset - truth.onset) / SECOND,
        end_error=None if best.ended is None else abs(best.ended - truth.end) / SECOND,
        jaccard=jaccard(best.vantages, truth.vantages) if best.kind else places,
        first_jaccard=jaccard(first.vantages, truth.vantages),
    )


def _is_right(found: Found, truth: Truth, places: float) -> bool:
    if found.kind:
        return found.kind == truth.kind
    return truth.kind != OWN and places >= HALF


def _word(mechanism: str) -> str:
    return mechanism.partition(".")[0]
