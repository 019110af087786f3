"""One of several lines of this machine: a source address, or an interface."""

import errno
import os
import socket
from ipaddress import ip_address
from typing import Self

from pydantic import field_validator, model_validator

from probes.plugin import VANTAGES, Straight, Vantage, VantageOptions

IP_BIND_ADDRESS_NO_PORT = 24
"""linux/in.h; Python has no name for it."""
IFNAMSIZ = 16


class Source(VantageOptions):
    """Options of the source vantage: exactly one of address and interface."""

    address: str | None = None
    """An operator sets this when the line is chosen by source address: one of this machine's own."""
    interface: str | None = None
    """An operator sets this when the line is a network interface (a modem, a tunnel) whose address changes."""

    @field_validator("address")
    @classmethod
    def _numeric(cls, address: str | None) -> str | None:
        try:
            return address if address is None else str(ip_address(address))
        except ValueError:
            raise ValueError(f"{address!r} is no IPv4 or IPv6 address") from None

    @field_validator("interface")
    @classmethod
    def _named(cls, interface: str | None) -> str | None:
        if interface is not None and not 0 < len(interface.encode()) < IFNAMSIZ:
            raise ValueError("an interface name has 1 to 15 bytes")
        return interface

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.address is None) == (self.interface is None):
            raise ValueError("set exactly one of address and interface")
        return self

    def possible(self) -> frozenset[str]:
        """That of the address; an interface may have both."""
        if self.address is None:
            return super().possible()
        return frozenset({"ipv6" if ":" in self.address else "ipv4"})


class AddressVantage(Straight):
    """Sends from one source address."""

    carries = frozenset({"tcp", "udp", "tcp_info"})

    def __init__(self, address: str) -> None:
        """One of this machine's own addresses; that it is one shows at each `open`."""
        self.address = address
        self.family = socket.AF_INET6 if ":" in address else socket.AF_INET

    def families(self) -> frozenset[str]:
        """That of the address."""
        return frozenset({"ipv6" if self.family == socket.AF_INET6 else "ipv4"})

    def open(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        """A non-blocking socket bound to the address. Raises OSError: EADDRNOTAVAIL while it is not ours."""
        if family != self.family:
            raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))
        sock = socket.socket(family, kind | socket.SOCK_NONBLOCK)
        try:
            # A port chosen at bind is taken from all destinations at once: 28,000 sockets and it is over.
            sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            sock.bind((self.address, 0))
        except OSError:
            sock.close()
            raise
        return sock


class InterfaceVantage(Straight):
    """Sends through one interface, whatever the routes of other interfaces say."""

    carries = frozenset({"tcp", "udp", "tcp_info"})

    def __init__(self, interface: str) -> None:
        """The name of an interface; that it exists shows at each `open`."""
        self.interface = interface.encode()

    def families(self) -> frozenset[str]:
        """IPv4, and IPv6 with a route to a global address."""
        return self.routed_families()

    def open(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        """A non-blocking socket bound to the interface. Raises OSError: ENODEV while it does not exist."""
        sock = socket.socket(family, kind | socket.SOCK_NONBLOCK)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.interface)
        except OSError:
            sock.close()
            raise
        return sock


@VANTAGES.add
def source(options: Source) -> Vantage:
    """A source address or an interface of this machine."""
    if options.interface is not None:
        return InterfaceVantage(options.interface)
    assert options.address is not None  # noqa: S101  the options hold exactly one
    return AddressVantage(options.address)
