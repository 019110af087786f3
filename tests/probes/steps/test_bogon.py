"""Addresses that no public name has."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.steps.bogon import V4, V6, is_bogon

BOGONS = [
    "0.0.0.1",
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "169.254.1.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:8.8.8.8",
    "::8.8.8.8",
    "100::1",
    "2001:db8::1",
    "3fff::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2002:a00:1::",  # 6to4 of 10.0.0.1
    "2001:0:a00:1::",  # Teredo by way of 10.0.0.1
    "2001:0:808:808::f5ff:fffe",  # Teredo of the client 10.0.0.1
    "64:ff9b::10.0.0.1",  # DNS64 of a lie about the A record
]
PUBLIC = [
    "157.240.205.62",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2a03:2880:f24d:c2:face:b00c:0:167",
    "2001:4860:4860::8888",
    "2002:808:808::1",
    "64:ff9b::157.240.205.62",  # what an IPv6-only line answers for every IPv4 name
    "64:ff9b:1::1",
]


@pytest.mark.parametrize("address", BOGONS)
def test_no_public_name_has_it(address: str) -> None:
    assert is_bogon(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_name_may_have_it(address: str) -> None:
    assert not is_bogon(address)


def test_text_that_is_no_address_is_an_error() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        is_bogon("web.whatsapp.com")


@pytest.mark.parametrize("network", [*V4, *V6], ids=str)
def test_each_network_holds_to_its_edges(network) -> None:
    assert is_bogon(str(network[0]))
    assert is_bogon(str(network[-1]))


@given(st.integers(0, 2**32 - 1))
def test_dns64_and_6to4_say_what_their_ipv4_address_says(number: int) -> None:
    inner = str(IPv4Address(number))
    assert is_bogon(str(IPv6Address((0x64FF9B << 96) | number))) == is_bogon(inner)
    assert is_bogon(str(IPv6Address((0x2002 << 112) | (number << 80)))) == is_bogon(inner)


@given(st.ip_addresses(v=4))
def test_what_is_global_to_python_is_no_bogon(address: IPv4Address) -> None:
    """The standard library keeps IANA's registry, which calls a few addresses of protocols (192.0.0.0/24) global."""
    if address.is_global and not address.is_multicast and address not in IPv4Network("192.0.0.0/24"):
        assert not is_bogon(str(address))
