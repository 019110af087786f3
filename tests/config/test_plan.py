import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.document import load
from config.faults import ConfigError
from config.names import BOTH
from config.plan import any_family, plan
from config.slots import offset_of
from probes.protocols.dns import Dns
from probes.record import series_parts

HOME = '[vantages.home]\ntype = "direct"\nconsent = "mine"\n'
LINE = '[vantages.line]\ntype = "source"\nconsent = "mine"\n{}\nresolver = "{}"\n'
FOUR = frozenset({"ipv4"})


def names(planned):
    return {(each.series.vantage, each.series.endpoint, each.series.family) for each in planned.assignments}


# ---- what is planned ----


def test_an_endpoint_becomes_one_series_for_each_vantage_and_family(document):
    found = document(
        {"one": ['tls a.example:443 1m families = ["ipv4", "ipv6"]']},
        HOME + LINE.format('interface = "x"', "192.0.2.53"),
    )
    planned = plan(found, any_family(found))
    assert names(planned) == {
        (vantage, "a.example:443", family) for vantage in ("home", "line") for family in ("ipv4", "ipv6")
    }


def test_an_assignment_says_all_that_a_run_needs(planned):
    _document, found = planned({"one": ['tls a.example:443 90s timeout = "3s"; name = "front"; trust = "observe"']})
    (only,) = found.assignments
    assert series_parts(only.series) == ("one", "chat", "front", "tls", "home", "ipv4")
    assert (only.every, only.timeout, only.resolver, only.version, only.agent) == (90, 3.0, "192.0.2.53", "tls/1", "")
    assert only.offset == offset_of(only.series, 90)
    assert only.options.model_dump()["trust"] == "observe"
    assert len(only.config) == 8


def test_a_dns_endpoint_is_a_series_for_each_resolver_written_in_full(planned):
    _document, found = planned(
        {"one": ['dns a.example 1m resolvers = ["vantage", "195.208.4.1"]; families = ["ipv4", "ipv6"]']}
    )
    assert [(each.series.endpoint, each.series.family) for each in found.assignments] == [
        ("a.example/A@195.208.4.1/udp", "ipv4"),
        ("a.example/A@vantage", "ipv4"),
        ("a.example/AAAA@195.208.4.1/udp", "ipv6"),
        ("a.example/AAAA@vantage", "ipv6"),
    ]
    assert found.assignments[0].options == Dns(target="a.example", resolvers=("195.208.4.1",))


PROXY = '[vantages.exit]\ntype = "socks5"\nconsent = "mine"\naddress = "192.0.2.7:1080"\n{}\n'
FAR = PROXY.format("remote_names = true")


def test_what_one_vantage_cannot_carry_is_left_out_there_with_a_line(document):
    endpoints = ["tcp a:1 1m", 'dns b.example 1m resolvers = ["192.0.2.53", "tcp://192.0.2.53"]', "dns c.example 1m"]
    found = document({"one": endpoints}, HOME + PROXY.format('resolver = "tcp://192.0.2.53"'))
    planned = plan(found, any_family(found))
    assert {each for each in names(planned) if each[0] == "exit"} == {
        ("exit", "a:1", "ipv4"),
        ("exit", "b.example/A@192.0.2.53/tcp", "ipv4"),
        ("exit", "c.example/A@vantage", "ipv4"),
    }
    (line,) = [notice for notice in planned.notices if "left out" in notice]
    assert ": vantages.exit: left out here: b.example/A@192.0.2.53/udp: a vantage of type socks5 carries no udp" in line


def test_lines_of_one_reason_are_one(document):
    found = document({"one": ["dns b.example 1m", "dns c.example 1m", "tcp a:1 1m"]}, HOME + FAR)
    planned = plan(found, any_family(found))
    (line,) = [notice for notice in planned.notices if "left out" in notice]
    assert line.endswith(
        "b.example/A@vantage and 1 more series: "
        "no resolver is named for exit, and the machine's own does not speak for it"
    )


def test_a_name_that_is_looked_up_there_is_one_series_of_any_family(document):
    endpoints = [
        'tls a.example:443 1m families = ["ipv4", "ipv6"]',
        "tcp 192.0.2.1:443 1m",
        'dns b.example 1m resolvers = ["tcp://192.0.2.53"]',
    ]
    found = document({"one": endpoints}, HOME + FAR)
    planned = plan(found, any_family(found))
    assert {each[1:] for each in names(planned) if each[0] == "exit"} == {
        ("a.example:443", "any"),
        ("192.0.2.1:443", "ipv4"),
        ("b.example/A@192.0.2.53/tcp", "ipv4"),
    }
    assert {each[2] for each in names(planned) if each[:2] == ("home", "a.example:443")} == BOTH
    assert not [notice for notice in planned.notices if "left out" in notice]


def test_a_password_changes_no_hash(document, monkeypatch):
    login = PROXY.format('resolver = "tcp://192.0.2.53"\nuser = "{}"\npassword = {{ env = "EXIT" }}')
    hashes = []
    for user, password in (("r", "hush"), ("r", "other"), ("s", "other")):
        monkeypatch.setenv("EXIT", password)
        found = document({"one": ["tcp a:1 1m"]}, login.format(user))
        hashes.append(plan(found, any_family(found)).assignments[0].config)
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_vantage_measures_the_services_it_names(document):
    text = HOME + LINE.format('address = "127.0.0.2"\nservices = ["two"]', "192.0.2.53")
    found = document({"one": ["tcp a:1 1m"], "two": ["tcp b:1 1m"]}, text)
    assert names(plan(found, any_family(found))) == {
        ("home", "a:1", "ipv4"),
        ("home", "b:1", "ipv4"),
        ("line", "b:1", "ipv4"),
    }


def test_places_and_sides_go_with_the_plan(planned):
    _document, found = planned({"one": ["tcp a:1 1m"]})
    assert (found.vantages["home"].country, found.vantages["home"].asn) == ("RU", 12389)
    assert found.services["one"].side == "foreign"


# ---- families ----

SIX = 'tcp a:1 1m families = ["ipv4", "ipv6"]'


def test_a_vantage_without_ipv6_plans_no_ipv6_series_and_says_so(document):
    found = document({"one": [SIX, "tcp b:1 1m"]}, HOME)
    planned = plan(found, {"home": FOUR})
    assert names(planned) == {("home", "a:1", "ipv4"), ("home", "b:1", "ipv4")}
    assert planned.notices[-1] == "vantage home has no IPv6 now: 1 series wait for it"
    assert names(plan(found, {"home": BOTH})) == names(planned) | {("home", "a:1", "ipv6")}


def test_losing_a_family_moves_no_other_series(document):
    found = document({"one": [SIX, "tcp b:1 1m"]}, HOME)
    with_six, without = plan(found, {"home": BOTH}), plan(found, {"home": FOUR})
    assert set(without.assignments) < set(with_six.assignments)
    assert with_six.config != without.config


def test_names_are_asked_for_in_both_families_over_ipv4(document):
    """The family of a dns series is what is asked for, not what carries it."""
    found = document({"one": ['dns a 1m resolvers = ["195.208.4.1"]; families = ["ipv4", "ipv6"]']}, HOME)
    assert {family for _vantage, _endpoint, family in names(plan(found, {"home": FOUR}))} == BOTH


def test_a_resolver_with_an_ipv6_address_needs_ipv6(document):
    found = document({"one": ['dns a 1m resolvers = ["vantage", "2001:db8::53"]']}, HOME)
    assert {endpoint for _vantage, endpoint, _family in names(plan(found, {"home": FOUR}))} == {"a/A@vantage"}


def test_capabilities_of_a_vantage_that_nobody_asked_are_taken_for_granted(document):
    assert len(plan(document({"one": [SIX]}, HOME), {}).assignments) == 2


def test_what_is_shipped_is_left_out_with_a_notice_for_nobody_can_change_it(write):
    """A line with an IPv4 address measures Telegram all the same."""
    path = write({}, LINE.format('address = "127.0.0.2"', "192.0.2.53"))
    path.write_text(path.read_text().replace("services = []", 'services = ["telegram"]'))
    found = load(path)
    planned = plan(found, any_family(found))
    assert ("line", "149.154.175.50:443", "ipv4") in names(planned)
    assert sum(": left out: " in notice for notice in planned.notices) == 5


def test_a_document_made_by_hand_is_judged_like_one_that_was_read(document):
    """A vantage that carries no udp asks no resolver: no such type exists yet, proxies will be."""
    found = document({"one": ["dns a 1m", "tcp a:1 1m"]}, HOME)
    bare = replace(found, vantages=tuple(replace(vantage, carries=frozenset({"tcp"})) for vantage in found.vantages))
    with pytest.raises(ConfigError, match=r"a/A@vantage cannot be carried .* no resolver is named for home"):
        plan(bare, any_family(bare))


# ---- the hash of what changes the meaning of records ----


@pytest.mark.parametrize(
    ("endpoint", "vantage"),
    [
        ('tls a:1 1m trust = "observe"', HOME),
        ('tls a:1 1m timeout = "9s"', HOME),
        ("tls a:1 1m", HOME + 'resolver = "192.0.2.53"\n'),
        ("tls a:1 1m", LINE.replace("line", "home").format('interface = "x"', "192.0.2.53")),
    ],
)
def test_a_probe_that_changed_has_another_config(document, endpoint, vantage):
    before = plan(document({"one": ["tls a:1 1m"]}, HOME), {}).assignments[0]
    after = plan(document({"one": [endpoint]}, vantage), {}).assignments[0]
    assert after.series == before.series
    assert after.config != before.config


@pytest.mark.parametrize(
    ("endpoint", "vantage"),
    [
        ("tls a:1 2m", HOME),
        ("tls a:1 1m", HOME.replace('"mine"', '"ours"')),
        ("tls a:1 1m", HOME + 'country = "RU"\nasn = 1\n'),
        ('tls a:1 1m trust = "public"; timeout = "10s"; families = ["ipv4"]', HOME),
    ],
)
def test_what_does_not_change_a_probe_keeps_its_config(document, endpoint, vantage):
    before = plan(document({"one": ["tls a:1 1m"]}, HOME), {}).assignments[0]
    assert plan(document({"one": [endpoint]}, vantage), {}).assignments[0].config == before.config


@pytest.mark.parametrize(
    ("endpoint", "text"),
    [
        ("tls a:1 2m", HOME),
        ("tls b:1 1m", HOME),
        ("tls a:1 1m", HOME + 'country = "NL"\n'),
        ("tls a:1 1m", HOME + "asn = 1\n"),
        ("tls a:1 1m", HOME + '[detect]\nflash = "3s"\n'),
    ],
)
def test_the_hash_of_a_plan_covers_what_its_row_says(document, endpoint, text):
    before = plan(document({"one": ["tls a:1 1m"]}, HOME), {})
    assert plan(document({"one": [endpoint]}, text), {}).config != before.config
    assert plan(document({"one": ["tls a:1 1m"]}, "# moved\n" + HOME), {}).config == before.config


# ---- laws ----

hosts = st.sampled_from([f"h{number}.example:443" for number in range(12)])
endpoints = st.builds("{} {} {}".format, st.sampled_from(["tcp", "tls"]), hosts, st.sampled_from(["10s", "1m", "7m"]))
services = st.dictionaries(
    st.sampled_from("abcdef"),
    st.lists(endpoints, min_size=1, max_size=4, unique_by=lambda text: text.rsplit(" ", 1)[0]),
    min_size=1,
)
law = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@law
@given(services, st.randoms(use_true_random=False))
def test_the_order_of_things_does_not_matter(document, services, shuffle):
    mixed = dict(shuffle.sample(sorted(services.items()), len(services)))
    for name, members in mixed.items():
        mixed[name] = shuffle.sample(members, len(members))
    one = document(services, HOME + LINE.format('interface = "x"', "192.0.2.53"))
    other = document(mixed, LINE.format('interface = "x"', "192.0.2.53") + HOME)
    assert plan(one, any_family(one)).assignments == plan(other, any_family(other)).assignments
    assert plan(one, any_family(one)).config == plan(other, any_family(other)).config


@law
@given(services, services)
def test_adding_a_service_moves_no_other_series(document, services, more):
    before = document(services, HOME)
    after = document({**{f"x{name}": members for name, members in more.items()}, **services}, HOME)
    assert set(plan(before, {}).assignments) <= set(plan(after, {}).assignments)


@law
@given(services)
def test_each_series_is_planned_once_within_its_interval(document, services):
    planned = plan(document(services, HOME), {})
    assert len({each.series for each in planned.assignments}) == len(planned.assignments)
    assert all(0 <= each.offset < each.every for each in planned.assignments)
    assert {each.series for each in planned.assignments} == set(planned.origins)


def test_the_same_input_gives_the_same_plan_in_another_process(document):
    """These numbers stand in journals: offsets and hashes depend on nothing but their arguments."""
    planned = plan(document({"one": ["tls a.example:443 1m", "dns a.example 5m"]}, HOME), {"home": BOTH})
    assert [(each.series.endpoint, each.offset, each.config) for each in planned.assignments] == [
        ("a.example/A@vantage", 217, "mj6vqttx"),
        ("a.example:443", 8, "7zjyv72r"),
    ]


def test_a_beat_is_spread_over_the_interval(document):
    """Of 600 endpoints each minute, no second has more than a few: no stampede."""
    members = [f"tcp h{number}.example:443 1m" for number in range(600)]
    random.Random(1).shuffle(members)
    planned = plan(document({"one": members}, HOME), {})
    counts = [sum(each.offset == second for each in planned.assignments) for second in range(60)]
    assert max(counts) <= 25
