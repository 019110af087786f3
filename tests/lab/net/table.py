"""What is done to the network against what is concluded, as docs/lab.md: `python -m tests.lab.net.table` (root)."""

import asyncio
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.lab.net.by_hand import commands, configured, screen
from tests.lab.net.lab import Lab, lab
from tests.lab.net.process import ROOT, say
from tests.lab.net.scenario import (
    SCENARIOS,
    Scenario,
    Seen,
    Stage,
    all_scenarios,
    differences,
    hold,
    let_go,
    play,
    read,
)
from tests.lab.net.targets import measure_all

HEAD = """# The lab: what is done to the network, and what is concluded

Made by `python -m tests.lab.net.table > docs/lab.md` (root). The lab is an internet of network namespaces: two censored
lines (`ru1`, `ru2`), a free one (`free`), two proxies abroad (`exit`, `tunnel`), a censor in the path, and a world of
servers and resolvers. Every file in `tests/lab/scenarios` does something to it in stages, says what each probe must see
and what must be concluded; `tests/whole/test_lab.py` holds all of it."""
BY_MECHANISM = """
## What was done against what was concluded

A row is what must be concluded of a mechanism; a verdict is an event's kind and mechanism, with the count of stages
that came to it. `none` is a network to which nothing was done that anybody is to blame for.

| done | stages | must be concluded | was concluded |
|---|---|---|---|"""
BY_STAGE = """
## Each stage

| scenario and stage | what it is | must be concluded | was concluded | probes and events as they must be |
|---|---|---|---|---|"""

CENSORS = ("block", "throttle", "network_outage")
"""Kinds of events that are somebody's doing."""
SHOWN = "sni-reset-of-one-address"
"""The scenario whose first stage is measured by hand."""
WIDE = {**os.environ, "COLUMNS": "150"}
BY_HAND = """
## By hand

`python -m tests.lab.net.by_hand [SCENARIO]` (root) holds the lab open with the first stage of a scenario, or with
nothing done, and prints commands to type in another shell, from the root of the repository. Enter goes on to the next
stage; Ctrl-C or the end of the input removes all. What is printed, and what some of the commands print:

```
{}
```"""


@dataclass(frozen=True, slots=True)
class Played:
    """A stage and what came of it."""

    scenario: Scenario
    number: int
    stage: Stage
    seen: Seen


def by_mechanism(played: Iterable[Played]) -> Iterator[str]:
    """The table of confusion, a row for each mechanism and right verdict."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for one in played:
        row = one.stage.mechanism, verdict(one.stage.must.events)
        counts.setdefault(row, Counter())[verdict(one.seen.events)] += 1
    for (mechanism, right), found in sorted(counts.items()):
        cell = "<br>".join(f"{'' if word == right else '**no:** '}{word}: {count}" for word, count in found.items())
        yield f"| {mechanism} | {found.total()} | {right} | {cell} |"


def verdict(events: Iterable[str]) -> str:
    """Kinds and mechanisms, without whom and where."""
    return " + ".join(sorted({re.sub(r"^\S+: | at [^(]*\b", "", event) for event in events})) or "nothing"


def summary(played: list[Played]) -> str:
    """The totals."""
    right = sum(one.seen.events == one.stage.must.events for one in played)
    innocent = [one for one in played if not accuses(one.stage.must)]
    accused = sum(accuses(one.seen) for one in innocent)
    return f"""
Of {len(played)} stages, {right} came to exactly the events that they must: service, kind, mechanism, places, confirmed
or only suspected. Of the {len(innocent)} in which nobody interferes, {accused} came to an event, if only a suspected
one, that says otherwise."""


def accuses(seen: Seen) -> bool:
    """Whether any event says that somebody interferes."""
    return any(f": {kind} " in event for event in seen.events for kind in CENSORS)


def by_stage(one: Played) -> str:
    """A row."""
    wrong = differences(one.stage.must, one.seen)
    word = f"no: {one.scenario.known_gap or '; '.join(wrong)}" if wrong else "yes"
    about = re.sub(r"^field\.md [\d.]+(: |, )(row |item \d+: )?", "", one.scenario.about) if one.number == 1 else ""
    events = ("<br>".join(seen.events) or "nothing" for seen in (one.stage.must, one.seen))
    return f"| {one.scenario.name} {one.number} | {about} | {' | '.join(events)} | {word} |"


def by_hand(made: Lab) -> Iterator[str]:
    """What stands on the screen while a stage is held, and what the commands print: of the lines, one of each kind."""
    stages = read(SCENARIOS / f"{SHOWN}.toml").stages
    with configured() as folder:
        hold(made, stages[0])
        yield f"$ python -m tests.lab.net.by_hand {SHOWN}"
        yield screen(made, folder, stages, 1)
        for command in commands(made, folder, stages[0]):
            if made.wires.ru2 not in command:
                yield f"\n$ {command}"
                printed = subprocess.run(command.split(), capture_output=True, text=True, check=False, env=WIDE).stdout
                yield from map(str.rstrip, printed.splitlines())
        let_go(made, stages[0])


def play_all(made: Lab) -> Iterator[Played]:
    """Every stage of every scenario."""
    good = asyncio.run(measure_all(made))
    for scenario in all_scenarios():
        for number, seen in enumerate(play(made, scenario, good)):
            yield Played(scenario, number + 1, scenario.stages[number], seen)


def main() -> None:
    """Play all and print."""
    with lab() as made:
        played = list(play_all(made))
        shown = "\n".join(by_hand(made)).replace(f"{ROOT}/", "")
    say("\n".join((HEAD, BY_MECHANISM, *by_mechanism(played), summary(played), BY_STAGE, *map(by_stage, played))))
    say(BY_HAND.format(shown.strip()))


if __name__ == "__main__":
    main()
