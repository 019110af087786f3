"""Who is asked for names: an address with a transport, or the machine's own resolver."""

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from probes.plugin import ascii_host, join_host_port, port_number
from probes.steps.trust import HTTP_1_1

DEFAULT_PORT = 53
PORTS = {"udp": DEFAULT_PORT, "tcp": DEFAULT_PORT, "tls": 853, "https": 443}
"""RFC 1035, RFC 7858, RFC 8484: transports, and where each is served."""
PATH = "/dns-query"
"""RFC 8484 leaves the path to the server; nearly all have this one."""
TRUST = "public"
OFFERED: dict[str, tuple[str, ...]] = {"tls": (), "https": HTTP_1_1}
"""ALPN by transport."""
FORM = re.compile(r"(?:\[(?P<inside>[^\]]*)\]|(?P<bare>[^\[\]:]*))(?::(?P<port>.*))?")
TAIL = re.compile(r"(?:/[!-~]*)?")
SHAPE = (
    '"system", "195.208.4.1", "195.208.4.1:5353", "[2001:db8::1]:53", "tcp://…", "tls://9.9.9.9#dns.quad9.net" '
    'or "https://8.8.8.8/dns-query#dns.google"'
)


@dataclass(frozen=True, slots=True)
class Resolver:
    """A resolver: transport `udp`, `tcp`, `tls`, `https` or `system`; the address is empty for `system`."""

    transport: str
    address: str = ""
    port: int = DEFAULT_PORT
    name: str = ""
    """What the certificate has to be for; empty for the address itself."""
    path: str = ""
    """Of DNS over HTTPS."""

    @property
    def place(self) -> str:
        """The address, with its port where that is not the transport's; `system` for the machine's own."""
        if self.transport == "system":
            return "system"
        if self.port == PORTS[self.transport]:
            return self.address
        return join_host_port(self.address, self.port)

    @property
    def label(self) -> str:
        """How it stands in the name of an endpoint: `195.208.4.1/udp`."""
        return self.place if self.transport == "system" else f"{self.place}/{self.transport}"

    @property
    def host(self) -> str:
        """Whom its certificate is held against; a name also goes into the hello, an address does not."""
        return self.name or self.address

    @property
    def trusts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The trust set and the protocols offered, as in ProbeOptions.trusts; none where there is no TLS."""
        return ((TRUST, OFFERED[self.transport]),) if self.transport in OFFERED else ()


SYSTEM = Resolver("system")


@lru_cache(maxsize=1024)
def parse_resolver(text: str) -> Resolver:
    """Read a resolver as an operator writes it. Raises ValueError that says what to write instead."""
    if text == "system":
        return SYSTEM
    scheme, mark, rest = text.partition("://")
    transport = _transport(scheme) if mark else "udp"
    place, hash_, name = (rest if mark else text).partition("#")
    if transport not in OFFERED:
        if hash_:
            raise ValueError(f"{text!r}: a name after # belongs to tls:// and https://, which verify it")
        return Resolver(transport, *_address_and_port(place, PORTS[transport], text))
    path = ""
    if transport == "https":
        place, path = _split(place, text)
    return Resolver(transport, *_address_and_port(place, PORTS[transport], text), _name(name, hash_, text), path)


def _transport(scheme: str) -> str:
    """The transport that a scheme names."""
    if scheme not in PORTS:
        raise ValueError(f"{scheme}:// is no transport for DNS; write udp://, tcp://, tls:// or https://")
    return scheme


def _split(place: str, text: str) -> tuple[str, str]:
    """The authority and the path of a URL."""
    authority, slash, tail = place.partition("/")
    path = slash + tail
    if not TAIL.fullmatch(path):
        raise ValueError(f"{text!r}: the path must be printable ASCII without blanks, as in {PATH}")
    return authority, PATH if path in {"", "/"} else path


def _name(name: str, hash_: str, text: str) -> str:
    """The name to verify; absent, the address is verified. An address is no name."""
    if not hash_:
        return ""
    try:
        host = ascii_host(name)
    except ValueError:
        raise ValueError(f"{text!r}: after # stands the name in the resolver's certificate, or no # at all") from None
    if host.replace(".", "").isdecimal():
        raise ValueError(f"{text!r}: after # stands a name; without # the address itself is verified")
    return host


def _address_and_port(place: str, default: int, text: str) -> tuple[str, int]:
    """The address without brackets, and the port that is written or the transport's own."""
    with suppress(ValueError):
        return str(ip_address(place)), default
    parts = FORM.fullmatch(place)
    if parts is None:
        raise ValueError(f"{text!r} is no resolver; write {SHAPE}")
    port = default if parts["port"] is None else port_number(parts["port"])
    return _address(parts["inside"], parts["bare"], text), port


def _address(inside: str | None, bare: str | None, text: str) -> str:
    """The address; brackets are for IPv6 and only for it."""
    try:
        ip = ip_address(inside if inside is not None else bare or "")
    except ValueError:
        raise ValueError(f"{text!r} names no IP address (a resolver is not looked up); write {SHAPE}") from None
    if isinstance(ip, IPv6Address) != (inside is not None):
        raise ValueError(f"{text!r}: brackets belong around an IPv6 address, as in [2001:db8::1]:53, and no other")
    return str(ip)
