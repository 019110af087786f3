"""What the world of the lab holds: names, their addresses and ports, and the resolvers; public by their form."""

from collections.abc import Iterator

ISP = {"ru1": "217.10.32.4", "ru2": "212.45.2.5", "free": "9.9.9.9"}
"""Whom each vantage asks by default."""
NSDI, GOOGLE = "195.208.4.1", "8.8.8.8"
PARENT = "195.208.6.1"
"""It holds the national root's copy of the delegations, and refers to whom they name."""
RESOLVERS = (*ISP.values(), NSDI, GOOGLE, PARENT)
ZONE = {
    "web.whatsapp.com": ["157.240.205.60", "2a03:2880:f2ff:c0::60"],
    "mmg.whatsapp.net": ["157.240.205.61"],
    "g.whatsapp.net": ["157.240.205.62"],
    "web.telegram.org": ["149.154.167.99"],
    "venus.web.telegram.org": ["149.154.167.51", "2001:67c:4e8:f002::a"],
    "web.max.ru": ["155.212.204.140"],
    "www.wikipedia.org": ["185.15.59.224"],
    "example.com": ["104.18.26.120"],
    "stun.example.org": ["74.125.250.129"],
    "far.example.net": ["151.101.1.6"],
    "near.example.net": ["151.101.1.7"],
}
SPARE = {"web.whatsapp.com": ["157.240.205.70", "2a03:2880:f2ff:c0::70"]}
"""Where a CDN moves a name to: served all the time, as edges are."""
DNS_NAME = "dns.google"
"""What the certificate of GOOGLE is for, over TLS and over HTTPS."""
CHATS, CENTRES = ("g.whatsapp.net",), ("venus.web.telegram.org",)
"""Names whose servers speak WhatsApp's and Telegram's own protocols."""
QUIC = ("web.whatsapp.com", "www.wikipedia.org")
"""Names whose servers speak QUIC beside TLS."""
STUN, ECHO = 3478, 3479
"""UDP ports of the STUN server and of the echo peer beside it."""
PROXY, SOCKS, CONNECT = "5.255.90.10", 1080, 3128
"""An honest proxy abroad, that looks names up there."""
PORTS = {"g.whatsapp.net": (5222, 443), "venus.web.telegram.org": (443,), "stun.example.org": ()}


def addresses() -> Iterator[tuple[str, int]]:
    """Each address with each of its ports."""
    for name, found in (*ZONE.items(), *SPARE.items()):
        for address in found:
            for port in PORTS.get(name, (80, 443)):
                yield address, port


def all_addresses() -> tuple[str, ...]:
    """Of servers and resolvers, once each."""
    return tuple(
        dict.fromkeys(
            (*(address for found in (*ZONE.values(), *SPARE.values()) for address in found), *RESOLVERS, PROXY)
        )
    )


def name_of(address: str) -> str:
    """The name that an address serves: one each in the lab."""
    return next(name for name, found in (*ZONE.items(), *SPARE.items()) if address in found)
