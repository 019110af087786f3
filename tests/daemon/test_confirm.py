"""A look twice: on a change, twice, spaced, bounded by the minute, and again after six hours of staying down."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.confirm import AGAIN, PER_MINUTE, Confirmation, outcome_of
from probes.record import Kind, Phase, Record, Series
from tests.lab.samples import SECOND, SERIES, failed, record

EVERY = 60
LOCAL = failed(0, Phase.TCP, Kind.LOCAL)


def series(number: int, vantage: str = "ru1") -> Series:
    return replace(SERIES, endpoint=f"{number}.example.org:443", vantage=vantage)


def repeats(*records: Record, every: int = EVERY) -> list[tuple[float, ...]]:
    """The repeats that each of these records of one series gets, an hour apart."""
    confirmation = Confirmation()
    return [confirmation.moments(found, every, 3_600.0 * number) for number, found in enumerate(records)]


# ---- what is news ----------------------------------------------------------------------------------------------------


def test_the_first_good_record_is_no_news() -> None:
    assert repeats(record(0), record(1)) == [(), ()]


def test_the_first_record_of_a_series_that_is_down_is_looked_at_twice() -> None:
    assert repeats(failed(0), failed(1)) == [(10.0, 20.0), ()]


def test_going_down_and_coming_up_are_news() -> None:
    assert [bool(moments) for moments in repeats(record(0), failed(1), failed(2), record(3), record(4))] == [
        False, True, False, True, False,
    ]  # fmt: skip


def test_another_phase_is_news_and_another_kind_is_not() -> None:
    found = repeats(failed(0), failed(1, Phase.TCP, Kind.RESET), failed(2, Phase.TLS, Kind.RESET))
    assert [bool(moments) for moments in found] == [True, False, True]


def test_a_fault_of_our_own_neither_is_news_nor_hides_it() -> None:
    found = repeats(record(0), LOCAL, record(1), LOCAL, failed(2))
    assert [bool(moments) for moments in found] == [False, False, False, False, True]


def test_still_down_after_six_hours_is_looked_at_again_and_then_every_six() -> None:
    confirmation = Confirmation()
    found = [
        hour / 2
        for hour in range(40)
        if confirmation.moments(failed(0, began=int((hour / 2 * 3_600 + 1) * SECOND)), EVERY, hour * 1_800.0)
    ]
    assert found == [0, 6.5, 13, 19.5]


def test_what_stays_well_is_never_looked_at_again() -> None:
    assert repeats(*(record(0, began=AGAIN * number * SECOND) for number in range(5))) == [()] * 5


@pytest.mark.parametrize(
    ("every", "moments"), [(1, (0.25, 0.5)), (10, (2.5, 5.0)), (60, (10.0, 20.0)), (3_600, (10.0, 20.0))]
)
def test_repeats_are_spaced_within_the_interval(every: int, moments: tuple[float, float]) -> None:
    assert repeats(failed(0), every=every) == [moments]


def test_outcome_is_the_phase_that_failed() -> None:
    assert (outcome_of(record(0)), outcome_of(failed(0, Phase.TLS))) == ("ok", "tls")


# ---- after a start, after a reload -----------------------------------------------------------------------------------


def test_a_restart_knows_the_last_outcomes() -> None:
    confirmation = Confirmation()
    confirmation.remember(failed(0))
    assert confirmation.moments(failed(1), EVERY, 0.0) == ()
    assert confirmation.moments(record(2), EVERY, 0.0) != ()


def test_a_reload_forgets_what_is_not_planned_any_more() -> None:
    confirmation = Confirmation()
    confirmation.remember(record(0))
    confirmation.remember(replace(LOCAL, series=series(1)))
    confirmation.remember(replace(record(0), series=series(2)))
    confirmation.keep({series(2)})
    assert set(confirmation.last) == {series(2)}
    assert confirmation.unmeasured == set()


def test_what_could_not_be_measured_is_known_until_it_can() -> None:
    confirmation = Confirmation()
    confirmation.remember(LOCAL)
    assert confirmation.unmeasured == {SERIES}
    confirmation.remember(failed(1))
    assert confirmation.unmeasured == set()


# ---- six a minute ----------------------------------------------------------------------------------------------------


def test_a_block_of_many_series_is_looked_at_three_times_in_a_minute() -> None:
    confirmation = Confirmation()
    found = [confirmation.moments(replace(failed(0), series=series(number)), EVERY, 0.0) for number in range(20)]
    assert [bool(moments) for moments in found] == [True] * 3 + [False] * 17


def test_vantages_do_not_share_the_budget() -> None:
    confirmation = Confirmation()
    for vantage in ("ru1", "nl1"):
        found = [
            confirmation.moments(replace(failed(0), series=series(number, vantage)), EVERY, 0.0) for number in range(4)
        ]
        assert [bool(moments) for moments in found] == [True, True, True, False]


@given(st.lists(st.tuples(st.floats(0.0, 40.0), st.sampled_from([1, 4, 10, 60, 300])), max_size=80))
def test_no_minute_holds_more_than_six_confirming_runs(news: list[tuple[float, int]]) -> None:
    confirmation, now, runs = Confirmation(), 1_000.0, []
    for number, (pause, every) in enumerate(news):
        now += pause
        moments = confirmation.moments(replace(failed(0), series=series(number)), every, now)
        runs += [now + moment for moment in moments]
    runs.sort()
    for first, seventh in zip(runs, runs[PER_MINUTE:], strict=False):
        assert seventh - first >= 60 - 1e-9


@given(st.lists(st.floats(61.0, 600.0), min_size=1, max_size=30))
def test_who_comes_once_a_minute_and_a_half_is_always_looked_at(pauses: list[float]) -> None:
    confirmation, now = Confirmation(), 0.0
    for number, pause in enumerate(pauses):
        now += pause
        assert confirmation.moments(replace(failed(0), series=series(number)), EVERY, now)
    assert all(len(planned) <= PER_MINUTE for planned in confirmation.planned.values())


@given(st.lists(st.booleans(), max_size=50))
def test_what_is_confirmed_is_a_change(outcomes: list[bool]) -> None:
    """Given room in every minute, repeats come exactly where the outcome differs from the one before."""
    found = repeats(*(record(n) if good else failed(n) for n, good in enumerate(outcomes)))
    changes = [before != after for before, after in pairwise([True, *outcomes])]
    assert [bool(moments) for moments in found] == changes
