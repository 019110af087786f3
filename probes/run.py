"""One run of a probe: its deadline, its phases, what it saw, and the record it becomes."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import TracebackType
from typing import Any

from probes.clock import Clock
from probes.failure import classify, facts_of
from probes.plugin import Plugin, ProbeOptions, Vantage
from probes.record import Facts, Failure, Kind, Phase, Purpose, Record, Series, Timing


class Stopped(Exception):  # noqa: N818  the run stopped; the failure is on the run
    """Ends a run after a phase failed; the run holds the failure."""


class Skipped(Exception):  # noqa: N818  no fault of anything
    """Ends a run that must not be made now (no budget): no record, a gap row with the reason."""

    def __init__(self, reason: str) -> None:
        """`reason` is the word for the gap row."""
        super().__init__(reason)
        self.reason = reason


Permit = Callable[[str], Awaitable[None]]
"""Called with an address before a connection to it; waits for the rate limit or raises Skipped."""


async def permit_all(_address: str) -> None:
    """No limit: for tests and for addresses that the operator owns."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """All that one run needs to be told; `due` in microseconds, `timeout` in seconds."""

    series: Series
    options: ProbeOptions
    due: int
    slot: int = 0
    """The number of the slot: it chooses the address where a name has several."""
    timeout: float = 10.0
    resolver: str = "system"
    """The vantage's resolver: `system`, an address, or `tcp://address`."""
    purpose: Purpose = Purpose.SLOT
    of: str | None = None
    attempt: int = 1
    agent: str = ""
    config: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """What surrounds every run of a process: the clock, the rate limit, the operator's own addresses."""

    clock: Clock
    permit: Permit = permit_all
    owned: Callable[[str], bool] = lambda address: ip_address(address).is_loopback
    """True for addresses under `[[limits]]`: an answer with one is no bogon."""
    trust: Callable[[str], Any] | None = None


class Run:
    """The state of one run: probes call `phase` and `note`, steps keep sockets in `closing`."""

    __slots__ = ("attempt", "beside", "begin", "closing", "deadline", "expired", "failure", "seen", "task", "timings", "vantage", "world")

    def __init__(self, attempt: Attempt, vantage: Vantage, world: World) -> None:
        """Start the run's clock now; the deadline is `attempt.timeout` seconds away."""
        self.attempt = attempt
        self.vantage = vantage
        self.world = world
        self.begin = world.clock.monotonic()
        self.deadline = self.begin + attempt.timeout
        self.closing = ExitStack()
        self.beside: list[Awaitable[None]] = []
        self.expired = False
        self.failure: Failure | None = None
        self.seen: dict[str, Any] = {}
        self.task: asyncio.Task[Any] | None = None
        self.timings: list[Timing] = []

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self.world.clock.monotonic() - self.begin

    def note(self, **facts: Any) -> None:  # noqa: ANN401  the fields of Facts, checked when the record is made
        """Keep facts for the record; a later one of the same name replaces."""
        self.seen.update(facts)

    def phase(self, phase: Phase) -> "PhaseScope":
        """Time a phase, bound it by the deadline, classify its failure and stop the run."""
        return PhaseScope(self, phase)

    def expire(self) -> None:
        """The deadline has come: break off whatever the run waits for."""
        self.expired = True
        if self.task is not None:
            self.task.cancel()


class PhaseScope:
    """`async with run.phase(Phase.TLS):` see Run.phase."""

    __slots__ = ("begin", "phase", "run")

    def __init__(self, run: Run, phase: Phase) -> None:
        """A phase of that run, not begun."""
        self.run = run
        self.phase = phase
        self.begin = 0.0

    async def __aenter__(self) -> None:
        """Begin the phase."""
        self.begin = self.run.elapsed()

    async def __aexit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None) -> bool:
        """End the phase: only faults of the wire and our own deadline become failures; anything else is a bug or a stop."""
        run = self.run
        run.timings.append(Timing(self.phase, self.begin, run.elapsed() - self.begin))
        if fault is None or run.failure is not None:
            return False
        if isinstance(fault, asyncio.CancelledError) and run.expired and run.task is not None:
            run.task.uncancel()
            run.failure = Failure(self.phase, Kind.TIMEOUT)
            raise Stopped from None
        if not isinstance(fault, OSError | EOFError | TimeoutError):
            return False
        kind_, detail = classify(fault)
        run.failure = Failure(self.phase, kind_, detail)
        run.seen.update(facts_of(fault))
        raise Stopped from fault


async def perform(probe: Plugin, attempt: Attempt, vantage: Vantage, world: World) -> Record:
    """Measure once and return the record. Raises Skipped, CancelledError (a stop), or the bug of a probe."""
    loop = asyncio.get_running_loop()
    began = world.clock.wall()
    run = Run(attempt, vantage, world)
    run.task = asyncio.current_task()
    timer = loop.call_later(attempt.timeout, run.expire)
    try:
        seconds = await _measure(probe, run)
    finally:
        timer.cancel()
        run.closing.close()
    return _record(run, began, seconds)


async def _measure(probe: Plugin, run: Run) -> float:
    """Run the probe and what listens beside it; seconds are those of the probe alone."""
    try:
        await probe.function(run, run.attempt.options)
    except Stopped:
        pass
    except asyncio.CancelledError:
        if not run.expired or run.task is None:
            raise
        run.task.uncancel()
        run.failure = Failure(Phase.APP, Kind.LOCAL, "the deadline passed between two phases")
    seconds = run.elapsed()
    for listener in run.beside:
        await listener
    return seconds


def _record(run: Run, began: int, seconds: float) -> Record:
    """Freeze the run."""
    attempt = run.attempt
    due = began if attempt.purpose is Purpose.MANUAL else attempt.due
    return Record(
        series=attempt.series,
        due=due,
        began=began,
        seconds=seconds,
        timings=tuple(run.timings),
        failure=run.failure,
        facts=Facts(**run.seen),
        purpose=attempt.purpose,
        of=attempt.of,
        attempt=attempt.attempt,
        agent=attempt.agent,
        config=attempt.config,
        version=attempt.version,
    )
