"""A SOCKS5 proxy (RFC 1928) with or without a login (RFC 1929); datagrams too where it relays them."""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from probes.failure import Fault
from probes.plugin import VANTAGES, Dial, Vantage, Way
from probes.proxy import LONGEST, Proxied, ProxyOptions, blame, exactly, say
from probes.record import Kind, Phase

VERSION = 5
CONNECT, ASSOCIATE = 1, 3
NO_LOGIN, PASSWORD = 0, 2
IPV4, NAME, IPV6 = 1, 3, 4
SIZES = {IPV4: 4, IPV6: 16}

# RFC 1928 section 6. What the proxy saw of the target has a kind; the rest is about the proxy, in df-007's words.
OF_TARGET = {
    3: Kind.SOCKS_NETWORK_UNREACHABLE,
    4: Kind.SOCKS_HOST_UNREACHABLE,
    5: Kind.SOCKS_REFUSED,
    6: Kind.SOCKS_TTL_EXPIRED,
}
OF_PROXY = {
    1: "socks_server_failure",
    2: "socks_connection_not_allowed",
    7: "socks_command_not_supported",
    8: "socks_address_not_supported",
}


class Socks5(ProxyOptions):
    """Options of the socks5 vantage."""

    udp: bool = False
    """An operator sets this when the proxy relays datagrams (UDP ASSOCIATE): for dns over udp, quic and stun."""


class Socks5Vantage(Proxied):
    """Sends through a SOCKS5 proxy."""

    def __init__(self, options: Socks5) -> None:
        """Nothing is contacted before the first connection."""
        super().__init__(options, *(("udp",) if options.udp else ()))

    async def ask(self, sock: socket.socket, address: str, port: int, scope: Any) -> None:  # noqa: ANN401  a PhaseScope
        """CONNECT; what is behind the reply stays in the socket."""
        await self._greet(sock)
        await say(sock, request(CONNECT, address, port))
        blame(scope, "")
        await self._reply(sock)

    async def way(self, address: str, port: int, dial: Dial, phase: Callable[[Phase], Any]) -> Way:
        """UDP ASSOCIATE over a connection that the run keeps: its end is the end of the relay (section 7)."""
        if "udp" not in self.carries:
            return await super().way(address, port, dial, phase)
        async with phase(Phase.PROXY) as scope:
            blame(scope, self.name)
            sock = await dial(self.place)
            await self._greet(sock)
            await say(sock, request(ASSOCIATE, "::" if ":" in self.place[0] else "0.0.0.0", 0))  # noqa: S104  nothing is bound
            relay, relay_port = await self._reply(sock)
        # Many proxies name no address, or one behind their own NAT that is only good for its port.
        near = self.place[0] if relay is None or relay.is_unspecified else str(relay)
        header = b"\0\0\0" + destination(address, port)
        return Way((near, relay_port), header.__add__, lambda data: inside(data, address, port), self.name)

    async def _greet(self, sock: socket.socket) -> None:
        """Agree on a method, and log in where the proxy wants that."""
        methods = bytes([NO_LOGIN, PASSWORD] if self.options.user else [NO_LOGIN])
        await say(sock, bytes([VERSION, len(methods)]) + methods)
        version, method = await exactly(sock, 2)
        if version != VERSION:
            raise Fault(Kind.LOCAL, "speaks no SOCKS5")
        if method == PASSWORD and self.options.user:
            await self._log_in(sock, self.options.user)
        elif method != NO_LOGIN:
            why = "takes none of our logins" if self.options.user else "asks for a login: set user and password"
            raise Fault(Kind.LOCAL, why)

    async def _log_in(self, sock: socket.socket, user: str) -> None:
        """RFC 1929."""
        texts = (user.encode(), self.options.secret.encode())
        await say(sock, b"\x01" + b"".join(bytes([len(text)]) + text for text in texts))
        _version, status = await exactly(sock, 2)
        if status:
            raise Fault(Kind.LOCAL, "refuses the login")

    async def _reply(self, sock: socket.socket) -> tuple[IPv4Address | IPv6Address | None, int]:
        """The address that a good reply names (None for a name) and the port. Raises Fault for any other reply."""
        version, code, _reserved, kind = await exactly(sock, 4)
        if version != VERSION:
            raise Fault(Kind.LOCAL, f"{self.name}: speaks no SOCKS5")
        if code in OF_TARGET:
            raise Fault(OF_TARGET[code], f"says {self.name}")
        if code:
            raise Fault(Kind.LOCAL, f"{self.name}: {OF_PROXY.get(code, f'replies with code {code}')}")
        if kind not in {IPV4, NAME, IPV6}:
            raise Fault(Kind.LOCAL, f"{self.name}: replies with an address of type {kind}")
        size = SIZES.get(kind) or (await exactly(sock, 1))[0]
        data = await exactly(sock, size + 2)
        return None if kind == NAME else ip_address(data[:-2]), int.from_bytes(data[-2:], "big")


def request(command: int, address: str, port: int) -> bytes:
    """A request (RFC 1928 section 4)."""
    return bytes([VERSION, command, 0]) + destination(address, port)


def destination(address: str, port: int) -> bytes:
    """An address or a name as SOCKS writes it (section 5), with the port. Raises Fault for a name that is too long."""
    try:
        ip = ip_address(address)
    except ValueError:
        name = address.encode()
        if len(name) > LONGEST:
            raise Fault(Kind.LOCAL, f"a name of {len(name)} bytes does not fit into SOCKS") from None
        return bytes([NAME, len(name)]) + name + port.to_bytes(2, "big")
    return bytes([IPV4 if ip.version == 4 else IPV6]) + ip.packed + port.to_bytes(2, "big")


def inside(data: bytes, address: str, port: int) -> bytes | None:
    """What a relayed datagram holds (section 7); None where it is a fragment, torn, or not from the destination."""
    if len(data) < 5 or data[2] != 0:
        return None
    start = 4 if data[3] in SIZES else 5
    end = start + SIZES.get(data[3], data[4]) + 2
    if data[3] not in {IPV4, NAME, IPV6} or len(data) < end:
        return None
    return data[end:] if _is_from(data[3], data[start : end - 2], data[end - 2 : end], address, port) else None


def _is_from(kind: int, host: bytes, port: bytes, address: str, wanted: int) -> bool:
    """Does a datagram come from the destination? Where that is a name, the relay alone knows its address."""
    if int.from_bytes(port, "big") != wanted:
        return False
    try:
        ip = ip_address(address)
    except ValueError:
        return True
    return kind != NAME and _plain(ip_address(host)) == _plain(ip)


def _plain(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """An IPv4 address that is written as IPv6 is the same one."""
    return (ip.ipv4_mapped if isinstance(ip, IPv6Address) else None) or ip


@VANTAGES.add
def socks5(options: Socks5) -> Vantage:
    """Through a SOCKS5 proxy."""
    return Socks5Vantage(options)
