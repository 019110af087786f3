import math

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.sinks.answers import Answer
from daemon.sinks.bisect import REQUESTS, WINDOW, Bad, Budget, Work, arranged, halves
from daemon.sinks.protocol import Line


def lines(count: int, measurement: str = "m") -> list[Line]:
    return [Line(number, number, f"{measurement},a={number} x=1i {number}".encode()) for number in range(count)]


def search(work: Work, is_bad: set[int], wholly: bool = True) -> tuple[list[Line], int]:
    """Play a server that takes a part only if nothing in it is bad; gives what it took, in order, and the requests."""
    taken, requests = [], 0
    while work.parts:
        part = work.parts[-1]
        requests += 1
        if not {line.seq for line in part} & is_bad:
            taken += work.parts.pop()
        elif len(part) == 1:
            work.bad.append(Bad(part[0], Answer(400)))
            work.parts.pop()
        else:
            work.search()
    return taken, requests


@settings(max_examples=60)
@given(st.integers(1, 800), st.data())
def test_exactly_the_bad_lines_are_found_with_few_requests(count: int, data: st.DataObject) -> None:
    bad = data.draw(st.sets(st.integers(0, count - 1), max_size=5))
    work = Work([lines(count)])
    taken, requests = search(work, bad)
    assert {one.line.seq for one in work.bad} == bad
    assert {line.seq for line in taken} == set(range(count)) - bad
    assert requests <= 1 + 2 * len(bad) * math.ceil(math.log2(count) + 1)


def test_one_bad_line_of_5000_costs_27_requests_at_most() -> None:
    assert search(Work([lines(5000)]), {1234})[1] <= 27


def test_what_is_found_is_taken_in_order() -> None:
    taken, _ = search(Work([lines(100)]), {50})
    assert [line.seq for line in taken] == [number for number in range(100) if number != 50]


def test_measurements_are_parted_first() -> None:
    part = arranged(lines(40, "b") + lines(2, "a"))
    assert [len(half) for half in halves(part)] == [2, 40]


@given(st.integers(2, 50), st.integers(0, 50))
def test_halves_lose_nothing_and_are_both_smaller(first: int, second: int) -> None:
    part = arranged(lines(first, "a") + lines(second, "b"))
    one, two = halves(part)
    assert one + two == part
    assert one
    assert two


def test_lines_of_one_point_keep_their_order() -> None:
    """Two revisions of an event in one batch: the later must still be the one that stands."""
    first, second = Line(1, 7, b"m x=1i 7"), Line(2, 7, b"m x=2i 7")
    assert arranged([first, second]) == [first, second]


def test_a_part_is_cut_and_the_rest_comes_behind() -> None:
    work = Work([lines(10)])
    work.cut(4)
    assert [[line.seq for line in part] for part in work.parts] == [[4, 5, 6, 7, 8, 9], [0, 1, 2, 3]]
    work.cut(4)
    assert len(work.parts) == 2


def test_a_minute_has_200_requests_and_the_last_two_go_together() -> None:
    budget = Budget()
    sent = 0
    while not budget.wait(sent * 0.01):
        budget.spend(sent * 0.01)
        sent += 1
    assert sent == REQUESTS - 1
    assert budget.wait(10.0) == WINDOW - 10.0
    assert budget.wait(WINDOW + 0.001) == 0.0


@given(st.lists(st.floats(0, 3), min_size=1, max_size=1500), st.integers(2, 60))
def test_no_minute_ever_has_more(gaps: list[float], limit: int) -> None:
    budget, now, sent = Budget(limit), 0.0, []
    for gap in gaps:
        now += gap
        if budget.wait(now) == 0.0:
            budget.spend(now)
            sent.append(now)
    assert all(sum(1 for other in sent if 0 <= other - one < WINDOW) <= limit for one in sent)
