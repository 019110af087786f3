"""What happens again and again beside the measuring: heartbeats, health, clock, limits, families, retention."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce
from operator import or_

from daemon import heartbeat
from daemon.heartbeat import Figures
from daemon.journal.retention import Retention
from daemon.parts import Daemon
from daemon.reload import look_at_families
from daemon.rows import Heartbeat

FAMILIES_EVERY = 600.0
"""Seconds after which the vantages are asked again which families they have."""
SLACK = 0.5
"""Seconds by which a heartbeat may be early: a look comes each second, not quite on the second."""
RETAIN_MORE, RETAIN_AGAIN = 0.5, 60.0
"""Seconds until the next small step of deleting: while there is more, and when all is done."""


def start_loops(daemon: Daemon) -> None:
    """What happens again and again beside the measuring."""
    rows = daemon.journal.append
    loops: dict[str, tuple[float, Callable[[], object]]] = {
        "clock": (1.0, partial(_look_at_clock, daemon)),
        "heartbeat": (1.0, Beats(daemon, daemon.began).look),
        "health": (heartbeat.EVERY, lambda: rows([heartbeat.health(figures(daemon))])),
        "limits": (60.0, lambda: daemon.limiter.forget(asyncio.get_running_loop().time())),
        "families": (FAMILIES_EVERY, lambda: look_at_families(daemon)),
    }
    for name, (seconds, action) in loops.items():
        daemon.tasks[name] = daemon.group.create_task(_each(seconds, action))
    daemon.tasks["retention"] = daemon.group.create_task(_retain(daemon))


@dataclass(slots=True)
class Beats:
    """The last heartbeat; looked at each second, for a reload may have made the shortest interval shorter."""

    daemon: Daemon
    last: float
    """Monotonic seconds."""

    def look(self) -> None:
        """Write a heartbeat of each vantage if it is time."""
        now = self.daemon.clock.monotonic()
        every = heartbeat.interval(item.every for item in self.daemon.now.plan.assignments)
        if now - self.last > every - SLACK:
            self.last = now
            self.daemon.journal.append(signs_of_life(self.daemon))


def signs_of_life(daemon: Daemon) -> list[Heartbeat]:
    """The heartbeats of all vantages."""
    sides = {service.name: service.side for service in daemon.now.document.services}
    seen = daemon.runner.confirmation
    return heartbeat.heartbeats(daemon.now.families, sides, seen.last, seen.unmeasured)


def figures(daemon: Daemon) -> Figures:
    """What the daemon knows of itself."""
    behind = {name: (daemon.journal.last - it.cursor, it.failures) for name, it in daemon.standings.items()}
    return Figures(
        counts=daemon.runner.counts,
        running=len(daemon.runner.running),
        lag=daemon.lag,
        followers=behind,
        journal=daemon.journal.path,
        uptime=daemon.clock.monotonic() - daemon.began,
        measured=reduce(or_, (dict(counted()) for counted in daemon.measured.values()), daemon.journal.figures),
    )


async def _each(seconds: float, action: Callable[[], object]) -> None:
    """Do something on a monotonic grid; what was missed is not made up for."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    while True:
        due = max(due + seconds, loop.time())
        await asyncio.sleep(due - loop.time())
        action()


def _look_at_clock(daemon: Daemon) -> None:
    daemon.watch.look()
    loop = asyncio.get_running_loop()
    asked = loop.time()
    loop.call_soon(lambda: setattr(daemon, "lag", loop.time() - asked))


async def _retain(daemon: Daemon) -> None:
    """Delete what has had its time, in small steps with pauses, so that measuring does not notice."""
    while True:
        keep = daemon.now.document.retention
        step = await daemon.journal.retain(Retention(keep.raw_days, keep.raw_bytes, keep.min_free))
        await asyncio.sleep(RETAIN_MORE if step.more else RETAIN_AGAIN)
