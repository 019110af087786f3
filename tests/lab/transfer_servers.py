"""Servers whose transfers freeze, are policed, broken off or fine: `async with serve(whole()) as port`."""

import asyncio

from tests.lab.servers import Conn, Server

OBJECT = bytes(262_144)


def _head(size: int) -> bytes:
    return f"HTTP/1.1 206 Partial Content\r\nContent-Length: {size}\r\n\r\n".encode()


def whole(size: int = len(OBJECT)) -> Server:
    """Sends all of it at once."""

    async def behave(conn: Conn) -> None:
        await conn.read()
        await conn.send(_head(size) + OBJECT[:size])
        await conn.end()

    return Server("whole", behave, "transfer")


def broken_after(size: int, how: str) -> Server:
    """Sends so much, then does `stay`, `end` or `reset`."""

    async def behave(conn: Conn) -> None:
        await conn.read()
        await conn.send(_head(len(OBJECT)) + OBJECT[:size])
        await asyncio.sleep(0.02)  # the client reads it before a RST throws it away
        if how == "reset":
            conn.reset()
        await (conn.end() if how == "end" else conn.stay())

    return Server(f"{how}_after_{size}", behave, "transfer")


def policed(rate: int, burst: int, size: int) -> Server:
    """Lets a burst through and then keeps to a rate (bytes a second)."""

    async def behave(conn: Conn) -> None:
        await conn.read()
        await conn.send(_head(size) + OBJECT[:burst])
        sent = burst
        while sent < size:
            await asyncio.sleep(0.02)
            step = min(rate // 50, size - sent)
            await conn.send(OBJECT[:step])
            sent += step
        await conn.end()

    return Server("policed", behave, "transfer")


async def _taken(conn: Conn) -> None:
    received = b""
    while len(received.partition(b"\r\n\r\n")[2]) < 4_096:
        received += await conn.read()
    await conn.send(b"HTTP/1.1 204 No Content\r\n\r\n")
    await conn.end()


taking = Server("taking", _taken, "transfer")
"""Takes an upload of 4 KB."""
