"""Getting lines into a store: what to do after each answer, until every good line is stored and every bad one named."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from daemon.follower import Hold
from daemon.sinks.answers import Answer, Verdict, all_dropped, is_too_old, judge, oldest_kept, reason
from daemon.sinks.bisect import Bad, Budget, Work
from daemon.sinks.pace import Pace
from daemon.sinks.parcel import LINES
from daemon.sinks.protocol import Line
from probes.clock import Clock

PROBE = 100
"""Lines of the first request after trouble: one small batch shows whether the store takes anything."""
GROW_AFTER = 20
"""Requests that must go well before a batch that was too large may double again."""

Post = Callable[[list[Line]], Awaitable[Answer]]
"""Sends lines once and gives the answer; status 0 if none came. Raises nothing but CancelledError."""


@dataclass(slots=True)
class Figures:
    """What was done since the start, for the daemon's own figures; `quarantined` and `clipped` since ever."""

    points: int = 0
    requests: int = 0
    refusals: int = 0
    """Requests that were not answered with success."""
    quarantined: int = 0
    clipped: int = 0
    """Points older than the bucket's retention, not sent."""
    seconds: float = 0.0
    """Of the last request."""

    def named(self, sink: str) -> dict[str, float]:
        """As figures of daemon_health: each name begins with the sink's and ends in its unit."""
        return {
            f"{sink}_points": self.points,
            f"{sink}_requests": self.requests,
            f"{sink}_refused_requests": self.refusals,
            f"{sink}_quarantined_points": self.quarantined,
            f"{sink}_clipped_points": self.clipped,
            f"{sink}_request_seconds": self.seconds,
        }


@dataclass(slots=True)
class Delivery:
    """One destination: its pace, its limits, and what is known of its retention. One request is in flight at a time."""

    post: Post
    clock: Clock
    busy: Pace
    refused: Pace
    figures: Figures = field(default_factory=Figures)
    budget: Budget = field(default_factory=Budget)
    limit: int = LINES
    """Lines a request may have."""
    went_well: int = 0
    retention: int | None = None
    """Nanoseconds that the bucket keeps, None for ever or unknown."""

    async def deliver(self, work: Work) -> None:
        """Send all parts. Raises Hold where the store takes nothing now; the work then keeps what is left."""
        while work.parts:
            work.parts[-1] = self._clip(work.parts[-1])
            work.cut(PROBE if self.busy.failures else self.limit)
            if not work.parts[-1]:
                work.parts.pop()
                continue
            self._afford(work)
            await self._step(work)

    async def _step(self, work: Work) -> None:
        """Send the next part once and act on the answer."""
        part = work.parts[-1]
        answer = await self._send(part)
        match judge(answer):
            case Verdict.STORED:
                work.parts.pop()
                self._stored(len(part))
            case Verdict.TOO_LARGE if len(part) > 1:
                self.limit, self.went_well = max(1, len(part) // 2), 0
                work.cut(self.limit)
            case Verdict.TOO_LARGE | Verdict.BAD:
                if not work.searching:
                    self._spend()
                await self._closer(work, answer)
            case verdict:
                raise self._hold(verdict, answer)

    async def _send(self, part: list[Line]) -> Answer:
        """One request, counted and timed."""
        began = self.clock.monotonic()
        answer = await self.post(part)
        self.figures.seconds = self.clock.monotonic() - began
        self.figures.requests += 1
        self.figures.refusals += judge(answer) is not Verdict.STORED
        return answer

    def _stored(self, lines: int) -> None:
        """The store works; a limit that it once set is tried again after a while."""
        self.busy.recover()
        self.refused.recover()
        self.figures.points += lines
        self.went_well += 1
        if self.went_well >= GROW_AFTER and self.limit < LINES:
            self.limit, self.went_well = min(LINES, self.limit * 2), 0

    async def _closer(self, work: Work, answer: Answer) -> None:
        """Lines were refused: too old ones go; a single one, or all if the server says so, is bad; else look closer."""
        part = work.parts[-1]
        if is_too_old(answer) and self._learn(answer, part):
            return
        if len(part) > 1 and not all_dropped(answer, len(part)):
            work.search()
            return
        if is_too_old(answer):
            self.figures.clipped += len(part)
        else:
            await self._prove()
            work.bad += [Bad(line, answer) for line in part]
        work.parts.pop()

    def _learn(self, answer: Answer, part: list[Line]) -> bool:
        """Take the retention from the server's words; True if that makes some of these lines too old."""
        now = self.clock.wall() * 1000
        oldest = oldest_kept(answer, now)
        if oldest is None or all(line.time >= oldest for line in part):
            return False
        self.retention = now - oldest
        return True

    def _clip(self, part: list[Line]) -> list[Line]:
        """Leave out what the bucket would drop, and count it."""
        if self.retention is None:
            return part
        oldest = self.clock.wall() * 1000 - self.retention
        kept = [line for line in part if line.time >= oldest]
        self.figures.clipped += len(part) - len(kept)
        return kept

    async def _prove(self) -> None:
        """Before a line is condemned a plain point must be accepted: else the server or its gatekeeper is at fault."""
        self._spend()
        moment = self.clock.wall() // 60_000_000 * 60_000_000_000
        answer = await self._send([Line(0, moment, b"sink_check ok=1i %d" % moment)])
        verdict = judge(answer)
        if verdict is Verdict.BUSY:
            raise self._hold(verdict, answer)
        if verdict is not Verdict.STORED:
            raise self._hold(Verdict.REFUSED, answer)

    def _afford(self, work: Work) -> None:
        """A search has a budget of requests a minute; what it found so far is kept while it waits."""
        if not work.searching:
            return
        wait = self.budget.wait(self.clock.monotonic())
        if wait > 0:
            raise Hold(wait, f"looks for the lines that the store refuses, {self.budget.limit} requests a minute")
        self._spend()

    def _spend(self) -> None:
        self.budget.spend(self.clock.monotonic())

    def _hold(self, verdict: Verdict, answer: Answer) -> Hold:
        """How long to wait, and why."""
        if verdict is Verdict.BUSY:
            return Hold(self.busy.delay(answer.retry_after), f"the store does not take points now: {reason(answer)}")
        what = "refuses us" if verdict is Verdict.REFUSED else "did not answer, something else did"
        return Hold(self.refused.delay(), f"the store {what}: {reason(answer)}", alarm=True)
