"""What the daemon adds to a probe: its processor time at 300 probes/s, less that of the same probe done bare.

The whole path (schedule, probe, record, commit, detection) against asyncio sockets and MemoryBIO at the same rate, in
turns, each in a process of its own; servers in a third. Goal: at most 35 % of a bare TLS handshake for each probe type.
"""

import asyncio
import socket
import ssl
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from bench import _stage as stage

RATE = 300
EVERY = 5
"""Seconds; a fifth of it is a second, so that starts are spread evenly."""
GOAL = 0.35
ROUNDS = 2
WARM, SECONDS = 7.0, 4.0
KINDS = ("tcp", "tls", "https")
REQUEST = b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: */*\r\nconnection: close\r\n\r\n"


async def bare_tcp(place: tuple[str, int], _context: ssl.SSLContext) -> None:
    """Connect."""
    loop = asyncio.get_running_loop()
    with socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as sock:
        await loop.sock_connect(sock, place)


async def bare_tls(place: tuple[str, int], context: ssl.SSLContext) -> None:
    """Connect and shake hands."""
    with socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as sock:
        await asyncio.get_running_loop().sock_connect(sock, place)
        await _shake(sock, place[0], context)


async def bare_https(place: tuple[str, int], context: ssl.SSLContext) -> None:
    """Connect, shake hands, ask once and read the answer."""
    loop = asyncio.get_running_loop()
    with socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as sock:
        await loop.sock_connect(sock, place)
        tls, into, out = await _shake(sock, place[0], context)
        tls.write(REQUEST)
        await loop.sock_sendall(sock, out.read())
        answer = b""
        while not answer.endswith(b"ok"):
            try:
                answer += tls.read()
            except ssl.SSLWantReadError:
                into.write(await loop.sock_recv(sock, 65_536))


async def _shake(
    sock: socket.socket, host: str, context: ssl.SSLContext
) -> tuple[ssl.SSLObject, ssl.MemoryBIO, ssl.MemoryBIO]:
    loop = asyncio.get_running_loop()
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(into, out, server_hostname=host)
    while True:
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            await loop.sock_sendall(sock, out.read())
            into.write(await loop.sock_recv(sock, 65_536))
        else:
            await loop.sock_sendall(sock, out.read())
            return tls, into, out


BARE: dict[str, Callable[[tuple[str, int], ssl.SSLContext], Awaitable[None]]] = {
    "tcp": bare_tcp,
    "tls": bare_tls,
    "https": bare_https,
}


def run_bare(kind: str, ca: Path | None, ports: list[int]) -> list[float]:
    """Processor seconds of a bare probe at the rate, for each second."""
    return asyncio.run(_run_bare(kind, ca, ports))


async def _run_bare(kind: str, ca: Path | None, ports: list[int]) -> list[float]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca is not None:
        context.load_verify_locations(ca)
    context.set_alpn_protocols(["http/1.1"])
    places = [(host, port) for host in stage.HOSTS for port in ports]
    loop = asyncio.get_running_loop()
    begin = loop.time()
    looks = []
    async with asyncio.TaskGroup() as group:
        for number in range(int((1 + SECONDS) * RATE) + 1):
            await asyncio.sleep(begin + number / RATE - loop.time())
            if number % RATE == 0 and number:  # the first second warms up
                looks.append(stage.processor())
            group.create_task(_timed(BARE[kind](places[number % len(places)], context)))
    return [(after - before) / RATE for before, after in pairwise(looks)]


async def _timed(probe: Awaitable[None]) -> None:
    """The deadline that every probe has."""
    async with asyncio.timeout(5.0):
        await probe


@dataclass
class Found:
    """Processor seconds of a probe in each second, and the slots that had no good record."""

    whole: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    bad: int = 0

    @property
    def added(self) -> float:
        """What the daemon adds."""
        return stage.lower_quartile(self.whole) - stage.lower_quartile(self.bare)


def measure() -> dict[str, Found]:
    """All probe types by the daemon and bare, in turns, so that what else this machine does falls on all of them."""
    found = {kind: Found() for kind in KINDS}
    with ExitStack() as closing:
        folders = {kind: Path(closing.enter_context(tempfile.TemporaryDirectory())) for kind in KINDS}
        ports = {kind: closing.enter_context(stage.servers(kind, folders[kind])) for kind in KINDS}
        for _ in range(ROUNDS):
            for kind, it in found.items():
                load = stage.Load(stage.endpoints(kind, ports[kind], RATE * EVERY), EVERY, 5.0, WARM, SECONDS)
                daemon = stage.apart(stage.run_daemon, folders[kind], load)
                it.whole += daemon.costs
                it.bad += daemon.bad + sum(daemon.gaps.values())
                ca = None if kind == "tcp" else folders[kind] / "ca.pem"
                it.bare += stage.apart(run_bare, kind, ca, ports[kind])
    return found


def main() -> int:
    """Measure, print, judge."""
    found = measure()
    handshake = stage.lower_quartile(found["tls"].bare)
    rows, claims = [], {}
    for kind, it in found.items():
        share = it.added / handshake
        figures = (stage.lower_quartile(it.whole), stage.lower_quartile(it.bare), it.added)
        rows.append((kind, *(f"{seconds * 1e6:.0f}" for seconds in figures), f"{share:.0%}", it.bad))
        claims[f"{kind}: the daemon adds {share:.0%} of a bare TLS handshake, at most {GOAL:.0%}"] = share <= GOAL
    claims["every slot has a good record"] = not any(it.bad for it in found.values())
    stage.table(("probe", "daemon us", "bare us", "added us", "of a handshake", "not good"), rows)
    return stage.verdict(claims)


if __name__ == "__main__":
    sys.exit(main())
