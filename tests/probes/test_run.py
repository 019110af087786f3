"""A run: its phases, its deadline, and what becomes of bugs, stops and steps of the clock."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from probes.clock import SystemClock
from probes.failure import Fault
from probes.plugin import Plugin, ProbeOptions
from probes.record import Failure, Kind, Phase, Purpose, Record, Series
from probes.run import Attempt, Run, Skipped, World, perform, permit_all
from tests.lab.runs import detail, direct, outcome

Probe = Callable[[Run, ProbeOptions], Awaitable[None]]
ATTEMPT = Attempt(Series("s", "chat", "e", "p", "v", "ipv4"), ProbeOptions(), due=1_770_000_000_000_000, timeout=5.0)
SHORT = 0.05


async def do(probe: Probe, world: World | None = None, **changes) -> Record:
    """Perform a probe made up for the test."""
    attempt = replace(ATTEMPT, **changes)
    return await perform(Plugin("p", probe, ProbeOptions), attempt, direct(), world or World(SystemClock()))


def cancelling() -> int:
    """Cancellations that the test's own task has not taken back."""
    task = asyncio.current_task()
    assert task
    return task.cancelling()


async def forever(*_: object) -> None:
    await asyncio.Event().wait()


async def silent(run: Run, _: ProbeOptions) -> None:
    async with run.phase(Phase.TLS):
        await forever()


# ---- phases ----------------------------------------------------------------------------------------------------------


async def test_phases_are_timed_in_order() -> None:
    async def probe(run: Run, _: ProbeOptions) -> None:
        async with run.phase(Phase.DNS):
            await asyncio.sleep(0.02)
        async with run.phase(Phase.TCP):
            await asyncio.sleep(0.01)

    record = await do(probe)
    dns, tcp = record.timings
    assert (dns.phase, tcp.phase, record.failure) == (Phase.DNS, Phase.TCP, None)
    assert dns.seconds >= 0.02
    assert dns.begin + dns.seconds <= tcp.begin
    assert tcp.begin + tcp.seconds <= record.seconds < 1


@pytest.mark.parametrize(
    ("fault", "kind", "detail"),
    [
        (OSError(errno.ECONNRESET, "x"), Kind.RESET, ""),
        (OSError(errno.EMFILE, "x"), Kind.LOCAL, "EMFILE"),
        (EOFError(), Kind.EOF, ""),
        (TimeoutError(), Kind.TIMEOUT, ""),
        (Fault(Kind.TLS_JUNK, "HTTP"), Kind.TLS_JUNK, "HTTP"),
    ],
)
async def test_fault_of_the_wire_ends_the_run_with_a_record(fault: Exception, kind: Kind, detail: str) -> None:
    after = []

    async def probe(run: Run, _: ProbeOptions) -> None:
        async with run.phase(Phase.TLS):
            raise fault
        after.append("never")

    record = await do(probe)
    assert record.failure == Failure(Phase.TLS, kind, detail)
    assert [timing.phase for timing in record.timings] == [Phase.TLS]
    assert not after


async def test_facts_of_a_fault_reach_the_record_beside_those_noted() -> None:
    async def probe(run: Run, _: ProbeOptions) -> None:
        async with run.phase(Phase.TCP):
            run.note(address="192.0.2.1", extra={"dns_questions": "2"})
            raise Fault(Kind.REFUSED, refused_by="icmp", extra={"icmp": "3/3"})

    facts = (await do(probe)).facts
    assert (facts.address, facts.refused_by) == ("192.0.2.1", "icmp")
    assert facts.extra == {"dns_questions": "2", "icmp": "3/3"}


async def test_the_innermost_phase_is_the_one_that_failed() -> None:
    async def probe(run: Run, _: ProbeOptions) -> None:
        async with run.phase(Phase.PROXY), run.phase(Phase.TLS):
            raise EOFError

    record = await do(probe)
    assert record.failure == Failure(Phase.TLS, Kind.EOF)
    assert [timing.phase for timing in record.timings] == [Phase.TLS, Phase.PROXY]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, ""), "proxy 192.0.2.7:1080: connection_refused"),
        (Fault(Kind.RESET, "as told", refused_by="rst"), "proxy 192.0.2.7:1080: connection_reset as told"),
        (Fault(Kind.LOCAL, "EMFILE"), "proxy 192.0.2.7:1080: EMFILE"),
        (EOFError(), "proxy 192.0.2.7:1080: eof_error"),
    ],
)
async def test_what_is_ours_is_no_word_of_the_target(fault: Exception, said: str) -> None:
    async def probe(run: Run, _: ProbeOptions) -> None:
        async with run.phase(Phase.PROXY) as scope:
            scope.ours = "proxy 192.0.2.7:1080"
            raise fault

    record = await do(probe)
    assert record.failure == Failure(Phase.PROXY, Kind.LOCAL, said)
    assert record.facts.refused_by is None


@pytest.mark.parametrize("ours", ["proxy", ""])
async def test_silence_of_what_is_ours(ours: str) -> None:
    async def probe(run: Run, _: ProbeOptions) -> None:
        async with run.phase(Phase.PROXY) as scope:
            scope.ours = "proxy"
            await asyncio.sleep(0)
            scope.ours = ours
            await asyncio.Event().wait()

    record = await do(probe, timeout=0.05)
    expected = Failure(Phase.PROXY, Kind.LOCAL, "proxy: generic_timeout_error") if ours else None
    assert record.failure == (expected or Failure(Phase.PROXY, Kind.TIMEOUT))


async def test_due_and_began() -> None:
    async def probe(run: Run, _: ProbeOptions) -> None:
        pass

    before = SystemClock().wall()
    slot = await do(probe, lag=0.003)
    manual = await do(probe, purpose=Purpose.MANUAL)
    assert slot.due == ATTEMPT.due
    assert before <= slot.began <= manual.began == manual.due
    assert (slot.facts.loop_lag, manual.facts.loop_lag) == (0.003, None)


async def test_what_the_attempt_says_is_in_the_record() -> None:
    async def probe(run: Run, _: ProbeOptions) -> None:
        await run.world.permit("192.0.2.1")

    said: dict[str, Any] = {
        "of": "X",
        "attempt": 2,
        "agent": "msk",
        "config": "9f31c2",
        "version": "p/1",
        "purpose": Purpose.CONFIRM,
    }
    record = await do(probe, **said)
    assert {name: getattr(record, name) for name in said} == said
    assert record.series == ATTEMPT.series


# ---- bugs, stops, budgets --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [True, False])
async def test_bug_of_a_probe_comes_out(inside: bool) -> None:
    closed: list[str] = []

    async def probe(run: Run, _: ProbeOptions) -> None:
        run.closing.callback(closed.append, "closed")
        if inside:
            async with run.phase(Phase.TCP):
                raise TypeError("a bug")
        raise TypeError("a bug")

    with pytest.raises(TypeError, match="a bug"):
        await do(probe)
    assert closed == ["closed"]


async def test_fault_of_the_wire_outside_a_phase_is_a_bug() -> None:
    async def probe(run: Run, _: ProbeOptions) -> None:
        raise ConnectionResetError(errno.ECONNRESET, "x")

    with pytest.raises(ConnectionResetError):
        await do(probe)


async def test_fact_that_does_not_exist_is_a_bug() -> None:
    async def probe(run: Run, _: ProbeOptions) -> None:
        run.note(colour="red")

    with pytest.raises(TypeError, match="colour"):
        await do(probe)


async def test_run_without_budget_makes_no_record() -> None:
    async def probe(run: Run, _: ProbeOptions) -> None:
        raise Skipped("budget")

    with pytest.raises(Skipped) as skipped:
        await do(probe)
    assert skipped.value.reason == "budget"


def waits(seconds: float) -> World:
    """A world whose rate limit makes everybody wait."""

    async def permit(_contact: str) -> None:
        await asyncio.sleep(seconds)

    return World(SystemClock(), permit)


async def test_waiting_for_the_rate_limit_is_no_part_of_the_run() -> None:
    async def probe(run: Run, _: ProbeOptions) -> None:
        async with run.phase(Phase.DNS):
            await asyncio.sleep(0.02)
        await run.permit("192.0.2.1")
        async with run.phase(Phase.TCP):
            await asyncio.sleep(0.02)

    before = SystemClock().wall()
    record = await do(probe, waits(0.5))
    dns, tcp = record.timings
    assert record.failure is None
    assert 0.04 <= record.seconds < 0.4
    assert dns.begin + dns.seconds <= tcp.begin + 1e-5
    assert tcp.begin < 0.3
    assert record.began - before >= 490_000  # where it really ends less what it took


async def test_waiting_for_the_rate_limit_moves_the_deadline() -> None:
    async def probe(run: Run, _: ProbeOptions) -> None:
        for _contact in range(2):
            await run.permit("192.0.2.1")
        await silent(run, _)

    loop = asyncio.get_running_loop()
    begin = loop.time()
    record = await do(probe, waits(0.3), timeout=0.2)
    assert outcome(record) == (Phase.TLS, Kind.TIMEOUT)
    assert 0.2 <= record.seconds < 0.5
    assert loop.time() - begin >= 0.8


async def test_a_deadline_during_a_short_look_at_the_rate_limit_is_kept() -> None:
    async def probe(run: Run, _: ProbeOptions) -> None:
        async def permit(_contact: str) -> None:
            run.disarm()  # the timer is spent:
            run.expire()  # it came just now

        run.world = replace(run.world, permit=permit)
        await run.permit("192.0.2.1")
        await silent(run, _)

    assert outcome(await do(probe, timeout=SHORT)) == (Phase.TLS, Kind.TIMEOUT)


async def test_a_stop_while_waiting_for_the_rate_limit_is_a_stop() -> None:
    async def probe(run: Run, _: ProbeOptions) -> None:
        await run.permit("192.0.2.1")

    task = asyncio.ensure_future(do(probe, waits(60)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_world_without_trust_sets_says_so() -> None:
    with pytest.raises(ValueError, match="'public'"):
        World(SystemClock()).trust("public")
    await permit_all("192.0.2.1")
    assert World(SystemClock()).owned("127.0.0.5")
    assert not World(SystemClock()).owned("192.0.2.1")


async def test_what_was_opened_is_closed_last_first() -> None:
    closed: list[int] = []

    async def probe(run: Run, _: ProbeOptions) -> None:
        for number in range(3):
            run.closing.callback(closed.append, number)

    await do(probe)
    assert closed == [2, 1, 0]


async def test_what_was_opened_is_closed_even_if_one_cannot_be() -> None:
    closed: list[int] = []

    async def probe(run: Run, _: ProbeOptions) -> None:
        run.closing.callback(closed.append, 0)
        run.closing.callback(closed.remove, 7)
        run.closing.callback(closed.append, 1)

    with pytest.raises(ValueError, match="not in list"):
        await do(probe)
    assert closed == [1, 0]


# ---- the deadline ----------------------------------------------------------------------------------------------------


async def test_deadline_is_a_timeout_of_the_phase_that_waits() -> None:
    record = await do(silent, timeout=SHORT)
    assert record.failure == Failure(Phase.TLS, Kind.TIMEOUT)
    assert record.timings[0].seconds == pytest.approx(record.seconds, abs=0.05)
    assert record.seconds >= SHORT


async def test_after_a_deadline_the_task_is_as_before() -> None:
    await do(silent, timeout=SHORT)
    assert cancelling() == 0
    await asyncio.sleep(0)
    assert (await do(silent, timeout=SHORT)).failure == Failure(Phase.TLS, Kind.TIMEOUT)


async def test_deadline_in_a_phase_within_a_phase() -> None:
    async def probe(run: Run, _: ProbeOptions) -> None:
        async with run.phase(Phase.PROXY):
            await silent(run, _)

    assert (await do(probe, timeout=SHORT)).failure == Failure(Phase.TLS, Kind.TIMEOUT)


async def test_deadline_between_two_phases_is_our_own_fault() -> None:
    """The wait for the rate limit, or a loop that stood still: no phase was tried."""

    async def probe(run: Run, _: ProbeOptions) -> None:
        async with run.phase(Phase.DNS):
            pass
        await forever()

    record = await do(probe, timeout=SHORT)
    assert outcome(record) == (Phase.DNS, Kind.LOCAL)


async def test_deadline_before_any_phase_is_our_own_fault() -> None:
    assert outcome(await do(forever, timeout=SHORT)) == (Phase.APP, Kind.LOCAL)


async def test_deadline_closes_what_the_run_opened() -> None:
    closed: list[Run] = []

    async def probe(run: Run, options: ProbeOptions) -> None:
        run.closing.callback(closed.append, run)
        await silent(run, options)

    await do(probe, timeout=SHORT)
    assert len(closed) == 1


async def test_a_step_may_wait_for_less_than_the_deadline() -> None:
    async def probe(run: Run, _: ProbeOptions) -> None:
        async with run.phase(Phase.APP), asyncio.timeout(SHORT):
            await forever()

    record = await do(probe)
    assert record.failure == Failure(Phase.APP, Kind.TIMEOUT)
    assert record.seconds < 1


async def test_a_probe_that_swallows_the_deadline_leaves_no_trace_in_the_task() -> None:
    async def probe(run: Run, _: ProbeOptions) -> None:
        try:
            await forever()
        except asyncio.CancelledError:
            run.note(status=200)

    record = await do(probe, timeout=SHORT)
    assert (record.failure, record.facts.status) == (None, 200)
    assert cancelling() == 0


# ---- cancelled from outside ------------------------------------------------------------------------------------------


async def start(probe: Probe = silent, timeout: float = 5.0) -> tuple[asyncio.Task, Run]:
    """A run under way in a task of its own, waiting in its phase."""
    runs: list[Run] = []
    waiting = asyncio.Event()

    async def shown(run: Run, options: ProbeOptions) -> None:
        runs.append(run)
        waiting.set()
        await probe(run, options)

    task = asyncio.get_running_loop().create_task(do(shown, timeout=timeout))
    await waiting.wait()
    await asyncio.sleep(0)
    return task, runs[0]


async def test_cancellation_from_outside_is_no_failure() -> None:
    task, run = await start()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert run.failure is None


@pytest.mark.parametrize("stop_first", [True, False])
@pytest.mark.parametrize("probe", [silent, forever])
async def test_cancellation_at_the_moment_of_the_deadline_stays_one(stop_first: bool, probe: Probe) -> None:
    task, run = await start(probe)
    if stop_first:
        task.cancel()
    run.expire()
    if not stop_first:
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert run.failure is None
    assert task.cancelled()


async def test_cancellation_after_the_deadline_was_taken() -> None:
    async def listens(run: Run, options: ProbeOptions) -> None:
        run.beside.append(forever())
        await silent(run, options)

    task, run = await start(listens)
    run.expire()
    for _ in range(5):
        await asyncio.sleep(0)
    assert run.failure == Failure(Phase.TLS, Kind.TIMEOUT)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_callers_timeout_goes_out_to_the_caller() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SHORT):
            await do(silent)
    assert cancelling() == 0


async def test_a_callers_longer_timeout_is_not_touched() -> None:
    async with asyncio.timeout(5) as limit:
        record = await do(silent, timeout=SHORT)
    assert record.failure == Failure(Phase.TLS, Kind.TIMEOUT)
    assert not limit.expired()


async def test_a_callers_timeout_at_the_same_moment_is_the_callers() -> None:
    async def both(run: Run, options: ProbeOptions) -> None:
        limit.reschedule(0)  # due now
        asyncio.get_running_loop().call_soon(run.expire)
        await silent(run, options)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5) as limit:
            await do(both)
    assert cancelling() == 0


async def test_a_run_inside_a_task_that_is_being_cancelled_still_has_its_deadline() -> None:
    """Someone who caught a cancellation and measures once more before going."""
    records = []

    async def last_words() -> None:
        try:
            await forever()
        finally:
            records.append(await do(silent, timeout=SHORT))

    task = asyncio.get_running_loop().create_task(last_words())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert records[0].failure == Failure(Phase.TLS, Kind.TIMEOUT)


# ---- what listens beside the phases ----------------------------------------------------------------------------------


async def test_record_closes_when_the_listener_is_done() -> None:
    async def listener(run: Run) -> None:
        await asyncio.sleep(0.05)
        run.note(extra={"late": "answer"})

    async def probe(run: Run, _: ProbeOptions) -> None:
        run.beside.append(listener(run))

    record = await do(probe, timeout=0.02)
    assert record.facts.extra == {"late": "answer"}
    assert record.seconds < 0.04, "the probe's own time"
    assert record.failure is None, "the deadline bounds the probe, not who listens on"


async def test_listeners_are_dropped_when_there_is_no_record() -> None:
    future = asyncio.get_running_loop().create_future()
    coroutine = forever()

    async def probe(run: Run, _: ProbeOptions) -> None:
        run.beside += [future, coroutine]
        raise TypeError("a bug")

    with pytest.raises(TypeError):
        await do(probe)
    assert future.cancelled()
    with pytest.raises(RuntimeError, match="cannot reuse"):
        await coroutine


# ---- the clock -------------------------------------------------------------------------------------------------------


class Hands:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = 1_770_000_000_000_000
        self.span = 100.0

    def wall(self) -> int:
        return self.now

    def monotonic(self) -> float:
        return self.span

    def pass_time(self, seconds: float, step: float = 0.0) -> None:
        self.span += seconds
        self.now += round((seconds + step) * 1e6)


async def stepping(step: float, *, failing: bool = False) -> Record:
    """A run of two seconds in which the wall clock steps."""
    clock = Hands()

    async def probe(run: Run, _: ProbeOptions) -> None:
        async with run.phase(Phase.TCP):
            clock.pass_time(2.0, step)
            if failing:
                raise EOFError

    return await do(probe, World(clock))


@pytest.mark.parametrize("failing", [True, False])
@pytest.mark.parametrize("step", [3600.0, -3600.0, 1.5, -1.5])
async def test_step_of_the_clock_within_a_run_is_our_own_fault(step: float, failing: bool) -> None:
    record = await stepping(step, failing=failing)
    assert outcome(record) == (Phase.TCP, Kind.LOCAL)
    assert f"{step:+.1f} s" in detail(record)
    assert record.seconds == pytest.approx(2.0), "spans are monotonic"


@pytest.mark.parametrize("step", [0.0, 0.9, -0.9])
async def test_small_corrections_of_the_clock_are_none(step: float) -> None:
    assert (await stepping(step)).failure is None
