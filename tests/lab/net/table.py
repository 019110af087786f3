"""What must be concluded against what was concluded, as a table: `python -m tests.lab.net.table`."""

import asyncio
from collections.abc import Iterator

from tests.lab.net.lab import lab
from tests.lab.net.process import say
from tests.lab.net.scenario import Scenario, Seen, all_scenarios, differences, play
from tests.lab.net.targets import measure_all

HEAD = """# The lab: what is done to the network, and what is concluded

Made by `python -m tests.lab.net.table` (root). Each row is a stage of a file in tests/lab/scenarios.

To measure by hand inside the lab, hold it open (`python -i -c "from tests.lab.net.lab import lab; made = lab();
l = made.__enter__()"`), see the names of its namespaces (`ip netns`), and run
`ip netns exec reachd-<pid>-ru1 reachd probe tcp 157.240.205.62:5222` in another shell, before and after
`l.censor.tell([{"to": "157.240.205.62/32", "action": "drop"}])`; `made.__exit__(None, None, None)` removes it.

| scenario and stage | must be concluded | was concluded | all as expected |
|---|---|---|---|"""


def rows(scenario: Scenario, seen: list[Seen]) -> Iterator[str]:
    """A line for each stage."""
    for number, (stage, found) in enumerate(zip(scenario.stages, seen, strict=True), 1):
        met = not differences(stage, found)
        word = "yes" if met else f"no: {scenario.known_gap or differences(stage, found)[0]}"
        expected = "; ".join(stage.events) or "nothing"
        concluded = "; ".join(found.events) or "nothing"
        yield f"| {scenario.name} {number} | {expected} | {concluded} | {word} |"


def main() -> None:
    """Play all and print."""
    say(HEAD)
    with lab() as made:
        good = asyncio.run(measure_all(made))
        for scenario in all_scenarios():
            for line in rows(scenario, play(made, scenario, good)):
                say(line)


if __name__ == "__main__":
    main()
