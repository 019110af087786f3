"""The machine itself, by whatever route it takes."""

import socket

from probes.plugin import VANTAGES, Straight, Vantage, VantageOptions


class Direct(VantageOptions):
    """Options of the direct vantage: none."""


class DirectVantage(Straight):
    """Opens plain sockets."""

    carries = frozenset({"tcp", "udp", "tcp_info", "system_dns"})

    def families(self) -> frozenset[str]:
        """IPv4, and IPv6 with a route to a global address."""
        return self.routed_families()

    def open(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        """A non-blocking socket."""
        return socket.socket(family, kind | socket.SOCK_NONBLOCK)


@VANTAGES.add
def direct(_options: Direct) -> Vantage:
    """The machine itself."""
    return DirectVantage()
