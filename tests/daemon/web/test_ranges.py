"""Long ranges: the last word on each window, on an axis that ends now, drawn whole whatever the figures are."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from daemon.classes import FailureClass
from daemon.journal.reader import open_reader
from daemon.moments import SECOND
from daemon.rows import Rollup, Row, Spread
from daemon.web import ranges
from tests.lab.paging import paged
from tests.lab.samples import SERIES

HOUR = 3_600 * SECOND
WINDOW = 300 * SECOND
NOW = 500_000 * HOUR
GOOD = Spread(10_000, 20_000, 30_000, 40_000, 50_000)


def rollup(start: int, n: int = 5, ok: int = 5, latency: Spread | None = GOOD, width: int = 300) -> Rollup:
    failures = {FailureClass.TCP_TIMEOUT: n - ok} if n > ok else {}
    return Rollup(SERIES, start, width, n, ok, failures, 0, 0, latency)


def windows(*found: Rollup) -> ranges.Windows:
    return ranges.Windows(ranges.DAY, ranges.DAY.begin(NOW, 1), NOW, found)


def drawn(of: ranges.Windows) -> ET.Element:
    return ET.fromstring(str(ranges.draw(of)))  # noqa: S314  our own text


def path(of: ranges.Windows, name: str) -> str:
    return next(shape.get("d", "") for shape in drawn(of).iter("path") if shape.get("class") == name)


def test_a_range_is_as_long_as_its_name_and_shorter_with_very_many_series() -> None:
    assert NOW - ranges.DAY.begin(NOW, 200) == 24 * HOUR
    assert NOW - ranges.MONTH.begin(NOW, 200) == 720 * HOUR
    assert NOW - ranges.DAY.begin(NOW, 5_000) == 200 * WINDOW
    assert ranges.DAY.begin(NOW + 1, 0) % WINDOW == 0


async def test_a_window_counts_as_it_was_told_last(tmp_path: Path) -> None:
    start = NOW - 2 * HOUR
    first, again = rollup(start, 5, 5), rollup(start, 6, 5)
    later, older = rollup(start + WINDOW), rollup(NOW - 30 * HOUR)
    told = [later, first, again, older, replace(first, series=replace(SERIES, role="other"))]
    async with paged(tmp_path, [Row(0, NOW - HOUR, body) for body in told]) as page:
        with open_reader(page.journal.path) as reader:
            found = ranges.look(reader, SERIES, ranges.DAY, NOW, 1)
            assert found.rollups == (again, later)
            assert found.share == "1 of 11 failed"
            assert [one.range.name for one in ranges.both(reader, SERIES, NOW, 1)] == ["24h"]
            assert ranges.both(reader, replace(SERIES, role="none"), NOW, 1) == []


def test_it_says_in_words_what_it_shows() -> None:
    found = windows(rollup(NOW - HOUR, 5, 4))
    assert found.title == "Last 24 h"
    assert replace(found, begin=NOW - 200 * WINDOW).title == "Last 16 h 40 min"
    label = drawn(found).find("svg")
    assert label is not None
    assert label.get("aria-label") == "Last 24 h: 1 of 5 failed, p95 up to 50 ms"


def test_the_line_is_broken_where_nothing_answered() -> None:
    starts = [NOW - 4 * WINDOW, NOW - 3 * WINDOW, NOW - WINDOW]
    found = windows(*(rollup(start) for start in starts), rollup(NOW - 2 * WINDOW, 5, 0, None))
    assert path(found, "median").count("M") == 2
    assert path(found, "median").count("L") == 1
    assert path(found, "band").count("z") == 3


def test_failures_stand_on_the_ground_as_high_as_their_share() -> None:
    assert path(windows(rollup(NOW - HOUR, 4, 3)), "bad").split("v")[1].startswith("-250")
    assert path(windows(rollup(NOW - HOUR)), "bad") == ""
    assert path(windows(rollup(NOW - HOUR, 0, 0, None)), "bad") == ""


SPREADS = st.lists(st.integers(0, 10**8), min_size=5, max_size=5).map(lambda values: Spread(*sorted(values)))


@given(st.lists(st.tuples(st.integers(0, 287), st.integers(0, 20), st.none() | SPREADS), max_size=20))
def test_any_rollups_give_a_chart_that_is_whole(found) -> None:
    made = [rollup(NOW - (number + 1) * WINDOW, n, n // 2, spread) for number, n, spread in found]
    scale, chart = drawn(windows(*made))
    assert len(scale) == 3
    assert chart.get("class") == "chart"
