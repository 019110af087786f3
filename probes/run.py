"""One run of a probe: its deadline, its phases, what it saw, and the record it becomes."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Protocol, Self

from probes.clock import Clock
from probes.failure import classify, facts_of
from probes.plugin import Plugin, ProbeOptions, Vantage
from probes.record import Facts, Failure, Kind, Phase, Purpose, Record, Series, Timing

WAIT = 0.001
"""Seconds; a longer wait for the rate limit moves the run's begin and deadline."""
CLOCK_STEP = 1.0
"""Seconds by which the wall clock may part from the monotonic one within a run; beyond, the run has no known time."""


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


class Trust(Protocol):
    """Gives the one SSL context of a trust set (`public`, `observe`, a file) and the protocols to offer (ALPN)."""

    def __call__(self, name: str, alpn: tuple[str, ...] = ()) -> ssl.SSLContext:
        """Raises ValueError for a set that does not exist or cannot be read."""
        ...


async def permit_all(_address: str) -> None:
    """No limit: for tests and for addresses that the operator owns."""


def trust_nobody(name: str, alpn: tuple[str, ...] = ()) -> ssl.SSLContext:  # noqa: ARG001  the signature of Trust
    """No trust sets: for worlds without TLS."""
    raise ValueError(f"trust set {name!r}: this world has none")


@dataclass(frozen=True, slots=True)
class Instead:
    """What one run does otherwise than its options say, so that it differs from another in one thing only."""

    address: str | None = None
    """Connect here; nobody is asked for the name."""
    port: int | None = None
    name: str | None = None
    """The name that is shown in the hello, and that a certificate is held against."""
    resolver: str | None = None


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
    """The vantage's resolver: `system`, an address, or a URL such as `tcp://address`."""
    purpose: Purpose = Purpose.SLOT
    of: str | None = None
    attempt: int = 1
    agent: str = ""
    config: str = ""
    version: str = ""
    lag: float | None = None
    """Seconds by which the event loop was late when this run was started; measured by who starts it."""
    instead: Instead = Instead()
    """Honoured by the steps that resolve, connect and shake hands."""


@dataclass(frozen=True, slots=True)
class World:
    """What surrounds every run of a process: clock, rate limit, the operator's own addresses, trust sets."""

    clock: Clock
    permit: Permit = permit_all
    owned: Callable[[str], bool] = lambda address: ip_address(address).is_loopback
    """True for addresses under `[[limits]]`: an answer with one is no bogon."""
    trust: Trust = trust_nobody


class Closing:
    """What a run has to close, last first. contextlib.ExitStack does the same for ten times the price."""

    __slots__ = ("calls",)

    def __init__(self) -> None:
        """Nothing yet."""
        self.calls: list[tuple[Callable[..., object], tuple[Any, ...]]] = []

    def callback(self, call: Callable[..., object], *arguments: Any) -> None:  # noqa: ANN401  as the call has it
        """Call this at the end of the run."""
        self.calls.append((call, arguments))

    def close(self) -> None:
        """Make the calls; each is made, even if another fails."""
        try:
            while self.calls:
                call, arguments = self.calls.pop()
                call(*arguments)
        finally:
            if self.calls:
                self.close()


class Run:
    """The state of one run: probes call `phase` and `note`, steps keep sockets in `closing`."""

    __slots__ = (
        "asking",
        "attempt",
        "begin",
        "beside",
        "cancelled_before",
        "closing",
        "expired",
        "failure",
        "seen",
        "task",
        "timer",
        "timings",
        "vantage",
        "waited",
        "world",
    )

    def __init__(self, attempt: Attempt, vantage: Vantage, world: World) -> None:
        """Start the run's clock now."""
        self.attempt = attempt
        self.vantage = vantage
        self.world = world
        self.begin = world.clock.monotonic()
        self.asking = False
        self.waited = 0.0
        self.closing = Closing()
        self.beside: list[Awaitable[None]] = []
        self.expired = False
        self.failure: Failure | None = None
        self.seen: dict[str, Any] = {}
        self.task: asyncio.Task[Any] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.cancelled_before = 0
        self.timings: list[Timing] = []

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self.world.clock.monotonic() - self.begin

    def note(self, **facts: Any) -> None:  # noqa: ANN401  the fields of Facts, checked when the record is made
        """Keep facts for the record; a later one of the same name replaces, in `extra` by key."""
        extra = facts.pop("extra", None)
        if extra:
            self.seen["extra"] = {**self.seen.get("extra", {}), **extra}
        self.seen.update(facts)

    async def permit(self, contact: str) -> None:
        """Ask the rate limit before a contact; the time that it takes is no part of the run. Raises Skipped."""
        asked = self.world.clock.monotonic()
        self.asking = True
        await self.world.permit(contact)
        self.asking = False
        waited = self.world.clock.monotonic() - asked
        if waited > WAIT or self.timer is None:
            self.begin += waited
            self.waited += waited
            self.arm()

    def phase(self, phase: Phase) -> "PhaseScope":
        """Time a phase, bound it by the deadline, classify its failure and stop the run."""
        return PhaseScope(self, phase)

    def arm(self) -> None:
        """Set the deadline: a run lasts `attempt.timeout` seconds of its own time."""
        self.disarm()
        if self.task is not None:
            left = self.attempt.timeout - self.elapsed()
            self.timer = self.task.get_loop().call_later(max(0.0, left), self.expire)

    def disarm(self) -> None:
        """No deadline any more."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def expire(self) -> None:
        """The deadline has come: break off whatever the run waits for, but for the rate limit, which sets it anew."""
        self.timer = None
        if self.asking:
            return
        self.expired = True
        if self.task is not None:
            self.task.cancel()

    def take_deadline(self) -> bool:
        """True if a cancellation just caught is the deadline's alone: then it is taken back, once."""
        if not self.expired or self.task is None:
            return False
        # As asyncio.timeout does: someone who cancelled us at the same moment is counted too, and goes first.
        self.expired = False
        return self.task.uncancel() <= self.cancelled_before


class PhaseScope:
    """`async with run.phase(Phase.TLS):` see Run.phase."""

    __slots__ = ("begin", "ours", "phase", "run")

    def __init__(self, run: Run, phase: Phase) -> None:
        """A phase of that run, not begun."""
        self.run = run
        self.phase = phase
        self.begin = 0.0
        self.ours = ""
        """While not empty, what fails is a fault of our own side, of the thing that is named here: a proxy."""

    async def __aenter__(self) -> Self:
        """Begin the phase."""
        self.begin = self.run.elapsed()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """End the phase: faults of the wire and our own deadline become failures; anything else is a bug or a stop."""
        run = self.run
        # Whole microseconds: what the journal keeps, so that a record is the same in memory and on disk.
        run.timings.append(Timing(self.phase, round(self.begin, 6), round(run.elapsed() - self.begin, 6)))
        if fault is None or run.failure is not None:
            return False
        if isinstance(fault, OSError | EOFError):
            self._fail(*classify(fault), facts_of(fault))
            raise Stopped from fault
        if isinstance(fault, asyncio.CancelledError) and run.take_deadline():
            self._fail(Kind.TIMEOUT, "", {})
            raise Stopped from None
        return False

    def _fail(self, kind: Kind, detail: str, facts: dict[str, Any]) -> None:
        """Keep how it failed; facts of what is ours would be read as the target's."""
        if self.ours:
            said = detail if kind is Kind.LOCAL else f"{kind} {detail}".rstrip()
            self.run.failure = Failure(self.phase, Kind.LOCAL, f"{self.ours}: {said}")
        else:
            self.run.failure = Failure(self.phase, kind, detail)
            self.run.note(**facts)


async def perform(probe: Plugin, attempt: Attempt, vantage: Vantage, world: World) -> Record:
    """Measure once and return the record. Raises Skipped, CancelledError (a stop), or the bug of a probe."""
    began = world.clock.wall()
    run = Run(attempt, vantage, world)
    try:
        await _probe(probe, run)
        seconds = run.elapsed()
        while run.beside:
            await run.beside.pop(0)
    finally:
        _abandon(run.beside)
        run.closing.close()
    return _record(run, began + round(run.waited * 1e6), seconds)


async def _probe(probe: Plugin, run: Run) -> None:
    """Call the probe, bounded by the deadline."""
    run.task = task = asyncio.current_task()
    assert task is not None  # noqa: S101  we are in a coroutine that runs
    run.cancelled_before = task.cancelling()
    run.arm()
    try:
        await probe.function(run, run.attempt.options)
    except Stopped:
        pass
    except asyncio.CancelledError:
        if not run.take_deadline():
            raise
        run.failure = Failure(_last_phase(run), Kind.LOCAL, "the deadline passed between two phases")
    finally:
        run.disarm()
        run.take_deadline()  # of a probe that swallowed the cancellation: nobody else is to find it


def _last_phase(run: Run) -> Phase:
    return run.timings[-1].phase if run.timings else Phase.APP


def _abandon(beside: list[Awaitable[None]]) -> None:
    """Drop what nobody will await any more, so that it neither warns nor runs on."""
    for listener in beside:
        if isinstance(listener, Coroutine):
            listener.close()
        elif isinstance(listener, asyncio.Future):
            listener.cancel()


def _step(run: Run, began: int) -> float:
    """Seconds by which the wall clock left the monotonic one since the run began: a step, or a suspended machine."""
    return (run.world.clock.wall() - began) / 1e6 - run.elapsed()


def _record(run: Run, began: int, seconds: float) -> Record:
    """Freeze the run."""
    attempt = run.attempt
    step = _step(run, began)
    if abs(step) > CLOCK_STEP:
        run.failure = Failure(_last_phase(run), Kind.LOCAL, f"the clock stepped by {step:+.1f} s during the run")
    return Record(
        series=attempt.series,
        due=began if attempt.purpose is Purpose.MANUAL else attempt.due,
        began=began,
        seconds=round(seconds, 6),
        timings=tuple(run.timings),
        failure=run.failure,
        facts=Facts(loop_lag=attempt.lag, **run.seen),
        purpose=attempt.purpose,
        of=attempt.of,
        attempt=attempt.attempt,
        agent=attempt.agent,
        config=attempt.config,
        version=attempt.version,
    )
