"""Data centres of Telegram on loopback, honest and lying: `await check(honest)`."""

from struct import pack

from probes.steps.mtproto import ENVELOPE, RES_PQ, TAG, VECTOR, Change, ciphers, framed
from tests.lab.servers import Conn, Server, meets

KEYS = (0xD09D1D85DE64FD85, 0x0BC35F3509F7B7A5)


def res_pq(nonce: bytes, keys: tuple[int, ...] = KEYS, pq: bytes = bytes(range(8))) -> bytes:
    """What a data centre answers."""
    body = pack("<I16s16sB", RES_PQ, nonce, b"s" * 16, len(pq)) + pq + bytes(3)
    body += pack(f"<II{len(keys)}Q", VECTOR, len(keys), *keys)
    return ENVELOPE.pack(0, 1, len(body)) + body


async def heard(conn: Conn) -> tuple[bytes, Change]:
    """The nonce of a client's question in either transport, and how an answer is to be changed."""
    start = await conn.reader.readexactly(4)
    if start == TAG:
        return (await conn.reader.readexactly(44))[-16:], bytes
    begun = start + await conn.reader.readexactly(60)
    decrypt, encrypt = ciphers(begun)
    assert decrypt(begun)[56:60] == TAG
    frame = decrypt(await conn.reader.readexactly(44))
    assert frame[:4] == pack("<I", 40)
    assert frame[24:28] == bytes.fromhex("f18e7ebe")
    return frame[-16:], encrypt


@meets("telegram")
async def honest(conn: Conn) -> None:
    nonce, encrypt = await heard(conn)
    whole = encrypt(framed(res_pq(nonce)))
    await conn.send(whole[:3])
    await conn.send(whole[3:])
    await conn.stay()


@meets("telegram")
async def another_nonce(conn: Conn) -> None:
    _, encrypt = await heard(conn)
    await conn.send(encrypt(framed(res_pq(b"x" * 16))))
    await conn.stay()


@meets("telegram")
async def silent(conn: Conn) -> None:
    await heard(conn)
    await conn.stay()


@meets("telegram")
async def closing(conn: Conn) -> None:
    await heard(conn)
    await conn.end()


@meets("telegram")
async def resetting(conn: Conn) -> None:
    await heard(conn)
    conn.reset()


def refusing(code: int) -> Server:
    """A data centre that answers with a transport error."""

    async def behave(conn: Conn) -> None:
        _, encrypt = await heard(conn)
        await conn.send(encrypt(framed(pack("<i", code))))
        await conn.stay()

    return Server(f"refusing_{code}", behave, "telegram")


def saying(junk: bytes) -> Server:
    """A box that answers with bytes of its own."""

    async def behave(conn: Conn) -> None:
        await heard(conn)
        await conn.send(junk)
        await conn.stay()

    return Server("saying", behave, "telegram")
