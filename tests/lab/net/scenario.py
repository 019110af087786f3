"""A scenario: what is done to the network in stages, what each probe must see, and what must be concluded from it."""

import asyncio
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from config.slots import due_of, offset_of, slot_at
from daemon.replay import conclusions
from daemon.rows import Body, Event, Planned, PlanRow, Row
from probes.record import Record
from tests.lab.net.lab import Lab
from tests.lab.net.targets import PLACES, SIDES, START, TARGETS, TIMEOUT, attempts, measure_all

SCENARIOS = Path(__file__).parents[1] / "scenarios"
EVERY, GOOD, LONG = 60, 60, 12
"""Seconds of a slot on the virtual timeline; slots before, and of each stage."""
Outcomes = dict[tuple[str, str], str]
"""(endpoint, vantage) to `phase kind`, or `ok`."""
DONE = frozenset({"rules", "world", "lines_down"})
"""Words for what is done to the network."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How each run ended, and the events that stand; `(suspected)` trails one that is not confirmed."""

    outcomes: Outcomes
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """What holds for a while, what must come of it, and what comes of it today, which differs in a known gap."""

    mechanism: str
    rules: tuple[Mapping[str, Any], ...]
    world: Mapping[str, Any]
    lines_down: tuple[str, ...]
    must: Seen
    today: Seen


@dataclass(frozen=True, slots=True)
class Scenario:
    """A file of tests/lab/scenarios, about what its first line says; `known_gap`: why today is not as it must be."""

    name: str
    about: str
    stages: tuple[Stage, ...]
    known_gap: str = ""


WELL = Seen({(one.name, place): "ok" for one in TARGETS for place in one.places}, ())
NORMAL = Stage("none", (), {}, (), WELL, WELL)
"""Nothing is done."""


def read(path: Path) -> Scenario:
    """Read a scenario. Raises ValueError or KeyError for what none can say."""
    written = path.read_text()
    text = tomllib.loads(written)
    stages = tuple(_stage(told, text["mechanism"]) for told in text["stage"])
    return Scenario(path.stem, written.partition("\n")[0].lstrip("# "), stages, text.get("known_gap", ""))


def _stage(told: Mapping[str, Any], mechanism: str) -> Stage:
    unknown = set(told) - DONE - {"mechanism", "truth", "events", "gap_truth", "gap_events"}
    if unknown:
        raise ValueError(f"a stage has no {sorted(unknown)}")
    must = _changed(WELL, told.get("truth", {}), told["events"])
    today = _changed(must, told.get("gap_truth", {}), told.get("gap_events", must.events))
    return Stage(
        told.get("mechanism", mechanism if DONE & set(told) else NORMAL.mechanism),
        tuple(told.get("rules", ())),
        told.get("world", {}),
        tuple(told.get("lines_down", ())),
        must,
        today,
    )


def _changed(seen: Seen, truth: Mapping[str, str], events: Iterable[str]) -> Seen:
    outcomes = dict(seen.outcomes)
    for where, outcome in truth.items():
        outcomes |= dict.fromkeys(_meant(where, outcomes), outcome)
    return Seen(outcomes, tuple(sorted(events)))


def _meant(where: str, truth: Outcomes) -> list[tuple[str, str]]:
    """What `service/role place place` speaks of: globs allowed, no place means all. Raises ValueError for nothing."""
    name, *places = where.split()
    found = [pair for pair in truth if fnmatchcase(pair[0], name) and (not places or pair[1] in places)]
    if not found or not set(places) <= {place for _name, place in found}:
        raise ValueError(f"nothing is measured as {where}")
    return found


def all_scenarios() -> list[Scenario]:
    """Every file, by name."""
    return [read(path) for path in sorted(SCENARIOS.glob("*.toml"))]


# ---- played ----------------------------------------------------------------------------------------------------------


def hold(lab: Lab, stage: Stage) -> None:
    """Make a stage hold: rules, world, lines."""
    lab.censor.tell(list(stage.rules))
    lab.world.tell(dict(stage.world))
    for place in stage.lines_down:
        lab.wires.line(place, "down")


def let_go(lab: Lab, stage: Stage) -> None:
    """Back to the normal world."""
    for place in stage.lines_down:
        lab.wires.line(place, "up")
    lab.censor.tell([])
    lab.world.tell({})


def play(lab: Lab, scenario: Scenario, good: list[Record]) -> list[Seen]:
    """Measure each stage, and lay what was measured after a good hour for detection to judge."""
    history = [(GOOD, good)]
    seen = []
    for stage in scenario.stages:
        hold(lab, stage)
        try:
            records = asyncio.run(measure_all(lab))
        finally:
            let_go(lab, stage)
        history.append((LONG, records))
        seen.append(Seen(outcomes(records), judged(history)))
    return seen


def differences(expected: Seen, found: Seen) -> list[str]:
    """Where what was seen and concluded is not what was expected; a line each."""
    wrong = [
        f"{name} at {place}: {said}, expected {expected.outcomes[name, place]}"
        for (name, place), said in found.outcomes.items()
        if said != expected.outcomes[name, place]
    ]
    if found.events != expected.events:
        wrong.append(f"events {list(found.events)}, expected {list(expected.events)}")
    return wrong


def outcomes(records: Iterable[Record]) -> Outcomes:
    """How each run ended."""
    found = {}
    for record in records:
        name = f"{record.series.service}/{record.series.role}"
        failure = record.failure
        found[name, record.series.vantage] = f"{failure.phase} {failure.kind}" if failure else "ok"
    return found


# ---- judged ----------------------------------------------------------------------------------------------------------


def judged(history: Iterable[tuple[int, list[Record]]]) -> tuple[str, ...]:
    """The events that have not ended at the end: `whatsapp: block tls.reset at ru1 ru2`."""
    last: dict[str, Event] = {}
    for body in conclusions(timeline(history)):
        if isinstance(body, Event):
            last[body.id] = body
    return tuple(sorted(_worded(event) for event in last.values() if event.state != "ended"))


def _worded(event: Event) -> str:
    unsure = " (suspected)" if event.state == "suspected" else ""
    return f"{event.service or 'all'}: {event.kind} {event.mechanism} at {' '.join(event.scope.vantages)}{unsure}"


def timeline(history: Iterable[tuple[int, list[Record]]]) -> list[Row]:
    """A plan, and each stage's records in as many slots as it lasts."""
    told: list[tuple[int, Body]] = [(START, plan())]
    begun = 0
    for slots, records in history:
        for record in records:
            offset = offset_of(record.series, EVERY)
            first = slot_at(START, EVERY, offset) + 1 + begun
            told += [_moved(record, due_of(slot, EVERY, offset)) for slot in range(first, first + slots)]
        begun += slots
    return [Row(number, at, body) for number, (at, body) in enumerate(sorted(told, key=lambda pair: pair[0]), 1)]


def _moved(record: Record, due: int) -> tuple[int, Record]:
    return due + round(record.seconds * 1e6), replace(record, due=due, began=due)


def plan() -> PlanRow:
    """What is measured."""
    series = [one.series for one in attempts()]
    planned = tuple(Planned(one, EVERY, offset_of(one, EVERY), TIMEOUT, "c") for one in series)
    return PlanRow("plan", dict(PLACES), dict(SIDES), planned, (), 30.0)
