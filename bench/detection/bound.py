"""The bound: a detector that is told scope, onset and strength, and only waits for evidence."""

from dataclasses import dataclass, field
from math import log

from bench.detection.stream import NOISE
from bench.detection.truth import BENIGN, Truth
from bench.detection.world import SECOND, SPOTS
from daemon.rows import Row
from probes.record import Kind, Record, Series

HEIGHT = 15.0
"""Nats: one false alarm a month over 470 hypotheses, each looked at once a minute, is ln(470 * 43,200) = 16.8, less
what neighbouring minutes share."""
GUARD = 35 * SECOND
"""What is over sooner pages nobody: there is no alarm until so long after the first failure."""
LOSS = {spot.name: 1.3 * spot.loss + 0.003 for spot in SPOTS}


@dataclass(slots=True)
class Wait:
    """Evidence so far for one truth."""

    truth: Truth
    reaches: dict[Series, int]
    nats: float = 0.0
    first: int = 0

    def take(self, at: int, record: Record) -> bool:
        """Weigh one record; True when it is enough."""
        truth = self.truth
        failed = record.failure is not None and record.failure.kind is not Kind.LOCAL
        self.nats = max(0.0, self.nats + (self._slower() if truth.kind == "throttle" else self._lost(record, failed)))
        if not self.first and (failed or truth.kind == "throttle"):
            self.first = at
        return self.nats >= HEIGHT and at - self.first >= GUARD

    def _slower(self) -> float:
        """What one measurement of the told shift is worth on average."""
        return log(self.truth.slowing) ** 2 / (2 * NOISE**2)

    def _lost(self, record: Record, failed: bool) -> float:  # noqa: FBT001  the outcome itself
        usual = LOSS[record.series.vantage]
        share = self.truth.share * self.truth.strength(record.began)
        hit = min(0.95, max(share, usual))
        if self.truth.address is not None and not failed:
            hit = usual  # told which address it is, it learns nothing from the others
        return log(hit / usual) if failed else log((1 - hit) / (1 - usual))


@dataclass(slots=True)
class Bound:
    """Runs beside the detectors over the same rows; `delays` is seconds by the truth's name."""

    waits: list[Wait]
    delays: dict[int, float] = field(default_factory=dict)
    active: dict[Series, list[Wait]] = field(default_factory=dict)
    next: int = 0

    def take(self, row: Row) -> None:
        """Read one row."""
        while self.next < len(self.waits) and self.waits[self.next].truth.onset <= row.at:
            for series in self.waits[self.next].reaches:
                self.active.setdefault(series, []).append(self.waits[self.next])
            self.next += 1
        if self.active and isinstance(row.body, Record):
            for wait in self.active.get(row.body.series, ()):
                self._weigh(wait, row.at, row.body)

    def _weigh(self, wait: Wait, at: int, record: Record) -> None:
        truth = wait.truth
        reached = wait.reaches[record.series] <= record.began < truth.end
        if truth.name not in self.delays and reached and wait.take(at, record):
            self.delays[truth.name] = (at - truth.onset) / SECOND


def bound(truths: tuple[Truth, ...]) -> Bound:
    """The bound for all disruptions that fail or slow; silence brings no evidence to wait for."""
    waits = [
        Wait(truth, {series: wave.since for wave in truth.waves for series in wave.series})
        for truth in truths
        if truth.kind != BENIGN and not truth.silent
    ]
    return Bound(waits)
