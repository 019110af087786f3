"""Each run by itself: what is slow, broken, over its limit or full disturbs nothing but itself, and leaves a row."""

import asyncio
import logging
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from config.plan import Assignment
from config.slots import SECOND, SPREAD
from daemon import runner as runner_module
from daemon.confirm import PER_MINUTE
from daemon.limits import TARGET, Limiter, Rate
from daemon.rows import Body, Gap
from daemon.runner import Runner, Surroundings, outcome
from daemon.schedule import Schedule, Slot
from probes.clock import Clock, SystemClock
from probes.plugin import PROBES, Plugin, ProbeOptions
from probes.record import Failure, Kind, Phase, Purpose, Record, Series
from probes.run import Run
from tests.lab.certificates import lab_trusts
from tests.lab.runs import direct
from tests.lab.samples import failed, record
from tests.lab.servers import Conn, Server, black_hole, closed_port, good_tls, meets, reset_after_hello, serve
from tests.lab.virtual import Machine

Probe = Callable[[Run, ProbeOptions], Awaitable[None]]
ROOT = Path(__file__).resolve().parents[2]
SLOT = 29_514_000
DUE = 1_770_840_000 * SECOND
PATIENCE = 10.0
"""Seconds after which a test gives up: a machine under load is no reason to fail."""


def planned(probe: str, target: str, vantage: str = "home", *, every: int = 60, timeout: float = 5.0) -> Assignment:
    """An assignment of a probe type to a target."""
    plugin = PROBES.get(probe)
    assert plugin is not None
    options: Any = plugin.options
    chosen = {"target": target, "trust": "lab"}
    given = options(**{name: chosen[name] for name in chosen if name in options.model_fields})
    series = Series("whatsapp", "chat", target, probe, vantage, "ipv4")
    return Assignment(series, given, every, 0, timeout, "system", "c0ffee", f"{probe}/1")


@dataclass
class Scene:
    """A runner with the rows that it wrote."""

    runner: Runner
    rows: list[Body] = field(default_factory=list)

    def start(self, assignment: Assignment, number: int = SLOT, late: float = 0.0) -> None:
        """Start a slot of an assignment, as the schedule does."""
        begin = asyncio.get_running_loop().time() - late
        self.runner.start(Slot(assignment, number, DUE, 0.0, begin))

    async def until(self, condition: Callable[["Scene"], bool]) -> None:
        """Wait for a condition; fails after PATIENCE."""
        async with asyncio.timeout(PATIENCE):
            while not condition(self):  # noqa: ASYNC110  the runner has no event for what a test waits for
                await asyncio.sleep(0.005)

    async def ran(self, assignment: Assignment, number: int = SLOT, late: float = 0.0) -> Any:
        """Start a slot and wait for its row."""
        before = len(self.rows)
        self.start(assignment, number, late)
        await self.until(lambda scene: len(scene.rows) > before)
        return self.rows[before]

    def records(self, purpose: Purpose = Purpose.SLOT) -> list[Record]:
        return [row for row in self.rows if isinstance(row, Record) and row.purpose is purpose]

    def gaps(self) -> list[str]:
        """The reasons of all gaps."""
        return [row.reason for row in self.rows if isinstance(row, Gap)]


def kinds(records: list[Record]) -> list[Kind | None]:
    """How each ended: None is well."""
    return [found.failure.kind if found.failure else None for found in records]


@asynccontextmanager
async def running(
    clock: Clock | None = None,
    owned: Callable[[str], Rate | None] = lambda _address: Rate(0.001, 10_000),
) -> AsyncIterator[Scene]:
    """A runner with two vantages on this machine, stopped at the end."""
    rows: list[Body] = []
    around = Surroundings(
        clock=clock or SystemClock(),
        limiter=Limiter(owned),
        owned=lambda address: owned(address) is not None,
        trust=lab_trusts(),
        write=rows.append,
    )
    async with asyncio.TaskGroup() as group:
        runner = Runner(around, group, {"home": direct(), "exit": direct()})
        yield Scene(runner, rows)
        await runner.stop()


@pytest.fixture
def probe_type(monkeypatch: pytest.MonkeyPatch) -> Callable[[Probe], str]:
    """Registers a function of the test as a probe type under its own name, for the length of the test."""
    PROBES.scan()

    def add(function: Any) -> str:
        monkeypatch.setitem(PROBES._plugins, function.__name__, Plugin(function.__name__, function, ProbeOptions))
        return function.__name__

    return add


async def answers(run: Run, options: ProbeOptions) -> None:
    """All is well, at once."""
    async with run.phase(Phase.APP):
        await asyncio.sleep(0)


async def hangs(run: Run, options: ProbeOptions) -> None:
    """A target that says nothing."""
    async with run.phase(Phase.TCP):
        await asyncio.Event().wait()


async def has_a_bug(run: Run, options: ProbeOptions) -> None:
    raise TypeError("an integer is required")


@meets("tcp")
async def counting(conn: Conn) -> None:
    await conn.stay()


# ---- one slot --------------------------------------------------------------------------------------------------------


async def test_a_slot_becomes_a_record() -> None:
    async with running() as scene, serve(counting) as port:
        assignment = planned("tcp", f"127.0.0.1:{port}")
        found = await scene.ran(assignment, late=0.02)
    assert isinstance(found, Record)
    assert (found.series, found.due, found.failure) == (assignment.series, DUE, None)
    assert (found.purpose, found.attempt, found.of) == (Purpose.SLOT, 1, None)
    assert (found.config, found.version) == ("c0ffee", "tcp/1")
    assert 0.02 <= (found.facts.loop_lag or 0) < 1.0
    assert scene.runner.counts == {"ok": 1}


async def test_the_first_good_record_is_looked_at_once() -> None:
    async with running() as scene, serve(good_tls) as port:
        assert isinstance(await scene.ran(planned("tls", f"127.0.0.1:{port}", every=1)), Record)
        assert scene.runner.repeats == set()
    assert len(scene.rows) == 1


async def test_the_slot_chooses_the_address(probe_type) -> None:
    seen = []

    async def looks(run: Run, options: ProbeOptions) -> None:
        seen.append((run.attempt.slot, run.attempt.timeout, run.attempt.resolver))

    async with running() as scene:
        await scene.ran(planned(probe_type(looks), "x:1", timeout=3.5), number=42)
    assert seen == [(42, 3.5, "system")]


async def test_a_deadline_is_each_runs_own(probe_type) -> None:
    hanging, well = probe_type(hangs), probe_type(answers)
    async with running() as scene:
        scene.start(planned(hanging, "slow:1", timeout=0.3))
        found = await scene.ran(planned(well, "quick:1", timeout=5.0))
        assert found.failure is None
        await scene.until(lambda scene: len(scene.records()) == 2)
    slow = scene.records()[1]
    assert slow.failure == Failure(Phase.TCP, Kind.TIMEOUT)
    assert 0.3 <= slow.seconds < 1.0


def test_outcomes_are_counted_by_three_words() -> None:
    assert [outcome(found) for found in (record(0), failed(0), failed(0, kind=Kind.LOCAL))] == ["ok", "failed", "local"]


# ---- too much at once ------------------------------------------------------------------------------------------------


async def test_a_slot_whose_predecessor_still_runs_is_a_gap(probe_type) -> None:
    assignment = planned(probe_type(hangs), "slow:1", timeout=0.3)
    async with running() as scene:
        scene.start(assignment, SLOT)
        scene.start(assignment, SLOT + 1)
        await scene.until(lambda scene: bool(scene.records()))
        assert scene.rows[0] == Gap(assignment.series, DUE, DUE, 60, "overload")
        assert kinds(scene.records()) == [Kind.TIMEOUT]
        await scene.until(lambda scene: not scene.runner.running)
        scene.start(assignment, SLOT + 2)  # and the next one runs again
        await scene.until(lambda scene: len(scene.records()) == 2)
    assert scene.runner.counts["skipped"] == 1


async def test_a_full_vantage_leaves_the_others_alone(probe_type, monkeypatch) -> None:
    monkeypatch.setattr(runner_module, "IN_FLIGHT", 3)
    hanging, well = probe_type(hangs), probe_type(answers)
    async with running() as scene:
        for number in range(5):  # all in one turn of the loop
            scene.start(planned(hanging, f"{number}:1", "home", timeout=0.3))
        assert scene.gaps() == ["overload"] * 2
        found = await scene.ran(planned(well, "x:1", "exit"))
        assert isinstance(found, Record)
        await scene.until(lambda scene: scene.runner.in_flight["home"] == 0)
        assert isinstance(await scene.ran(planned(well, "y:1", "home")), Record)
    assert scene.runner.in_flight == {"home": 0, "exit": 0}


# ---- limits ----------------------------------------------------------------------------------------------------------


async def test_a_run_without_budget_is_a_gap_and_no_record() -> None:
    async with running(owned=lambda _address: None) as scene, serve(counting) as port:
        for number in range(TARGET.burst):  # several names on one address, say
            await scene.ran(planned("tcp", f"127.0.0.1:{port}"), SLOT + number)
        found = await scene.ran(planned("tcp", f"127.0.0.1:{port}", every=10))
    assert (found.reason, found.first, found.last) == ("budget", DUE, DUE)
    assert scene.runner.counts == {"ok": 4, "skipped": 1}


async def test_a_run_waits_for_its_budget_within_its_jitter() -> None:
    rate = Rate(0.3, 1)
    async with running(owned=lambda _address: rate) as scene, serve(counting) as port:
        begin = asyncio.get_running_loop().time()
        await scene.ran(planned("tcp", f"127.0.0.1:{port}"))
        await scene.ran(planned("tcp", f"127.0.0.1:{port}", every=60))
        assert asyncio.get_running_loop().time() - begin >= 0.29
        hurried = await scene.ran(planned("tcp", f"127.0.0.1:{port}", every=1), late=SPREAD)
    assert len(scene.records()) == 2
    assert hurried.reason == "budget"


async def test_the_jitter_of_a_run_ends_a_fifth_after_it_was_due(probe_type) -> None:
    """However late in its fifth it starts: what begins lies between due and a fifth after it."""
    seen = []

    async def looks(run: Run, options: ProbeOptions) -> None:
        permit: Any = run.world.permit
        seen.append(permit.latest - asyncio.get_running_loop().time())

    async with running() as scene:
        assignment = planned(probe_type(looks), "x:1", every=100)
        scene.runner.start(Slot(assignment, SLOT, DUE, 15.0, asyncio.get_running_loop().time()))
        await scene.until(lambda scene: bool(scene.rows))
    assert seen == [pytest.approx(5.0, abs=0.5)]


async def test_vantages_have_limits_of_their_own() -> None:
    async with running(owned=lambda _address: Rate(1e3, 1)) as scene, serve(counting) as port:
        assert isinstance(await scene.ran(planned("tcp", f"127.0.0.1:{port}", "home")), Record)
        assert isinstance(await scene.ran(planned("tcp", f"127.0.0.1:{port}", "exit")), Record)
        assert isinstance(await scene.ran(planned("tcp", f"127.0.0.1:{port}", "exit"), SLOT + 1), Gap)


# ---- looking twice ---------------------------------------------------------------------------------------------------


async def test_a_change_is_confirmed_by_two_spaced_repeats() -> None:
    async with running() as scene:
        assignment = planned("tcp", f"127.0.0.1:{closed_port()}", every=1)
        found = await scene.ran(assignment)
        await scene.until(lambda scene: len(scene.records(Purpose.CONFIRM)) == 2)
        repeats = scene.records(Purpose.CONFIRM)
    assert found.failure.kind is Kind.REFUSED
    assert [(again.of, again.attempt, again.due) for again in repeats] == [(found.id, 2, DUE), (found.id, 3, DUE)]
    assert kinds(repeats) == [Kind.REFUSED] * 2
    spaces = [(after.began - found.began) / SECOND for after in repeats]
    assert spaces[0] >= 0.25
    assert spaces[1] >= 0.5
    assert len({found.id, *(again.id for again in repeats)}) == 3
    assert scene.runner.counts == {"failed": 1, "confirmed": 2}


async def test_down_is_confirmed_once_and_coming_up_again() -> None:
    async with running() as scene:
        async with serve(reset_after_hello) as port:
            assignment = planned("tls", f"127.0.0.1:{port}", every=1)
            for number in range(3):
                await scene.ran(assignment, SLOT + number)
            await scene.until(lambda scene: not scene.runner.repeats)
            assert kinds(scene.records()) == [Kind.RESET] * 3
            assert len(scene.records(Purpose.CONFIRM)) == 2
        scene.runner.confirmation.last[assignment.series] = ("ok", 0)
        async with serve(reset_after_hello) as port:
            await scene.ran(replace(assignment, options=planned("tls", f"127.0.0.1:{port}").options), SLOT + 3)
            await scene.until(lambda scene: len(scene.records(Purpose.CONFIRM)) == 4)


async def test_what_confirms_is_no_measurement_itself(probe_type) -> None:
    """A repeat with another outcome neither counts nor is repeated in turn."""
    runs = []

    async def once(run: Run, options: ProbeOptions) -> None:
        runs.append(run.attempt.purpose)
        async with run.phase(Phase.TCP):
            if len(runs) == 1:
                raise ConnectionRefusedError(111, "refused")

    async with running() as scene:
        await scene.ran(planned(probe_type(once), "x:1", every=1))
        await scene.until(lambda scene: not scene.runner.repeats)
    assert runs == [Purpose.SLOT, Purpose.CONFIRM, Purpose.CONFIRM]
    assert kinds(scene.records(Purpose.CONFIRM)) == [None, None]
    assert scene.runner.counts == {"failed": 1, "confirmed": 2}


async def test_a_block_of_everything_is_confirmed_six_times_a_minute() -> None:
    async with running() as scene:
        for _ in range(8):
            scene.start(planned("tcp", f"127.0.0.1:{closed_port()}", every=1))
        await scene.until(lambda scene: len(scene.records()) == 8 and not scene.runner.repeats)
    assert len(scene.records(Purpose.CONFIRM)) == PER_MINUTE


async def test_a_repeat_without_budget_is_left_out(probe_type) -> None:
    async with running(owned=lambda _address: Rate(1e3, 2)) as scene:
        await scene.ran(planned("tcp", f"127.0.0.1:{closed_port()}", every=1))
        await scene.until(lambda scene: not scene.runner.repeats)
    assert len(scene.records(Purpose.CONFIRM)) == 1
    assert scene.gaps() == []


# ---- a probe with a bug ----------------------------------------------------------------------------------------------


async def test_a_bug_writes_no_record_and_disturbs_nothing(probe_type, caplog: pytest.LogCaptureFixture) -> None:
    broken, well = probe_type(has_a_bug), probe_type(answers)
    async with running() as scene:
        scene.start(planned(well, "before:1"))
        for number in range(3):
            await scene.ran(planned(broken, "x:1"), SLOT + number)
        assert isinstance(await scene.ran(planned(well, "after:1")), Record)
    assert scene.gaps() == ["bug"] * 3
    assert [found.series.endpoint for found in scene.records()] == ["before:1", "after:1"]
    assert scene.runner.counts == {"ok": 2, "bugs": 3, "skipped": 3}
    said = [line for line in caplog.records if line.levelno >= logging.ERROR]
    assert [line.getMessage().split(":")[0] for line in said] == ["a bug in probe has_a_bug (TypeError)"]
    assert said[0].exc_info is not None


async def test_each_kind_of_bug_is_logged(probe_type, caplog: pytest.LogCaptureFixture) -> None:
    faults = [TypeError("a"), TypeError("b"), ZeroDivisionError("c"), ExceptionGroup("d", [ValueError("e")])]
    left = faults[:]

    async def broken(run: Run, options: ProbeOptions) -> None:
        raise left.pop(0)

    async with running() as scene:
        for number in range(4):
            await scene.ran(planned(probe_type(broken), "x:1"), SLOT + number)
    assert scene.runner.counts["bugs"] == 4
    assert len([line for line in caplog.records if line.levelno >= logging.ERROR]) == 3


async def notes_what_no_record_has(run: Run, options: ProbeOptions) -> None:
    run.note(colour="blue")


async def waits_for_what_it_cancelled(run: Run, options: ProbeOptions) -> None:
    async with run.phase(Phase.APP):
        waiting = asyncio.get_running_loop().create_future()
        waiting.cancel()
        await waiting


@pytest.mark.parametrize("probe", [notes_what_no_record_has, waits_for_what_it_cancelled])
async def test_these_are_bugs_too(probe, probe_type) -> None:
    async with running() as scene:
        await scene.ran(planned(probe_type(probe), "x:1"))
    assert scene.gaps() == ["bug"]
    assert scene.records() == []
    assert scene.runner.counts["bugs"] == 1


async def test_a_bug_in_a_repeat_leaves_no_row(probe_type) -> None:
    async def breaks_later(run: Run, options: ProbeOptions) -> None:
        if run.attempt.purpose is Purpose.CONFIRM:
            raise TypeError
        async with run.phase(Phase.TCP):
            raise ConnectionRefusedError(111, "refused")

    async with running() as scene:
        await scene.ran(planned(probe_type(breaks_later), "x:1", every=1))
        await scene.until(lambda scene: not scene.runner.repeats)
    assert len(scene.rows) == 1
    assert scene.runner.counts == {"failed": 1, "bugs": 2}


async def test_a_probe_type_that_does_not_exist_is_our_bug(probe_type) -> None:
    assignment = planned(probe_type(answers), "x:1")
    stranger = replace(assignment, series=replace(assignment.series, probe="telepathy"))
    async with running() as scene:
        await scene.ran(stranger)
    assert scene.gaps() == ["bug"]


# ---- a clock that steps ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [3_600.0, -3_600.0, 2.0])
def test_a_run_during_which_the_clock_stepped_is_local(probe_type, seconds: float) -> None:
    machine = Machine()

    async def steps(run: Run, options: ProbeOptions) -> None:
        async with run.phase(Phase.TCP):
            machine.step(seconds)
            raise ConnectionRefusedError(111, "refused")

    async def scene() -> Scene:
        async with running(machine) as scene:
            await scene.ran(planned(probe_type(steps), "x:1"))
            await scene.ran(planned(probe_type(answers), "y:1"))
        return scene

    found = machine.run(scene())
    assert kinds(found.records()) == [Kind.LOCAL, None]
    assert found.runner.counts == {"local": 1, "ok": 1}
    assert found.records(Purpose.CONFIRM) == []


# ---- the end ---------------------------------------------------------------------------------------------------------


async def test_what_is_under_way_at_a_stop_becomes_a_gap(probe_type) -> None:
    hanging = probe_type(hangs)
    async with running() as scene:
        for number in range(3):
            scene.start(planned(hanging, f"{number}:1"))
        await asyncio.sleep(0)
        scene.start(planned(hanging, "not yet begun:1"))
    assert scene.gaps() == ["stop"] * 4
    assert scene.records() == []
    assert scene.runner.running == {}
    assert scene.runner.counts == {"skipped": 4}


async def test_what_ended_before_the_stop_stays(probe_type) -> None:
    async with running() as scene:
        await scene.ran(planned(probe_type(answers), "x:1"))
        scene.start(planned(probe_type(hangs), "y:1"))
    assert [type(row) for row in scene.rows] == [Record, Gap]


async def test_a_stop_does_not_wait_for_repeats() -> None:
    async with running() as scene:
        await scene.ran(planned("tcp", f"127.0.0.1:{closed_port()}", every=60))
        begin = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - begin < 0.5
    assert len(scene.rows) == 1


async def test_a_run_that_ends_as_it_is_broken_off_is_told_once(probe_type) -> None:
    """It swallows the cancellation and brings a record: a record it is, and it is not looked at twice."""

    async def stubborn(run: Run, options: ProbeOptions) -> None:
        async with run.phase(Phase.TCP):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise ConnectionResetError(104, "reset") from None

    async with running() as scene:
        scene.start(planned(probe_type(stubborn), "x:1", every=1))
        await asyncio.sleep(0.01)
    assert len(scene.rows) == 1
    assert scene.runner.repeats == set()


async def test_a_run_that_holds_on_is_a_gap_and_too_late_for_a_record(probe_type, monkeypatch) -> None:
    monkeypatch.setattr(runner_module, "BREAK_OFF", 0.05)

    async def deaf(run: Run, options: ProbeOptions) -> None:
        async with run.phase(Phase.TCP):
            end = asyncio.get_running_loop().time() + 0.3
            while asyncio.get_running_loop().time() < end:
                try:
                    await asyncio.sleep(0.3)
                except asyncio.CancelledError:
                    continue

    async with running() as scene:
        scene.start(planned(probe_type(deaf), "x:1"))
        await asyncio.sleep(0.01)
        await scene.runner.stop()
        assert scene.gaps() == ["stop"]
    assert len(scene.rows) == 1


async def test_a_vantage_that_a_reload_took_away_is_no_bug(probe_type) -> None:
    async with running() as scene:
        scene.start(planned(probe_type(answers), "x:1", "gone"))
        await scene.until(lambda scene: bool(scene.rows))
    assert scene.gaps() == ["stop"]
    assert scene.runner.counts["bugs"] == 0


async def test_a_journal_that_refuses_ends_the_daemon(probe_type) -> None:
    """It is not taken for a bug of the probe."""

    def refuse(_row: Body) -> None:
        raise RuntimeError("no journal")

    async def measure() -> None:
        async with running() as scene:
            scene.runner.around = replace(scene.runner.around, write=refuse)
            scene.start(planned(probe_type(answers), "x:1"))
            await asyncio.sleep(PATIENCE)

    with pytest.raises(ExceptionGroup) as found:
        await measure()
    assert found.group_contains(RuntimeError, match="no journal")


# ---- mass failure ----------------------------------------------------------------------------------------------------


def counted(seen: Counter[int], number: int) -> Server:
    """A server that counts its connections."""

    @meets("tcp")
    async def count(conn: Conn) -> None:
        seen[number] += 1

    return count


async def test_black_holes_take_no_slot_from_the_healthy() -> None:
    """6 of 60 targets answer; seen at the target, they get every slot (bench/mass_failure.py is the long form)."""
    seen: Counter[int] = Counter()
    clock = SystemClock()
    async with running() as scene, AsyncExitStack() as servers:
        ports = [await servers.enter_async_context(serve(counted(seen, number))) for number in range(6)]
        ports += [servers.enter_context(black_hole()) for _ in range(54)]
        schedule = Schedule(clock, scene.runner.start, scene.rows.append)
        begin = clock.wall()
        schedule.lay([planned("tcp", f"127.0.0.1:{port}", every=1, timeout=0.7) for port in ports])
        await asyncio.sleep(4.9 - begin / SECOND % 1)  # between the starts of two slots
        slots = clock.wall() // SECOND - begin // SECOND
        assert schedule.stop() == []
        await scene.until(lambda scene: sum(found.failure is None for found in scene.records()) == 6 * slots)
    assert seen == dict.fromkeys(range(6), slots)
    assert slots >= 4
    assert set(kinds(scene.records())) == {None, Kind.TIMEOUT}


@pytest.mark.long
def test_the_bench_of_mass_failure() -> None:
    """20 healthy and 380 black holes for two minutes, with the daemon as it is."""
    bench = subprocess.run(
        [sys.executable, "bench/mass_failure.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert bench.returncode == 0, bench.stdout + bench.stderr
