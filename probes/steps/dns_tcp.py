"""One question over TCP: where a resolver is asked that way, or a reply over UDP came truncated."""

import asyncio
import secrets
import socket
from errno import EINPROGRESS

from probes.failure import Fault, own_errno
from probes.record import Answer, Kind
from probes.run import Run
from probes.steps import wire
from probes.steps.dns_udp import open_socket
from probes.steps.icmp import arrived, keep_errors
from probes.steps.resolver import Resolver
from probes.steps.stream import ready


async def ask_tcp(run: Run, resolver: Resolver, query: bytes) -> Answer:
    """Connect, ask and return the reply, all within the DNS phase (RFC 7766)."""
    sock = open_socket(run, resolver, socket.SOCK_STREAM)
    await _connect(run, sock, resolver)
    await run.vantage.tunnel(sock, resolver.address, resolver.port, run.phase)
    query = wire.with_id(query, secrets.randbits(16))
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, len(query).to_bytes(2, "big") + query)
    size = int.from_bytes(await _exactly(sock, 2), "big")
    data = await _exactly(sock, size)
    return _reply(run, query, data)


def _reply(run: Run, query: bytes, data: bytes) -> Answer:
    """Read and note the reply. On a connection of our own a foreign one is the server's (or a box's) mistake."""
    reason = wire.foreign(query, data)
    if reason == "wrong_id":
        raise Fault(Kind.DNS_WRONG_ID, "over tcp")
    if reason is not None:
        raise Fault(Kind.DNS_MISBEHAVING, f"{reason} over tcp")
    answer = wire.read(data, run.elapsed(), "tcp")
    run.note(answers=(*run.seen.get("answers", ()), answer))
    return answer


async def _connect(run: Run, sock: socket.socket, resolver: Resolver) -> None:
    """Connect as the connect step does: an error at once is our own, one that arrives is the path's."""
    code = sock.connect_ex(run.vantage.route(resolver.address, resolver.port))
    if code not in {0, EINPROGRESS}:
        raise own_errno(code)
    if code == EINPROGRESS:
        await ready(asyncio.get_running_loop(), sock.fileno(), to_write=True)
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise arrived(sock, OSError(code, ""), resolver.address)
    keep_errors(sock, on=False)  # an ICMP message must not break a connection that every other program would keep


async def _exactly(sock: socket.socket, size: int) -> bytes:
    """That many bytes; EOFError where the far end closes before."""
    loop = asyncio.get_running_loop()
    data = b""
    while len(data) < size:
        part = await loop.sock_recv(sock, size - len(data))
        if not part:
            raise EOFError(f"closed after {len(data)} of {size} bytes over tcp")
        data += part
    return data
