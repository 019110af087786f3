from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.detect.mechanism import depth, host_of, injected, mechanism_of, mode, zone_of
from probes.record import Answer, Facts, Failure, Kind, Phase, Series
from tests.lab.story import START, attempt

SERIES = Series("whatsapp", "web", "web.whatsapp.com/A@vantage", "dns", "ru1", "ipv4")


def failing(phase, kind, **facts):
    return attempt(SERIES, START, START, failure=Failure(phase, kind), facts=Facts(**facts))


def answer(rcode="NOERROR", *addresses, flags=(), authority=0, transport="udp"):
    return Answer(0.01, rcode, flags, addresses, 60, authority, transport)


@pytest.mark.parametrize(
    ("phase", "kind", "expected"),
    [
        (Phase.DNS, Kind.DNS_NXDOMAIN, "dns.nxdomain"),
        (Phase.DNS, Kind.DNS_NO_ANSWER, "dns.nodata"),
        (Phase.DNS, Kind.DNS_SERVFAIL, "dns.servfail"),
        (Phase.DNS, Kind.DNS_REFUSED, "dns.refused"),
        (Phase.DNS, Kind.TIMEOUT, "dns.timeout"),
        (Phase.DNS, Kind.DNS_BOGON, "dns.bogon"),
        (Phase.DNS, Kind.DNS_BLOCKPAGE, "dns.blockpage"),
        (Phase.DNS, Kind.DNS_MISBEHAVING, "dns"),
        (Phase.TCP, Kind.TIMEOUT, "tcp.drop"),
        (Phase.TCP, Kind.SYSTEM_TIMEOUT, "tcp.drop"),
        (Phase.TCP, Kind.REFUSED, "tcp.reset"),
        (Phase.TCP, Kind.HOST_UNREACHABLE, "tcp.unreachable"),
        (Phase.TCP, Kind.UNKNOWN, "tcp"),
        (Phase.TLS, Kind.RESET, "tls.reset"),
        (Phase.TLS, Kind.TIMEOUT, "tls.drop"),
        (Phase.TLS, Kind.EOF, "tls.eof"),
        (Phase.TLS, Kind.TLS_AUTHORITY, "certificate"),
        (Phase.TLS, Kind.TLS_CERTIFICATE, "certificate"),
        (Phase.TLS, Kind.TLS_JUNK, "tls"),
        (Phase.QUIC, Kind.TIMEOUT, "quic.drop"),
        (Phase.HTTP, Kind.HTTP_BLOCKPAGE, "http.blockpage"),
        (Phase.HTTP, Kind.RESET, "http.reset"),
        (Phase.HTTP, Kind.TIMEOUT, "http.drop"),
        (Phase.HTTP, Kind.EOF, "http.eof"),
        (Phase.HTTP, Kind.HTTP_STATUS, "status"),
        (Phase.APP, Kind.TIMEOUT, "app.drop"),
        (Phase.PROXY, Kind.TIMEOUT, "proxy.drop"),
        (Phase.PROXY, Kind.SOCKS_REFUSED, "proxy.refused"),
        (Phase.PROXY, Kind.SOCKS_NETWORK_UNREACHABLE, "proxy.unreachable"),
        (Phase.PROXY, Kind.HTTP_FAILED, "proxy"),
        (Phase.TLS, Kind.HTTP_BLOCKPAGE, "http.blockpage"),
    ],
)
def test_what_one_record_supports(phase, kind, expected):
    assert mechanism_of(failing(phase, kind)) == expected


def test_who_refused():
    assert mechanism_of(failing(Phase.TCP, Kind.REFUSED, refused_by="rst")) == "tcp.reset"
    assert mechanism_of(failing(Phase.TCP, Kind.REFUSED, refused_by="icmp")) == "tcp.unreachable"


def test_an_alert():
    assert mechanism_of(failing(Phase.TLS, Kind.TLS_FAILED, alert=40)) == "tls.alert"
    assert mechanism_of(failing(Phase.TLS, Kind.TLS_HOSTNAME, alert=112)) == "tls.alert"
    assert mechanism_of(failing(Phase.TLS, Kind.TLS_HOSTNAME, verify=62)) == "certificate"


def test_a_denial_with_authority_and_without_soa_is_rewritten():
    rewritten = answer("NXDOMAIN", flags=("aa",))
    assert mechanism_of(failing(Phase.DNS, Kind.DNS_NXDOMAIN, answers=(rewritten,))) == "dns.rewrite"


@pytest.mark.parametrize("honest", [answer("NXDOMAIN", flags=("aa",), authority=1), answer("NXDOMAIN", flags=("ra",))])
def test_a_denial_as_servers_give_it_is_none(honest):
    assert mechanism_of(failing(Phase.DNS, Kind.DNS_NXDOMAIN, answers=(honest,))) == "dns.nxdomain"


def test_only_the_used_answer_counts_for_a_rewrite():
    late = answer("NXDOMAIN", flags=("aa",))
    assert mechanism_of(failing(Phase.DNS, Kind.DNS_NXDOMAIN, answers=(answer("NXDOMAIN"), late))) == "dns.nxdomain"


TRUTH = answer("NOERROR", "192.0.2.1", transport="tcp")


@pytest.mark.parametrize(
    ("kind", "over_udp", "over_tcp", "expected"),
    [
        (Kind.DNS_NXDOMAIN, answer("NXDOMAIN", authority=1), TRUTH, "dns.rewrite"),
        (Kind.DNS_NO_ANSWER, answer("NOERROR", authority=1), TRUTH, "dns.rewrite"),
        (Kind.DNS_NXDOMAIN, answer("NXDOMAIN"), answer("NXDOMAIN", transport="tcp"), "dns.nxdomain"),
        (Kind.DNS_NXDOMAIN, answer("NXDOMAIN"), answer("NOERROR", transport="tcp"), "dns.nxdomain"),
        (Kind.DNS_NO_ANSWER, answer("NOERROR", flags=("tc",)), answer("NOERROR", transport="tcp"), "dns.nodata"),
        (Kind.DNS_SERVFAIL, answer("SERVFAIL"), TRUTH, "dns.servfail"),
        (Kind.DNS_BOGON, answer("NOERROR", "10.0.0.1"), TRUTH, "dns.bogon"),
    ],
)
def test_a_denial_that_the_same_resolver_takes_back_over_tcp_is_rewritten(kind, over_udp, over_tcp, expected):
    assert mechanism_of(failing(Phase.DNS, kind, answers=(over_udp, over_tcp))) == expected


def test_two_answers_that_differ_are_an_injection_in_whatever_phase_it_fails():
    raced = (answer("NOERROR", "10.1.1.1"), answer("NOERROR", "192.0.2.7"))
    assert mechanism_of(failing(Phase.DNS, Kind.DNS_BOGON, answers=raced)) == "dns.injection"
    assert mechanism_of(failing(Phase.TCP, Kind.TIMEOUT, answers=raced)) == "dns.injection"


def test_two_answers_that_agree_are_none():
    assert not injected((answer("NOERROR", "192.0.2.1", "192.0.2.2"), answer("NOERROR", "192.0.2.2", "192.0.2.1")))


def test_truncation_and_another_transport_are_no_second_answer():
    assert not injected((answer("NOERROR", flags=("tc",)), answer("NOERROR", "192.0.2.1", transport="tcp")))
    assert not injected((answer("NOERROR", "192.0.2.3"), answer("NOERROR", "192.0.2.1", transport="tcp")))


def test_a_good_record_has_none():
    assert mechanism_of(attempt(SERIES, START, START)) == ""


@given(st.sampled_from(Phase), st.sampled_from(Kind))
def test_it_is_total_and_never_leaves_the_phase(phase, kind):
    found = mechanism_of(failing(phase, kind))
    assert found
    assert found.partition(".")[0] in {str(phase), "certificate", "status", "tcp"} or found == "http.blockpage"


@pytest.mark.parametrize(
    ("extra", "expected"),
    [({"peer": "answered"}, "udp.stun"), ({"peer": "silent"}, "app.drop"), ({"transfer": "freeze"}, "freeze")],
)
def test_what_a_probe_says_of_its_own_failure(extra, expected):
    record = failing(Phase.APP, Kind.TIMEOUT)
    assert mechanism_of(replace(record, facts=replace(record.facts, extra=extra))) == expected


def test_a_registry_that_has_removed_a_name():
    record = failing(Phase.DNS, Kind.DNS_NXDOMAIN)
    gone = replace(record, facts=replace(record.facts, extra={"registry": "removed"}))
    assert mechanism_of(gone) == "dns.registry_removal"


@pytest.mark.parametrize(
    ("endpoint", "host", "zone"),
    [
        ("web.whatsapp.com/A@195.208.4.1/udp", "web.whatsapp.com", "whatsapp.com"),
        ("https://web.whatsapp.com:8443/x", "web.whatsapp.com", "whatsapp.com"),
        ("g.whatsapp.net:5222", "g.whatsapp.net", "whatsapp.net"),
        ("WA.me", "wa.me", "wa.me"),
        ("chat", "chat", "chat"),
    ],
)
def test_hosts_and_zones(endpoint, host, zone):
    assert host_of(endpoint) == host
    assert zone_of(host) == zone


def test_the_mode_prefers_weight_then_the_earliest_then_the_deepest():
    assert mode({"tcp.drop": 1, "dns.nxdomain": 2}) == "dns.nxdomain"
    assert mode({"tcp.drop": 2, "dns.nxdomain": 2}) == "dns.nxdomain"
    assert mode({"dns.nxdomain": 1, "dns.registry_removal": 1}) == "dns.registry_removal"
    assert mode({"tls": 1, "tls.reset": 1}) == "tls.reset"
    assert mode({}) == ""


@given(
    st.dictionaries(
        st.sampled_from(["tcp.drop", "tcp.reset", "dns", "status", "outage"]), st.integers(1, 3), min_size=1
    )
)
def test_the_mode_does_not_depend_on_order(weights):
    assert mode(weights) == mode(dict(reversed(weights.items())))
    assert weights[mode(weights)] == max(weights.values())
    assert depth(mode(weights)) >= (0, -2)
