"""The world's servers over TCP: web, chats, data centres, proxies; opened and closed as the change of the hour says."""

import asyncio
import socket

from tests.lab.chat_servers import chat_over_socket, honest_chat
from tests.lab.net.addresses import CENTRES, CHATS, CONNECT, PROXY, SOCKS, addresses, name_of
from tests.lab.net.names import Names
from tests.lab.net.state import Serve, World, client_of, guarded
from tests.lab.proxies import HonestConnect, HonestSocks
from tests.lab.servers import Behaviour, Leaving
from tests.lab.telegram_servers import honest as honest_centre

SPOKEN = dict.fromkeys(CHATS, honest_chat) | dict.fromkeys(CENTRES, honest_centre)


def service(world: World, address: str, port: int) -> Serve:
    """The server of an address: a web server, plain on 80 and over TLS else, a chat, or a data centre of Telegram."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client, name = client_of(writer), name_of(address)
        world.told.append(["connection", name, address, client])
        if world.too_often(name, client):
            await reader.read(1)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            writer.transport.abort()
            return
        if world.says("dead", name):
            await asyncio.Event().wait()
        if world.says("junk", name):
            await reader.read(1)
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        if name in SPOKEN:
            await SPOKEN[name].behave(Leaving(reader, writer))
            return
        if port != 80:
            await writer.start_tls(world.context("portal.example" if _portal(world, client) else name))
        await page(world, reader, writer, name)

    return serve


async def page(world: World, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str) -> None:
    """Answer one request."""
    client = client_of(writer)
    head = await reader.readuntil(b"\r\n\r\n")
    refusal = world.says("refuses", name)
    if b"Upgrade: websocket" in head and not refusal:
        reader.feed_data(head)  # whoever upgrades reads it, too; the client says nothing more before the answer
        await chat_over_socket().behave(Leaving(reader, writer))
        return
    status = refusal if b"Upgrade: websocket" in head else world.says("status", name) or 200
    if any(client.startswith(net) for net in world.says("geo", name) or ()):
        status = world.now.get("geo_status", 403)
    writer.write(
        f"HTTP/1.1 {status} Lab\r\nContent-Length: 40000\r\nConnection: close\r\n\r\n".encode() + b"x" * 40_000
    )
    await writer.drain()


def _portal(world: World, client: str) -> bool:
    return any(client.startswith(net) for net in world.now.get("portal", ()))


async def listen(world: World, listeners: dict[tuple[str, int], asyncio.Server]) -> None:
    """Open the servers over TCP that are up, close those that are down."""
    for address, port in addresses():
        down, place = world.says("down", name_of(address)), (address, port)
        if down and place in listeners:
            listeners.pop(place).close()
        elif not down and place not in listeners:
            serve = guarded(service(world, address, port))
            listeners[place] = await asyncio.start_server(serve, address, port, backlog=256)


async def listen_proxies(world: World, servers: dict[int, asyncio.Server]) -> None:
    """Have a SOCKS and a CONNECT proxy, or none where they are down."""
    proxies = {SOCKS: HonestSocks, CONNECT: HonestConnect}
    for port in proxies if world.now.get("proxy") == "down" else ():
        if port in servers:
            servers.pop(port).close()
    for port, kind in proxies.items() if world.now.get("proxy") != "down" else ():
        if port not in servers:
            behave = kind(names=Names(world), near=PROXY).server.behave
            servers[port] = await asyncio.start_server(guarded(proxied(behave)), PROXY, port)


def proxied(behave: Behaviour) -> Serve:
    """A proxy whose clients leave."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await behave(Leaving(reader, writer))

    return serve
