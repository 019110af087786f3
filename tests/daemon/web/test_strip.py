"""A day in cells: the worst stays, the old goes, and nothing is claimed where nothing was told."""

from hypothesis import given
from hypothesis import strategies as st

from daemon.web.strip import BLOCKED, CELL, CELLS, DEGRADED, NOTHING, OF_STATE, OK, UNKNOWN, Strip, runs, worst

NOW = 1_770_840_000_000_000 // CELL * CELL


def test_the_worst_of_a_quarter_of_an_hour_stays() -> None:
    strip = Strip()
    for level in (OK, BLOCKED, OK, UNKNOWN):
        strip.mark(NOW, level)
    assert strip.day(NOW)[-1] == BLOCKED
    assert set(strip.day(NOW)[:-1]) == {NOTHING}


def test_a_pause_is_empty_and_a_day_later_all_is_gone() -> None:
    strip = Strip()
    strip.mark(NOW, OK)
    strip.mark(NOW + 4 * CELL, DEGRADED)
    assert strip.day(NOW + 4 * CELL)[-5:] == [OK, NOTHING, NOTHING, NOTHING, DEGRADED]
    assert strip.day(NOW + 6 * CELL)[-3:] == [DEGRADED, NOTHING, NOTHING]
    assert set(strip.day(NOW + 200 * CELL)) == {NOTHING}


def test_what_is_older_than_a_day_changes_nothing() -> None:
    strip = Strip()
    strip.mark(NOW, OK)
    before = strip.day(NOW)
    strip.mark(NOW - CELLS * CELL, BLOCKED)
    assert strip.day(NOW) == before


@given(st.lists(st.tuples(st.integers(0, 3 * CELLS), st.sampled_from(OF_STATE)), max_size=60))
def test_it_is_what_a_plain_table_would_hold(marks) -> None:
    strip = Strip()
    table: dict[int, int] = {}
    for place, level in sorted(marks, key=lambda one: one[0]):
        strip.mark(NOW + place * CELL, level)
        table[place] = max(level, table.get(place, NOTHING))
    end = 3 * CELLS
    expected = [table.get(place, NOTHING) for place in range(end - CELLS + 1, end + 1)]
    assert strip.day(NOW + end * CELL) == expected


@given(st.lists(st.integers(0, 4), max_size=CELLS))
def test_runs_are_the_same_cells_again(levels) -> None:
    again = [level for level, _at, length in runs(levels) for _ in range(length)]
    assert again == levels
    assert all(one[0] != other[0] for one, other in zip(runs(levels), runs(levels)[1:], strict=False))


def test_the_worst_of_several() -> None:
    assert worst([[OK, OK], [UNKNOWN, BLOCKED]]) == [UNKNOWN, BLOCKED]
    assert worst([]) == [NOTHING] * CELLS
