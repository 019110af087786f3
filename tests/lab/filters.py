"""A box in the path, on loopback: it reads the first bytes of a connection, and decides by what they hold."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.lab.servers import Conn, Server, good_tls, meets, serve


def box(name: bytes, behind: int) -> Server:
    """A server that resets a connection whose hello holds a name, and hands on all others."""

    @meets("tls")
    async def filtering(conn: Conn) -> None:
        hello = await conn.read()
        if name in hello:
            conn.reset()
            return
        reader, writer = await asyncio.open_connection("127.0.0.1", behind)
        try:
            writer.write(hello)
            await asyncio.gather(_hand_on(conn.reader, writer), _hand_on(reader, conn.writer))
        finally:
            writer.close()

    return filtering


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def filtered(name: bytes, server: Server = good_tls) -> AsyncIterator[int]:
    """A server behind a box; gives the port of the box."""
    async with serve(server) as behind, serve(box(name, behind)) as port:
        yield port
