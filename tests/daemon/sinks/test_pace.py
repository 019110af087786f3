import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.sinks.pace import RETRY_AFTER_CAP, Pace


def test_delays_double_up_to_the_longest() -> None:
    pace = Pace(1.0, 60.0, lambda: 1.0)
    assert [pace.delay() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_jitter_takes_up_to_half_away() -> None:
    assert Pace(8.0, 60.0, lambda: 0.0).delay() == 4.0


def test_it_begins_anew_after_a_recovery() -> None:
    pace = Pace(1.0, 60.0, lambda: 1.0)
    pace.delay()
    pace.delay()
    pace.recover()
    assert pace.delay() == 1.0


@pytest.mark.parametrize(("asked", "wait"), [(17.0, 17.0), (99_999.0, RETRY_AFTER_CAP), (0.0, 1.0), (None, 1.0)])
def test_retry_after_is_honoured_up_to_a_cap(asked: float | None, wait: float) -> None:
    assert Pace(1.0, 60.0, lambda: 1.0).delay(asked) == wait


@given(st.integers(0, 100_000), st.floats(0, 1), st.none() | st.floats(0, 1e9))
def test_a_delay_is_never_long_nor_nothing(failures: int, chance: float, asked: float | None) -> None:
    assert 0.5 <= Pace(1.0, 60.0, lambda: chance, failures).delay(asked) <= RETRY_AFTER_CAP
