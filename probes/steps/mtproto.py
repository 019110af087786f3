"""The first words of Telegram's MTProto: how a client asks for a key's parts, and how the answer is checked; no I/O."""

import os
from collections.abc import Callable
from struct import Struct, error, pack, unpack_from

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

TAG = b"\xee" * 4
"""Names the intermediate transport: each message behind its length in four bytes."""
TAKEN = frozenset({b"HEAD", b"POST", b"GET ", b"OPTI", b"\x16\x03\x01\x02", b"\xdd" * 4, TAG})
"""First words that a data centre takes for another transport."""
ABRIDGED = 0xEF
"""First byte of the abridged transport."""
NONCE = 16
LONGEST = 4_096
"""Bytes of an answer; a true one has about a hundred."""
REQ_PQ_MULTI, RES_PQ, VECTOR = 0xBE7E8EF1, 0x05162463, 0x1CB5C415
"""Constructors of MTProto's schema."""
ENVELOPE = Struct("<qqi")
"""Key (0: none yet), message id, length."""

Change = Callable[[bytes], bytes]


class Refused(Exception):  # noqa: N818  the data centre's own word, no error of ours
    """The data centre answered with a transport error; `code` is negative: -404, -429."""

    def __init__(self, code: int) -> None:
        """`code` as it came."""
        super().__init__(f"transport error {code}")
        self.code = code


def opening(random: Callable[[int], bytes] = os.urandom) -> bytes:
    """The 64 bytes that begin an obfuscated connection, not yet encrypted at their end."""
    while True:
        made = random(64)
        if made[0] != ABRIDGED and made[:4] not in TAKEN and made[4:8] != bytes(4):
            return made[:56] + TAG + made[60:]


def ciphers(begun: bytes) -> tuple[Change, Change]:
    """Of the side that begins: how it encrypts what it sends, and decrypts what it receives."""
    turned = begun[8:56][::-1]
    return _stream(begun[8:40], begun[40:56]), _stream(turned[:32], turned[32:])


def shown(begun: bytes, encrypt: Change) -> bytes:
    """The opening as it goes over the wire; moves the cipher on by 64 bytes."""
    return begun[:56] + encrypt(begun)[56:]


def framed(message: bytes) -> bytes:
    """A message in the intermediate transport."""
    return pack("<I", len(message)) + message


def question(nonce: bytes, wall: int) -> bytes:
    """req_pq_multi, unencrypted; `wall` in microseconds makes the message's id."""
    body = pack("<I", REQ_PQ_MULTI) + nonce
    return ENVELOPE.pack(0, (wall << 32) // 1_000_000 & ~3, len(body)) + body


def length_of(frame: bytes) -> int | None:
    """Length of the message in a frame, None before it is known. Raises ValueError for one that no answer has."""
    if len(frame) < 4:
        return None
    length = int.from_bytes(frame[:4], "little")
    if not 4 <= length <= LONGEST or length % 4:
        raise ValueError("a length that no answer has")
    return length


def fingerprints(message: bytes, nonce: bytes) -> tuple[int, ...]:
    """Of the server's keys, in its resPQ. Raises Refused, and ValueError for what does not answer our question."""
    if len(message) == 4:
        raise _code(message)
    try:
        return _res_pq(message, nonce)
    except error:
        raise ValueError("an answer that ends too early") from None


def _code(message: bytes) -> Exception:
    (code,) = unpack_from("<i", message)
    return Refused(code) if code < 0 else ValueError("four bytes that are no error")


def _res_pq(message: bytes, nonce: bytes) -> tuple[int, ...]:
    key, _, length = ENVELOPE.unpack_from(message)
    body = message[ENVELOPE.size :]
    constructor, ours, theirs = unpack_from("<I16s16s", body)
    if key or length != len(body) or constructor != RES_PQ:
        raise ValueError("no resPQ")
    if ours != nonce:
        raise ValueError("the nonce of another")
    size, vector, count = unpack_from("<B11xII", body, 36)
    if theirs == bytes(NONCE) or size != 8 or vector != VECTOR or not 1 <= count <= 64:
        raise ValueError("no nonce, number or keys of a server")
    return tuple(unpack_from(f"<{count}Q", body, 56))


def _stream(key: bytes, counter: bytes) -> Change:
    return Cipher(AES256(key), CTR(counter)).encryptor().update
