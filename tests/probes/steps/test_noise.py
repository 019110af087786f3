"""Noise XX: two sides that share keys understand each other, and nobody else does."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from probes.steps.noise import Handshake, derive

PAYLOAD = b"who I am"


def answer(client: Handshake, prologue: bytes, payload: bytes) -> tuple[bytes, bytes, bytes]:
    """What an honest responder says."""
    server, static = Handshake(prologue), X25519PrivateKey.generate()
    server.hear(client.public)
    server.hear(server.public)
    server.agree(server.private, client.public)
    sealed = server.seal(static.public_key().public_bytes_raw())
    server.agree(static, client.public)
    return server.public, sealed, server.seal(payload)


def begun(prologue: bytes = b"WA") -> Handshake:
    """A client that has said its key."""
    client = Handshake(prologue)
    client.hear(client.public)
    return client


@given(st.binary(max_size=40), st.binary(max_size=300))
def test_both_sides_agree(prologue: bytes, payload: bytes) -> None:
    client = begun(prologue)
    assert client.answered(*answer(client, prologue, payload)) == payload


@given(st.integers(0, 2), st.integers(0, 31), st.integers(1, 255))
def test_a_changed_byte_is_seen(part: int, at: int, change: int) -> None:
    client = begun()
    said = [bytearray(one) for one in answer(client, b"WA", PAYLOAD)]
    said[part][at % len(said[part])] ^= change
    with pytest.raises(ValueError, match=r"decrypted|shared"):
        client.answered(*map(bytes, said))


def test_another_prologue_is_another_conversation() -> None:
    client = begun(b"WA\x06\x03")
    with pytest.raises(ValueError, match="cannot be decrypted"):
        client.answered(*answer(client, b"WA\x06\x02", PAYLOAD))


def test_a_key_that_shares_nothing() -> None:
    with pytest.raises(ValueError, match=r"."):
        begun().answered(bytes(32), bytes(48), bytes(16))


def test_each_key_is_fresh() -> None:
    assert Handshake(b"").public != Handshake(b"").public


def test_derivation_is_hkdf() -> None:
    """RFC 5869 appendix A.3: without salt and info; the first 42 bytes are published."""
    first, second = derive(b"", b"\x0b" * 22)
    published = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    assert (first + second).hex().startswith(published)
