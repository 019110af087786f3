"""The follower behind every alert: turns event rows into messages, sends them in order, and gives none up early."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from daemon.alerts.answers import Verdict, judge, said
from daemon.alerts.messages import Message
from daemon.alerts.outbox import Outbox, load
from daemon.follower import Taken
from daemon.rows import Delivery, Row
from daemon.sinks.answers import Answer
from daemon.sinks.pace import Pace
from probes.clock import Clock

PREFIX = "alert/"
GIVE_UP = 10
"""Refusals (4xx, a redirect) after which a message is given up: about five minutes, and the next one is tried."""
FIRST, LONGEST = 1.0, 60.0
"""Seconds between two tries, the first time and at most."""

Send = Callable[[Message], Awaitable[Answer]]
"""Sends once and gives the answer; status 0 if none came. Raises nothing but CancelledError."""


@dataclass(slots=True)
class Figures:
    """What was done since the start."""

    sent: int = 0
    requests: int = 0
    failed: int = 0
    given_up: int = 0
    seconds: float = 0.0
    """Of the last request."""


class Channel:
    """One alert. A message is durable before it is sent, and goes in the transaction that says what became of it."""

    batch = 5_000

    def __init__(self, channel: str, send: Send, clock: Clock, jitter: Callable[[], float]) -> None:
        """`channel` is the name in `[alerts.NAME]`."""
        self.name = PREFIX + channel
        self.channel = channel
        self.send = send
        self.clock = clock
        self.pace = Pace(FIRST, LONGEST, jitter)
        self.figures = Figures()
        self.outbox = Outbox(channel)
        self.due = clock.monotonic()
        """When the receiver is tried again."""
        self.holding = ""
        self.alarm = False

    def measured(self) -> dict[str, float]:
        """See daemon.outlets.Sink."""
        figures, name = self.figures, f"alert_{self.channel.replace('-', '_')}"
        return {
            f"{name}_sent_messages": figures.sent,
            f"{name}_requests": figures.requests,
            f"{name}_failed_requests": figures.failed,
            f"{name}_given_up_messages": figures.given_up,
            f"{name}_waiting_messages": len(self.outbox.waiting),
            f"{name}_request_seconds": figures.seconds,
        }

    async def resume(self, saved: Mapping[str, bytes]) -> None:
        """Take up what waits to be sent."""
        self.outbox = load(self.channel, saved)

    async def take(self, rows: list[Row]) -> Taken:
        """Send the first of what was durable before, then take note of these rows, whatever the receiver does."""
        outcomes: list[Delivery] = []
        # One message between two commits: after a crash only that one may be told again.
        changed = self.outbox.collapse(self.clock.wall())
        if self.outbox.waiting and not changed and self.clock.monotonic() >= self.due:
            outcomes = await self._try(self.outbox.waiting[0])
        for row in rows:
            self.outbox.absorb(row)
        return Taken(
            rows=tuple(outcomes),
            saved=self.outbox.changes(),
            holding=self.holding,
            alarm=self.alarm,
            again=max(0.0, self.due - self.clock.monotonic()) if self.outbox.waiting else None,
        )

    async def _try(self, message: Message) -> list[Delivery]:
        """Send once; returns what became of the message if that is settled."""
        began = self.clock.monotonic()
        answer = await self.send(message)
        self.figures.seconds = self.clock.monotonic() - began
        self.figures.requests += 1
        verdict = judge(answer)
        if verdict is Verdict.DELIVERED:
            return self._delivered(message, answer)
        self.figures.failed += 1
        self.due = self.clock.monotonic() + self.pace.delay(answer.retry_after)
        self.holding, self.alarm = _why(verdict, answer), verdict is Verdict.REFUSED
        tried = self.outbox.failed(message, refused=self.alarm)
        if tried.refusals >= GIVE_UP:
            self.figures.given_up += 1
            self.outbox.done(tried)
            return self._outcomes(tried, tried.attempts, "given_up", answer)
        return []

    def _delivered(self, message: Message, answer: Answer) -> list[Delivery]:
        self.figures.sent += 1
        self.pace.recover()
        self.holding, self.alarm = "", False
        self.outbox.done(message)
        return self._outcomes(message, message.attempts + 1, "delivered", answer)

    def _outcomes(self, message: Message, attempts: int, outcome: str, answer: Answer) -> list[Delivery]:
        """A row for each transition that the message told."""
        detail = "" if outcome == "delivered" else said(answer)
        settled = (self.channel, attempts, outcome, answer.status, detail)
        return [Delivery(message.id, part.event, part.revision, part.transition, *settled) for part in message.parts]


def _why(verdict: Verdict, answer: Answer) -> str:
    what = "refuses the message" if verdict is Verdict.REFUSED else "takes nothing now"
    return f"the receiver {what}: {said(answer)}"
