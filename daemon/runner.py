"""Runs what is due: each run by itself, within its deadline and the rate limits, and its record goes to the journal."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from config.plan import Assignment
from config.slots import SPREAD
from daemon.confirm import Confirmation
from daemon.diagnose import Diagnoses
from daemon.diagnose_arms import Try
from daemon.diagnose_run import look, record_of, spacing
from daemon.limits import Limiter, Permission
from daemon.rows import Body
from daemon.schedule import Slot, gap_of
from probes.clock import Clock
from probes.plugin import PROBES, Plugin, Vantage
from probes.record import Kind, Purpose, Record, Series
from probes.run import Attempt, Skipped, Trust, World, perform

log = logging.getLogger("reachd.runner")

IN_FLIGHT = 2_000
"""Runs of one vantage at the same time; more is a gap, so that one dead line cannot eat the sockets of the others."""
BREAK_OFF = 1.0
"""Seconds that runs have for ending when they are broken off."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all runs of this process share."""

    clock: Clock
    limiter: Limiter
    owned: Callable[[str], bool]
    trust: Trust
    write: Callable[[Body], object]
    """Append one row to the journal; returns at once."""


@dataclass(slots=True)
class Runner:
    """The runs under way, what came out last, and the counts."""

    around: Surroundings
    group: asyncio.TaskGroup
    vantages: Mapping[str, Vantage]
    confirmation: Confirmation = field(default_factory=Confirmation)
    diagnoses: Diagnoses = field(default_factory=Diagnoses)
    running: dict[Series, tuple[Slot, asyncio.Task[None]]] = field(default_factory=dict)
    in_flight: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    """ok, failed, local, skipped, bugs, confirmed, diagnosed."""
    bugs: set[tuple[str, str]] = field(default_factory=set)
    repeats: set[asyncio.Task[None]] = field(default_factory=set)
    """The confirming runs and closer looks, those that wait for their moment too."""
    stopped: bool = False

    def start(self, slot: Slot) -> None:
        """Start the run of a slot and return at once."""
        series = slot.assignment.series
        if series in self.running or self.in_flight[series.vantage] >= IN_FLIGHT:
            self.skip(slot, "overload")
            return
        self.in_flight[series.vantage] += 1
        self.running[series] = slot, self.group.create_task(self._slot(slot))

    def skip(self, slot: Slot, reason: str) -> None:
        """Write down that a slot has no record."""
        self.counts["skipped"] += 1
        self.around.write(gap_of(slot, reason))

    async def stop(self) -> None:
        """Break off what is under way; every slot of it becomes a gap."""
        self.stopped = True
        tasks = {task for _slot, task in self.running.values()} | self.repeats
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=BREAK_OFF)
        for slot, _task in self.running.values():  # also of probes that hold on: what they may still return is too late
            self.skip(slot, "stop")
        self.running = {}

    async def _slot(self, slot: Slot) -> None:
        """One slot, from its start to the journal; if cancelled it stays among the running, for the stop to tell."""
        assignment = slot.assignment
        now = asyncio.get_running_loop().time()
        latest = slot.start - slot.after + SPREAD * assignment.every
        try:
            record = await self._run(assignment, _attempt(assignment, slot, now - slot.start), latest)
        except Skipped as skipped:
            self._end(slot, None, skipped.reason)
        else:
            self._end(slot, record, "bug")

    def _end(self, slot: Slot, record: Record | None, reason: str) -> None:
        """A run is over: write its record, or why there is none."""
        series = slot.assignment.series
        self.in_flight[series.vantage] -= 1
        if self.running.pop(series, None) is None:  # told as a gap at the stop
            return
        if record is None:
            self.skip(slot, reason)
        else:
            self._keep(slot, record)

    def _keep(self, slot: Slot, record: Record) -> None:
        """Write the record of a slot, and look closer where the outcome changed."""
        self.around.write(record)
        self.counts[outcome(record)] += 1
        now = asyncio.get_running_loop().time()
        moments = self.confirmation.moments(record, slot.assignment.every, now)
        self.diagnoses.take(record)
        if moments:
            self._beside(self._confirm(slot, record, moments))
        else:
            self._look_closer(slot, record)

    def _beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Run what only gives evidence, until the stop."""
        if self.stopped:
            work.close()
            return
        task = self.group.create_task(work)
        self.repeats.add(task)
        task.add_done_callback(self.repeats.discard)

    async def _confirm(self, slot: Slot, record: Record, moments: tuple[float, ...]) -> None:
        """Repeat a run whose outcome was news, at moments (seconds after it ended); evidence, not measurement."""
        loop = asyncio.get_running_loop()
        ended = loop.time()
        first = replace(_attempt(slot.assignment, slot, 0.0), purpose=Purpose.CONFIRM, of=record.id)
        for number, moment in enumerate(moments, start=2):
            await asyncio.sleep(ended + moment - loop.time())
            now = loop.time()
            attempt = replace(first, attempt=number, lag=max(0.0, round(now - ended - moment, 6)))
            try:
                again = await self._run(slot.assignment, attempt, now)
            except Skipped:
                continue
            if again is not None:
                self.counts["confirmed"] += 1
                self.around.write(again)
                self.diagnoses.take(again)
        self._look_closer(slot, record)

    def _look_closer(self, slot: Slot, record: Record) -> None:
        """Compare a failing run with others, where that is due."""
        base = replace(_attempt(slot.assignment, slot, 0.0), purpose=Purpose.DIAGNOSE, of=record.id)
        tries = self.diagnoses.begin(record, slot.assignment, base, asyncio.get_running_loop().time())
        if tries:
            self._beside(self._diagnose(slot.assignment, base, tries))

    async def _diagnose(self, assignment: Assignment, base: Attempt, tries: tuple[Try, ...]) -> None:
        """Measure the cells and write the one record that holds them."""
        began = self.around.clock.wall()
        start = asyncio.get_running_loop().time()
        try:
            cells = await look(tries, partial(self._run, assignment), spacing(assignment.every))
        finally:
            self.diagnoses.end(base.series.vantage)
        if cells:
            self.counts["diagnosed"] += 1
            seconds = asyncio.get_running_loop().time() - start
            self.around.write(record_of(assignment.series, base, cells, began, seconds))

    async def _run(self, assignment: Assignment, attempt: Attempt, latest: float) -> Record | None:
        """Perform; None if the probe has a bug: that is counted, logged once, and never a verdict on a target."""
        around = self.around
        vantage = self.vantages.get(attempt.series.vantage)
        if vantage is None:  # a reload took it away
            raise Skipped("stop")
        permit = Permission(around.limiter, attempt.series.vantage, assignment.resolver, latest)
        world = World(around.clock, permit, around.owned, around.trust)
        try:
            return await perform(_plugin(attempt.series.probe), attempt, vantage, world)
        except Skipped:
            raise
        except asyncio.CancelledError as cancelled:
            if _asked_to_end():
                raise
            self._count_bug(attempt.series, cancelled)  # the probe waited for something that it had cancelled itself
            return None
        except Exception as bug:  # noqa: BLE001  the outermost: a bug of one probe must not end the daemon
            self._count_bug(attempt.series, bug)
            return None

    def _count_bug(self, series: Series, bug: BaseException) -> None:
        self.counts["bugs"] += 1
        key = (series.probe, type(bug).__name__)
        if key not in self.bugs:
            self.bugs.add(key)
            log.error("a bug in probe %s (%s): no record; further ones are only counted", *key, exc_info=bug)


def outcome(record: Record) -> str:
    """The word for the counts: ok, failed or local."""
    if record.failure is None:
        return "ok"
    return "local" if record.failure.kind is Kind.LOCAL else "failed"


def _asked_to_end() -> bool:
    """True if someone cancelled this task."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _plugin(name: str) -> Plugin:
    plugin = PROBES.get(name)
    if plugin is None:
        raise LookupError(f"probe type {name} is planned and does not exist")
    return plugin


def _attempt(assignment: Assignment, slot: Slot, lag: float) -> Attempt:
    """What `perform` is told about a slot."""
    return Attempt(
        series=assignment.series,
        options=assignment.options,
        due=slot.due,
        slot=slot.number,
        timeout=assignment.timeout,
        resolver=assignment.resolver,
        agent=assignment.agent,
        config=assignment.config,
        version=assignment.version,
        lag=max(0.0, round(lag, 6)),
    )
