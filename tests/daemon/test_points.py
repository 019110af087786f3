import inspect
import re

import pytest

from daemon.points import MEANINGS, points
from daemon.sinks import events, lines
from daemon.sinks.rollups import MEASUREMENTS


def by_name():
    return {point.measurement: point for point in points()}


def test_every_measurement_of_the_design_is_there():
    assert set(by_name()) == {
        "probe_result",
        "probe_5m",
        "probe_1h",
        "service_state",
        "disruption_event",
        "event_log",
        "vantage_health",
        "daemon_health",
    }


def test_every_measurement_has_a_meaning_and_none_is_left_over():
    assert set(MEANINGS) == set(by_name())


def test_the_tags_of_a_series_are_the_six():
    for measurement in ("probe_result", "probe_5m", "probe_1h"):
        assert set(by_name()[measurement].tags) == {"service", "endpoint", "vantage", "family", "probe", "role"}


@pytest.mark.parametrize(
    ("measurement", "field", "kind"),
    [
        ("probe_result", "success", "integer"),
        ("probe_result", "failure", "string"),
        ("probe_result", "total_us", "integer"),
        ("probe_5m", "n", "integer"),
        ("probe_1h", "p95_us", "integer"),
        ("probe_1h", "tcp_timeout", "integer"),
        ("service_state", "availability", "float"),
        ("vantage_health", "control", "integer"),
        ("disruption_event", "confidence", "float"),
        ("disruption_event", "summary", "string"),
        ("daemon_health", "uptime_s", "float"),
    ],
)
def test_fields_have_their_types(measurement, field, kind):
    assert dict(by_name()[measurement].fields)[field] == kind


def test_the_figures_of_the_daemon_are_those_that_it_writes():
    names = dict(by_name()["daemon_health"].fields)
    assert {"ok_total", "loop_lag_ms", "rss_bytes"} <= set(names)


def test_a_skipped_slot_has_the_fields_of_a_measured_one():
    """A point that is written anew must leave no field of the old one behind."""
    samples = [point for point in points() if point.measurement == "probe_result"]
    assert len(samples) == 1
    assert "measured" in dict(samples[0].fields)


def test_the_sink_writes_no_measurement_that_is_not_listed():
    written = set(re.findall(r'head\(\s*"(\w+)"', inspect.getsource(lines) + inspect.getsource(events)))
    assert written | set(MEASUREMENTS.values()) == set(MEANINGS)
