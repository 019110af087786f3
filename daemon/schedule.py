"""When things are due: one APScheduler job per beat, on a grid that a restart does not move."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from config.plan import Assignment
from config.slots import SECOND, due_of, slot_at, stable, start_after_due
from daemon.rows import Gap
from probes.clock import Clock


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """One due run: microseconds due, and the loop time at which it is to start. Compared by identity."""

    assignment: Assignment
    number: int
    due: int
    start: float


Start = Callable[[Slot], None]
"""Called at the start of a slot; must return at once."""
Lost = Callable[[Gap], None]
"""Called with slots that were not started."""
Why = Callable[[], str]
"""The reason for slots that were missed just now: overload, unless the clock or a suspended machine explains it."""


class Grid(BaseTrigger):  # type: ignore[misc]  # apscheduler ships no types
    """Fires at `slot * every + offset`. Stateless: IntervalTrigger's jitter adds up and its grid moves at a restart."""

    def __init__(self, every: int, offset: int) -> None:
        """Whole seconds."""
        self.every = every
        self.offset = offset

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:  # noqa: ARG002  the library's signature
        """The first due time after now, however many were missed: the beat itself accounts for those."""
        slot = slot_at(int(now.timestamp() * SECOND), self.every, self.offset) + 1
        return datetime.fromtimestamp(due_of(slot, self.every, self.offset) / SECOND, UTC)


@dataclass(slots=True)
class Beat:
    """All assignments that share a grid, with the seeds of their start spread, and the last slot that was started."""

    every: int
    offset: int
    members: list[tuple[Assignment, int]] = field(default_factory=list)
    last: int | None = None


class Schedule:
    """Lays assignments out in time; tells starts to one callback and lost slots to another."""

    def __init__(self, clock: Clock, start: Start, lost: Lost, why: Why = lambda: "overload") -> None:
        """Nothing runs before `lay`."""
        self.clock = clock
        self.start = start
        self.lost = lost
        self.why = why
        self.paused = False
        self._beats: dict[tuple[int, int], Beat] = {}
        self._waiting: dict[Slot, asyncio.TimerHandle] = {}
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            executors={"default": AsyncIOExecutor()},
            job_defaults={"coalesce": True, "misfire_grace_time": 1, "max_instances": 1_000},
        )

    def lay(self, assignments: Iterable[Assignment]) -> None:
        """Lay all jobs anew (start, reload). A beat that stays remembers its last slot: nothing is lost or run twice."""
        beats = _beats(assignments)
        for key, beat in beats.items():
            if key in self._beats:
                beat.last = self._beats[key].last
        self._beats = beats
        kept = {assignment.series for beat in beats.values() for assignment, _seed in beat.members}
        for slot in [slot for slot in self._waiting if slot.assignment.series not in kept]:
            self._waiting.pop(slot).cancel()
        self._lay_jobs()

    def relay(self, reason: str) -> None:
        """Lay the same jobs anew after a step of the clock: APScheduler stays silent for the length of a step back."""
        for beat in self._beats.values():
            if beat.last is not None:
                now = slot_at(self.clock.wall(), beat.every, beat.offset)
                self._account(beat, now, reason)
                beat.last = now
        self._lay_jobs()

    def stop(self) -> list[Slot]:
        """Stop firing; returns the slots that were due and had not started."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        waiting = self._waiting
        self._waiting = {}
        for handle in waiting.values():
            handle.cancel()
        return list(waiting)

    def _lay_jobs(self) -> None:
        self._scheduler.remove_all_jobs()
        for beat in self._beats.values():
            self._scheduler.add_job(self._fire, Grid(beat.every, beat.offset), args=[beat])
        if not self._scheduler.running:
            self._scheduler.start()

    async def _fire(self, beat: Beat) -> None:
        """A beat: start all its members within their spread. A coroutine, so that it runs in the loop and no thread."""
        now = self.clock.wall()
        slot = slot_at(now, beat.every, beat.offset)
        if beat.last is not None and slot - 1 > beat.last:
            self._account(beat, slot - 1, self.why())
        if beat.last == slot:
            return
        beat.last = slot
        if self.paused:
            self._lose(beat, slot, slot, "pause")
            return
        self._start_members(beat, slot, now)

    def _start_members(self, beat: Beat, number: int, now: int) -> None:
        loop = asyncio.get_running_loop()
        due = due_of(number, beat.every, beat.offset)
        zero = loop.time() - (now - due) / SECOND
        for assignment, seed in beat.members:
            slot = Slot(assignment, number, due, zero + start_after_due(seed, number, beat.every))
            self._waiting[slot] = loop.call_at(slot.start, self._begin, slot)

    def _begin(self, slot: Slot) -> None:
        del self._waiting[slot]
        self.start(slot)

    def _account(self, beat: Beat, until: int, reason: str) -> None:
        """Tell the slots after the last started one up to `until` as lost."""
        if beat.last is not None and until > beat.last:
            self._lose(beat, beat.last + 1, until, reason)

    def _lose(self, beat: Beat, first: int, last: int, reason: str) -> None:
        begin, end = due_of(first, beat.every, beat.offset), due_of(last, beat.every, beat.offset)
        for assignment, _seed in beat.members:
            self.lost(Gap(assignment.series, begin, end, beat.every, reason))


def _beats(assignments: Iterable[Assignment]) -> dict[tuple[int, int], Beat]:
    """Group assignments by their grid."""
    beats: dict[tuple[int, int], Beat] = {}
    for assignment in assignments:
        key = (assignment.every, assignment.offset)
        beats.setdefault(key, Beat(*key)).members.append((assignment, stable(assignment.series, "start")))
    return beats
