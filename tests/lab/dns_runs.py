"""Runs that only resolve: `record = await ask(place, "web.whatsapp.com")`."""

import socket
from dataclasses import replace

from probes.clock import SystemClock
from probes.plugin import Plugin, ProbeOptions, Straight
from probes.record import Answer, Kind, Phase, Record, Series
from probes.run import Attempt, Run, World, perform
from probes.steps.resolve import resolve

NAME = "web.whatsapp.com"
TRUE = "157.240.205.62"
FORGED = "62.112.13.7"
"""An address that a lie gives: public, so no bogon, and of no known block page."""
BLOCKPAGE = "188.186.146.207"
"""Where a known block page stands: public, so no bogon."""


class Here(Straight):
    """A vantage on this machine, as plain as one can be; counts the sockets that it opened and that are still open."""

    carries = frozenset({"tcp", "udp", "tcp_info", "system_dns"})

    def __init__(self) -> None:
        self.opened: list[socket.socket] = []

    def families(self) -> frozenset[str]:
        return frozenset({"ipv4", "ipv6"})

    def open(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        sock = socket.socket(family, kind)
        sock.setblocking(False)
        self.opened.append(sock)
        return sock

    def still_open(self) -> int:
        return sum(sock.fileno() != -1 for sock in self.opened)


class OnlyTcp(Here):
    """A vantage that opens no UDP socket and knows no system resolver."""

    carries = frozenset({"tcp"})

    def open(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        if kind == socket.SOCK_DGRAM:
            raise PermissionError(13, "Permission denied")
        return super().open(family, kind)


def attempt(resolver: str, family: str = "ipv4", **changes) -> Attempt:
    """An attempt of a series that asks that resolver."""
    series = Series("whatsapp", "web", NAME, "dns", "here", family)
    return replace(Attempt(series, ProbeOptions(), due=0, resolver=resolver, timeout=5.0), **changes)


def resolving(host: str) -> Plugin:
    """A probe that resolves a name and nothing else."""

    async def probe(run: Run, options: ProbeOptions) -> None:
        await resolve(run, host)

    return Plugin("resolving", probe, ProbeOptions)


async def ask(resolver: str, host: str = NAME, *, vantage=None, world=None, **changes) -> Record:
    """One whole run that resolves a name."""
    world = world or World(SystemClock())
    return await perform(resolving(host), attempt(resolver, **changes), vantage or Here(), world)


def failed(record: Record) -> Kind | None:
    """The kind of a record's failure, which must be one of the dns phase; None for a good one."""
    if record.failure is None:
        return None
    assert record.failure.phase is Phase.DNS
    return record.failure.kind


def timeless(answers: tuple[Answer, ...]) -> list[Answer]:
    """The answers without their time."""
    return [replace(answer, arrival=0.0) for answer in answers]


def arrivals(answers: tuple[Answer, ...]) -> list[float]:
    """When the answers came."""
    return [answer.arrival for answer in answers]
