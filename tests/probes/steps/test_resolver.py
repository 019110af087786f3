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
    ],
)
def test_forms(text: str, resolver: Resolver, label: str) -> None:
    assert parse_resolver(text) == resolver
    assert resolver.label == label


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tls://1.1.1.1", "DNS over TLS is not supported yet"),
        ("https://1.1.1.1/dns-query", "DNS over HTTPS is not supported yet"),
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


@given(st.sampled_from(["udp", "tcp"]), st.ip_addresses(), st.integers(1, 65535))
def test_the_place_reads_back(transport: str, address: object, port: int) -> None:
    resolver = Resolver(transport, str(address), port)
    assert parse_resolver(f"{transport}://{resolver.place}") == resolver


@given(st.text(max_size=40))
def test_any_text_is_a_resolver_or_a_value_error(text: str) -> None:
    resolver = None
    with suppress(ValueError):
        resolver = parse_resolver(text)
    assert resolver is None or resolver.transport in {"udp", "tcp", "system"}
