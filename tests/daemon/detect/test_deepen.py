import pytest

from tests.lab.story import FALSE_CERTIFICATE, HOUR, NXDOMAIN, Endpoint, events, february

NAMES = ("web.whatsapp.com", "www.whatsapp.com", "g.whatsapp.net")
RESOLVERS = ("195.208.4.1/udp", "195.208.5.1/udp")


def story(resolvers=RESOLVERS, names=NAMES):
    told = february()
    told.also(*(Endpoint("whatsapp", "web", f"{name}/A@{one}", "dns") for name in names for one in resolvers))
    return told


def removed(told, endpoints):
    """The names of whatsapp.com are denied, also by the vantage's own resolver."""
    told.fails(
        NXDOMAIN, HOUR, endpoint=f"web.whatsapp.com/A@vantage https://web.whatsapp.com/ {endpoints}", vantage="ru1 ru2"
    )
    return events(told.rows(2 * HOUR))[-1].mechanisms["web"]


def at(*resolvers):
    return " ".join(f"{name}/A@{one}" for name in NAMES[:2] for one in resolvers)


def test_a_zone_that_all_named_resolvers_deny_beside_a_sibling_is_removed_from_the_registry():
    assert removed(story(), at(*RESOLVERS)) == "dns.registry_removal"


def test_one_named_resolver_proves_nothing():
    assert removed(story(RESOLVERS[:1]), at(RESOLVERS[0])) == "dns.nxdomain"


def test_two_transports_of_one_resolver_are_one():
    both = ("195.208.4.1/udp", "195.208.4.1/tcp")
    assert removed(story(both), at(*both)) == "dns.nxdomain"


def test_resolvers_that_disagree_prove_nothing():
    assert removed(story(), at(RESOLVERS[0])) == "dns.nxdomain"


def test_without_a_sibling_that_is_fine_it_may_be_the_resolver():
    assert removed(story(names=NAMES[:2]), at(*RESOLVERS)) == "dns.nxdomain"


@pytest.mark.parametrize(("vantages", "mechanism"), [("ru1 ru2", "tls.mitm"), ("ru1 ru2 nl1", "certificate")])
def test_a_certificate_is_forged_only_where_another_place_sees_a_valid_one(vantages, mechanism):
    told = february().fails(FALSE_CERTIFICATE, HOUR, endpoint="mmg.whatsapp.net:443", vantage=vantages)
    event = events(told.rows(2 * HOUR))[-1]
    assert event.mechanism == mechanism
    assert event.kind == ("block" if mechanism == "tls.mitm" else "service_outage")
