"""Telegram's first words: what is asked is what was meant, and only its answer is accepted."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.steps.mtproto import (
    TAG,
    TAKEN,
    Refused,
    ciphers,
    fingerprints,
    framed,
    length_of,
    opening,
    question,
    shown,
)
from tests.lab.telegram_servers import KEYS, res_pq

NONCE = b"n" * 16


@pytest.mark.parametrize("taken", [*sorted(TAKEN), b"\xefabc", b"abcd\0\0\0\0"])
def test_an_opening_is_not_taken_for_another_transport(taken: bytes) -> None:
    drawn = iter([taken.ljust(64, b"."), b"r" * 64])
    assert opening(lambda size: next(drawn)[:size]) == b"r" * 56 + TAG + b"r" * 4


@given(st.binary(min_size=64, max_size=64), st.binary(max_size=200))
def test_the_far_end_reads_what_was_sent(begun: bytes, message: bytes) -> None:
    encrypt, _ = ciphers(begun)
    decrypt, _ = ciphers(begun)
    seen = shown(begun, encrypt)
    assert seen[:56] == begun[:56]
    assert decrypt(seen)[56:] == begun[56:]
    assert decrypt(encrypt(message)) == message


def test_the_question() -> None:
    asked = question(NONCE, 1_770_000_000_500_000)
    assert asked[:8] == bytes(8)
    assert int.from_bytes(asked[8:16], "little") == (1_770_000_000 << 32) + (1 << 31)
    assert asked[16:] == pack("<i", 20) + bytes.fromhex("f18e7ebe") + NONCE


def test_the_answer() -> None:
    assert fingerprints(res_pq(NONCE), NONCE) == KEYS


def test_the_answer_to_another() -> None:
    with pytest.raises(ValueError, match="another"):
        fingerprints(res_pq(b"x" * 16), NONCE)


@pytest.mark.parametrize("lie", [res_pq(NONCE, keys=()), res_pq(NONCE, pq=b"1234567"), res_pq(NONCE)[:-4], bytes(4)])
def test_what_is_no_answer(lie: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        fingerprints(lie, NONCE)


@given(st.integers(-(2**31), -1))
def test_an_error_keeps_its_code(code: int) -> None:
    with pytest.raises(Refused) as caught:
        fingerprints(pack("<i", code), NONCE)
    assert caught.value.code == code


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_named(message: bytes) -> None:
    try:
        assert fingerprints(message, NONCE)
    except (ValueError, Refused):
        assert length_of(framed(b"good")) == 4


@pytest.mark.parametrize("length", [0, 3, 5, 4_100, 2**32 - 1])
def test_a_length_that_no_answer_has(length: int) -> None:
    with pytest.raises(ValueError, match="length"):
        length_of(pack("<I", length))


def test_a_length_that_is_not_yet_known() -> None:
    assert length_of(b"\x04\0\0") is None
