"""One question over UDP: the first reply is used as a stub would, and for half a second every later one is kept."""

import asyncio
import secrets
import socket
from collections import Counter

from probes.failure import own
from probes.plugin import Way
from probes.record import Answer
from probes.run import Run
from probes.steps import wire
from probes.steps.datagram import LARGEST, arrival, fault_of, open_datagram, open_way
from probes.steps.icmp import last_message
from probes.steps.resolver import Resolver

RETRY = 2.0
"""Seconds without a reply after which the question is sent once more, as stubs do."""
LISTEN = 0.5
"""Seconds for which a second answer is waited for: a forged one comes first, the true one a path later."""
KEPT = 8
"""Replies of one question that are kept; a flood is counted."""


async def ask_udp(run: Run, resolver: Resolver, query: bytes) -> Answer:
    """Ask within the DNS phase and return the first reply; what comes later is noted beside the later phases."""
    way = await open_way(run, resolver.address, resolver.port)
    exchange = Exchange(run, open_datagram(run, way), way, wire.with_id(query, secrets.randbits(16)))
    run.closing.callback(exchange.close)
    exchange.begin()
    outcome = await exchange.first
    if isinstance(outcome, OSError):
        raise outcome
    return outcome


class Exchange:
    """A question under way and what answers it. Costs one reader and one timer, no task."""

    __slots__ = (
        "done",
        "first",
        "foreign",
        "loop",
        "more",
        "open",
        "query",
        "run",
        "sent",
        "sent_at",
        "sock",
        "timer",
        "used",
        "way",
    )

    def __init__(self, run: Run, sock: socket.socket, way: Way, query: bytes) -> None:
        """An exchange over a connected socket, not begun; `query` has its id."""
        self.run = run
        self.sock = sock
        self.way = way
        self.query = query
        self.loop = asyncio.get_running_loop()
        self.first: asyncio.Future[Answer | OSError] = self.loop.create_future()
        self.done: asyncio.Future[None] = self.loop.create_future()
        self.foreign: Counter[str] = Counter()
        self.more = 0
        self.sent = 0
        self.sent_at = 0.0
        self.open = True
        self.used: Answer | None = None
        self.timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Send the question and watch for replies."""
        self.loop.add_reader(self.sock, self.receive)
        self.sent_at = self.run.elapsed()
        try:
            self.send()
        except OSError as error:
            raise own(error) from error
        self.timer = self.loop.call_later(RETRY, self.again)

    def send(self) -> None:
        """Send the question."""
        self.sent += 1
        self.sock.send(self.way.wrap(self.query))

    def again(self) -> None:
        """Nothing came: ask once more, under the same id from the same port, as glibc does."""
        try:
            self.send()
        except OSError as error:
            self.fail(error)

    def receive(self) -> None:
        """Take one datagram, or the ICMP message that came instead."""
        try:
            data, ancillary, _flags, _peer = self.sock.recvmsg(LARGEST, 64)
        except BlockingIOError:
            last_message(self.sock)
        except OSError as error:
            self.fail(error)
        else:
            inside = self.way.unwrap(data)
            if inside is not None:
                self.take(inside, arrival(self.run, ancillary, self.sent_at))

    def take(self, data: bytes, arrival: float) -> None:
        """Keep a reply; the first one ends the phase and starts the wait for others."""
        reason = wire.foreign(self.query, data)
        if reason is not None:
            self.foreign[reason] += 1
            return
        answer = wire.read(data, arrival, "udp")
        kept = self.run.seen.get("answers", ())
        if len(kept) < KEPT:
            self.run.note(answers=(*kept, answer))
        else:
            self.more += 1
        if self.used is not None:
            self.compare(self.used, answer)
        if not self.first.done():
            self.used = answer
            self.first.set_result(answer)
            self.listen()

    def compare(self, used: Answer, later: Answer) -> None:
        """Note how long after the first reply the second came, and whether any later one says something else."""
        if "dns_second_after_ms" not in self.run.seen.get("extra", {}):
            self.run.note(extra={"dns_second_after_ms": f"{(later.arrival - used.arrival) * 1000:.3f}"})
        if wire.contradict(used, later):
            self.run.note(extra={"dns_conflict": "yes"})

    def listen(self) -> None:
        """Keep the socket for late answers; the record waits for that."""
        if self.timer is not None:
            self.timer.cancel()
        self.timer = self.loop.call_later(LISTEN, self.close)
        self.run.beside.append(self.done)

    def fail(self, error: OSError) -> None:
        """An error before any reply is the outcome; one after it is not ours to judge."""
        cause = fault_of(self.sock, error, self.way)
        if not self.first.done():
            self.first.set_result(cause)

    def close(self) -> None:
        """End it, whatever its state; harmless when it has ended."""
        if not self.open:
            return
        self.open = False
        self.loop.remove_reader(self.sock)
        self.sock.close()
        if self.timer is not None:
            self.timer.cancel()
        if not self.done.done():
            self.done.set_result(None)
        self.note_counts()

    def note_counts(self) -> None:
        """Note what was out of the ordinary: a repeated question, replies that were none, a flood."""
        words = {f"dns_{reason}": str(count) for reason, count in self.foreign.items()}
        if self.sent > 1:
            words["dns_questions"] = str(self.sent)
        if self.more:
            words["dns_more_answers"] = str(self.more)
        if words:
            self.run.note(extra=words)
