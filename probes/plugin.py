"""Adding by adding: options beside the code that reads them, found by a scan of a folder."""

import inspect
import pkgutil
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from ipaddress import IPv4Address, IPv6Address
from typing import Any, ClassVar, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict, field_validator

from probes.record import Phase

F = TypeVar("F", bound=Callable[..., Any])

GLOBAL_IPV6 = ("2001:db8::1", 9)
"""RFC 3849: documentation, so nobody's. Connecting a UDP socket to it only asks for a route and sends nothing."""


class Options(BaseModel):
    """What an operator sets for one probe or vantage; unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class VantageOptions(Options):
    """Options of a vantage type. A field of type SecretStr is written `{ env = … }` or `{ file = … }`."""

    model_config = ConfigDict(hide_input_in_errors=True)

    straight: ClassVar[bool] = True
    """False where a proxy stands between: its sockets lead to the proxy, and others than probes cannot use them."""

    def possible(self) -> frozenset[str]:
        """The address families that such a vantage can ever have; which of them work now it says itself."""
        return frozenset({"ipv4", "ipv6"})


class ProbeOptions(Options):
    """Options of a probe type. The class variables tell the planner what a run needs and costs."""

    needs: ClassVar[frozenset[str]] = frozenset({"tcp"})
    """What the vantage must carry: `tcp`, `udp`."""
    traffic: ClassVar[int] = 1_500
    """Bytes on the wire of one good run, both ways, estimated; `reachd plan` multiplies it."""
    version: ClassVar[int] = 1
    """Raised when a change of the probe changes what its records mean."""
    asks: ClassVar[bool] = False
    """True where a run asks resolvers: its contacts are those, its family is that of the answer, not of the carrier."""

    def variants(self, family: str) -> Iterable[tuple[str | None, Self]]:  # noqa: ARG002  for those that differ by family
        """Split into one (endpoint name, options) for each series; None names it as the target is written."""
        yield None, self

    def contacts(self) -> tuple[str, ...]:
        """Hosts (names or addresses) that one run opens a connection to or asks; for limits."""
        return ()

    def needed(self, resolver: str) -> frozenset[str]:  # noqa: ARG002  for those that ask
        """What a vantage with this resolver must carry for a run."""
        return self.needs

    def smaller(self) -> Self | None:
        """The same with little to transfer, for a comparison; None where a run transfers little anyway."""
        return None

    def trusts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Trust sets and protocols offered (ALPN) of a run; asked at start, so that each context is made before it."""
        return ()


class HostPort(ProbeOptions):
    """Options of a probe type whose target is a host and a port."""

    target: str
    """An operator sets this to what is measured: `host:port`, an IPv6 address in brackets."""

    @field_validator("target")
    @classmethod
    def _is_host_port(cls, target: str) -> str:
        split_host_port(target)
        return target

    @cached_property
    def place(self) -> tuple[str, int]:
        """Host (a name in ASCII, or an address without brackets) and port."""
        return split_host_port(self.target)

    def contacts(self) -> tuple[str, ...]:
        """The host."""
        return (self.place[0],)


def join_host_port(host: str, port: int) -> str:
    """Host and port as a target is written: an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def split_host_port(target: str, default: int | None = None) -> tuple[str, int]:
    """Host and port of `host:port` or `[2001:db8::1]:443`. Raises ValueError that says what to write."""
    parts = re.fullmatch(r"(?:\[(?P<six>[^\]]*)\]|(?P<host>[^:\[\]]*))(?::(?P<port>[^:]*))?", target)
    if parts is None:
        raise ValueError(f"{target!r} is no host:port; an IPv6 address stands in brackets: [2001:db8::1]:443")
    host = ascii_host(parts["host"]) if parts["six"] is None else _ipv6(parts["six"])
    if parts["port"] is not None:
        return host, port_number(parts["port"])
    if default is None:
        raise ValueError(f"{target!r} has no port; write host:port")
    return host, default


def port_number(text: str) -> int:
    """A port. Raises ValueError."""
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 65535):
        raise ValueError(f"port must be 1 to 65535, not {text!r}")
    return int(text)


def ascii_host(host: str) -> str:
    """A host name in the form that DNS and TLS carry, or an IPv4 address as it is. Raises ValueError."""
    try:
        name = host.rstrip(".").encode("idna").decode().lower()
    except UnicodeError:
        name = ""
    if not re.fullmatch(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", name) or len(name) > 253:
        raise ValueError(f"{host!r} is no host name")
    if name.replace(".", "").isdecimal():
        _ipv4(name)
    return name


def _ipv4(address: str) -> None:
    try:
        IPv4Address(address)
    except ValueError:
        raise ValueError(f"{address!r} is no IPv4 address") from None


def _ipv6(address: str) -> str:
    try:
        return str(IPv6Address(address))
    except ValueError:
        raise ValueError(f"{address!r} in brackets is no IPv6 address") from None


Dial = Callable[[tuple[str, int]], Awaitable[socket.socket]]
"""Connects a TCP socket of the vantage, which lives as long as the run, to an address and port."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where datagrams for a destination are sent, and what is put around each on the way there."""

    near: tuple[str, int]
    """The destination itself, or a relay."""
    wrap: Callable[[bytes], bytes] = bytes
    unwrap: Callable[[bytes], bytes | None] = bytes
    """None for what does not come from the destination."""
    relay: str = ""
    """Who relays, in words; an ICMP message then speaks of the relay and not of the destination."""


class Vantage(Protocol):
    """A place and a path to send from: it opens sockets, probes never do."""

    carries: frozenset[str]
    """What it can carry: `tcp`, `udp`, `tcp_info`, `system_dns` (the machine's own resolver speaks for it),
    `remote_names` (a far end resolves: names are passed on and never asked for)."""

    def families(self) -> frozenset[str]:
        """The families that it can reach now: `ipv4`, `ipv6`, `any` (names); asked at start and every 10 minutes."""
        ...

    def open(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        """A non-blocking socket bound to this place, not connected. Raises OSError: always a fault of our own."""
        ...

    def route(self, address: str, port: int) -> tuple[str, int]:
        """Where the connect step has to connect for this destination: itself, or a proxy."""
        ...

    async def tunnel(self, sock: socket.socket, address: str, port: int, phase: Callable[[Phase], Any]) -> None:
        """Ask a proxy for the destination over a connected socket; nothing to do where there is none."""
        ...

    async def way(self, address: str, port: int, dial: Dial, phase: Callable[[Phase], Any]) -> Way:
        """How datagrams reach the destination; a proxy is dialled and asked to relay them."""
        ...


class Straight:
    """What vantages without a proxy share; each opens its own sockets."""

    def open(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        """See Vantage.open."""
        raise NotImplementedError

    def route(self, address: str, port: int) -> tuple[str, int]:
        """Straight to the destination."""
        return address, port

    async def tunnel(self, sock: socket.socket, address: str, port: int, phase: Callable[[Phase], Any]) -> None:
        """No proxy, nothing to ask."""

    async def way(self, address: str, port: int, dial: Dial, phase: Callable[[Phase], Any]) -> Way:  # noqa: ARG002  the signature of Vantage
        """Straight to the destination."""
        return Way((address, port))

    def routed_families(self) -> frozenset[str]:
        """IPv4 always (without a route its records are local faults), IPv6 only with a route to a global address."""
        try:
            with self.open(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
                found = sock.connect_ex(GLOBAL_IPV6) == 0
        except OSError:
            found = False
        return frozenset({"ipv4", "ipv6"} if found else {"ipv4"})


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry of a registry: its name, the function, the options it takes."""

    name: str
    function: Callable[..., Any]
    options: type[Options]


class Registry:
    """Names to functions with options; `@REGISTRY.add` is the only way in, `scan` finds the files."""

    def __init__(self, package: str, what: str) -> None:
        """A registry of the modules in `package`; `what` is its word in messages."""
        self.package = package
        self.what = what
        self._plugins: dict[str, Plugin] = {}
        self._scanned = False

    def add(self, function: F) -> F:
        """Register a function under its own name; its last parameter's annotation is its options class."""
        options = list(inspect.get_annotations(function, eval_str=True).items())
        chosen = next(kind for name, kind in reversed(options) if name != "return")
        self._plugins[function.__name__] = Plugin(function.__name__, function, chosen)
        return function

    def scan(self) -> None:
        """Import every module of the folder once."""
        if not self._scanned:
            self._scanned = True
            for module in pkgutil.iter_modules(import_module(self.package).__path__):
                import_module(f"{self.package}.{module.name}")

    def get(self, name: str) -> Plugin | None:
        """The plugin of that name, or None."""
        self.scan()
        return self._plugins.get(name)

    def names(self) -> list[str]:
        """All names, sorted."""
        self.scan()
        return sorted(self._plugins)

    def __iter__(self) -> Iterator[Plugin]:
        """All plugins by name."""
        return (self._plugins[name] for name in self.names())


PROBES = Registry("probes.protocols", "probe type")
VANTAGES = Registry("probes.vantages", "vantage type")
