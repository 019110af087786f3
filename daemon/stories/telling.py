"""Tells a story as the rows of a journal: the plan, the records, signs of life where somebody falls silent."""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from math import exp

from config.slots import due_of, offset_of, slot_at, stable, start_after_due
from daemon.rows import Body, Heartbeat, Place, Planned, PlanRow, Row
from daemon.stories.shape import SpanKeys, Story, seconds
from daemon.stories.ways import MOVED, PHASES, SILENT, SLOWER, WAYS, Way
from probes.record import Facts, Failure, Kind, Phase, Record, Series, Timing

SECOND = 1_000_000
START = 1_770_840_000 * SECOND
"""2026-02-11T20:00:00Z: all moments of a story are counted from here."""
TIMEOUT = 10.0
BEAT = 10
USUAL = 0.04
"""Seconds of one phase when all is well."""
LOST = Way(Phase.TCP, Kind.TIMEOUT)
Told = tuple[int, Body]


@dataclass(frozen=True, slots=True)
class Trouble:
    """A span with its moments in microseconds."""

    span: SpanKeys
    since: int
    until: int

    def hits(self, series: Series, moment: int) -> bool:
        """Whether it concerns this series now, and its probe gets as far."""
        span, phase = self.span, WAYS[self.span.what].phase
        named = ((span.services, series.service), (span.roles, series.role), (span.vantages, series.vantage))
        return (
            self.since <= moment < self.until
            and all(not names or name in names for names, name in named)
            and (phase is None or phase in PHASES[series.probe])
        )


def rows(story: Story) -> Iterator[Row]:
    """All rows in the order of their stamps."""
    plan, troubles = plan_of(story), _troubles(story)
    lasts = seconds(story.head.lasts, 0)
    streams = [_records(story, planned, troubles, lasts) for planned in plan.assignments]
    if any(one.span.what == SILENT for one in troubles):  # without a silence to tell, life needs no sign
        streams.append(_heartbeats(story, troubles, round(lasts)))
    yield Row(1, START, plan)
    for number, (at, body) in enumerate(merge(*streams, key=lambda told: told[0]), 2):
        yield Row(number, at, body)


def plan_of(story: Story) -> PlanRow:
    """The plan that a story implies."""
    every = round(seconds(story.head.every, 60))
    places = {name: Place(keys.country, keys.asn) for name, keys in story.vantages.items()}
    sides = {name: str(keys.side) for name, keys in story.services.items()}
    found = [
        Series(service, *_endpoint(endpoint), vantage, "ipv4")
        for service, keys in story.services.items()
        for endpoint in keys.endpoints
        for vantage in places
    ]
    planned = tuple(
        Planned(series, every, offset_of(series, every), min(TIMEOUT, 0.7 * every), "c") for series in found
    )
    return PlanRow("story", places, sides, planned)


def _endpoint(words: str) -> tuple[str, str, str]:
    role, probe, target = words.split()
    return role, target, probe


def _troubles(story: Story) -> list[Trouble]:
    ends = seconds(story.head.lasts, 0)
    return [
        Trouble(span, *(START + round(seconds(text, ends) * SECOND) for text in (span.since, span.until)))
        for span in story.spans
    ]


def _records(story: Story, planned: Planned, troubles: list[Trouble], lasts: float) -> Iterator[Told]:
    series, every, offset = planned.series, planned.every, planned.offset
    seed, luck, loss = stable(series, "start"), stable(series, "luck"), _loss(story, series.vantage)
    first = slot_at(START, every, offset) + 1
    for slot in range(first, slot_at(START + round(lasts * SECOND), every, offset) + 1):
        due = due_of(slot, every, offset)
        began = due + round(start_after_due(seed, slot, every) * SECOND)
        here = [one.span for one in troubles if one.hits(series, began)]
        if not any(span.what == SILENT for span in here):
            record = _record(planned, due, began, _chosen(here, loss, _luck(luck, slot)))
            yield began + round(record.seconds * SECOND), record


def _loss(story: Story, vantage: str) -> float:
    own = story.vantages[vantage].usual_loss
    return story.head.usual_loss if own is None else own


def _luck(seed: int, slot: int) -> float:
    """A number from 0 to 1 that looks like chance and is the same each time."""
    return start_after_due(seed, slot, 5)


@dataclass(frozen=True, slots=True)
class Shape:
    """How one attempt goes."""

    way: Way | None
    pace: float
    address: str


def _chosen(here: list[SpanKeys], loss: float, luck: float) -> Shape:
    """What an attempt meets: the first trouble that its luck falls under, or the usual loss."""
    ways = [WAYS[span.what] for span in here if WAYS[span.what].phase is not None and luck < span.share]
    way = ways[0] if ways else LOST if luck > 1 - loss else None
    slower = [span.times for span in here if span.what == SLOWER]
    moved = any(span.what == MOVED for span in here)
    pace = exp(0.3 * (luck * 7919 % 1 - 0.5)) * (slower[0] if slower else 1.0)
    return Shape(way, pace, "198.51.100.7" if moved else "192.0.2.7")


def _record(planned: Planned, due: int, began: int, shape: Shape) -> Record:
    way, series = shape.way, planned.series
    phases = PHASES[series.probe]
    last = phases[-1] if way is None or way.phase not in phases else way.phase
    timings, begin = list[Timing](), 0.0
    for phase in phases[: phases.index(last) + 1]:
        waits = way is not None and phase is last and way.kind is Kind.TIMEOUT
        lasts = planned.timeout - begin if waits else USUAL * shape.pace
        timings.append(Timing(phase, round(begin, 6), round(lasts, 6)))
        begin += lasts
    failure = None if way is None or way.kind is None else Failure(last, way.kind)
    facts = Facts(address=shape.address) if failure is None or way is None else way.facts
    return Record(series, due, began, round(begin, 6), tuple(timings), failure, facts, config="c", version="1")


def _heartbeats(story: Story, troubles: list[Trouble], lasts: int) -> Iterator[Told]:
    silences = [one for one in troubles if one.span.what == SILENT]
    for second in range(5, lasts, BEAT):
        at = START + second * SECOND
        for vantage in story.vantages:
            mute = any(
                one.since <= at < one.until and (not one.span.vantages or vantage in one.span.vantages)
                for one in silences
            )
            if not mute:
                yield at, Heartbeat(vantage, None, ("ipv4",))
