"""The tcp phase: one connect, and who answered it."""

import asyncio
import errno
import socket

from probes.failure import own, own_errno
from probes.proxy import blame, proxy_at
from probes.record import Phase
from probes.run import Run
from probes.steps.icmp import arrived, keep_errors
from probes.steps.stream import Plain, Stream, ready
from probes.tcpinfo import read_tcp_info


async def connect(run: Run, address: str, port: int) -> Stream:
    """Connect to a numeric address; facts: address, refused_by, icmp_from, and at the end tcp, bytes_in, bytes_out."""
    await run.permit(address)
    run.note(address=address)
    port = run.attempt.instead.port or port
    near = run.vantage.route(address, port)
    if near == (address, port):
        async with run.phase(Phase.TCP):
            sock = await dial(run, near)
    else:
        async with run.phase(Phase.PROXY) as scope:
            blame(scope, proxy_at(near))
            sock = await dial(run, near)
    await run.vantage.tunnel(sock, address, port, run.phase)
    return Plain(sock, asyncio.get_running_loop())


async def dial(run: Run, near: tuple[str, int]) -> socket.socket:
    """A TCP socket of the run's vantage connected to an address, closed with the run; belongs into a phase."""
    sock = open_socket(run, near[0])
    run.closing.callback(_account, run, sock)  # before it closes; a resolver's connection has no place in the record
    await establish(sock, near)
    return sock


def open_socket(run: Run, address: str) -> socket.socket:
    """A TCP socket of the run's vantage for that address, closed with the run. Raises Fault: always our own."""
    six = ":" in address
    try:
        sock = run.vantage.open(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_STREAM)
    except OSError as fault:
        raise own(fault) from fault
    run.closing.callback(sock.close)
    keep_errors(sock)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


async def establish(sock: socket.socket, near: tuple[str, int]) -> None:
    """Connect, without loop.sock_connect: it does not tell an error at once from one that arrived."""
    number = sock.connect_ex(near)
    if number == errno.EINPROGRESS:
        await ready(asyncio.get_running_loop(), sock.fileno(), to_write=True)
        number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise arrived(sock, OSError(number, ""), near[0])
    elif number:
        raise own_errno(number)
    # From here on an ICMP message must not break what TCP would survive in every other program.
    keep_errors(sock, on=False)


def _account(run: Run, sock: socket.socket) -> None:
    """Note the kernel's account of a connection; a proxy's tells nothing of the target."""
    if "tcp_info" in run.vantage.carries:
        account = read_tcp_info(sock)
        if account is not None:
            tcp, bytes_in, bytes_out = account
            run.note(tcp=tcp, bytes_in=bytes_in, bytes_out=bytes_out)
