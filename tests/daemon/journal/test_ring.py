"""When memory is all there is: the oldest raw rows give way first, conclusions never, and gaps say which."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.journal.batch import Move, Operation
from daemon.journal.codec import encode
from daemon.journal.intern import Interner
from daemon.journal.ring import Lost, count_raw, gaps, give_way
from daemon.rows import Annotation, ClockStep, Gap, Health, Heartbeat, State
from tests.lab.samples import EVENT, SERIES, THEN, record

SECOND = 1_000_000
interner = Interner()
NUMBER = interner.series(SERIES)


@pytest.fixture
def waiting():
    """Makes operations that wait, each with these rows."""
    loop = asyncio.new_event_loop()
    seq = 1

    def make(*calls):
        nonlocal seq
        found = []
        for bodies in calls:
            op = Operation(THEN, seq, seq - 1, loop.create_future())
            for body in bodies:
                op.add(*encode(seq, THEN, body, interner))
                seq += 1
            op.last = seq - 1
            found.append(op)
        return found

    yield make
    loop.close()


def test_the_oldest_records_go_first(waiting):
    ops = waiting([record(1), record(2)], [record(3)], [record(4)])
    lost: dict[int, Lost] = {}
    assert give_way(ops, 3, lost) == 3
    assert [len(op.records) for op in ops] == [0, 0, 1]
    assert lost == {NUMBER: Lost(record(1).due, record(3).due, 10 * SECOND)}


def test_conclusions_plans_gaps_and_steps_stay(waiting):
    kept = [EVENT, Annotation("x"), ClockStep(1.0), State("a", "b", 0, 1.0, 1.0, 1.0), Gap(SERIES, 1, 2, 10, "stop")]
    ops = waiting(kept, [record(1), *kept, Heartbeat("ru1", None), Health({"a": 1.0})])
    assert count_raw(ops) == 3
    assert give_way(ops, 100, {}) == 3
    assert [op.size() for op in ops] == [len(kept), len(kept)]


def test_moves_of_followers_stay(waiting):
    (op,) = waiting([record(1)])
    op.move = Move("detect", 4, {})
    give_way([op], 10, {})
    assert op.move == Move("detect", 4, {})
    assert not op.future.done()


def test_numbers_of_rows_that_stay_do_not_change(waiting):
    (op,) = waiting([record(1), EVENT, record(2)])
    give_way([op], 1, {})
    assert [cell[0] for cell in op.records] == [3]
    assert [cell[0] for cell in op.notes] == [2]
    assert (op.first, op.last) == (1, 3)
    assert op.rows == []


@given(st.lists(st.integers(0, 5), max_size=8), st.integers(0, 50))
def test_never_more_than_needed_and_never_less_than_possible(sizes, wanted):
    loop = asyncio.new_event_loop()
    ops = []
    for size in sizes:
        op = Operation(THEN, 1, 0, loop.create_future())
        for number in range(size):
            op.add(*encode(1, THEN, record(number), interner))
        ops.append(op)
    loop.close()
    assert give_way(ops, wanted, {}) == min(wanted, sum(sizes))
    assert count_raw(ops) == sum(sizes) - min(wanted, sum(sizes))


def test_gaps_speak_of_each_series_with_the_interval_of_the_plan():
    lost = {1: Lost(10 * SECOND, 70 * SECOND, 30 * SECOND)}
    assert gaps(lost, "disk", {1: SERIES}.__getitem__, {SERIES: 15}.get) == [
        Gap(SERIES, 10 * SECOND, 70 * SECOND, 15, "disk")
    ]


@pytest.mark.parametrize(("dues", "every"), [([10, 40, 70], 30), ([70, 10, 40], 30), ([10], 1), ([10, 10], 1)])
def test_without_a_plan_the_interval_is_what_the_slots_show(dues, every):
    slots = Lost(dues[0] * SECOND, dues[0] * SECOND)
    for due in dues:
        slots.add(due * SECOND)
    (gap,) = gaps({1: slots}, "retention", {1: SERIES}.__getitem__, lambda _series: None)
    assert (gap.first, gap.last, gap.every) == (min(dues) * SECOND, max(dues) * SECOND, every)
