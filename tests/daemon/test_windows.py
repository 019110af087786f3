"""The values of one series in one hour: kept in order, each slot once, and what they add up to."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.classes import FailureClass
from daemon.rows import Gap, Spread
from daemon.windows import (
    GRACE,
    HOUR,
    LOCAL,
    SECOND,
    SKIPPED,
    put,
    rolled,
    skipped_slots,
    value_of,
    windows_in,
    windows_of,
)
from probes.record import Failure, Kind, Phase
from tests.lab.rollups import BASE, SERIES, slot

values = st.one_of(st.just(SKIPPED), st.just(LOCAL), st.integers(1, 2**31 - 1))
dues = st.integers(0, HOUR - 1)


def of(*slots: tuple[int, int]) -> "array[int]":
    made = array("Q")
    for due, value in slots:
        put(made, BASE + due, value)
    return made


@given(st.lists(st.tuples(dues, values), unique_by=lambda slot: slot[0]), st.randoms())
def test_the_order_in_which_slots_come_is_nothing(slots, chance):
    shuffled = list(slots)
    chance.shuffle(shuffled)
    assert of(*shuffled) == of(*sorted(slots))


@given(st.lists(st.tuples(dues, values)))
def test_the_first_record_of_a_slot_counts_and_any_before_a_gap(slots):
    wanted: dict[int, int] = {}
    for due, value in slots:
        if wanted.get(due, SKIPPED) == SKIPPED:
            wanted[due] = value
    assert list(of(*slots)) == [due << 32 | value for due, value in sorted(wanted.items())]


def test_whether_something_changed_is_told():
    made = array("Q")
    assert [put(made, BASE, SKIPPED), put(made, BASE, SKIPPED), put(made, BASE, 5)] == [True, False, True]
    assert [put(made, BASE, 6), put(made, BASE, SKIPPED), put(made, BASE + 1, 6)] == [False, False, True]


@pytest.mark.parametrize(
    ("seconds", "value"), [(0.1234567, 123457), (0.0, 1), (1e9, 2**31 - 1), (float("nan"), 1), (float("inf"), 1)]
)
def test_a_good_slot_is_its_microseconds_and_at_least_one(seconds, value):
    assert value_of(slot(0, 0, seconds * 1e6)) == value


def test_a_fault_of_our_own_is_no_failure():
    assert value_of(slot(0, 0, 1, Failure(Phase.TCP, Kind.LOCAL))) == LOCAL


@given(st.sampled_from(Phase), st.sampled_from([kind for kind in Kind if kind is not Kind.LOCAL]))
def test_a_failure_counts_in_one_class(phase, kind):
    made = rolled(SERIES[0], of((7, value_of(slot(0, 0, 1, Failure(phase, kind))))), (BASE, 300))
    assert (made.n, made.ok, sum(made.failures.values()), made.latency) == (1, 0, 1, None)
    assert set(made.failures) <= set(FailureClass)


def test_a_window_ends_where_the_next_begins():
    slots = of((0, 10), (300 * SECOND - 1, 20), (300 * SECOND, 30), (HOUR - 1, 40))
    widths = {start: rolled(SERIES[0], slots, (start, width)).n for start, width in windows_in(BASE // HOUR)}
    assert widths == {BASE: 4} | {BASE + place * 300 * SECOND: {1: 1, 11: 1}.get(place, 0) for place in range(1, 12)}, (
        "the last of each start is that of the hour"
    )
    assert rolled(SERIES[0], slots, (BASE, 300)).latency == Spread(10, 10, 20, 20, 20)


@given(st.integers(0, 2**52))
def test_a_slot_falls_into_one_window_of_each_width(due):
    for start, width in windows_of(due):
        assert start % (width * SECOND) == 0
        assert start <= due < start + width * SECOND
        assert (start, width) in set(windows_in(due // HOUR))


@given(st.integers(0, 20 * 3600), st.integers(0, 5000), st.sampled_from([1, 10, 60, 3600]), st.integers(0, 30))
def test_a_gap_counts_where_it_begins_and_where_it_is_recent(first, slots, every, later):
    begin = BASE + first * SECOND
    last = begin + slots * every * SECOND
    at = last + later * 300 * SECOND
    every_slot = range(begin, last + 1, every * SECOND)
    wanted = [due for due in every_slot if due // HOUR in {begin // HOUR, *range(at // HOUR - GRACE, at // HOUR + 1)}]
    assert list(skipped_slots(Gap(SERIES[0], begin, last, every, "down"), at)) == wanted


@pytest.mark.parametrize("reason", ["retention", "disk"])
def test_slots_that_were_measured_and_then_deleted_are_not_skipped(reason):
    assert list(skipped_slots(Gap(SERIES[0], BASE, BASE, 10, reason), BASE)) == []
