"""One question over TCP: where a resolver is asked that way, or a reply over UDP came truncated."""

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

from probes.failure import Fault
from probes.proxy import blame, proxy_at
from probes.record import Answer, Kind, Phase
from probes.run import Run
from probes.steps import wire
from probes.steps.connect import establish, open_socket
from probes.steps.resolver import Resolver
from probes.steps.stream import Plain, Stream

Scope = Callable[[Phase], Any]
"""Gives what a phase is spent in: `run.phase`, or nothing where the run is over."""


async def ask_tcp(run: Run, resolver: Resolver, query: bytes, phase: Scope | None = None) -> Answer:
    """Connect, ask and return the reply, all within the DNS phase (RFC 7766); what a proxy fails at is its own."""
    return await framed(run, await connected(run, resolver, phase or run.phase), query, "tcp")


async def connected(run: Run, resolver: Resolver, phase: Scope) -> Stream:
    """A TCP connection of the vantage to a resolver, closed with the run."""
    near = run.vantage.route(resolver.address, resolver.port)
    sock = open_socket(run, near[0])
    if near == (resolver.address, resolver.port):
        await establish(sock, near)
    else:
        async with phase(Phase.PROXY) as scope:
            blame(scope, proxy_at(near))
            await establish(sock, near)
    await run.vantage.tunnel(sock, resolver.address, resolver.port, phase)
    return Plain(sock, asyncio.get_running_loop())


async def framed(run: Run, stream: Stream, query: bytes, transport: str) -> Answer:
    """Ask behind a length of two bytes (RFC 1035 section 4.2.2, RFC 7858 section 3.3) and note the reply."""
    query = wire.with_id(query, secrets.randbits(16))
    await stream.send(len(query).to_bytes(2, "big") + query)
    held = b""
    while len(held) < (size := 2 + int.from_bytes(held[:2], "big")):
        part = await stream.receive()
        if not part:
            raise EOFError(f"closed after {len(held)} bytes of a reply over {transport}")
        held += part
    return reply(run, query, held[2:size], transport)


def reply(run: Run, query: bytes, data: bytes, transport: str) -> Answer:
    """Read and note the reply. On a connection of our own a foreign one is the server's (or a box's) mistake."""
    reason = wire.foreign(query, data)
    if reason == "wrong_id":
        raise Fault(Kind.DNS_WRONG_ID, f"over {transport}")
    if reason is not None:
        raise Fault(Kind.DNS_MISBEHAVING, f"{reason} over {transport}")
    answer = wire.read(data, run.elapsed(), transport)
    run.note(answers=(*run.seen.get("answers", ()), answer))
    return answer
