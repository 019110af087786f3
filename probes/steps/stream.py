"""Bytes both ways over one connection: what a step sees of it, whether plain or inside TLS."""

import asyncio
import socket
from typing import Protocol

CHUNK = 65_536


class Stream(Protocol):
    """One connection. The deadline is the phase's: nothing here waits on its own account."""

    async def send(self, data: bytes) -> None:
        """Send all of it. Raises OSError."""
        ...

    async def receive(self) -> bytes:
        """What has arrived, at least a byte; nothing once the far end has ended its side. Raises OSError."""
        ...


class Plain:
    """A connected TCP socket as a stream."""

    __slots__ = ("loop", "sock")

    def __init__(self, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        """Takes a non-blocking socket; whoever opened it closes it."""
        self.sock = sock
        self.loop = loop

    async def send(self, data: bytes) -> None:
        """Send all of it. Raises OSError."""
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            await self.loop.sock_sendall(self.sock, data[sent:])

    async def receive(self) -> bytes:
        """What has arrived, at least a byte; nothing at the end. Raises OSError."""
        while True:
            try:
                return self.sock.recv(CHUNK)
            except BlockingIOError:
                await ready(self.loop, self.sock.fileno())


async def ready(loop: asyncio.AbstractEventLoop, fd: int, *, to_write: bool = False) -> None:
    """Wait until a descriptor is readable (or writable); an error counts as ready."""
    add, remove = (loop.add_writer, loop.remove_writer) if to_write else (loop.add_reader, loop.remove_reader)
    arrived = loop.create_future()

    def arrive() -> None:
        remove(fd)
        if not arrived.done():
            arrived.set_result(None)

    add(fd, arrive)
    try:
        await arrived
    finally:
        if arrived.cancelled():
            remove(fd)
