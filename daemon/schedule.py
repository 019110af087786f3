"""When things are due: one APScheduler job per beat, on a grid that a restart does not move."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from config.plan import Assignment
from config.slots import SECOND, due_of, slot_at, stable, start_after_due
from daemon.rows import Gap
from probes.clock import Clock

GRACE = 1.0
"""Seconds by which a start may be late; a later one is lost, so that a standstill ends without a stampede."""


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """One due run: microseconds due, seconds from due to its start, and the loop time of that. Compared by identity."""

    assignment: Assignment
    number: int
    due: int
    after: float
    start: float


Start = Callable[[Slot], None]
"""Called at the start of a slot; must return at once."""
Lost = Callable[[Gap], None]
"""Called with slots that were not started."""
Why = Callable[[], str]
"""The reason for slots that were missed just now: overload, unless the clock or a suspended machine explains it."""
Grid = tuple[int, int]
"""Interval and offset in whole seconds: slot k is due at `k * every + offset`."""


class GridTrigger(BaseTrigger):  # type: ignore[misc]  # apscheduler ships no types
    """Fires on a grid. Stateless: IntervalTrigger's jitter adds up and its grid moves at a restart."""

    def __init__(self, grid: Grid) -> None:
        """The grid that a beat holds."""
        self.grid = grid

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:  # noqa: ARG002  the library's signature
        """The first due time after now, however many were missed: the beat itself accounts for those."""
        slot = slot_at(int(now.timestamp() * SECOND), *self.grid) + 1
        return datetime.fromtimestamp(due_of(slot, *self.grid) / SECOND, UTC)


@dataclass(slots=True)
class Beat:
    """All assignments that share a grid, with the seeds of their start spread."""

    last: int
    """The last slot that is accounted for: started, or told as lost."""
    members: list[tuple[Assignment, int]] = field(default_factory=list)


class Schedule:
    """Lays assignments out in time; tells starts to one callback and lost slots to another."""

    def __init__(self, clock: Clock, start: Start, lost: Lost, why: Why = lambda: "overload") -> None:
        """Nothing runs before `lay`."""
        self.clock = clock
        self.start = start
        self.lost = lost
        self.why = why
        self.paused = False
        self._beats: dict[Grid, Beat] = {}
        self._waiting: dict[Slot, asyncio.TimerHandle] = {}
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            executors={"default": AsyncIOExecutor()},
            # A beat comes however late it is: those of its members whose start is still ahead lose nothing.
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1_000},
        )

    def lay(self, assignments: Iterable[Assignment], since: int | None = None) -> None:
        """Lay out a plan (start, reload): grids that stay run on undisturbed, new ones count from `since` (or now)."""
        members = _by_grid(assignments)
        for grid in self._beats.keys() - members.keys():
            del self._beats[grid]
            self._scheduler.remove_job(_job(grid))
        moment = self.clock.wall() if since is None else since
        for grid in members.keys() - self._beats.keys():
            self._beats[grid] = Beat(slot_at(moment, *grid))
            self._add_job(grid)
        for grid, beat in self._beats.items():
            beat.members = members[grid]
        self._drop_removed()
        if not self._scheduler.running:
            self._scheduler.start()

    def relay(self, reason: str) -> None:
        """Lay the same jobs anew after a step of the clock: APScheduler stays silent for the length of a step back."""
        now = self.clock.wall()
        for grid, beat in self._beats.items():
            self._account(grid, beat, slot_at(now, *grid), reason)
            beat.last = slot_at(now, *grid)
        self._lay_waiting_anew(now, reason)
        self._scheduler.remove_all_jobs()
        for grid in self._beats:
            self._add_job(grid)

    def stop(self) -> list[Slot]:
        """Stop firing; tells what is due by now as lost and returns the slots that had not been started yet."""
        now = self.clock.wall()
        beats, self._beats = self._beats, {}
        for grid, beat in beats.items():
            self._account(grid, beat, slot_at(now, *grid), "stop")
        if self._scheduler.running:
            self._scheduler.remove_all_jobs()  # shutdown comes a turn later, and cries about what it cancels
            self._scheduler.shutdown(wait=False)
        waiting, self._waiting = self._waiting, {}
        for handle in waiting.values():
            handle.cancel()
        return list(waiting)

    def _add_job(self, grid: Grid) -> None:
        self._scheduler.add_job(self._fire, GridTrigger(grid), args=[grid], id=_job(grid))

    def _drop_removed(self) -> None:
        """Forget the waiting slots of series that are no longer planned."""
        kept = {assignment.series for beat in self._beats.values() for assignment, _seed in beat.members}
        for slot in [slot for slot in self._waiting if slot.assignment.series not in kept]:
            self._waiting.pop(slot).cancel()
            self.lost(gap_of(slot, "stop"))

    async def _fire(self, grid: Grid) -> None:
        """A beat: start all its members within their spread. A coroutine, so that it runs in the loop and no thread."""
        beat = self._beats.get(grid)
        if beat is None:  # removed, or stopped, after the library had started this
            return
        now = self.clock.wall()
        slot = slot_at(now, *grid)
        if slot - 1 > beat.last:
            self._account(grid, beat, slot - 1, self.why())
        if beat.last == slot:  # `why` noticed a step of the clock and had everything laid anew
            return
        beat.last = slot
        if self.paused:
            self._lose(grid, beat, (slot, slot), "pause")
            return
        due = due_of(slot, *grid)
        zero = _loop_time(due, now)
        for assignment, seed in beat.members:
            after = start_after_due(seed, slot, grid[0])
            self._wait(Slot(assignment, slot, due, after, zero + after))

    def _wait(self, slot: Slot) -> None:
        """Start a slot at its moment."""
        self._waiting[slot] = asyncio.get_running_loop().call_at(slot.start, self._begin, slot)

    def _begin(self, slot: Slot) -> None:
        """The moment of a slot has come, unless this process or the wall clock stood still or jumped meanwhile."""
        late = (self.clock.wall() - slot.due) / SECOND - slot.after
        if abs(late) <= GRACE:
            del self._waiting[slot]
            self.start(slot)
            return
        reason = self.why()
        if self._waiting.pop(slot, None):  # else `why` noticed a step of the clock and had everything laid anew
            self.lost(gap_of(slot, reason))

    def _lay_waiting_anew(self, now: int, reason: str) -> None:
        """Move waiting slots to their moments on the clock as it is now; those that it has passed are lost."""
        waiting, self._waiting = self._waiting, {}
        for slot, handle in waiting.items():
            handle.cancel()
            if slot.due + slot.after * SECOND < now:
                self.lost(gap_of(slot, reason))
            elif slot.due <= now:
                self._wait(replace(slot, start=_loop_time(slot.due, now) + slot.after))
            # Else the clock stepped back to before it was due: its beat will come again.

    def _account(self, grid: Grid, beat: Beat, until: int, reason: str) -> None:
        """Tell the slots after the last accounted one up to `until` as lost."""
        if until > beat.last:
            self._lose(grid, beat, (beat.last + 1, until), reason)

    def _lose(self, grid: Grid, beat: Beat, slots: tuple[int, int], reason: str) -> None:
        first, last = (due_of(slot, *grid) for slot in slots)
        for assignment, _seed in beat.members:
            self.lost(Gap(assignment.series, first, last, grid[0], reason))


def _loop_time(due: int, now: int) -> float:
    """What the loop's clock says at a wall time, if it is `now` (microseconds both) by the wall clock."""
    return asyncio.get_running_loop().time() + (due - now) / SECOND


def gap_of(slot: Slot, reason: str) -> Gap:
    """The row that says why this slot has no record."""
    return Gap(slot.assignment.series, slot.due, slot.due, slot.assignment.every, reason)


def _by_grid(assignments: Iterable[Assignment]) -> dict[Grid, list[tuple[Assignment, int]]]:
    """Group assignments, each with the seed of its start spread."""
    grids: dict[Grid, list[tuple[Assignment, int]]] = {}
    for assignment in assignments:
        members = grids.setdefault((assignment.every, assignment.offset), [])
        members.append((assignment, stable(assignment.series, "start")))
    return grids


def _job(grid: Grid) -> str:
    """The name of a grid's job."""
    return "{}+{}".format(*grid)
