"""Bytes over a plain socket: all of them, and the end."""

import asyncio
import socket

import pytest

from probes.steps.stream import CHUNK, Plain, ready


@pytest.fixture
def pair():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near, far = socket.create_connection(listener.getsockname()), listener.accept()[0]
    near.setblocking(False)
    far.setblocking(False)
    with near, far:
        yield near, far


def plain(sock: socket.socket) -> Plain:
    return Plain(sock, asyncio.get_running_loop())


async def test_what_has_arrived_is_given_at_once(pair) -> None:
    pair[1].send(b"hello")
    await ready(asyncio.get_running_loop(), pair[0].fileno())
    assert await plain(pair[0]).receive() == b"hello"


async def test_what_has_not_is_waited_for(pair) -> None:
    asyncio.get_running_loop().call_later(0.02, pair[1].send, b"hello")
    assert await plain(pair[0]).receive() == b"hello"


async def test_the_end_is_nothing(pair) -> None:
    pair[1].shutdown(socket.SHUT_WR)
    assert await plain(pair[0]).receive() == b""


async def test_more_than_a_socket_takes_at_once_is_sent_wholly(pair) -> None:
    text = bytes(range(256)) * 40_000
    got = bytearray()

    async def drain() -> None:
        while len(got) < len(text):
            got.extend(await plain(pair[1]).receive())

    async with asyncio.TaskGroup() as group:
        group.create_task(drain())
        await plain(pair[0]).send(text)
    assert got == text


async def test_a_reset_is_an_os_error(pair) -> None:
    pair[1].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    pair[1].close()
    with pytest.raises(ConnectionResetError):
        await plain(pair[0]).receive()


async def test_a_chunk_bounds_what_is_read_at_once(pair) -> None:
    pair[1].send(b"x" * (CHUNK + 100))
    await ready(asyncio.get_running_loop(), pair[0].fileno())
    assert 0 < len(await plain(pair[0]).receive()) <= CHUNK


async def test_ready_to_write(pair) -> None:
    await ready(asyncio.get_running_loop(), pair[0].fileno(), to_write=True)


@pytest.mark.parametrize("to_write", [False, True])
async def test_breaking_off_leaves_nothing_registered(pair, to_write: bool) -> None:
    """Else the loop would watch a number that the next socket gets."""
    loop = asyncio.get_running_loop()
    if to_write:
        while True:
            try:
                pair[0].send(b"x" * 1_000_000)
            except BlockingIOError:
                break
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await ready(loop, pair[0].fileno(), to_write=to_write)
    assert not loop.remove_reader(pair[0].fileno())
    assert not loop.remove_writer(pair[0].fileno())
