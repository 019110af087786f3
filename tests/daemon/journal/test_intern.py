"""What repeats gets a number and keeps it; what does not repeat gets none; memory stays bounded."""

import pytest

from daemon.journal import intern
from daemon.journal.intern import TOUCH, Fresh, Interner
from probes.record import Series

ONE = Series("whatsapp", "chat", "g.whatsapp.net:5222", "tls", "ru1", "ipv4")
OTHER = Series("max", "web", "max.ru:443", "tls", "ru1", "ipv4")


def key(name: object) -> tuple[object, ...]:
    return ("setup", name)


def test_a_series_has_one_number_for_ever():
    interner = Interner()
    assert [interner.series(series) for series in (ONE, OTHER, ONE)] == [1, 2, 1]
    assert interner.take_fresh() == Fresh([(1, ONE), (2, OTHER)], [])
    assert interner.take_fresh() is None
    assert interner.series_by_number() == {1: ONE, 2: OTHER}


def test_numbers_of_series_go_on_above_those_of_the_file_even_with_holes():
    interner = Interner()
    interner.learn_series([(7, ONE)])
    assert interner.series(ONE) == 7
    assert interner.series(OTHER) == 8


def test_content_is_written_once():
    interner = Interner()
    assert [interner.number(key(name), seq) for seq, name in enumerate("aba", 1)] == [1, 2, 1]
    assert interner.take_fresh() == Fresh([], [(1, 1, key("a")), (2, 2, key("b"))])


def test_content_that_may_be_unique_gets_a_number_at_its_second_sight():
    interner = Interner()
    assert interner.number_if_repeated(key("a"), 1) == 0
    assert interner.number_if_repeated(key("b"), 2) == 0
    assert interner.take_fresh() is None
    assert interner.number_if_repeated(key("a"), 3) == 1
    assert interner.number_if_repeated(key("a"), 4) == 1


def test_a_second_sight_after_too_many_others_is_a_first(monkeypatch):
    monkeypatch.setattr(intern, "ONCE", 3)
    interner = Interner()
    for name in "abcd":
        assert interner.number_if_repeated(key(name), 1) == 0
    assert interner.number_if_repeated(key("a"), 2) == 0
    assert interner.number_if_repeated(key("d"), 2) == 1


def test_use_is_written_down_now_and_then_with_the_content():
    """The row may have been deleted while nobody used it, so its content is written again."""
    interner = Interner()
    interner.number(key("a"), 1)
    interner.take_fresh()
    assert interner.number(key("a"), 1 + TOUCH) == 1
    assert interner.take_fresh() is None
    assert interner.number(key("a"), 2 + TOUCH) == 1
    assert interner.take_fresh() == Fresh([], [(1, 2 + TOUCH, key("a"))])


def test_what_the_file_holds_is_known_after_a_start():
    interner = Interner()
    interner.learn_facts([(4, 10, key("a"))], highest=9)
    assert interner.number(key("a"), 11) == 4
    assert interner.number_if_repeated(key("a"), 11) == 4
    assert interner.number(key("b"), 12) == 10


def test_memory_is_bounded_and_the_longest_unused_is_forgotten(monkeypatch):
    monkeypatch.setattr(intern, "KNOWN", 10)
    interner = Interner()
    for seq in range(10):
        interner.number(key(seq), seq)
    assert interner.number(key("new"), 10) == 11
    assert interner.number(key(9), 11) == 10
    assert interner.number(key(0), 11) == 12


@pytest.mark.parametrize("used", [False, True])
def test_everything_that_is_known_can_be_written_into_a_new_file(used):
    interner = Interner()
    interner.series(ONE)
    interner.number(key("a"), 5)
    if used:
        interner.take_fresh()
    assert interner.everything() == Fresh([(1, ONE)], [(1, 5, key("a"))])
