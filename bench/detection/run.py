"""One simulated stream past all detectors: ours, the baselines and the bound."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import process_time

from bench.detection.baselines import rules
from bench.detection.bound import bound
from bench.detection.draw import truths
from bench.detection.found import SENT, Detector, Found, of_events
from bench.detection.scoring import Score, score
from bench.detection.stream import Stream
from bench.detection.truth import Truth
from bench.detection.world import START, world
from daemon.detect.step import Detection, step
from daemon.rows import Event, Row

DAY = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Setting:
    """One stream: who measures how often, for how long, and what happens."""

    seed: int
    days: float = 3.0
    mix: str = "default"
    every: int = 60
    vantages: int = 20
    baselines: bool = True


@dataclass(slots=True)
class Ours:
    """The detection of this program."""

    state: Detection = field(default_factory=Detection)
    revisions: list[Event] = field(default_factory=list)
    seconds: float = 0.0
    """Processor time of `step`, measured over one row in sixteen."""

    def take(self, row: Row) -> None:
        """Read one row."""
        if row.seq % 16:
            made = step(self.state, row)
        else:
            before = process_time()
            made = step(self.state, row)
            self.seconds += 16 * (process_time() - before)
        if made:
            self.revisions += [body for body in made if isinstance(body, Event)]

    def found(self) -> list[Found]:
        """What was shown, suspected events too."""
        return of_events(self.revisions)


@dataclass(frozen=True, slots=True)
class Result:
    """What one stream gave."""

    setting: Setting
    truths: tuple[Truth, ...]
    rows: int
    microseconds: float
    """Of our detection, for each row."""
    scores: dict[str, Score]
    said: dict[str, list[Found]]


def simulate(setting: Setting, progress: Callable[[float], None] = lambda _days: None) -> Result:
    """Tell the stream, let all read it, and judge; progress is told in days of the stream."""
    here = world(setting.vantages, setting.every)
    happened = truths(here, setting.seed, setting.days, setting.mix)
    ours, least = Ours(), bound(happened)
    others: dict[str, Detector] = dict(rules()) if setting.baselines else {}
    takes = [ours.take, least.take, *(other.take for other in others.values())]
    row, told = None, 0
    for row in Stream(here, happened, setting.seed).rows(setting.days):
        for take in takes:
            take(row)
        if row.at - START >= (told + 1) * DAY:
            told += 1
            progress(told)
    rows = row.seq if row else 0
    said = {"sent": of_events(ours.revisions, SENT), "shown": ours.found()}
    said |= {name: other.found() for name, other in others.items()}
    months = len(here.spots) * setting.days / 30
    scores = {name: score(found, happened, least.delays, months) for name, found in said.items()}
    return Result(setting, happened, rows, ours.seconds / max(1, rows) * 1e6, scores, said)
