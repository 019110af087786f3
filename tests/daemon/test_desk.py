"""What the daemon answers on its socket."""

import json
from pathlib import Path
from typing import Any

import pytest

from daemon import desk
from daemon.follower import Standing
from daemon.parts import Daemon
from daemon.rows import Annotation, Gap
from tests.lab.daemons import measuring, one_service, put_together, rows_in, soon


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return one_service(tmp_path, "127.0.0.1:9")


async def ask(daemon: Daemon, command: object, **more: object) -> dict[str, Any]:
    """The answer, as it arrives: through JSON."""
    found: dict[str, Any] = json.loads(json.dumps(await desk.answer(daemon, {"command": command, **more})))
    return found


@pytest.mark.parametrize("command", ["stop", "", None, 7, ["status"]])
async def test_an_unknown_command_is_told_what_there_is(config: Path, command: object) -> None:
    async with put_together(config) as daemon:
        reply = await ask(daemon, command)
    assert reply == {"error": "no such command; there are annotate, pause, reload, resume, status"}


async def test_status_says_how_it_goes(config: Path) -> None:
    async with put_together(config) as daemon:
        await daemon.journal.append([Annotation("one"), Annotation("two")])
        daemon.runner.counts.update(ok=5, failed=1)
        standing = daemon.standings["influx"] = Standing("influx", cursor=1, failures=2, error="boom", holding="401")
        standing.alarm, standing.waiting = True, daemon.clock.wall() - 90_000_000
        reply = await ask(daemon, "status")
    assert reply["state"] == "running"
    assert reply["series"] == 1
    assert reply["config"] == daemon.now.plan.config
    assert reply["vantages"] == {"here": sorted(daemon.now.families["here"])}
    assert reply["counts"] == {"ok": 5, "failed": 1}
    assert reply["journal"] == {"path": str(config.parent / "journal.db"), "last": 2, "condition": "ok"}
    follower = reply["followers"]["influx"]
    assert follower.pop("lag") == pytest.approx(90, abs=5)
    expected = {"cursor": 1, "behind": 1, "failures": 2, "error": "boom", "holding": "401", "alarm": True}
    assert follower == expected
    assert reply["figures"]["ok_total"] == 5
    assert reply["uptime"] >= 0


async def test_pause_and_resume(config: Path) -> None:
    async with put_together(config) as daemon:
        assert await ask(daemon, "pause") == {"state": "paused"}
        assert daemon.schedule.paused
        assert (await ask(daemon, "status"))["state"] == "paused"
        assert await ask(daemon, "resume") == {"state": "running"}
        assert not daemon.schedule.paused


async def test_a_reload_answers_what_changed(config: Path) -> None:
    async with put_together(config) as daemon:
        assert await ask(daemon, "reload") == {"changed": []}
        one_service(config.parent, "127.0.0.1:9", "127.0.0.1:10")
        assert await ask(daemon, "reload") == {"changed": ["lab from here: 1 series added"]}


async def test_a_reload_of_a_broken_file_answers_every_mistake(config: Path) -> None:
    async with put_together(config) as daemon:
        one_service(config.parent, "127.0.0.1:0", every="0s")
        reply = await ask(daemon, "reload")
    assert reply["error"] == "the old configuration runs on"
    assert len(reply["faults"]) == 2
    assert all("lab.toml:" in fault for fault in reply["faults"])


async def test_a_remark_of_a_person_becomes_a_row(config: Path) -> None:
    async with put_together(config) as daemon:
        assert await ask(daemon, "annotate", text="  cable cut  ", author="ann") == {"row": 1}
        assert await rows_in(daemon, Annotation) == [Annotation("cable cut", "ann")]


@pytest.mark.parametrize("text", ["", "   "])
async def test_a_remark_without_words_is_refused(config: Path, text: str) -> None:
    async with put_together(config) as daemon:
        assert await ask(daemon, "annotate", text=text) == {"error": "an annotation needs a text"}
        assert await ask(daemon, "annotate") == {"error": "an annotation needs a text"}
        assert daemon.journal.last == 0


# ---- over the socket of a real daemon ----


def test_while_it_is_paused_each_slot_is_a_gap_and_then_it_goes_on(config: Path) -> None:
    with measuring(config) as daemon:
        assert daemon.ask("pause") == {"state": "paused"}
        soon(lambda: len([row for row in daemon.rows("gap") if row.body.reason == "pause"]) >= 2)
        assert daemon.ask("status")["state"] == "paused"
        last = daemon.rows("record")[-1].seq
        assert daemon.ask("resume") == {"state": "running"}
        daemon.measures(since=last)
        reply = daemon.ask("reload")
        gaps = [row.body for row in daemon.rows("gap")]
    assert reply == {"changed": []}
    assert all(isinstance(gap, Gap) and gap.first == gap.last for gap in gaps)
    assert {gap.reason for gap in gaps} == {"pause"}
