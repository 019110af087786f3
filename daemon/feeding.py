"""Who reads the journal in this process: detection and the sinks, each fed by a loop of its own."""

import asyncio
import logging

from daemon.follower import Follower, Standing, follow
from daemon.outlets import Outlet, outlets
from daemon.parts import Daemon
from daemon.tally import Onlooker

log = logging.getLogger("reachd.feeding")

SINK_AGAIN = 60.0
"""Seconds after which a sink that could not be set up (a CA file gone) is tried again."""


def feed(daemon: Daemon, follower: Follower, linger: float = 0.0) -> None:
    """Feed a follower from the journal until it is cancelled; `linger` seconds let rows gather between two batches."""
    standing = daemon.standings[follower.name] = Standing(follower.name)
    work = follow(daemon.journal, follower, daemon.clock, standing, linger=linger)
    daemon.tasks[follower.name] = daemon.group.create_task(work)


def look_on(daemon: Daemon, follower: Follower, linger: float = 0.0) -> None:
    """The same for one that keeps nothing: it sees what becomes durable from now on."""
    journal = Onlooker(daemon.journal, daemon.journal.last)
    work = follow(journal, follower, daemon.clock, linger=linger)
    daemon.tasks[follower.name] = daemon.group.create_task(work)


def lay_sinks(daemon: Daemon) -> None:
    """Start the sinks that are configured, stop those that are not any more, leave alone what stays as it is."""
    wanted = outlets(daemon.now.document)
    for name in daemon.sinks.keys() - wanted.keys():
        daemon.tasks.pop(name).cancel()
        del daemon.standings[name]
        daemon.measured.pop(name, None)
    for name, outlet in wanted.items():
        if name in daemon.sinks and daemon.sinks[name].mark == outlet.mark:
            continue
        if name in daemon.tasks:
            daemon.tasks[name].cancel()
        standing = daemon.standings[name] = Standing(name)
        daemon.tasks[name] = daemon.group.create_task(_supply(daemon, outlet, standing))
    daemon.sinks = wanted


async def _begin_at_the_end(daemon: Daemon, name: str) -> None:
    """A follower that the journal does not know yet is not told what is past."""
    cursor, saved = await daemon.journal.resume(name)
    if not cursor and not saved:
        await daemon.journal.commit(name, daemon.journal.last, ())


async def _supply(daemon: Daemon, outlet: Outlet, standing: Standing) -> None:
    """Connect a sink and feed it; a connection that cannot be set up (a CA file gone) is tried again."""
    while True:
        try:
            async with outlet.connect(daemon.clock) as sink:
                daemon.measured[outlet.name] = sink.measured
                if outlet.from_now:
                    await _begin_at_the_end(daemon, sink.name)
                await follow(daemon.journal, sink, daemon.clock, standing, linger=outlet.linger)
        except (OSError, ValueError) as fault:
            standing.failures += 1
            if standing.error != str(fault):
                standing.error = str(fault)
                log.error("%s: cannot be set up, will be tried again: %s", outlet.name, fault)  # noqa: TRY400  not ours
            await asyncio.sleep(SINK_AGAIN)
