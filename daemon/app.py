"""The daemon: puts the parts together, starts them, and stops them within three seconds."""

import asyncio
import gc
import logging
import signal
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, nullcontext, suppress
from functools import partial
from pathlib import Path
from ssl import SSLContext

from config.faults import ConfigError
from daemon import desk, orders, resume
from daemon.announcer import Announcer
from daemon.clockwatch import ClockWatch
from daemon.detector import Detector
from daemon.feeding import feed, lay_sinks, look_on
from daemon.fitness import raise_file_limit
from daemon.follower import Follower
from daemon.journal.store import Journal
from daemon.limits import Limiter
from daemon.loops import start_loops
from daemon.parts import Daemon
from daemon.planned import Prepared, plan_row
from daemon.reload import reload
from daemon.rollup import Rollups
from daemon.rows import ClockStep, Gap
from daemon.runner import Runner, Surroundings
from daemon.schedule import Schedule
from daemon.tally import open_before
from daemon.web import mount
from probes.clock import Clock
from probes.steps.dns_system import close_system

log = logging.getLogger("reachd.app")
SECONDS_TO_GATHER = 1.0
"""Between two looks of the log at what is new: what goes down together is told together."""


async def serve(
    path: Path | None,
    now: Prepared,
    clock: Clock,
    extra: Sequence[Follower] = (),
    stop: asyncio.Event | None = None,
) -> None:
    """Run what was prepared until `stop` is set, or a signal says so.

    `extra` are followers beside detection and the sinks; the demonstration tells its story with one.
    Raises JournalRefused, OSError or apsw.Error before anything is measured if the journal cannot be had, and
    PageRefused if the page cannot listen.
    """
    raise_file_limit()
    async with AsyncExitStack() as closing:
        journal = await Journal.open(now.document.journal, clock)
        closing.push_async_callback(journal.close)
        closing.push_async_callback(close_system)
        # The socket comes before the group, which would wrap its refusal; who asks early waits for the daemon.
        running: asyncio.Future[Daemon] = asyncio.get_running_loop().create_future()
        await closing.enter_async_context(orders.serve(orders.socket_of(journal.path), partial(_answer, running)))
        page = mount.bind(now.document.web, closing) if now.document.web else None
        async with asyncio.TaskGroup() as group:
            daemon = _assemble(path, now, clock, journal, group)
            daemon.stop = stop or daemon.stop
            closing.callback(_heed_signals(daemon))
            await _start(daemon, extra)
            running.set_result(daemon)
            async with mount.served(daemon, page) if page else nullcontext():
                await daemon.stop.wait()
            await _wind_down(daemon)
    log.info("stopped")


async def _answer(running: asyncio.Future[Daemon], request: desk.Request) -> desk.Reply:
    return await desk.answer(await asyncio.shield(running), request)


def _assemble(path: Path | None, now: Prepared, clock: Clock, journal: Journal, group: asyncio.TaskGroup) -> Daemon:
    """Make the parts; nothing runs yet."""

    def write(body: object) -> object:
        return journal.append([body])  # type: ignore[list-item]  # a Body: the runner and the schedule write no other

    def stepped(seconds: float, reason: str) -> None:
        log.warning(
            "the wall clock stepped by %+.1f s (%s): runs under way are local, slots laid anew", seconds, reason
        )
        write(ClockStep(seconds))
        daemon.schedule.relay(reason)

    def lost(gap: Gap) -> None:
        daemon.runner.counts["skipped"] += 1
        write(gap)

    def trust(name: str, alpn: tuple[str, ...] = ()) -> SSLContext:
        return daemon.now.trust(name, alpn)

    watch = ClockWatch(clock, stepped)
    limiter = Limiter(now.owned)
    around = Surroundings(
        clock=clock,
        limiter=limiter,
        owned=lambda address: limiter.owned(address) is not None,
        trust=trust,
        write=write,
    )
    runner = Runner(around, group, now.vantages)
    schedule = Schedule(clock, runner.start, lost, watch.look)
    daemon = Daemon(path, clock, now, journal, group, runner, schedule, watch, limiter, clock.monotonic())
    return daemon


async def _start(daemon: Daemon, extra: Sequence[Follower]) -> None:
    """Take up where the journal ends, then start followers, loops, and last the schedule."""
    journal, now = daemon.journal, daemon.now
    before = resume.past(await journal.read(max(0, journal.last - resume.TAIL), resume.TAIL))
    daemon.runner.diagnoses.keep(now.plan)
    for record in before.last.values():
        daemon.runner.confirmation.remember(record)
    for record in before.diagnosed.values():
        daemon.runner.diagnoses.remember(record)
    daemon.tally.remember(before.last, await asyncio.to_thread(open_before, journal.path))
    assignments, moment = now.plan.assignments, daemon.clock.wall()
    journal.append([plan_row(now), *resume.missed(before, assignments, moment)])
    for follower in (Detector(), *extra):
        feed(daemon, follower)
    feed(daemon, Rollups(journal.recall), linger=SECONDS_TO_GATHER)
    feed(daemon, Announcer(), linger=SECONDS_TO_GATHER)
    look_on(daemon, daemon.tally, linger=SECONDS_TO_GATHER)
    lay_sinks(daemon)
    start_loops(daemon)
    daemon.schedule.lay(assignments, since=moment)
    # What was made so far lives as long as the process: full collections that look at it stop the loop for 0.2 s.
    gc.collect()
    gc.freeze()
    log.info("running: %d series from %s, journal %s", len(assignments), ", ".join(now.vantages), now.document.journal)


def _heed_signals(daemon: Daemon) -> Callable[[], None]:
    """SIGTERM and SIGINT stop, SIGHUP reloads; returns what undoes that."""
    loop = asyncio.get_running_loop()

    def hang_up() -> None:
        daemon.group.create_task(_reload_quietly(daemon))

    actions = {signal.SIGTERM: daemon.stop.set, signal.SIGINT: daemon.stop.set, signal.SIGHUP: hang_up}
    for number, action in actions.items():
        loop.add_signal_handler(number, action)

    def undo() -> None:
        for number in actions:
            loop.remove_signal_handler(number)

    return undo


async def _reload_quietly(daemon: Daemon) -> None:
    """The mistakes of a reload are in the log already."""
    with suppress(ConfigError):
        await reload(daemon)


async def _wind_down(daemon: Daemon) -> None:
    """Stop measuring first, then all else; what was due or under way becomes gap rows. The journal closes last."""
    for slot in daemon.schedule.stop():
        daemon.runner.skip(slot, "stop")
    await daemon.runner.stop()
    for task in daemon.tasks.values():
        task.cancel()
