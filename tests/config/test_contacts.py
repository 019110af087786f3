from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.contacts import NAMED_RESOLVER, OWN_RESOLVER, TARGET, Contact, Load, contacts_of, loads, refused
from config.plan import Assignment
from config.slots import SECOND, SPREAD, due_of, stable, start_after_due
from daemon import limits
from probes.protocols.dns import Dns
from probes.protocols.http import Http
from probes.protocols.tcp import Tcp
from probes.record import Series
from probes.run import Skipped


def assignment(options, every=60, offset=0, endpoint="e", family="ipv4", resolver="192.0.2.53"):
    series = Series("s", "chat", endpoint, "tcp", "home", family)
    return Assignment(series, options, every, offset, 1.0, resolver, "", "tcp/1")


def contacts(options, **more):
    return [(each.host, each.asked, each.family) for each in contacts_of(assignment(options, **more))]


def test_the_limits_are_those_that_the_daemon_holds():
    """The planner and the runner must not differ on what is allowed."""
    for ours, theirs in (
        (TARGET, limits.TARGET),
        (OWN_RESOLVER, limits.OWN_RESOLVER),
        (NAMED_RESOLVER, limits.NAMED_RESOLVER),
    ):
        assert ours == (theirs.every, theirs.burst)


def test_whom_a_run_contacts():
    assert contacts(Tcp(target="192.0.2.1:1")) == [("192.0.2.1", False, "ipv4")]
    assert contacts(Tcp(target="a:1"), family="ipv6") == [("192.0.2.53", True, ""), ("a", False, "ipv6")]
    assert contacts(Http(target="https://A.example/x"), resolver="system") == [
        ("system", True, ""),
        ("a.example", False, "ipv4"),
    ]
    assert contacts(Dns(target="a")) == [("192.0.2.53", True, "")]
    assert contacts(Dns(target="a"), resolver="system") == [("system", True, "")]
    assert contacts(Dns(target="a", resolvers=("tcp://195.208.4.1",))) == [("195.208.4.1", True, "")]


def test_a_bucket_is_a_vantage_and_a_host_in_one_family(planned):
    _document, plan = planned(
        {"one": ['tcp a:1 1m families = ["ipv4", "ipv6"]', "tls a:2 30s"], "two": ["tcp A:3 1m", "tcp b:1 1m"]}
    )
    found = {(each.contact.host, each.contact.family): each for each in loads(plan, ())}
    assert set(found) == {("192.0.2.53", ""), ("a", "ipv4"), ("a", "ipv6"), ("b", "ipv4")}
    assert found["a", "ipv4"].rate == pytest.approx(1 / 60 + 1 / 30 + 1 / 60)
    assert (found["a", "ipv4"].every, found["a", "ipv4"].burst) == TARGET
    assert (found["192.0.2.53", ""].every, found["192.0.2.53", ""].burst) == OWN_RESOLVER
    assert len(found["192.0.2.53", ""].assignments) == 5


def test_a_resolver_that_a_service_names_has_the_limit_of_strangers_unless_it_is_the_vantages_own(planned):
    _document, plan = planned({"one": ['dns a 1m resolvers = ["195.208.4.1", "192.0.2.53", "vantage"]'][:1]})
    found = {each.contact.host: (each.every, each.burst) for each in loads(plan, ())}
    assert found == {"195.208.4.1": NAMED_RESOLVER, "192.0.2.53": OWN_RESOLVER}


def test_own_addresses_have_their_own_limit(planned):
    document, plan = planned(
        {"one": ["tcp 127.0.0.1:1 1s", "tcp lab.example:1 1s", "tcp b:1 1m", 'dns a 1m resolvers = ["127.0.0.9"]']},
        '[vantages.home]\ntype = "direct"\nconsent = "mine"\nresolver = "127.0.0.53"\n'
        '[[limits]]\naddresses = ["127.0.0.0/8", "lab.example"]\nevery = "0.1s"\nburst = 200\nconsent = "mine"\n',
    )
    found = {each.contact.host: (each.every, each.burst) for each in loads(plan, document.limits)}
    assert found == dict.fromkeys(("127.0.0.1", "127.0.0.9", "127.0.0.53", "lab.example"), (0.1, 200)) | {"b": TARGET}


def test_excess_is_how_many_times_the_limit():
    def excess(*intervals):
        members = tuple(assignment(Tcp(target="a:1"), every=every, endpoint=str(every)) for every in intervals)
        return Load(Contact("home", "a", asked=False, family="ipv4"), members, *TARGET).excess

    assert excess(10) == 1
    assert excess(5) == 2
    assert excess(60, 30, 20) == pytest.approx(1)


# ---- played ahead ----


def crowd(*offsets, every=60, burst=4, spacing=10.0):
    members = tuple(
        assignment(Tcp(target="a:1"), every=every, offset=offset, endpoint=str(number))
        for number, offset in enumerate(offsets)
    )
    return Load(Contact("home", "a", asked=False, family="ipv4"), members, spacing, burst)


def test_as_many_as_the_burst_may_be_due_together():
    assert refused(crowd(0, 0, 0, 0), 3_600) == {}


def test_too_many_at_once_find_no_token_although_the_rate_is_fine():
    """Six a minute are the limit; six in the same second wait longer than a fifth of their interval."""
    load = crowd(0, 0, 0, 0, 0, 0)
    assert load.excess == pytest.approx(1)
    assert sum(refused(load, 3_600).values()) > 10
    assert refused(crowd(0, 10, 20, 30, 40, 50), 3_600) == {}


def test_beyond_the_limit_the_surplus_is_lost():
    lost = refused(crowd(*range(0, 60, 5)), 36_000)
    assert sum(lost.values()) == pytest.approx(36_000 / 10, rel=0.05)


@given(st.lists(st.integers(0, 59), min_size=1, max_size=10), st.integers(1, 6), st.sampled_from([1.0, 5.0, 10.0]))
def test_it_is_the_runners_own_rule(offsets, burst, spacing):
    """The same starts through the daemon's own bucket lose the same slots."""
    load = crowd(*offsets, burst=burst, spacing=spacing)
    limiter = limits.Limiter(lambda _address: None)
    rate = limits.Rate(spacing, burst)
    lost: dict = {}
    starts = []
    for index, each in enumerate(load.assignments):
        seed = stable(each.series, "start")
        for slot in range(12):
            due = due_of(slot, each.every, each.offset) / SECOND
            if 0 < due < 600:
                starts.append((due + start_after_due(seed, slot, each.every), index, each))
    for start, _index, each in sorted(starts, key=lambda item: item[:2]):
        try:
            limiter.reserve(("home", "a"), rate, SPREAD * each.every, start)
        except Skipped:
            lost[each] = lost.get(each, 0) + 1
    assert refused(load, 600) == lost


def test_the_play_begins_where_it_is_told():
    load = replace(crowd(0, 0, 0, 0, 0, 0))
    assert sum(refused(load, 3_600, begin=1_770_840_000).values()) > 10
    assert refused(load, 0) == {}
