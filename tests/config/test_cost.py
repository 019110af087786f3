import pytest

from config.cost import HEALTH, HEARTBEAT, MONTH, RECORD, ROLLUP, cost
from config.document import load
from config.plan import any_family, plan

TWO = (
    '[vantages.home]\ntype = "direct"\nconsent = "mine"\n'
    '[vantages.line]\ntype = "source"\nconsent = "mine"\ninterface = "x"\nresolver = "192.0.2.53"\n'
)


WINDOWS = 1 / 300 + 1 / 3600
"""Rollups of a series a second."""


def test_a_plan_is_added_up(planned):
    _document, plan_ = planned(
        {"one": ["tcp a:1 10s", 'tls a:2 20s families = ["ipv4", "ipv6"]'], "two": ["tcp b:1 1m"]}, TWO
    )
    total = cost(plan_)
    rate = 2 * (1 / 10 + 2 / 20 + 1 / 60)
    assert total.probes_per_second == pytest.approx(rate)
    # probes and their rollups, states of two services at two vantages, vantages, the daemon
    assert total.influx_series == 3 * 8 + 4 + 2 + 1
    assert total.influx_points_per_second == pytest.approx(rate + 8 * WINDOWS + 4 / 60 + 2 / 10 + 1 / 10)
    row_bytes = rate * RECORD + 8 * WINDOWS * ROLLUP + 2 / 10 * HEARTBEAT + HEALTH / 10
    assert total.journal_bytes == pytest.approx(MONTH * row_bytes, abs=1)
    assert total.journal_gb == total.journal_bytes / 10**9


def test_each_target_has_its_traffic(planned):
    _document, plan_ = planned({"one": ["tcp a:1 10s", 'tls a:2 20s families = ["ipv4", "ipv6"]']}, TWO)
    one, two = cost(plan_).targets
    assert (one.endpoint, one.probe, one.role, one.every, one.series) == ("a:1", "tcp", "chat", 10, 2)
    assert one.bytes_per_day == 2 * 8_640 * plan_.assignments[0].options.traffic
    assert (two.endpoint, two.series) == ("a:2", 4)
    assert two.bytes_per_day == 4 * 4_320 * 6_000
    assert cost(plan_).bytes_per_day == one.bytes_per_day + two.bytes_per_day


def test_each_resolver_that_is_asked_is_a_target_of_its_own(planned):
    _document, plan_ = planned({"one": ['dns a 1m resolvers = ["vantage", "195.208.4.1"]']})
    assert [target.endpoint for target in cost(plan_).targets] == ["a/A@195.208.4.1/udp", "a/A@vantage"]


def test_heartbeats_come_as_often_as_the_fastest_probe(planned):
    _document, slow = planned({"one": ["tcp a:1 1m"]})
    _document, fast = planned({"one": ["tcp a:1 2s"]})
    assert cost(slow).influx_points_per_second == pytest.approx(1 / 60 + WINDOWS + 1 / 60 + 1 / 10 + 1 / 10)
    assert cost(fast).influx_points_per_second == pytest.approx(1 / 2 + WINDOWS + 1 / 60 + 1 / 2 + 1 / 10)


def test_a_probe_once_an_hour_fills_one_window_of_each_width_an_hour(planned):
    _document, rare = planned({"one": ["tcp a:1 1h"]})
    assert cost(rare).influx_points_per_second == pytest.approx(1 / 3600 * 3 + 1 / 60 + 1 / 10 + 1 / 10)


def test_a_plan_of_nothing_costs_next_to_nothing(document):
    found = document({"one": ['tcp a:1 1m families = ["ipv6"]']}, '[vantages.home]\ntype = "direct"\nconsent = "m"\n')
    total = cost(plan(found, {"home": frozenset({"ipv4"})}))
    assert (total.targets, total.probes_per_second, total.bytes_per_day) == ((), 0, 0)


def test_the_shipped_example_costs_what_a_home_line_can_bear():
    document = load(None)
    total = cost(plan(document, any_family(document)))
    assert total.probes_per_second < 2
    assert total.bytes_per_day < 10**9
    assert total.journal_gb < 1.5
    assert total.influx_series < 300
