"""`reachd demo`: the block becomes one true event, quickly and for real."""

import asyncio
import os
import re
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.commands import demo as module
from daemon.commands.demo import demo, play
from daemon.demo import story
from daemon.demo.story import Act, all_well, block
from daemon.rows import Event
from daemon.wire_in import row_of
from probes.clock import SystemClock
from tests.lab.daemons import COMMAND, command, soon
from tests.lab.samples import EVENT

MECHANISMS = {"web": "dns.nxdomain", "chat": "tcp.drop", "media": "tcp.drop"}
OVER = replace(EVENT, state="ended", ended=EVENT.at)


def judge(events: list[Event]) -> None:
    """One event, over, of kind block, at the one place, its mechanisms per role right."""
    last = events[-1]
    assert {event.id for event in events} == {last.id}
    assert [event.revision for event in events] == list(range(1, len(events) + 1))
    assert last.state == "ended"
    assert last.ended is not None
    assert (last.kind, last.service) == ("block", "whatsapp")
    assert last.scope.vantages == ("moscow",)
    assert last.scope.countries == ("RU",)
    assert last.mechanisms == MECHANISMS
    assert last.comparators == {"max": "reachable", "controls": "reachable"}
    assert last.onset[0] <= last.onset[1] < last.detected <= last.ended
    assert "confirmed" in {event.state for event in events}


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same story in a quarter of the time."""
    acts = (Act(0, "All well.", lambda _stage: None), Act(4, "The block begins.", block), Act(11, "It ends.", all_well))
    monkeypatch.setattr(story, "ACTS", acts)
    monkeypatch.setattr(story, "LENGTH", 12.0)


async def test_the_block_becomes_one_true_event_and_is_told(short: None, capsys: pytest.CaptureFixture[str]) -> None:
    events = await play(SystemClock(), json=False)
    judge(events)
    said = capsys.readouterr().out
    parts = [
        "played on this machine",
        "== The block begins.",
        f"event {events[0].id}, revision 1",
        "== It ends.",
        "1 event in",
    ]
    assert [said.index(part) for part in parts] == sorted(said.index(part) for part in parts)
    assert "moscow: chat tcp g.whatsapp.test" in said
    assert re.search(r"mechanisms  .*chat tcp\.drop", said)


@pytest.mark.long
def test_demo_json_is_the_events_revisions_and_nothing_else(tmp_path: Path) -> None:
    found = subprocess.run(
        [*COMMAND, "demo", "--json"], capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False
    )
    assert found.returncode == 0, found.stderr
    judge([row_of(line, number).body for number, line in enumerate(found.stdout.splitlines(), 1)])  # type: ignore[misc]
    assert found.stderr == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_ctrl_c_ends_it_at_once_and_leaves_nothing_behind(tmp_path: Path, options: list[str]) -> None:
    with subprocess.Popen(
        [*COMMAND, "demo", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    ) as process:
        soon(lambda: list(tmp_path.glob("reachd-demo-*/journal.db.sock")))
        soon(lambda: (next(tmp_path.glob("reachd-demo-*/journal.db-wal"), tmp_path)).stat().st_size > 0)
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=5)
    assert process.returncode == 130
    assert "Traceback" not in err.decode()
    assert not list(tmp_path.iterdir())


# ---- the exit code ----


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([], 1),
        ([EVENT], 1),
        ([EVENT, OVER], 0),
        ([EVENT, OVER, replace(OVER, id="ANOTHER")], 1),
    ],
)
def test_it_is_right_only_with_one_event_that_is_over(
    monkeypatch: pytest.MonkeyPatch, said, events: list[Event], code: int
) -> None:
    async def played(_clock: object, *, json: bool) -> list[Event]:
        await asyncio.sleep(0)
        return events

    monkeypatch.setattr(module, "play", played)
    assert demo(json=True) == code
    assert ("expected one event that is over" in said()[1]) is bool(code)


def test_a_machine_without_the_addresses_is_told_what_they_are_for(monkeypatch: pytest.MonkeyPatch, said) -> None:
    async def refused(*_args: object) -> None:
        raise OSError(99, "Cannot assign requested address")

    monkeypatch.setattr(story, "set_stage", refused)
    assert demo(json=True) == 2
    assert said()[1] == (
        "reachd: the servers of the demonstration need addresses of 127.0.0.0/8: Cannot assign requested address\n"
    )


def test_the_command_is_there(tmp_path: Path) -> None:
    assert "Play the block of February 2026" in command("demo", "--help", folder=tmp_path).stdout
