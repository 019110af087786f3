"""Who is asked for names: an address with a transport, or the machine's own resolver."""

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from probes.plugin import port_number

DEFAULT_PORT = 53
LATER = {"tls": "DNS over TLS", "https": "DNS over HTTPS"}
FORM = re.compile(r"(?:\[(?P<inside>[^\]]*)\]|(?P<bare>[^\[\]:]*))(?::(?P<port>.*))?")
SHAPE = '"system", "195.208.4.1", "195.208.4.1:5353", "[2001:db8::1]:53", "udp://…" or "tcp://…"'


@dataclass(frozen=True, slots=True)
class Resolver:
    """A resolver: transport `udp`, `tcp` or `system`; the address is empty for `system`."""

    transport: str
    address: str = ""
    port: int = DEFAULT_PORT

    @property
    def place(self) -> str:
        """The address, with its port where that is not 53; `system` for the machine's own."""
        if self.transport == "system":
            return "system"
        if self.port == DEFAULT_PORT:
            return self.address
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    @property
    def label(self) -> str:
        """How it stands in the name of an endpoint: `195.208.4.1/udp`."""
        return self.place if self.transport == "system" else f"{self.place}/{self.transport}"


SYSTEM = Resolver("system")


@lru_cache(maxsize=1024)
def parse_resolver(text: str) -> Resolver:
    """Read a resolver as an operator writes it. Raises ValueError that says what to write instead."""
    if text == "system":
        return SYSTEM
    scheme, mark, rest = text.partition("://")
    transport = _transport(scheme) if mark else "udp"
    place = rest if mark else text
    with suppress(ValueError):
        return Resolver(transport, str(ip_address(place)))
    parts = FORM.fullmatch(place)
    if parts is None:
        raise ValueError(f"{text!r} is no resolver; write {SHAPE}")
    port = DEFAULT_PORT if parts["port"] is None else port_number(parts["port"])
    return Resolver(transport, _address(parts["inside"], parts["bare"], text), port)


def _transport(scheme: str) -> str:
    """The transport that a scheme names."""
    if scheme in LATER:
        raise ValueError(f"{LATER[scheme]} is not supported yet; ask this resolver over udp:// or tcp://")
    if scheme not in {"udp", "tcp"}:
        raise ValueError(f"{scheme}:// is no transport for DNS; write udp:// or tcp://")
    return scheme


def _address(inside: str | None, bare: str | None, text: str) -> str:
    """The address; brackets are for IPv6 and only for it."""
    try:
        ip = ip_address(inside if inside is not None else bare or "")
    except ValueError:
        raise ValueError(f"{text!r} names no IP address (a resolver is not looked up); write {SHAPE}") from None
    if isinstance(ip, IPv6Address) != (inside is not None):
        raise ValueError(f"{text!r}: brackets belong around an IPv6 address, as in [2001:db8::1]:53, and no other")
    return str(ip)
