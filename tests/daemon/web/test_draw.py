"""Charts are well-formed SVG whatever the records are, and say in words what they show."""

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from daemon.web import draw
from daemon.web.strip import BLOCKED, CELLS, NOTHING, OK, WORDS
from probes.record import Failure, Kind, Phase, Series, Timing
from tests.lab.journal_rows import realistic, records
from tests.lab.story import SECOND, START, attempt

SERIES = Series("whatsapp", "chat", "g.whatsapp.net:5222", "tcp", "ru1", "ipv4")


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(str(svg))  # noqa: S314  our own text


def test_a_strip_is_one_shape_for_each_stretch() -> None:
    levels = [NOTHING] * 90 + [OK] * 4 + [BLOCKED] * 2
    found = parsed(draw.strip(levels))
    assert [shape.get("class") for shape in found] == ["l1", "l4"]
    assert found.get("aria-label") == "last 24 h: no data 22.5 h, ok 1 h, down 0.5 h"
    assert len(draw.strip([OK] * CELLS)) < 250


def test_the_worse_the_higher() -> None:
    style = (Path(draw.__file__).parent / "static" / "style.css").read_text()
    thick = [float(found) for found in re.findall(r"\.l\d \{[^}]*stroke-width: ([\d.]+)px", style)]
    assert thick == sorted(thick)
    assert len(thick) == len(WORDS) - 1


def test_where_the_words_stand_beside_it_a_strip_is_not_told_twice() -> None:
    assert parsed(draw.strip([OK], named=False)).get("aria-label") is None


@given(st.lists(records, min_size=1, max_size=12))
def test_any_records_give_a_chart_that_is_whole(found) -> None:
    plot = parsed(draw.latency(sorted(found, key=lambda one: one.began)))
    scale, chart = plot
    assert [mark.tag for mark in scale] == ["li"] * 3
    assert f"{len(found)} records" in str(chart.get("aria-label"))
    for record in found:
        parsed(draw.bars(record, max(one.seconds for one in found)))


def test_no_records_no_chart() -> None:
    assert draw.latency([]) == ""


def test_phases_lie_above_each_other_and_failures_fill_the_height() -> None:
    good = list(realistic(60, START, "http"))[::6]
    bad = replace(good[-1], began=good[-1].began + 60 * SECOND, failure=Failure(Phase.TLS, Kind.RESET))
    chart = draw.latency([*good, bad])
    assert all(f'class="p-{phase}"' in chart for phase in ("dns", "tcp", "tls", "http"))
    assert chart.count('class="failed"') == 1
    assert "1 failed" in chart


def test_the_phase_that_failed_is_marked() -> None:
    record = attempt(SERIES, START, START, 10.0, Failure(Phase.TCP, Kind.TIMEOUT))
    record = replace(record, timings=(Timing(Phase.DNS, 0.0, 0.05), Timing(Phase.TCP, 0.05, 9.95)))
    classes = [shape.get("class") for shape in parsed(draw.bars(record, 10.0))]
    assert classes == ["p-dns", "p-tcp broken"]


@given(st.integers(1, 40 * 86_400), st.integers(0, 10**9))
def test_marks_of_an_axis_are_few_round_and_inside(seconds: int, begin: int) -> None:
    begin *= SECOND
    found = draw.ticks(begin, begin + seconds * SECOND)
    assert len(found) <= 6
    assert all(begin <= moment <= begin + seconds * SECOND for moment in found)
    assert all(moment % (60 * SECOND) == 0 for moment in found)


@given(st.floats(-10, 10), st.floats(0, 10))
def test_shares_stay_inside(part: float, whole: float) -> None:
    assert 0 <= float(draw.share(part, whole).rstrip("%")) <= 100


def test_the_legend_names_the_phases() -> None:
    assert "dns" in draw.legend(["dns"])
    assert "&lt;" in draw.legend(["<"])
