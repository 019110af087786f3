"""The demonstration's servers do what they say: deny, answer, and fall silent as a filter in the path does."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack

import dns.asyncquery
import dns.message
import dns.rcode
import pytest

from daemon.demo.servers import Listener, Resolver, listen, serve_names


@pytest.fixture
async def closing() -> AsyncIterator[ExitStack]:
    with ExitStack() as stack:
        yield stack
    await asyncio.sleep(0)  # transports close in the loop's next turn


async def ask(port: int, name: str, kind: str = "A") -> dns.message.Message:
    question = dns.message.make_query(name, kind)
    return await dns.asyncquery.udp(question, "127.0.0.1", port=port, timeout=2)


async def test_a_known_name_has_its_address(closing: ExitStack) -> None:
    port = await serve_names(Resolver({"web.max.test": "127.0.70.1"}), "127.0.0.1", closing)
    reply = await ask(port, "web.max.test")
    assert [str(item) for item in reply.answer[0]] == ["127.0.70.1"]
    assert not (await ask(port, "web.max.test", "AAAA")).answer


async def test_a_denied_name_does_not_exist_until_it_is_allowed_again(closing: ExitStack) -> None:
    resolver = Resolver({"web.whatsapp.test": "127.0.60.1"}, {"web.whatsapp.test"})
    port = await serve_names(resolver, "127.0.0.1", closing)
    assert (await ask(port, "web.whatsapp.test")).rcode() == dns.rcode.NXDOMAIN
    assert (await ask(port, "unknown.test")).rcode() == dns.rcode.NXDOMAIN
    resolver.denied.clear()
    assert (await ask(port, "web.whatsapp.test")).rcode() == dns.rcode.NOERROR


async def connects(listener: Listener, patience: float) -> bool:
    """True if a connection is made within so many seconds."""
    sock = socket.socket()
    sock.setblocking(False)
    try:
        async with asyncio.timeout(patience):
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", listener.port))
    except TimeoutError:
        return False
    finally:
        sock.close()
    return True


async def test_silence_swallows_the_syn_and_ends(closing: ExitStack) -> None:
    listener = listen("127.0.0.1", None, closing)
    assert await connects(listener, 2)
    listener.fall_silent()
    assert not await connects(listener, 0.3)
    listener.resume()
    assert await connects(listener, 2)


async def test_who_asks_gets_the_page(closing: ExitStack) -> None:
    listener = listen("127.0.0.1", None, closing)
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    assert (await asyncio.wait_for(reader.readline(), 2)).startswith(b"HTTP/1.1 200")
    writer.close()
    await writer.wait_closed()
