"""The censored internet as a test bed: what is done to the network is what probes see and detection concludes."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from probes.record import Record
from tests.lab.net.lab import Lab, lab
from tests.lab.net.process import ROOT
from tests.lab.net.rules import rules_of
from tests.lab.net.scenario import Scenario, all_scenarios, differences, outcomes, play
from tests.lab.net.targets import measure_all
from tests.lab.net.topology import sweep

ALL = all_scenarios()
Program = subprocess.Popen[str]


@pytest.fixture(scope="module")
def made() -> Iterator[Lab]:
    """One lab for all scenarios; each leaves it as it was."""
    with lab() as one:
        yield one


@pytest.fixture(scope="module")
def good(made: Lab) -> list[Record]:
    """What is measured while nothing is wrong."""
    return asyncio.run(measure_all(made))


@pytest.mark.long
@pytest.mark.netns
def test_nothing_is_wrong_in_the_normal_world(good: list[Record]) -> None:
    assert set(outcomes(good).values()) == {"ok"}, outcomes(good)


@pytest.mark.long
@pytest.mark.netns
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


@pytest.mark.long
@pytest.mark.netns
@pytest.mark.parametrize("scenario", ALL, ids=lambda one: one.name)
def test_scenario(scenario: Scenario, made: Lab, good: list[Record]) -> None:
    played = list(zip(scenario.stages, play(made, scenario, good), strict=True))
    wrong = [line for stage, found in played for line in differences(stage.today, found)]
    closed = scenario.known_gap and not any(differences(stage.must, found) for stage, found in played)
    assert not wrong, f"the gap of {scenario.name}.toml is closed: take it out" if closed else "\n".join(wrong)


def test_a_gap_says_why_and_what_is_seen_instead() -> None:
    for one in ALL:
        differing = any(stage.today != stage.must for stage in one.stages)
        assert bool(one.known_gap) == differing, f"{one.name}: known_gap belongs to gap_events or gap_truth"


def test_the_page_of_the_lab_knows_every_scenario() -> None:
    page = (ROOT / "docs/lab.md").read_text()
    missing = [one.name for one in ALL if f"| {one.name} 1 |" not in page]
    assert not missing, "python -m tests.lab.net.table > docs/lab.md"


# ---- by hand ---------------------------------------------------------------------------------------------------------


def end_of_input(program: Program) -> None:
    assert program.stdin
    program.stdin.close()


def ctrl_c(program: Program) -> None:
    """To all of the terminal's processes, as a terminal does."""
    os.killpg(program.pid, signal.SIGINT)


def screen(program: Program) -> list[str]:
    """The lines up to the one that says what Enter does."""
    assert program.stdout
    lines = []
    for line in program.stdout:
        lines.append(line.strip())
        if line.startswith("Enter:"):
            return lines
    raise AssertionError(f"ended after {lines}")


def typed(lines: list[str], place: str) -> dict[str, str]:
    """What the printed command for a line measures: endpoint to the kind of its failure, or `ok`."""
    command = next(line for line in lines if f"-{place} " in line)
    printed = subprocess.run([*command.split(), "--json"], capture_output=True, text=True, check=False, cwd=ROOT).stdout
    records = [json.loads(line) for line in printed.splitlines()]
    return {one["series"]["endpoint"]: (one["failure"] or {"kind": "ok"})["kind"] for one in records}


@pytest.mark.long
@pytest.mark.netns
@pytest.mark.parametrize("leave", [end_of_input, ctrl_c])
def test_the_lab_is_held_open_for_measuring_by_hand(leave: Callable[[Program], None]) -> None:
    command = [sys.executable, "-m", "tests.lab.net.by_hand", "sni-reset"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, start_new_session=True) as program:
        blocked = screen(program)
        assert typed(blocked, "ru1")["whatsapp/web"] == "connection_reset"
        assert set(typed(blocked, "free").values()) == {"ok"}
        assert program.stdin
        print(file=program.stdin, flush=True)
        assert set(typed(screen(program), "ru1").values()) == {"ok"}
        leave(program)
        assert program.wait(20) == 0
    assert not list(Path("/run/netns").glob(f"reachd-{program.pid}-*"))
    assert not Path(next(word for word in blocked[-2].split() if word.endswith(".toml"))).exists()
