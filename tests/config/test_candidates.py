import pytest

from config.candidates import candidates, carrier, uncarried
from config.faults import ConfigError
from config.plan import any_family, plan
from probes.protocols.dns import Dns
from probes.protocols.tcp import Tcp

HOME = '[vantages.home]\ntype = "direct"\nconsent = "mine"\n'
LINE = '[vantages.line]\ntype = "source"\nconsent = "mine"\n{}\nresolver = "{}"\n'
BOUND = LINE.format('address = "127.0.0.2"', "192.0.2.53")
FOUR = frozenset({"ipv4"})


def names(planned):
    return {(each.series.vantage, each.series.endpoint, each.series.family) for each in planned.assignments}


@pytest.fixture
def refused(document):
    """The faults of services from vantages."""

    def found(services, text=HOME):
        with pytest.raises(ConfigError) as caught:
            document(services, text)
        return caught.value.faults

    return found


def test_candidates_come_in_one_order_each_with_all_it_came_from(document):
    found = document({"two": ["tcp b:1 1m"], "one": ["tcp a:1 1m", "dns a 1m"]}, HOME)
    listed = candidates(reversed(found.services), found.vantages)
    assert [each.series.endpoint for each in listed] == ["a/A@vantage", "a:1", "b:1"]
    assert [each.service.name for each in listed] == ["one", "one", "two"]
    assert [each.endpoint.target for each in listed] == ["a", "a:1", "b:1"]
    assert list(uncarried(listed)) == []


@pytest.mark.parametrize(
    ("family", "options", "resolver", "expected"),
    [
        ("ipv4", Tcp(target="a:1"), "system", "ipv4"),
        ("ipv6", Tcp(target="a:1"), "192.0.2.53", "ipv6"),
        ("ipv6", Dns(target="a"), "system", None),
        ("ipv6", Dns(target="a"), "192.0.2.53", "ipv4"),
        ("ipv4", Dns(target="a", resolvers=("vantage",)), "tcp://[2001:db8::53]:53", "ipv6"),
        ("ipv4", Dns(target="a", resolvers=("2001:db8::53",)), "192.0.2.53", "ipv6"),
    ],
)
def test_what_carries_a_series(family, options, resolver, expected):
    assert carrier(family, options, resolver) == expected


# ---- endpoints that nobody can carry ----


def test_an_endpoint_that_no_vantage_can_carry_is_a_fault(refused):
    faults = refused({"one": ["tcp a:1 1m", 'tcp b:1 1m families = ["ipv6"]', "tcp [2001:db8::1]:1 1m"]}, BOUND)
    why = "cannot be carried by any vantage of its service: line can only have ipv4, this needs ipv6"
    assert [(fault.origin.path, fault.what) for fault in faults] == [
        ("endpoints[1]", f"b:1 {why}"),
        ("endpoints[2]", f"[2001:db8::1]:1 {why}"),
    ]


def test_a_resolver_that_no_vantage_can_reach_is_a_fault(refused):
    (fault,) = refused({"one": ['dns a 1m resolvers = ["vantage", "2001:db8::53"]']}, BOUND)
    assert fault.what.startswith("a/A@2001:db8::53/udp cannot be carried by any vantage of its service")


def test_one_vantage_that_can_carry_it_is_enough(document):
    found = document({"one": ['tcp b:1 1m families = ["ipv6"]']}, BOUND + HOME)
    assert names(plan(found, any_family(found))) == {("home", "b:1", "ipv6")}
    assert plan(found, {"home": FOUR, "line": FOUR}).assignments == ()


def test_a_vantage_that_does_not_measure_the_service_does_not_help(refused):
    (fault,) = refused(
        {"one": ['tcp b:1 1m families = ["ipv6"]'], "two": ["tcp a:1 1m"]}, BOUND + HOME + 'services = ["two"]\n'
    )
    assert fault.what.startswith("b:1 cannot be carried by any vantage of its service")


def test_a_vantage_that_is_wrong_itself_might_have_carried_it(refused):
    text = BOUND + HOME.replace('"direct"', '"direct_"')
    faults = refused({"one": ['tcp b:1 1m families = ["ipv6"]']}, text)
    assert [fault.origin.path for fault in faults] == ["vantages.home.type"]


# ---- clashes ----


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("tcp a:1 1m", "tcp a:1 2m"),
        ("tcp a:1 1m", 'tcp b:1 1m name = "a:1"'),
        ("dns a 1m", 'dns a 1m resolvers = ["vantage"]'),
        ('dns a 1m resolvers = ["192.0.2.1"]', 'dns a 1m resolvers = ["udp://192.0.2.1:53", "vantage"]'),
    ],
)
def test_two_endpoints_that_would_write_one_series_clash(refused, one, two):
    (fault,) = refused({"one": [one, two]})
    assert fault.origin.path == "endpoints[1]"
    assert "here and in line 4: give one of them a name" in fault.what


def test_a_clash_at_many_vantages_is_told_once(refused):
    text = HOME + LINE.format('interface = "x"', "192.0.2.53")
    assert len(refused({"one": ['tcp a:1 1m families = ["ipv4", "ipv6"]', "tcp a:1 2m"]}, text)) == 1


@pytest.mark.parametrize(
    "others",
    [
        ["tcp a:1 1m", 'tcp a:1 1m name = "second"'],
        ["tcp a:1 1m", "tls a:1 1m"],
        ["tcp a:1 1m", 'tcp a:1 1m role = "media"'],
        ['tcp a:1 1m families = ["ipv4"]', 'tcp a:1 1m families = ["ipv6"]'],
        ["dns a 1m", "dns b 1m"],
    ],
)
def test_endpoints_that_differ_in_any_part_of_the_series_do_not(planned, others):
    assert len(planned({"one": others})[1].assignments) == 2


def test_the_same_target_in_two_services_is_no_clash(planned):
    assert len(planned({"one": ["tcp a:1 1m"], "two": ["tcp a:1 1m"]})[1].assignments) == 2


def test_all_of_them_come_at_once_with_all_else(refused):
    faults = refused(
        {"one": ["tcp a:1 1m", "tcp a:1 2m", "tcp [2001:db8::1]:1 1m"], "two": ["tcp [2001:db8::1]:1 1m"]},
        BOUND + "[retention]\nraw_days = 0\n",
    )
    assert [fault.origin.path for fault in faults] == [
        "endpoints[1]",
        "endpoints[2]",
        "retention.raw_days",
        "endpoints[0]",
    ]
