"""Addresses that no public name has: an answer with one is a lie or a local network speaking."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network, RFC 791
        "10.0.0.0/8",  # private, RFC 1918
        "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
        "127.0.0.0/8",  # loopback, RFC 1122
        "169.254.0.0/16",  # link-local, RFC 3927
        "172.16.0.0/12",  # private, RFC 1918
        "192.0.0.0/24",  # protocol assignments, RFC 6890
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.168.0.0/16",  # private, RFC 1918
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "198.51.100.0/24",  # documentation, RFC 5737
        "203.0.113.0/24",  # documentation, RFC 5737
        "224.0.0.0/4",  # multicast, RFC 5771
        "240.0.0.0/4",  # reserved and broadcast, RFC 1112
    )
)
V6 = tuple(
    IPv6Network(text)
    for text in (
        "::/96",  # unspecified, loopback and v4-compatible, RFC 4291
        "::ffff:0:0/96",  # v4-mapped, never on the wire, RFC 4291
        "100::/64",  # discard, RFC 6666
        "2001:10::/28",  # ORCHID, RFC 4843
        "2001:db8::/32",  # documentation, RFC 3849
        "3fff::/20",  # documentation, RFC 9637
        "fc00::/7",  # unique local, RFC 4193
        "fe80::/10",  # link-local, RFC 4291
        "fec0::/10",  # site-local, RFC 3879
        "ff00::/8",  # multicast, RFC 4291
    )
)
DNS64 = IPv6Network("64:ff9b::/96")
"""Where a resolver of an IPv6-only line translates to (RFC 6052): no bogon, unless the IPv4 address inside is one."""


@lru_cache(maxsize=4096)
def is_bogon(address: str) -> bool:
    """True for an address that no public name can have; raises ValueError for what is no address."""
    ip = ip_address(address)
    if isinstance(ip, IPv4Address):
        return any(ip in network for network in V4)
    return any(ip in network for network in V6) or any(is_bogon(str(inner)) for inner in _embedded(ip))


def _embedded(ip: IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that a transition address carries: 6to4 (RFC 3056), Teredo (RFC 4380), DNS64."""
    if ip.sixtofour is not None:
        return (ip.sixtofour,)
    if ip.teredo is not None:
        return ip.teredo
    if ip in DNS64:
        return (IPv4Address(int(ip) & 0xFFFFFFFF),)
    return ()
