"""Datagrams both ways with one destination, straight or through a proxy that relays them."""

import asyncio
import socket
import struct

from probes.failure import Fault, own, own_errno
from probes.plugin import Way
from probes.record import Kind
from probes.run import Run
from probes.steps.connect import dial
from probes.steps.icmp import arrived, keep_errors, last_message
from probes.steps.stream import ready

LARGEST = 65_535
SO_TIMESTAMPNS = 35  # asm-generic/socket.h; Python has no name for it
TIMESPEC = struct.Struct("@ll")


class Datagrams:
    """A way to one destination. The deadline is the phase's: nothing here waits on its own account."""

    __slots__ = ("arrival", "begin", "run", "sock", "way")

    def __init__(self, run: Run, way: Way) -> None:
        """Nothing is opened before the first datagram is sent: a fault of that belongs to the phase that sends."""
        self.run = run
        self.way = way
        self.sock: socket.socket | None = None
        self.begin = 0.0
        self.arrival = 0.0
        """Seconds in the run at which the kernel had the last datagram that was received."""

    def send(self, data: bytes) -> None:
        """Send one datagram. Raises Fault: our own, or what an ICMP message said about an earlier one."""
        if self.sock is None:
            self.sock = open_datagram(self.run, self.way)
            self.begin = self.run.elapsed()
        try:
            self.sock.send(self.way.wrap(data))
        except OSError as error:
            raise fault_of(self.sock, error, self.way) from error

    async def receive(self) -> bytes:
        """The next datagram from the destination, after one was sent. Raises Fault for an ICMP message about ours."""
        assert self.sock is not None  # noqa: S101  nobody answers who was not asked
        loop = asyncio.get_running_loop()
        while True:
            try:
                data, ancillary, _flags, _peer = self.sock.recvmsg(LARGEST, 64)
            except BlockingIOError:
                last_message(self.sock)
                await ready(loop, self.sock.fileno())
                continue
            except OSError as error:
                raise fault_of(self.sock, error, self.way) from error
            inside = self.way.unwrap(data)
            if inside is not None:
                self.arrival = arrival(self.run, ancillary, self.begin)
                return inside


def fault_of(sock: socket.socket, error: OSError, way: Way) -> Fault:
    """What an error means that came after a datagram was sent; where a relay is near, it is the relay's."""
    fault = arrived(sock, error, way.near[0])
    if not way.relay:
        return fault
    said = fault.detail if fault.kind is Kind.LOCAL else f"{fault.kind} {fault.detail}".rstrip()
    return Fault(Kind.LOCAL, f"{way.relay}: {said}")


async def datagrams(run: Run, address: str, port: int) -> Datagrams:
    """A way for datagrams to an address (a name where a far end resolves); fact: address.

    What a proxy fails at is a failure of the phase `proxy`.
    """
    await run.permit(address)
    run.note(address=address)
    return Datagrams(run, await open_way(run, address, run.attempt.instead.port or port))


async def open_way(run: Run, address: str, port: int) -> Way:
    """What the vantage says about datagrams to a destination; a proxy is asked."""

    async def dialled(near: tuple[str, int]) -> socket.socket:
        return await dial(run, near)

    return await run.vantage.way(address, port, dialled, run.phase)


def open_datagram(run: Run, way: Way) -> socket.socket:
    """A UDP socket of the vantage connected along a way, with stamps, closed with the run. Raises Fault: our own."""
    family = socket.AF_INET6 if ":" in way.near[0] else socket.AF_INET
    try:
        sock = run.vantage.open(family, socket.SOCK_DGRAM)
    except OSError as error:
        raise own(error) from error
    run.closing.callback(sock.close)
    keep_errors(sock)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    code = sock.connect_ex(way.near)
    if code:
        raise own_errno(code)
    return sock


def arrival(run: Run, ancillary: list[tuple[int, int, bytes]], since: float) -> float:
    """Seconds in the run at which the kernel had a datagram: ours may have waited for the loop."""
    now = run.elapsed()
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = TIMESPEC.unpack_from(data)
            waited = (run.world.clock.wall() - seconds * 1_000_000 - nanoseconds // 1000) / 1e6
            # Out of these bounds the wall clock stepped, or a test moves it.
            return now - waited if 0.0 <= waited <= now - since else now
    return now
