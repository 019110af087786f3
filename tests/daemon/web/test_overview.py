"""The first page's table: one cell a vantage while that can be looked at, one line a service beyond."""

from pathlib import Path

import pytest

from daemon.rows import Place, Planned, PlanRow, Row, State
from daemon.web import overview, views
from daemon.web.live import Live
from daemon.web.strip import BLOCKED
from probes.record import Series
from tests.lab.paging import LASTS, TITLES, told
from tests.lab.story import SECOND, START

NOW = START + round(LASTS) * SECOND


@pytest.fixture(scope="module")
def live() -> Live:
    made = Live(Path("none"), lambda: NOW)
    for row in told(LASTS, ended=3_600.0):
        made.put(row)
    return made


def many(services: int, vantages: int) -> Live:
    names, places = [f"s{number}" for number in range(services)], [f"v{number}" for number in range(vantages)]
    planned = tuple(
        Planned(Series(name, "site", f"{name}:443", "tls", place, "ipv4"), 60, 0, 5.0, "c")
        for name in names
        for place in places
    )
    made = Live(Path("none"), lambda: START)
    sides = dict.fromkeys(names, "foreign")
    made.put(Row(1, START, PlanRow("p", {place: Place("RU") for place in places}, sides, planned)))
    return made


def test_small_is_a_matrix(live: Live) -> None:
    table = overview.table(live, TITLES, NOW)
    assert not table.grouped
    assert [words for words, _lines in table.groups] == ["Foreign services", "Domestic services", "Controls"]
    cells = table.groups[0][1][0]["cells"]
    assert [cell["vantage"] for cell in cells] == ["ru1", "ru2", "nl1"]
    assert max(cells[0]["day"]) == BLOCKED
    assert table.counts == {"ok": 9}


def test_large_is_a_line_a_service_with_the_worst_of_it() -> None:
    made = many(5, overview.COLUMNS + 1)
    made.put(Row(2, START, State("s1", "v3", 2, 0.0, 1.0, 1.0)))
    made.put(Row(3, START, State("s1", "v4", 0, 1.0, 0.0, 1.0)))
    table = overview.table(made, {}, START)
    assert table.grouped
    line = table.groups[0][1][1]
    assert line["state"] == "down"
    assert line["told"] == [("down", 1), ("unknown", 7), ("ok", 1)]
    assert line["day"][-1] == BLOCKED


def test_many_cells_are_grouped_too() -> None:
    assert overview.table(many(overview.MOST // 2 + 1, 2), {}, START).grouped
    assert not overview.table(many(overview.MOST // 2, 2), {}, START).grouped


def test_what_is_not_measured_from_a_place_is_an_empty_cell() -> None:
    made = many(2, 2)
    assert made.plan is not None
    less = tuple(one for one in made.plan.assignments if (one.series.service, one.series.vantage) != ("s0", "v1"))
    made.put(Row(2, START, PlanRow("q", made.plan.vantages, made.plan.services, less)))
    first = overview.table(made, {}, START).groups[0][1][0]
    assert [cell is None for cell in first["cells"]] == [False, True]


def test_what_ended_lately_is_told_for_a_day(live: Live) -> None:
    (event,) = overview.lately_over(live, NOW)
    assert event.ended is not None
    assert overview.lately_over(live, NOW + overview.LATELY) == []


def test_the_side_of_a_series(live: Live) -> None:
    sides = {one["service"]: overview.side(live, one) for one in views.series(live)}
    assert sides == {"whatsapp": "foreign", "max": "domestic", "controls": "control"}
    assert overview.side(Live(Path("none"), lambda: 0), {"service": "x"}) == ""
