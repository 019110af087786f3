import pytest

from config import budget
from config.budget import violations, warnings
from config.document import load
from config.plan import any_family, plan
from config.slots import offset_of
from probes.record import Series

HOME = '[vantages.home]\ntype = "direct"\nconsent = "mine"\nresolver = "192.0.2.53"\n'
LINE = '[vantages.line]\ntype = "source"\nconsent = "mine"\ninterface = "x"\nresolver = "192.0.2.53"\n'
STORE = '[influxdb]\nurl = "http://h"\norg = "o"\nbucket = "b"\ntoken = { env = "REACHD_TEST_TOKEN" }\n'


@pytest.fixture
def breaches(planned):
    """What is wrong with services from a vantage, as (key, words)."""

    def found(services, text=HOME):
        return [(fault.origin.path, fault.what) for fault in violations(*planned(services, text))]

    return found


# ---- connections to a target ----


@pytest.mark.parametrize("endpoint", ["tcp a:1 10s", 'tcp a:1 10s families = ["ipv4", "ipv6"]', "tls 192.0.2.1:1 10s"])
def test_one_connection_in_ten_seconds_is_fine(breaches, endpoint):
    assert breaches({"one": [endpoint]}) == []


def test_more_is_a_breach_that_names_the_endpoint_and_the_remedy(breaches):
    ((path, what),) = breaches({"one": ["tcp b:1 1m", "tcp a:1 4s"]})
    assert path == "endpoints[1]"
    assert what == (
        "a:1 connects to a from home 0.25 times a second, the limit is 4 at once, then one every 10s: "
        "write every = '10s' or more, or list the address under [[limits]] if it is your own"
    )


def test_endpoints_of_one_host_count_together_across_services_and_ports(breaches):
    services = {"one": ["tcp a:1 20s", "tls a:2 30s"], "two": ["http https://a/ 1m"]}
    assert breaches(services) == []
    ((path, what),) = breaches({**services, "three": ["tcp A:3 10m"]})
    assert path == "endpoints[0]"
    assert what.startswith("a:1 with 3 other series connects to a from home ")
    assert "write intervals 1.02 times as long" in what


def test_the_remedy_is_enough(breaches):
    ((_path, what),) = breaches({"one": ["tcp a:1 15s", "tls a:2 15s"]})
    assert "intervals 1.34 times as long, the shortest '20s'" in what
    assert breaches({"one": ["tcp a:1 20s", "tls a:2 20s"]}) == []


def test_the_two_families_of_a_name_are_two_addresses(breaches):
    assert breaches({"one": ['tcp a:1 10s families = ["ipv4", "ipv6"]']}) == []


def test_vantages_have_each_their_own_limit_and_share_one_complaint(breaches):
    assert breaches({"one": ["tcp a:1 10s"]}, HOME + LINE) == []
    ((_path, what),) = breaches({"one": ["tcp a:1 5s"]}, HOME + LINE)
    assert "connects to a from home, line 0.2 times a second" in what


# ---- questions to resolvers ----


def test_a_resolver_that_a_service_names_is_asked_once_a_second_at_most(breaches):
    members = [f'dns h{number} 1m resolvers = ["195.208.4.1"]' for number in range(60)]
    assert breaches({"one": members}) == []
    ((path, what),) = breaches({"one": [*members, 'dns x 1m resolvers = ["tcp://195.208.4.1"]']})
    assert path == "endpoints[0]"
    assert "with 60 other series asks 195.208.4.1 from home 1.02 times a second" in what
    assert "the limit is 10 at once, then one every 1s" in what


def test_the_vantages_own_resolver_bears_twenty_a_second(breaches):
    members = [f"tcp h{number}:1 10s" for number in range(200)]
    assert breaches({"one": members}) == []
    ((_path, what),) = breaches({"one": [*members, "dns x 10s"]})
    assert "asks 192.0.2.53 from home 20.1 times a second" in what
    assert "then one every 0.05s" in what


def test_addresses_need_no_resolver(breaches):
    members = [f"tcp 10.0.{number // 250}.{number % 250 + 1}:1 10s" for number in range(300)]
    assert breaches({"one": members}) == []


# ---- own addresses ----


def test_own_addresses_have_the_limit_that_they_are_given(breaches):
    own = '[[limits]]\naddresses = ["127.0.0.0/8", "lab.example"]\nevery = "0.5s"\nburst = 9\nconsent = "mine"\n'
    services = {"one": ["tcp 127.0.0.1:1 1s", "tcp lab.example:1 1s"]}
    assert len(breaches(services)) == 2
    assert breaches(services, HOME + own) == []
    ((_path, what),) = breaches({"one": [*services["one"], "tls 127.0.0.1:1 1s", "tcp 127.0.0.1:2 1s"]}, HOME + own)
    assert "the limit is 9 at once, then one every 0.5s" in what


# ---- InfluxDB ----


def test_more_series_than_a_store_takes(breaches, monkeypatch):
    monkeypatch.setenv("REACHD_TEST_TOKEN", "t")
    monkeypatch.setattr(budget, "SERIES", 10)
    services = {"one": [f"tcp h{number}:1 1h" for number in range(8)]}
    ((path, what),) = breaches(services, HOME + STORE)
    assert path == "influxdb"
    assert what == "27 series are more than 10: name fewer services under the services of each vantage"
    assert breaches(services) == []


def test_more_points_than_a_store_takes(breaches, monkeypatch):
    monkeypatch.setenv("REACHD_TEST_TOKEN", "t")
    monkeypatch.setattr(budget, "POINTS", 2)
    services = {"one": ["tcp a:1 1m", *(f"tcp h{number}:1 10s" for number in range(30))]}
    ((path, what),) = breaches(services, HOME + STORE)
    assert path == "endpoints[1]"
    assert what == (
        "3 points a second for InfluxDB are more than 2: make intervals 1.68 times as long, that of h0:1 first"
    )
    assert breaches(services) == []


def test_the_limits_of_a_store_leave_room_for_a_large_plan():
    """1,000 endpoints from 20 vantages every 10 s fit (notes: 2,000 points/s, 20,000 series, thrice with rollups)."""
    assert budget.SERIES >= 4 * 20_000
    assert budget.POINTS >= 2 * 2_000


# ---- warnings ----


def test_too_much_of_one_host_due_at_once_is_foretold(planned):
    """Six a minute are the rate that is allowed; all six within two seconds are not."""
    series = (Series("one", "chat", f"a:{port}", "tcp", "home", "ipv4") for port in range(1, 1_000))
    together = [each.endpoint for each in series if offset_of(each, 60) < 2][:6]
    document, found = planned({"one": [f"tcp {endpoint} 1m" for endpoint in together]})
    assert violations(document, found) == ()
    said = warnings(document, found)
    assert said
    for line in said:
        assert "% of its slots from home will be skipped: too much of a is due at once; a longer interval helps" in line
        assert line.startswith(f"{document.services[0].endpoints[0].origin.file}:")


def test_raw_records_that_go_early_are_foretold(planned):
    document, found = planned({"one": ["tcp a:1 10s"]}, HOME + '[retention]\nraw_bytes = "20 MB"\n')
    (line,) = warnings(document, found)
    assert "raw records fill raw_bytes in " in line
    assert "of the 30 days of raw_days" in line


def test_a_quiet_plan_has_no_warnings(planned):
    assert warnings(*planned({"one": ["tcp a:1 10s", "dns b 1m"]})) == ()


def test_the_shipped_example_breaks_nothing():
    document = load(None)
    found = plan(document, any_family(document))
    assert violations(document, found) == ()
    assert warnings(document, found) == ()


def test_breaches_come_all_at_once_in_the_order_of_the_files(planned):
    faults = violations(*planned({"two": ["tcp b:1 1s"], "one": ["tcp a:1 1s", "tcp c:1 1s"]}))
    assert [fault.what.split()[0] for fault in faults] == ["a:1", "c:1", "b:1"]
