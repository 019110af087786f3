"""A slot is started once, in its spread, or told as lost: whatever happens to the process, the clock or the plan."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.plan import Assignment
from config.slots import SECOND, SPREAD, due_of, offset_of, slot_at
from daemon.clockwatch import ClockWatch
from daemon.rows import Gap
from daemon.schedule import GRACE, Schedule, Slot, gap_of
from probes.clock import SystemClock
from probes.plugin import ProbeOptions
from probes.record import Series
from tests.lab.virtual import START, Machine


def planned(endpoint: str = "g.whatsapp.net:5222", every: int = 1, offset: int | None = None) -> Assignment:
    series = Series("whatsapp", "chat", endpoint, "tcp", "home", "ipv4")
    place = offset_of(series, every) if offset is None else offset
    return Assignment(series, ProbeOptions(), every, place, 10.0, "system", "c0ffee", "tcp/1")


def many(count: int, every: int) -> list[Assignment]:
    return [planned(f"{number}.each{every}.example.org:443", every) for number in range(count)]


@dataclass
class Play:
    """A schedule on a virtual machine with a watcher beside it, as the daemon has it, and all that it told."""

    plan: list[Assignment]
    machine: Machine = field(default_factory=Machine)
    starts: list[tuple[Slot, int]] = field(default_factory=list)
    """Slots, and the wall time at which they were started."""
    gaps: list[Gap] = field(default_factory=list)
    waiting: list[Slot] = field(default_factory=list)
    """What was still to start at the stop."""
    stamps: list[float] = field(default_factory=list)
    """The monotonic times of the starts."""
    ended: int = 0
    """The wall time of the stop."""

    def __post_init__(self) -> None:
        self.watch = ClockWatch(self.machine, self._stepped, self.machine.asleep)
        self.schedule = Schedule(self.machine, self._start, self.gaps.append, self.watch.look)

    def _stepped(self, _seconds: float, reason: str) -> None:
        self.schedule.relay(reason)

    def _start(self, slot: Slot) -> None:
        self.starts.append((slot, self.machine.wall()))
        self.stamps.append(self.machine.monotonic())

    async def _perform(self, seconds: float, acts: dict[float, Callable[[], None]]) -> None:
        loop = asyncio.get_running_loop()
        self.schedule.lay(self.plan)
        end = loop.time() + seconds + 0.5  # not in the very moment of a beat
        for after, act in acts.items():
            loop.call_later(after, act)
        while loop.time() < end:
            self.watch.look()
            await asyncio.sleep(min(1.0, max(0.0, end - loop.time())))
        self.ended = self.machine.wall()
        self.waiting = self.schedule.stop()
        await asyncio.sleep(0)

    def run(self, seconds: float, acts: dict[float, Callable[[], None]] | None = None) -> "Play":
        """Play for so many seconds and a half; acts happen at seconds after the begin."""
        self.machine.run(self._perform(seconds, acts or {}))
        return self

    def accounts(self, assignment: Assignment) -> Counter[int]:
        """Due time to how often it was started, told as lost, or handed back at the stop."""
        series = assignment.series
        found = [slot.due for slot, _at in self.starts if slot.assignment.series == series]
        found += [slot.due for slot in self.waiting if slot.assignment.series == series]
        found += [due for gap in self.gaps if gap.series == series for due in dues(gap)]
        return Counter(found)

    def reasons(self) -> set[str]:
        return {gap.reason for gap in self.gaps}

    def started(self, endpoint: str) -> list[int]:
        """The due seconds after the begin of what was started of an endpoint."""
        return [(s.due - START) // SECOND for s, _at in self.starts if s.assignment.series.endpoint == endpoint]


def dues(gap: Gap) -> Iterator[int]:
    yield from range(gap.first, gap.last + 1, gap.every * SECOND)


def every_due(assignment: Assignment, begin: int, end: int) -> Counter[int]:
    """Each due time between two wall times, once."""
    first = slot_at(begin, assignment.every, assignment.offset) + 1
    last = slot_at(end, assignment.every, assignment.offset)
    return Counter(due_of(slot, assignment.every, assignment.offset) for slot in range(first, last + 1))


def lateness(play: Play) -> list[float]:
    """Seconds from due to start, as parts of the interval."""
    return [(at - slot.due) / SECOND / slot.assignment.every for slot, at in play.starts]


# ---- the grid --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("every", "seconds"), [(1, 120), (10, 600), (300, 7_200)])
def test_every_slot_starts_once_within_its_spread(every: int, seconds: int) -> None:
    play = Play(many(20, every)).run(seconds)
    assert play.gaps == []
    for assignment in play.plan:
        assert play.accounts(assignment) == every_due(assignment, START, play.ended)
    assert all(0 <= part <= SPREAD + 1e-4 for part in lateness(play))


def test_starts_are_spread_over_the_whole_fifth() -> None:
    parts = lateness(Play(many(50, 10)).run(100))
    assert min(parts) < 0.01
    assert max(parts) > 0.19
    assert 0.09 < sum(parts) / len(parts) < 0.11


def test_a_restart_moves_neither_slots_nor_starts() -> None:
    first = Play(many(5, 10)).run(100)
    again = Play(many(5, 10))
    again.machine.step(47.3)  # it comes up at another moment
    again.run(100)
    before = {(slot.assignment.series, slot.number): slot.after for slot, _at in first.starts}
    after = {(slot.assignment.series, slot.number): slot.after for slot, _at in again.starts}
    both = before.keys() & after.keys()
    assert len(both) >= 20
    assert all(before[key] == after[key] for key in both)


def test_the_slot_carries_its_number_and_its_due_time() -> None:
    assignment = planned(every=10, offset=7)
    slot, at = Play([assignment]).run(20).starts[0]
    assert slot.due == START + 7 * SECOND == due_of(slot.number, 10, 7)
    assert slot.number == slot_at(at, 10, 7)


async def test_the_real_clock_gives_each_slot_once() -> None:
    starts: list[tuple[Slot, int]] = []
    gaps: list[Gap] = []
    clock = SystemClock()
    schedule = Schedule(clock, lambda slot: starts.append((slot, clock.wall())), gaps.append)
    plan = many(10, 1)
    begin = clock.wall()
    schedule.lay(plan)
    await asyncio.sleep(3.3)
    end = clock.wall()
    waiting = schedule.stop()
    for assignment in plan:
        counted = Counter(
            slot.due for slot in [*(slot for slot, _at in starts), *waiting] if slot.assignment is assignment
        )
        assert counted == every_due(assignment, begin, end)
    assert gaps == []
    assert all(0 <= at - slot.due <= (SPREAD + GRACE) * SECOND for slot, at in starts)


# ---- a process that stands still -------------------------------------------------------------------------------------


def test_a_loop_that_was_blocked_tells_what_it_lost() -> None:
    play = Play([planned()])
    play.run(20, {10.5: lambda: play.machine.stall(3)})
    assert play.gaps == [Gap(play.plan[0].series, START + 11 * SECOND, START + 12 * SECOND, 1, "overload")]
    assert play.started("g.whatsapp.net:5222") == [*range(1, 11), *range(13, 21)]


def test_a_loop_that_was_blocked_ends_without_a_stampede() -> None:
    play = Play([*many(200, 1), *many(600, 60)])
    play.run(40, {20.95: lambda: play.machine.stall(3)})
    wake = 1_000 + 23.95
    at_once = sum(wake <= stamp < wake + 0.05 for stamp in play.stamps)
    assert at_once <= 200 + 20  # one slot of the fast ones, and a second's worth of the slow ones (10 a second)
    assert play.reasons() == {"overload"}
    for assignment in play.plan:
        assert play.accounts(assignment) == every_due(assignment, START, play.ended)


def test_a_beat_that_comes_late_starts_those_that_are_still_ahead() -> None:
    play = Play(many(100, 300))
    play.plan = [replace(assignment, offset=0) for assignment in play.plan]
    play.run(400, {299.5: lambda: play.machine.stall(10)})
    assert 10 <= len(play.gaps) <= 25  # 9.5 s of 60 s
    assert play.reasons() == {"overload"}
    assert len(play.starts) == 100 - len(play.gaps)


def test_a_short_hiccup_loses_nothing() -> None:
    play = Play(many(20, 1))
    play.run(20, {10.9: lambda: play.machine.stall(0.6)})
    assert play.gaps == []
    assert all(play.accounts(assignment).total() == 20 for assignment in play.plan)


@pytest.mark.long
async def test_a_loop_that_really_sleeps() -> None:
    starts: list[Slot] = []
    gaps: list[Gap] = []
    clock = SystemClock()
    schedule = Schedule(clock, starts.append, gaps.append)
    assignment = planned()
    begin = clock.wall()
    schedule.lay([assignment])
    await asyncio.sleep(2.5)
    time.sleep(3)  # noqa: ASYNC251  the fault under test
    await asyncio.sleep(2.5)
    end = clock.wall()
    waiting = schedule.stop()
    found = Counter([slot.due for slot in [*starts, *waiting]] + [due for gap in gaps for due in dues(gap)])
    assert found == every_due(assignment, begin, end)
    assert {gap.reason for gap in gaps} == {"overload"}
    assert 1 <= sum(1 for gap in gaps for _due in dues(gap)) <= 3


# ---- a clock that steps, a machine that sleeps -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "reason"),
    [(lambda machine: machine.step(3_600), "clock"), (lambda machine: machine.suspend(3_600), "suspend")],
)
def test_an_hour_that_was_skipped_is_one_gap_a_series(act: Callable[[Machine], None], reason: str) -> None:
    play = Play(many(10, 60))
    play.run(300, {120.5: lambda: act(play.machine)})
    assert play.reasons() == {reason}
    hours = [gap for gap in play.gaps if gap.last - gap.first > 1_800 * SECOND]
    assert {gap.series for gap in hours} == {assignment.series for assignment in play.plan}
    for assignment in play.plan:
        assert play.accounts(assignment) == every_due(assignment, START, play.ended)


def test_after_a_step_forward_starts_hold_the_new_grid() -> None:
    play = Play(many(10, 10))
    play.run(100, {33.3: lambda: play.machine.step(1_234.5)})
    assert all(-1e-6 <= part <= SPREAD + 1e-4 for part in lateness(play)[-30:])
    assert len(play.starts) >= 85  # the slots of about one interval are lost


def test_after_a_step_back_the_schedule_is_not_silent() -> None:
    play = Play(many(10, 10))
    play.run(100, {33.3: lambda: play.machine.step(-3_600)})
    after = [at for (slot, at), stamp in zip(play.starts, play.stamps, strict=True) if stamp > 1_000 + 34.5]
    assert len(after) >= 60
    assert all(-1e-6 <= part <= SPREAD + 1e-4 for part in lateness(play))
    for assignment in play.plan:  # the hour comes again, so slots may come twice, but none is left out
        assert (
            every_due(assignment, START + 34 * SECOND - 3_600 * SECOND, play.ended) - play.accounts(assignment)
            == Counter()
        )


def test_a_slot_that_waits_moves_with_the_clock() -> None:
    """Set back by 2 s within the spread of a slot: it starts 2 s later by the monotonic clock, at its own wall time."""
    assignment = planned(every=300, offset=0)
    play = Play([assignment])
    slot = slot_at(START, 300, 0) + 1
    still = Play([assignment]).run(400)
    after = still.starts[0][0].after
    assert after > 5
    play.run(400, {300 - 1 + 4: lambda: play.machine.step(-2)})
    assert [found.number for found, _at in play.starts] == [slot]
    assert abs(play.starts[0][1] - still.starts[0][1]) < 1_000
    assert play.gaps == []


def test_a_slot_whose_start_the_clock_jumped_over_is_lost() -> None:
    assignment = planned(every=300, offset=0)
    play = Play([assignment])
    play.run(400, {301: lambda: play.machine.step(100)})
    assert play.starts == []
    assert play.gaps == [Gap(assignment.series, START + 300 * SECOND, START + 300 * SECOND, 300, "clock")]


def test_a_start_that_comes_before_its_time_waits_for_the_watcher() -> None:
    """The clock was set back, and a start comes before anybody has looked: it is neither made nor lost."""
    assignment = planned(every=300, offset=0)
    play = Play([assignment])
    after = Play([assignment]).run(400).starts[0][0].after
    play.run(700, {300 + after - 0.01: lambda: play.machine.step(-200)})
    assert play.gaps == []
    assert play.starts[0][0].due - START == 300 * SECOND
    assert all(at >= slot.due for slot, at in play.starts)


ACTS = st.dictionaries(
    st.floats(1.0, 55.0),
    st.tuples(st.sampled_from(["stall", "suspend", "step"]), st.floats(0.0, 40.0)),
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(ACTS, st.sampled_from([1, 2, 7, 10, 30]))
def test_no_slot_passes_in_silence_and_none_comes_twice(acts: dict[float, tuple[str, float]], every: int) -> None:
    play = Play(many(3, every))
    play.run(60, {at: partial(getattr(play.machine, what), seconds) for at, (what, seconds) in acts.items()})
    for assignment in play.plan:
        assert play.accounts(assignment) == every_due(assignment, START, play.ended)


@settings(max_examples=40, deadline=None)
@given(st.floats(5.0, 50.0), st.floats(1.5, 10_000.0), st.sampled_from([1, 7, 30]))
def test_a_step_back_repeats_slots_and_leaves_out_none(at: float, back: float, every: int) -> None:
    play = Play(many(3, every))
    play.run(60 + at, {at: lambda: play.machine.step(-back)})
    for assignment in play.plan:
        assert every_due(assignment, START, play.ended) - play.accounts(assignment) == Counter()
    after = [slot for (slot, _at), stamp in zip(play.starts, play.stamps, strict=True) if stamp > 1_000 + at + 1.1]
    assert len(after) >= 3 * (int(58 / every) - 1)


# ---- pause, reload, stop ---------------------------------------------------------------------------------------------


def test_pause_is_told_slot_by_slot_and_ends() -> None:
    play = Play([planned(every=1)])

    def pause(on: bool) -> None:
        play.schedule.paused = on

    play.run(20, {5.5: lambda: pause(True), 9.5: lambda: pause(False)})
    assert [(gap.first - START) // SECOND for gap in play.gaps] == [6, 7, 8, 9]
    assert play.reasons() == {"pause"}
    assert play.started("g.whatsapp.net:5222") == [*range(1, 6), *range(10, 21)]


def test_a_reload_does_not_disturb_what_stays() -> None:
    stay, go, come = (planned(name, 10, 0) for name in ("stay:1", "go:1", "come:1"))
    play = Play([stay, go, planned("alone:1", 10, 3)])
    play.run(60, {30.0005: lambda: play.schedule.lay([stay, come])})  # at the very moment of a beat
    assert play.started("stay:1") == [10, 20, 30, 40, 50, 60][: len(play.started("stay:1"))]
    assert len(play.started("stay:1")) >= 5
    assert play.started("go:1") == [10, 20]
    assert play.started("alone:1") == [3, 13, 23]
    assert play.started("come:1")[:2] == [40, 50]
    assert [(gap.series.endpoint, gap.reason) for gap in play.gaps] == [("go:1", "stop")]


@pytest.mark.parametrize("moment", [9.9999, 10.0, 10.000001, 10.0001])
def test_no_moment_of_a_reload_loses_a_slot(moment: float) -> None:
    play = Play([planned(every=10, offset=0)])
    play.run(30, {moment: lambda: play.schedule.lay(play.plan)})
    assert play.gaps == []
    assert play.accounts(play.plan[0]) == every_due(play.plan[0], START, play.ended)


def test_a_reload_with_another_interval_moves_to_the_other_grid() -> None:
    slow = planned(every=10, offset=0)
    fast = replace(slow, every=2)
    play = Play([slow])
    play.run(20, {11.9: lambda: play.schedule.lay([fast])})
    assert play.started("g.whatsapp.net:5222") == [10, 12, 14, 16, 18, 20][: len(play.starts)]
    assert play.gaps == []


def test_a_plan_that_is_emptied_falls_silent() -> None:
    play = Play(many(5, 1))
    play.run(20, {10.5: lambda: play.schedule.lay([])})
    assert len(play.starts) == 50
    assert play.gaps == []


def test_what_waits_at_the_stop_is_handed_back() -> None:
    play = Play([planned(every=300, offset=0)])
    play.run(301)
    assert play.starts == []
    assert [slot.due for slot in play.waiting] == [START + 300 * SECOND]
    assert gap_of(play.waiting[0], "stop") == Gap(
        play.plan[0].series, START + 300 * SECOND, START + 300 * SECOND, 300, "stop"
    )


def test_what_was_due_and_not_yet_fired_at_the_stop_is_told() -> None:
    play = Play([planned(every=1)])
    play.run(9.4, {9.5: lambda: play.machine.stall(0.7)})
    assert play.accounts(play.plan[0]) == every_due(play.plan[0], START, play.ended)
    assert play.gaps[-1].reason == "stop"


@pytest.mark.parametrize("moment", [9.9999, 10.0, 10.000001, 10.0001])
def test_no_moment_of_a_stop_loses_a_slot_or_makes_a_noise(moment: float, caplog: pytest.LogCaptureFixture) -> None:
    play = Play(many(3, 10))
    play.plan = [replace(assignment, offset=0) for assignment in play.plan]
    play.run(moment - 0.5)
    assert caplog.records == []
    for assignment in play.plan:
        assert play.accounts(assignment) == every_due(assignment, START, play.ended)


def test_nothing_starts_after_the_stop() -> None:
    play = Play(many(50, 1))

    async def scene() -> int:
        play.schedule.lay(play.plan)
        await asyncio.sleep(5.05)
        play.schedule.stop()
        count = len(play.starts)
        await asyncio.sleep(10)
        return count

    assert play.machine.run(scene()) == len(play.starts) > 200


def test_slots_count_from_the_moment_that_the_plan_was_made_for() -> None:
    """The journal's tail is covered up to `since`; what falls due while the daemon still starts is told as lost."""
    play = Play([planned(every=1)])

    async def scene() -> None:
        since = play.machine.wall()
        play.machine.stall(2.5)
        play.schedule.lay(play.plan, since)
        await asyncio.sleep(2)
        play.ended = play.machine.wall()
        play.waiting = play.schedule.stop()

    play.machine.run(scene())
    assert play.accounts(play.plan[0]) == every_due(play.plan[0], START, play.ended)
    assert play.gaps == [Gap(play.plan[0].series, START + SECOND, START + 2 * SECOND, 1, "overload")]


def test_a_thousand_series_are_laid_in_a_moment() -> None:
    play = Play([*many(500, 60), *many(500, 3_600)])

    async def scene() -> float:
        begin = time.perf_counter()
        play.schedule.lay(play.plan)
        laid = time.perf_counter() - begin
        play.schedule.stop()
        return laid

    assert play.machine.run(scene()) < 2.0
