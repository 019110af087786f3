"""Quantiles are values that were seen; the law is the definition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.quantiles import quantile

values = st.lists(st.integers(0, 2**31), min_size=1, max_size=400).map(sorted)


@given(values, st.integers(1, 100))
def test_it_is_the_smallest_value_that_so_many_do_not_exceed(ordered: list[int], percent: int) -> None:
    found = quantile(ordered, percent)
    assert found in ordered
    assert sum(value <= found for value in ordered) * 100 >= percent * len(ordered)
    assert sum(value < found for value in ordered) * 100 < percent * len(ordered)


@pytest.mark.parametrize(
    ("count", "percent", "value"),
    [(1, 50, 1), (1, 95, 1), (2, 50, 1), (3, 50, 2), (10, 90, 9), (10, 95, 10), (20, 95, 19), (360, 95, 342)],
)
def test_by_hand(count: int, percent: int, value: int) -> None:
    assert quantile(range(1, count + 1), percent) == value


def test_of_nothing_there_is_none() -> None:
    with pytest.raises(IndexError):
        quantile([], 50)
