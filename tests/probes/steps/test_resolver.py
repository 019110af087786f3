"""How an operator writes who is asked for names."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.steps.resolver import SYSTEM, Resolver, parse_resolver


@pytest.mark.parametrize(
    ("text", "resolver", "label"),
    [
        ("system", SYSTEM, "system"),
        ("195.208.4.1", Resolver("udp", "195.208.4.1"), "195.208.4.1/udp"),
        ("195.208.4.1:5353", Resolver("udp", "195.208.4.1", 5353), "195.208.4.1:5353/udp"),
        ("udp://195.208.4.1", Resolver("udp", "195.208.4.1"), "195.208.4.1/udp"),
        ("tcp://8.8.8.8", Resolver("tcp", "8.8.8.8"), "8.8.8.8/tcp"),
        ("tcp://8.8.8.8:5300", Resolver("tcp", "8.8.8.8", 5300), "8.8.8.8:5300/tcp"),
        ("2a0c:a9c7:8::1", Resolver("udp", "2a0c:a9c7:8::1"), "2a0c:a9c7:8::1/udp"),
        ("[2001:db8::1]", Resolver("udp", "2001:db8::1"), "2001:db8::1/udp"),
        ("[2001:db8::1]:53", Resolver("udp", "2001:db8::1"), "2001:db8::1/udp"),
        ("tcp://[2001:DB8:0::1]:5353", Resolver("tcp", "2001:db8::1", 5353), "[2001:db8::1]:5353/tcp"),
        ("tls://9.9.9.9", Resolver("tls", "9.9.9.9", 853), "9.9.9.9/tls"),
        ("tls://9.9.9.9#dns.quad9.net", Resolver("tls", "9.9.9.9", 853, "dns.quad9.net"), "9.9.9.9/tls"),
        ("tls://9.9.9.9:8853#DNS.Quad9.net.", Resolver("tls", "9.9.9.9", 8853, "dns.quad9.net"), "9.9.9.9:8853/tls"),
        ("tls://2620:fe::fe", Resolver("tls", "2620:fe::fe", 853), "2620:fe::fe/tls"),
        ("tls://[2620:fe::fe]:53#a.example", Resolver("tls", "2620:fe::fe", 53, "a.example"), "[2620:fe::fe]:53/tls"),
        ("https://8.8.8.8", Resolver("https", "8.8.8.8", 443, "", "/dns-query"), "8.8.8.8/https"),
        ("https://8.8.8.8/", Resolver("https", "8.8.8.8", 443, "", "/dns-query"), "8.8.8.8/https"),
        (
            "https://8.8.8.8/dns-query#dns.google",
            Resolver("https", "8.8.8.8", 443, "dns.google", "/dns-query"),
            "8.8.8.8/https",
        ),
        (
            "https://[2001:4860:4860::8888]:8443/a/b?c#dns.google",
            Resolver("https", "2001:4860:4860::8888", 8443, "dns.google", "/a/b?c"),
            "[2001:4860:4860::8888]:8443/https",
        ),
    ],
)
def test_forms(text: str, resolver: Resolver, label: str) -> None:
    assert parse_resolver(text) == resolver
    assert resolver.label == label


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tls://dns.quad9.net", "names no IP address"),
        ("tls://9.9.9.9#", "the name in the resolver's certificate"),
        ("tls://9.9.9.9#a..b", "the name in the resolver's certificate"),
        ("tls://9.9.9.9#9.9.9.9", "without # the address itself is verified"),
        ("tls://9.9.9.9/dns-query", "names no IP address"),
        ("tls://user@9.9.9.9", "names no IP address"),
        ("https://dns.google/dns-query", "names no IP address"),
        ("https://8.8.8.8/a b", "printable ASCII without blanks"),
        ("https://8.8.8.8/é", "printable ASCII without blanks"),
        ("https://8.8.8.8:x/dns-query", "port must be 1 to 65535"),
        ("8.8.8.8#dns.google", "belongs to tls:// and https://"),
        ("tcp://8.8.8.8#dns.google", "belongs to tls:// and https://"),
        ("quic://1.1.1.1", "quic:// is no transport"),
        ("dns.google", "names no IP address"),
        ("", "names no IP address"),
        ("vantage", "names no IP address"),
        ("System", "names no IP address"),
        ("195.208.4", "names no IP address"),
        ("195.208.4.1:0", "port must be 1 to 65535"),
        ("195.208.4.1:65536", "port must be 1 to 65535"),
        ("195.208.4.1:", "port must be 1 to 65535"),
        ("195.208.4.1:٥٣", "port must be 1 to 65535"),
        ("[195.208.4.1]:53", "brackets belong around an IPv6 address"),
        ("[2001:db8::1", "is no resolver"),
        ("195.208.4.1/24", "names no IP address"),
        ("udp://", "names no IP address"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_reason(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_resolver(text)


@given(st.sampled_from(["udp", "tcp", "tls", "https"]), st.ip_addresses(), st.integers(1, 65535))
def test_the_place_reads_back(transport: str, address: object, port: int) -> None:
    resolver = Resolver(transport, str(address), port, path="/dns-query" if transport == "https" else "")
    assert parse_resolver(f"{transport}://{resolver.place}") == resolver


def test_what_is_verified() -> None:
    assert parse_resolver("tls://9.9.9.9#dns.quad9.net").host == "dns.quad9.net"
    assert parse_resolver("https://9.9.9.9").host == "9.9.9.9"


def test_the_trust_sets_that_are_made_at_start() -> None:
    assert parse_resolver("tls://9.9.9.9").trusts == (("public", ()),)
    assert parse_resolver("https://9.9.9.9").trusts == (("public", ("http/1.1",)),)
    assert SYSTEM.trusts == parse_resolver("8.8.8.8").trusts == parse_resolver("tcp://8.8.8.8").trusts == ()


@given(st.text(max_size=40))
def test_any_text_is_a_resolver_or_a_value_error(text: str) -> None:
    resolver = None
    with suppress(ValueError):
        resolver = parse_resolver(text)
    assert resolver is None or resolver.transport in {"udp", "tcp", "tls", "https", "system"}
