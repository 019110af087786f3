"""Tells a simulated world as rows of a journal, lazily and in order: the plan, records, heartbeats, clock steps."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import exp, log, pi, sin

from bench.detection.truth import Truth
from bench.detection.world import PHASES, SECOND, START, TIMEOUT, Spot, Target, World
from config.slots import due_of, slot_at, stable, start_after_due
from daemon.rows import Body, ClockStep, Heartbeat, Row
from probes.record import Answer, Facts, Failure, Kind, Phase, Record, Series, Timing

BEAT = 10 * SECOND
DAY = 86_400
STEPS = 24
"""Latencies are told in steps of a twenty-fourth of an e-fold (4 %), so that their timings can be shared."""
NOISE = 0.12
"""Standard deviation of log latency."""
WEIGHT = {Phase.DNS: 0.5, Phase.TCP: 1.0, Phase.TLS: 1.3, Phase.HTTP: 1.6}
LATE = frozenset({Phase.TLS, Phase.HTTP})
"""Where a throttle shows."""
LOCAL = Failure(Phase.TCP, Kind.LOCAL, "the clock stepped")
LOSS = (Failure(Phase.TCP, Kind.TIMEOUT), Failure(Phase.TCP, Kind.TIMEOUT), Failure(Phase.DNS, Kind.TIMEOUT))
SAID = {
    "dns_nxdomain_error": Facts(answers=(Answer(0.02, "NXDOMAIN", ("ra", "rd"), (), 60, 1),)),
    "ssl_invalid_certificate": Facts(verify=10),
    "ssl_unknown_authority": Facts(verify=20),
    "http_unexpected_status_code": Facts(status=503),
    "connection_refused": Facts(refused_by="rst"),
}
"""What a record adds to a failure."""
SPELLS, SPELL = 900, 8
"""Minutes between short spells of loss on a line, and how long they last, on average."""
STEPPED = 1 / (4 * 1440)
"""Chance of a clock step in a minute."""

Effects = dict[Series, list[tuple[Truth, int]]]
"""What may be wrong with a series: a truth, and since when it reaches this series."""
Works = Sequence[tuple[Truth, float]]
"""What is at work at a moment, and how strongly."""


@dataclass(slots=True)
class Voice:
    """One series, as it is told."""

    series: Series
    spot: Spot
    target: Target
    offset: int
    seed: int
    base: float
    """Log of the usual seconds of one exchange."""
    facts: tuple[Facts, ...]
    """One for each address."""
    version: str


@dataclass(slots=True)
class Weather:
    """The line of a vantage in this minute."""

    loss: float = 0.0
    slow: float = 0.0
    """Added to log latency."""
    spell: bool = False


@dataclass(slots=True)
class Stream:
    """A world told from START on; `rows(days)` may be read once."""

    world: World
    truths: tuple[Truth, ...]
    seed: int
    dice: random.Random = field(init=False)
    weather: dict[str, Weather] = field(init=False)
    timings: dict[tuple[str, int, int, int], tuple[tuple[Timing, ...], float]] = field(default_factory=dict)
    failures: dict[Truth, Failure] = field(default_factory=dict)
    local: bool = False

    def __post_init__(self) -> None:
        """Throw the dice of this stream, and of no other."""
        self.dice = random.Random(f"stream {self.seed}")
        self.weather = {spot.name: Weather() for spot in self.world.spots}
        self.failures = {one: Failure(one.phase, Kind(one.failure)) for one in self.truths if one.phase is not None}

    def rows(self, days: float) -> Iterator[Row]:
        """All rows in the order of their stamps."""
        voices = [self._voice(series) for series in self.world.by_series]
        width = max(60, self.world.every)
        yield Row(1, START, self.world.plan())
        number, carried = 1, list[tuple[int, int, Body]]()
        for begin in range(0, round(days * DAY), width):
            since = START + begin * SECOND
            told = carried + self._window(voices, since, width)
            told.sort(key=lambda one: one[0])
            until = since + width * SECOND
            carried = []
            for one in told:
                if one[0] >= until:
                    carried.append(one)
                    continue
                number += 1
                yield Row(number, one[0], one[2])

    def _voice(self, series: Series) -> Voice:
        spot, target = self.world.by_series[series]
        offset = stable(series, "offset") % self.world.every
        far = 0.004 + 0.03 * (stable(Series(target.service, "", target.target, "", "", ""), "far") % 1000) / 1000
        facts = tuple(Facts(address=f"192.0.2.{number + 1}") for number in range(target.addresses))
        return Voice(
            series, spot, target, offset, stable(series, "start"), log(spot.rtt + far), facts, f"{target.probe}/1"
        )

    def _window(self, voices: Sequence[Voice], since: int, width: int) -> list[tuple[int, int, Body]]:
        until = since + width * SECOND
        now = [truth for truth in self.truths if truth.onset < until + width * SECOND and truth.end > since]
        effects = _effects(now)
        told = self._background(since, width)
        for voice in voices:
            told += self._records(voice, since, until, effects.get(voice.series, ()))
        silent = [(one, vantage) for one in now if one.silent for vantage in one.vantages]
        return told + self._beats(since, until, silent)

    def _background(self, since: int, width: int) -> list[tuple[int, int, Body]]:
        """Let the weather of each line change; a clock step makes what runs in it local."""
        minutes = width / 60
        hour = (since - START) / SECOND / 3600 % 24
        evening = max(0.0, sin((hour - 13) / 24 * 2 * pi))
        for spot in self.world.spots:
            here = self.weather[spot.name]
            turns = minutes / (SPELL if here.spell else SPELLS)
            here.spell ^= self.dice.random() < turns
            mobile = spot.line == "mobile"
            usual = spot.loss * (1 + (0.6 if mobile else 0.2) * evening)
            here.loss = min(0.5, usual * 5 + 0.04) if here.spell else usual
            here.slow = (0.25 if mobile else 0.08) * evening + (0.2 if here.spell else 0.0)
        self.local = self.dice.random() < STEPPED * minutes
        step = ClockStep(round(self.dice.uniform(-30, 30), 1))
        return [(since, 0, step)] if self.local else []

    def _records(
        self, voice: Voice, since: int, until: int, effects: Sequence[tuple[Truth, int]]
    ) -> Iterator[tuple[int, int, Body]]:
        every = self.world.every
        first = slot_at(since - 1, every, voice.offset) + 1
        for slot in range(first, slot_at(until - 1, every, voice.offset) + 1):
            due = due_of(slot, every, voice.offset)
            began = due + round(start_after_due(voice.seed, slot, every) * SECOND)
            record = self._record(voice, slot, due, began, effects)
            if record is not None:
                yield began + round(record.seconds * SECOND), 1, record

    def _record(
        self, voice: Voice, slot: int, due: int, began: int, effects: Sequence[tuple[Truth, int]]
    ) -> Record | None:
        """One attempt; None where the place is silent."""
        works = _at_work(voice, slot, began, effects) if effects else ()
        if any(truth.silent for truth, _strength in works):
            return None
        slow, late = _slowing(works) if works else (0.0, 0.0)
        failure = self._failure(voice.spot.name, works)
        noise = self.dice.gauss(self.weather[voice.spot.name].slow, NOISE)
        timings, seconds = self._timings(
            voice.series.probe, failure, round((voice.base + slow + noise) * STEPS), round(late * STEPS)
        )
        facts = voice.facts[slot % len(voice.facts)] if failure is None else SAID.get(failure.kind, NOTHING)
        version = f"{voice.series.probe}/{_version(began, effects)}" if effects else voice.version
        return Record(voice.series, due, began, seconds, timings, failure, facts, config="c1", version=version)

    def _failure(self, vantage: str, works: Works) -> Failure | None:
        """What the attempt meets: our own clock, the usual loss of the line, what is at work."""
        if self.local:
            return LOCAL
        dice = self.dice.random
        failure = LOSS[int(dice() * 3)] if dice() < self.weather[vantage].loss else None
        for truth, strength in works:
            if truth.phase is not None and dice() < truth.share * strength:
                failure = self.failures[truth]
        return failure

    def _timings(self, probe: str, failure: Failure | None, level: int, late: int) -> tuple[tuple[Timing, ...], float]:
        """The phases gone through and their sum in seconds; shared between all records that look alike."""
        phases = PHASES[probe]
        last = len(phases) - 1 if failure is None else phases.index(failure.phase)
        waits = failure is not None and failure.kind is Kind.TIMEOUT
        key = (probe, last + 10 * waits, level, late)
        found = self.timings.get(key)
        if found is None:
            found = self.timings[key] = _laid(phases[: last + 1], level, late, waits=waits)
        return found

    def _beats(self, since: int, until: int, silent: list[tuple[Truth, str]]) -> list[tuple[int, int, Body]]:
        """A heartbeat of each vantage every ten seconds."""
        return [
            (at, 2, BEATS.setdefault(spot.name, Heartbeat(spot.name, None, ("ipv4",))))
            for at in range(since + 5 * SECOND, until, BEAT)
            for spot in self.world.spots
            if not any(name == spot.name and truth.strength(at) for truth, name in silent)
        ]


NOTHING = Facts()
BEATS: dict[str, Heartbeat] = {}
"""Shared between all moments: nothing in a heartbeat changes."""


def _effects(truths: Sequence[Truth]) -> Effects:
    found: Effects = {}
    for truth in truths:
        for wave in truth.waves:
            for series in wave.series:
                found.setdefault(series, []).append((truth, wave.since))
    return found


def _at_work(voice: Voice, slot: int, began: int, effects: Sequence[tuple[Truth, int]]) -> Works:
    return [
        (truth, strength)
        for truth, reaches in effects
        if began >= reaches
        and (strength := truth.strength(began))
        and (truth.address is None or slot % len(voice.facts) == truth.address)
    ]


def _slowing(works: Works) -> tuple[float, float]:
    """What is added to log latency: in all phases, and in the late ones only."""
    late = sum(log(truth.slowing) * strength for truth, strength in works if truth.kind == "throttle")
    return sum(log(truth.slowing) * strength for truth, strength in works) - late, late


def _version(began: int, effects: Sequence[tuple[Truth, int]]) -> int:
    """The faulty version of a probe type while it lasts, the next one just after; later nobody tells them apart."""
    faulty = [truth for truth, _reaches in effects if truth.shape == "version" and began >= truth.onset]
    return 1 if not faulty else 2 if began < faulty[-1].end else 3


def _laid(phases: Sequence[Phase], level: int, late: int, *, waits: bool) -> tuple[tuple[Timing, ...], float]:
    begin, timings = 0.0, list[Timing]()
    for phase in phases:
        seconds = WEIGHT[phase] * exp((level + (late if phase in LATE else 0)) / STEPS)
        if waits and phase is phases[-1]:
            seconds = TIMEOUT - begin
        seconds = round(min(seconds, TIMEOUT - begin), 6)
        timings.append(Timing(phase, round(begin, 6), seconds))
        begin += seconds
    return tuple(timings), round(begin, 6)
