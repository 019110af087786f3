"""What happens again and again: signs of life, own figures, the clock, families, and deleting in small steps."""

import asyncio
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from config.sections import Retention
from daemon import loops
from daemon.follower import Standing
from daemon.journal.retention import Step
from daemon.loops import RETAIN_AGAIN, RETAIN_MORE, Beats, figures, signs_of_life, start_loops
from daemon.planned import prepared
from daemon.reload import take_on
from daemon.rows import ClockStep, Health, Heartbeat
from probes.record import Facts, Failure, Kind, Phase, Record, Series
from tests.lab.daemons import put_together, rows_in, service, write_config
from tests.lab.hand_clock import HandClock
from tests.lab.virtual import Machine
from tests.lab.waiting import until

CONTROL = Series("clear", "site", "127.0.0.1:9", "tcp", "here", "ipv4")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    lab, clear = service("lab", "127.0.0.1:9", every="5s"), service("clear", "127.0.0.1:9", side="control", every="20s")
    return write_config(tmp_path, {"lab": lab, "clear": clear})


def control(number: int, failure: Failure | None = None) -> Record:
    return Record(CONTROL, number * 1_000_000, number * 1_000_000, 0.1, (), failure, Facts())


# ---- signs of life ----


async def test_a_heartbeat_says_what_the_controls_say(config: Path) -> None:
    async with put_together(config) as daemon:
        (silent,) = signs_of_life(daemon)
        daemon.runner.confirmation.remember(control(1))
        (well,) = signs_of_life(daemon)
        daemon.runner.confirmation.remember(control(2, Failure(Phase.TCP, Kind.TIMEOUT)))
        (ill,) = signs_of_life(daemon)
    assert [beat.control for beat in (silent, well, ill)] == [None, True, False]
    assert {beat.vantage for beat in (silent, well, ill)} == {"here"}
    assert set(well.families) == daemon.now.families["here"]


def beats(every: int, seconds: int) -> tuple[Beats, HandClock, list[float]]:
    """A heartbeat for a plan of one interval, looked at each second; the moments at which it beat."""
    clock, moments = HandClock(), []
    plan = SimpleNamespace(assignments=[SimpleNamespace(every=every)])
    journal = SimpleNamespace(append=lambda _rows: moments.append(clock.span))
    document = SimpleNamespace(services=())
    confirmation = SimpleNamespace(last={}, unmeasured=set())
    parts = {"clock": clock, "journal": journal, "runner": SimpleNamespace(confirmation=confirmation)}
    daemon = SimpleNamespace(now=SimpleNamespace(plan=plan, document=document, families={}), **parts)
    beat = Beats(daemon, clock.monotonic())  # type: ignore[arg-type]
    look(beat, clock, seconds)
    return beat, clock, moments


def look(beat: Beats, clock: HandClock, seconds: int) -> None:
    for number in range(seconds):
        clock.pass_(1.003 if number % 2 else 0.998)  # timers are never quite on time
        beat.look()


@pytest.mark.parametrize(("every", "expected"), [(1, 30), (2, 15), (5, 6), (10, 3), (60, 3)])
def test_the_heart_beats_every_ten_seconds_or_as_often_as_something_is_measured(every: int, expected: int) -> None:
    assert len(beats(every, 30)[2]) == expected


def test_a_reload_that_measures_more_often_makes_the_heart_beat_faster_at_once() -> None:
    """Detection takes three missed beats of the new plan for silence."""
    beat, clock, moments = beats(60, 15)
    beat.daemon.now.plan.assignments.append(SimpleNamespace(every=1))  # type: ignore[attr-defined]
    changed = clock.span
    look(beat, clock, 5)
    assert len([moment for moment in moments if moment > changed]) == 5


# ---- the loops ----


async def test_all_loops_run_and_write(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.heartbeat.EVERY", 0.05)
    async with put_together(config) as daemon:
        daemon.began -= 100
        start_loops(daemon)
        assert set(daemon.tasks) == {"clock", "heartbeat", "health", "limits", "families", "retention"}
        await until(lambda: daemon.lag > 0)
        await daemon.journal.append([])
        health, beat = await rows_in(daemon, Health), await rows_in(daemon, Heartbeat)
    assert health[0].figures["uptime_s"] > 100
    assert beat[0].vantage == "here"
    assert all(task.cancelled() for task in daemon.tasks.values())


def each(seconds: float, action, lasting: float) -> None:
    machine = Machine()

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(loops._each(seconds, lambda: action(machine)))
            await asyncio.sleep(lasting)
            task.cancel()

    machine.run(run())


def test_a_loop_keeps_its_grid_however_long_its_work_takes() -> None:
    moments: list[float] = []

    def work(machine: Machine) -> None:
        moments.append(machine.monotonic())
        machine.stall(0.3)

    each(1.0, work, 10.5)
    assert [round(moment - moments[0], 6) for moment in moments] == list(range(10))


def test_what_was_missed_is_not_made_up_for() -> None:
    moments: list[float] = []

    def work(machine: Machine) -> None:
        moments.append(machine.monotonic())
        machine.stall(5.0 if len(moments) == 2 else 0.0)

    each(1.0, work, 12.5)
    pauses = [round(after - before, 6) for before, after in pairwise(moments)]
    assert pauses.count(0.0) <= 1
    assert len(moments) <= 9


async def test_a_step_of_the_clock_is_noticed_within_a_second(config: Path) -> None:
    async with put_together(config) as daemon:
        daemon.watch._base -= 30.0
        loops._look_at_clock(daemon)
        await until(lambda: daemon.journal.last >= 1)
        (step,) = await rows_in(daemon, ClockStep)
    assert step.seconds == pytest.approx(30.0, abs=0.5)


def test_deleting_goes_on_soon_while_there_is_more_and_rests_when_all_is_done() -> None:
    machine = Machine()
    asked: list[tuple[float, Any]] = []

    async def retain(keep: object) -> Step:
        asked.append((machine.monotonic(), keep))
        return Step(0, 0, more=len(asked) < 3, untold=())

    keeping = Retention.model_validate({"raw_days": 7, "raw_bytes": "1 GB", "min_free": "100 MB"})
    document = SimpleNamespace(retention=keeping)
    daemon = SimpleNamespace(now=SimpleNamespace(document=document), journal=SimpleNamespace(retain=retain))

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(loops._retain(daemon))  # type: ignore[arg-type]
            await asyncio.sleep(RETAIN_AGAIN + 5)
            task.cancel()

    machine.run(run())
    begin = asked[0][0]
    assert [moment - begin for moment, _keep in asked] == [
        0,
        RETAIN_MORE,
        2 * RETAIN_MORE,
        2 * RETAIN_MORE + RETAIN_AGAIN,
    ]
    keep = asked[0][1]
    assert (keep.raw_days, keep.raw_bytes, keep.min_free) == (7, 10**9, 10**8)


# ---- own figures ----


async def test_the_figures_are_of_this_daemon(config: Path) -> None:
    async with put_together(config) as daemon:
        daemon.runner.counts = Counter(ok=5, failed=2)
        daemon.standings["detect"] = Standing("detect", cursor=0, failures=3)
        await daemon.journal.append([Heartbeat("here", None)] * 4)
        daemon.lag = 0.25
        found = figures(daemon)
        assert found.counts == {"ok": 5, "failed": 2}
        assert found.followers == {"detect": (4, 3)}
        assert (found.running, found.lag, found.journal) == (0, 0.25, daemon.journal.path)
        assert found.uptime >= 0


async def test_the_heart_of_a_reloaded_daemon_knows_the_new_vantages(config: Path) -> None:
    async with put_together(config) as daemon:
        (setting,) = daemon.now.document.vantages
        document = replace(daemon.now.document, vantages=(setting, replace(setting, name="there")))
        place = daemon.now.vantages["here"]
        take_on(daemon, prepared(document, {"here": place, "there": place}))
        assert {beat.vantage for beat in signs_of_life(daemon)} == {"here", "there"}
