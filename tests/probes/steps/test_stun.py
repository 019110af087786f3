"""STUN messages are read as RFC 8489 has them, and nothing that comes breaks the reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.failure import Fault
from probes.record import Kind
from probes.steps.stun import COOKIE, Reply, read, request
from tests.lab.udp_servers import message

TRANSACTION = bytes(range(12))


def test_a_request_is_a_bare_header() -> None:
    """RFC 8489 section 5."""
    assert request(TRANSACTION) == b"\0\1\0\0" + COOKIE + TRANSACTION


@given(st.integers(0, 65535))
def test_a_masked_port_is_unmasked(port: int) -> None:
    """RFC 8489 section 14.2."""
    value = b"\0\2" + (port ^ 0x2112).to_bytes(2) + bytes(16)
    assert read(message(0x0101, TRANSACTION, 0x20, value), TRANSACTION) == Reply("ipv6", port)


@given(st.integers(300, 699))
def test_an_error_code_is_read(code: int) -> None:
    """RFC 8489 section 14.8."""
    value = bytes([0, 0, code // 100, code % 100])
    assert read(message(0x0111, TRANSACTION, 9, value), TRANSACTION) == Reply(error=code)


def test_another_transaction_is_none_of_ours() -> None:
    """Neither junk nor an answer."""
    assert read(message(0x0101, b"x" * 12, 0x20, bytes(8)), TRANSACTION) is None


@given(st.binary(max_size=60), st.booleans())
def test_bytes_are_an_answer_or_junk(tail: bytes, framed: bool) -> None:
    """No other error comes out, whatever comes in."""
    data = b"\1\1" + len(tail).to_bytes(2) + COOKIE + TRANSACTION + tail if framed else tail
    assert kind_of(data) in {None, Kind.APP_JUNK}


def kind_of(data: bytes) -> Kind | None:
    """How the reader fails, or None."""
    try:
        read(data, TRANSACTION)
    except Fault as fault:
        return fault.kind
    return None


def test_an_attribute_beyond_the_end_is_junk() -> None:
    """A length that lies."""
    with pytest.raises(Fault):
        read(b"\1\1\0\4" + COOKIE + TRANSACTION + b"\0\x20\0\x08", TRANSACTION)
