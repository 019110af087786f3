import json
import re
from pathlib import Path

import pytest

from daemon.heartbeat import Figures, health
from daemon.sinks.fields import DAEMON_HEALTH, DISRUPTION_EVENT, PROBE_RESULT, SERIES_TAGS, TABLE, WINDOWS, Type
from daemon.sinks.lines import record_line
from tests.lab.samples import record

GOLDEN = Path(__file__).parents[2] / "golden" / "influx_fields.json"
"""What stores out there hold: a field's type never changes and none goes; new ones are added here."""


def today() -> dict[str, dict[str, str]]:
    return {one.name: {field.name: str(field.type) for field in one.fields} for one in TABLE}


def test_no_released_field_changes_its_type_or_goes() -> None:
    released = json.loads(GOLDEN.read_text())
    kept = {name: {field: today()[name].get(field) for field in fields} for name, fields in released.items()}
    assert kept == released


def test_a_new_field_is_released_in_the_golden_file() -> None:
    assert today() == json.loads(GOLDEN.read_text()), f"add it to {GOLDEN}"


def test_every_measurement_of_the_design_is_there() -> None:
    assert [one.name for one in TABLE] == [
        "daemon_health",
        "disruption_event",
        "event_log",
        "probe_1h",
        "probe_5m",
        "probe_result",
        "service_state",
        "vantage_health",
    ]


def test_the_tags_of_a_series_are_the_six() -> None:
    assert set(SERIES_TAGS) == {"service", "endpoint", "vantage", "family", "probe", "role"}
    assert PROBE_RESULT.tags == WINDOWS[300].tags == WINDOWS[3600].tags == SERIES_TAGS


@pytest.mark.parametrize("one", TABLE, ids=lambda one: one.name)
def test_tags_are_sorted_and_share_no_name_with_a_field(one) -> None:
    """InfluxDB 3 refuses a table in which a tag and a field have one name."""
    assert list(one.tags) == sorted(one.tags)
    assert not set(one.tags) & {field.name for field in one.fields}


@pytest.mark.parametrize("one", TABLE, ids=lambda one: one.name)
def test_each_field_stands_once_and_says_what_it_means(one) -> None:
    names = [field.name for field in one.fields]
    assert len(names) == len(set(names))
    assert all(field.meaning for field in one.fields)
    assert all(field.unit or field.type is Type.STRING for field in one.fields)


def test_every_text_that_a_chart_needs_has_a_number_beside_it() -> None:
    for one, texts in ((PROBE_RESULT, ("result", "phase")), (DISRUPTION_EVENT, ("state",))):
        names = {field.name for field in one.fields}
        assert {f"{text}_code" for text in texts} <= names


def test_the_figures_of_the_daemon_are_those_that_it_writes() -> None:
    figures = health(Figures(counts={}, running=0, lag=0.0, followers={}, journal=Path(), uptime=0.0))
    assert [field.name for field in DAEMON_HEALTH.fields] == list(figures.figures)


def test_a_point_is_written_by_the_table() -> None:
    made = record_line(1, record())
    assert made
    written = re.findall(r'([a-z_0-9]+)=("[^"]*"|[^,]+)', made.text.decode().split(" ", 1)[1].rsplit(" ", 1)[0])
    kinds = {
        name: "string" if value[0] == '"' else "integer" if value[-1] == "i" else "float" for name, value in written
    }
    assert kinds == today()["probe_result"]
    assert list(kinds) == [field.name for field in PROBE_RESULT.fields]


def test_a_value_without_a_field_and_a_field_without_a_value_are_refused() -> None:
    good = {field.name: "" if field.type is Type.STRING else 0 for field in PROBE_RESULT.fields}
    with pytest.raises(KeyError, match="unknown"):
        PROBE_RESULT.write(good | {"unknown": 1})
    with pytest.raises(KeyError, match="success"):
        PROBE_RESULT.write({name: value for name, value in good.items() if name != "success"})
