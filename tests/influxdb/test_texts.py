"""Whatever text the world holds: a real InfluxDB takes it and gives it back."""

import asyncio
import itertools
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.sinks.destination import Destination
from daemon.sinks.influx import connect
from daemon.sinks.lines import record_line
from daemon.sinks.protocol import STRING_LENGTH, Line, head, integer, point, string
from probes.record import Series
from tests.lab.influxd import Influxd
from tests.lab.samples import SERIES, record
from tests.lab.sinking import CLOCK

ODD = ["", "\\", "a\\", "a\\\\", '"', '\\"', " ", "  ", "=", ",", "#", "a=b,c d", "\n", "a\nb", "\0", "é", "\U0001f600"]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(ODD)
examples = itertools.count()


async def post(where: Destination, made: list[Line]) -> tuple[int, str]:
    async with connect(where, CLOCK) as sink:
        answer = await sink.transport.post(made)
    return answer.status, answer.body


def tag_read(text: str) -> str:
    kept = text.rstrip("\\")
    text = kept + "/" * (len(text) - len(kept))
    return text.translate({10: " ", 13: " ", 9: " ", 0: " "}) or "-"


def string_read(text: str) -> str:
    return text[:STRING_LENGTH].translate({10: " ", 13: " ", 0: " "})


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS, min_size=1, max_size=60))
def test_nasty_texts_are_read_back_as_they_were(influxd: Influxd, bucket: str, texts: list[str]) -> None:
    """Field strings wholly, but for line breaks; tags too, but for control characters and backslashes at the end."""
    name = f"m{next(examples)}"
    all_of_them = [*ODD, *texts]
    made = [
        point(0, number, head(name, a=text), f"s={string(text)},i={integer(number)}")
        for number, text in enumerate(all_of_them)
    ]
    assert asyncio.run(post(influxd.destination(bucket), made)) == (204, "")
    found = influxd.query(bucket, f"SELECT a, s, i FROM {name}")  # noqa: S608  a number of ours
    assert [(point["i"], point["a"], point["s"]) for point in found] == [
        (number, tag_read(text), string_read(text)) for number, text in enumerate(all_of_them)
    ]


async def test_the_longest_texts_are_taken(influxd: Influxd, bucket: str) -> None:
    long = replace(SERIES, **dict.fromkeys(Series.__slots__, "\U0001f600" * 20_000))
    made = record_line(1, record(series=long, config="\U0001f600" * 20_000))
    assert made is not None
    assert await post(influxd.destination(bucket), [made]) == (204, "")
    assert influxd.count(bucket) == 1


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 2**70, -(2**70)])
async def test_integers_at_the_edge_are_taken(influxd: Influxd, bucket: str, number: int) -> None:
    made = point(1, 1, "edge", f"i={integer(number)}")
    assert await post(influxd.destination(bucket), [made]) == (204, "")
    (stored,) = influxd.query(bucket, "SELECT i FROM edge")
    assert stored["i"] == max(-(2**63), min(2**63 - 1, number))
