"""Streams without a network: what a far end says is a list, or a TLS server whose words are twisted on the way."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from probes.plugin import Plugin, ProbeOptions
from probes.record import Record
from probes.run import Run, perform
from tests.lab.certificates import context_of
from tests.lab.runs import attempt, direct, world


class Scripted:
    """Says these chunks one by one, then ends."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = [chunk for chunk in chunks if chunk]
        self.sent = b""

    async def send(self, data: bytes) -> None:
        self.sent += data

    async def receive(self) -> bytes:
        return self.chunks.pop(0) if self.chunks else b""


class Twisted:
    """A TLS server in memory, one byte of whose first flight arrives changed."""

    def __init__(self, at: int, by: int, version: ssl.TLSVersion) -> None:
        self.at = at
        self.by = by
        self.into, self.out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context_of("good", version).wrap_bio(self.into, self.out, server_side=True)

    async def send(self, data: bytes) -> None:
        self.into.write(data)
        with suppress(ssl.SSLError):
            self.tls.do_handshake()

    async def receive(self) -> bytes:
        said = bytearray(self.out.read())
        if self.at < len(said):
            said[self.at] ^= self.by
        self.at = 1_000_000
        return bytes(said)


def run_step(step: Callable[[Run], Awaitable[object]]) -> Record:
    """Perform a probe that consists of one step; for tests that try many inputs."""

    async def probe(run: Run, _options: ProbeOptions) -> None:
        await step(run)

    plugin = Plugin("step", probe, ProbeOptions)
    return asyncio.run(perform(plugin, attempt("tcp", "127.0.0.1:9"), direct(), world()))
