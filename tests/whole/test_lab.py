"""The censored internet as a test bed: what is done to the network is what probes see and detection concludes."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from probes.record import Record
from tests.lab.net.lab import Lab, lab
from tests.lab.net.rules import rules_of
from tests.lab.net.scenario import Scenario, all_scenarios, differences, outcomes, play
from tests.lab.net.targets import measure_all
from tests.lab.net.topology import sweep

pytestmark = [pytest.mark.long, pytest.mark.netns]
ALL = all_scenarios()


@pytest.fixture(scope="module")
def made() -> Iterator[Lab]:
    """One lab for all scenarios; each leaves it as it was."""
    with lab() as one:
        yield one


@pytest.fixture(scope="module")
def good(made: Lab) -> list[Record]:
    """What is measured while nothing is wrong."""
    return asyncio.run(measure_all(made))


def test_nothing_is_wrong_in_the_normal_world(good: list[Record]) -> None:
    assert set(outcomes(good).values()) == {"ok"}, outcomes(good)


def test_what_a_killed_run_left_behind_is_removed() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    name = f"reachd-{gone.pid}-ru1"
    subprocess.run(["ip", "netns", "add", name], check=True)
    sweep()
    assert not Path("/run/netns", name).exists()


def test_a_typo_in_a_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="snj"):
        rules_of([{"snj": "*.whatsapp.com", "action": "drop"}])


@pytest.mark.parametrize("scenario", ALL, ids=lambda one: one.name)
def test_scenario(scenario: Scenario, made: Lab, good: list[Record]) -> None:
    seen = play(made, scenario, good)
    wrong = [line for stage, found in zip(scenario.stages, seen, strict=True) for line in differences(stage, found)]
    if scenario.known_gap:
        assert wrong, f"the gap is closed: take known_gap out of {scenario.name}.toml"
    else:
        assert not wrong, "\n".join(wrong)
