"""What vantages behind a proxy share: options, sockets towards it, exact reading, and who is to blame for a failure."""

import asyncio
import errno
import os
import socket
from collections.abc import Callable
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from probes.failure import Fault
from probes.plugin import Dial, VantageOptions, Way, join_host_port, split_host_port
from probes.record import Family, Kind, Phase

LONGEST = 255
"""Bytes of a user, a password or a name in SOCKS (RFC 1928, RFC 1929)."""


def _numeric(text: str) -> str:
    host, port = split_host_port(text)
    if ":" not in host and not host.replace(".", "").isdecimal():
        raise ValueError(f"{host} is a name: write the proxy's address in figures, nobody is asked for it")
    return join_host_port(host, port)


class ProxyOptions(VantageOptions):
    """Options of a vantage behind a proxy."""

    straight: ClassVar[bool] = False

    address: Annotated[str, Field(min_length=1, description='for example "192.0.2.7:1080"'), AfterValidator(_numeric)]
    """An operator sets this to where the proxy listens: address and port, an IPv6 address in brackets."""
    user: str | None = None
    """An operator sets this when the proxy asks who comes."""
    password: SecretStr | None = None
    """An operator sets this when the proxy asks for a password: `{ env = "NAME" }` or `{ file = "PATH" }`."""
    remote_names: bool = False
    """An operator sets this when names are to be looked up where the proxy is: one series a name, of family any."""
    families: Annotated[tuple[Literal["ipv4", "ipv6"], ...], Field(min_length=1)] = ("ipv4",)
    """An operator sets this when the proxy also (or only) reaches IPv6: nobody can see that from here."""

    @model_validator(mode="after")
    def _login(self) -> Self:
        for name, text in (("user", self.user), ("password", self.secret if self.password else None)):
            if text is not None and not 0 < len(text.encode()) <= LONGEST:
                raise ValueError(f"a {name} has 1 to {LONGEST} bytes")
        if self.password is not None and self.user is None:
            raise ValueError("a password needs a user beside it")
        return self

    @cached_property
    def place(self) -> tuple[str, int]:
        """Address and port of the proxy."""
        return split_host_port(self.address)

    @property
    def secret(self) -> str:
        """The password itself; empty where there is none."""
        return self.password.get_secret_value() if self.password else ""

    def possible(self) -> frozenset[str]:
        """What the operator says that it reaches, and any where it takes names."""
        return frozenset({*self.families, *((Family.ANY,) if self.remote_names else ())})


class Proxied:
    """A vantage behind a proxy. What differs is how the proxy is asked: `ask`."""

    def __init__(self, options: ProxyOptions, *more: str) -> None:
        """`more` is what it carries beside tcp, and remote_names where the options say so."""
        self.options = options
        self.place = options.place
        self.name = proxy_at(options.place)
        names = ("remote_names",) if options.remote_names else ()
        self.carries = frozenset({"tcp", *more, *names})

    def families(self) -> frozenset[str]:
        """As the operator says: only the proxy knows."""
        return self.options.possible()

    def open(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        """A socket towards the proxy. Raises OSError for datagrams that it does not relay."""
        if kind == socket.SOCK_DGRAM and "udp" not in self.carries:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        return socket.socket(family, kind | socket.SOCK_NONBLOCK)

    def route(self, address: str, port: int) -> tuple[str, int]:  # noqa: ARG002  the signature of Vantage
        """Always to the proxy."""
        return self.place

    async def tunnel(self, sock: socket.socket, address: str, port: int, phase: Callable[[Phase], Any]) -> None:
        """Ask the proxy for a connection to an address, or a name where it resolves."""
        async with phase(Phase.PROXY) as scope:
            blame(scope, self.name)
            await self.ask(sock, address, port, scope)

    async def ask(self, sock: socket.socket, address: str, port: int, scope: Any) -> None:  # noqa: ANN401  a PhaseScope
        """Speak with the proxy; `blame(scope, "")` from where silence may be the target's."""
        raise NotImplementedError

    async def way(self, address: str, port: int, dial: Dial, phase: Callable[[Phase], Any]) -> Way:  # noqa: ARG002  the signature of Vantage
        """None, unless the proxy relays datagrams."""
        async with phase(Phase.PROXY):
            raise Fault(Kind.LOCAL, f"{self.name}: relays no datagrams")


def proxy_at(place: tuple[str, int]) -> str:
    """How a proxy stands in a detail."""
    return f"proxy {join_host_port(*place)}"


def blame(scope: Any, whom: str) -> None:  # noqa: ANN401  a PhaseScope, or None where a run is over
    """What fails in this phase from here on is the fault of `whom` and tells nothing of the target; empty ends that."""
    if scope is not None:
        scope.ours = whom


async def say(sock: socket.socket, data: bytes) -> None:
    """Send all of it over a bare socket."""
    await asyncio.get_running_loop().sock_sendall(sock, data)


async def exactly(sock: socket.socket, size: int) -> bytes:
    """That many bytes and none of those behind them, which are the target's. Raises EOFError."""
    loop = asyncio.get_running_loop()
    data = b""
    while len(data) < size:
        part = await loop.sock_recv(sock, size - len(data))
        if not part:
            raise EOFError(f"closed after {len(data)} of {size} bytes")
        data += part
    return data
