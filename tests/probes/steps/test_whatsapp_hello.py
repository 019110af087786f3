"""The first flight of the chat: its bytes, and a reader of protobuf that nothing surprises."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.steps.whatsapp_hello import fields, first_flight, framed, server_hello, written

NUMBERS = st.integers(1, 2**29 - 1)
HELLO = {1: bytes(32), 2: bytes(48), 3: bytes(16)}


@given(st.dictionaries(NUMBERS, st.binary(max_size=300), max_size=5))
def test_what_is_written_can_be_read(texts: dict[int, bytes]) -> None:
    assert fields(written(texts)) == texts


@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_a_value_error(message: bytes) -> None:
    try:
        found = fields(message)
    except ValueError:
        return
    assert sum(map(len, found.values())) <= len(message)


@given(st.dictionaries(NUMBERS, st.binary(min_size=1, max_size=300), min_size=1, max_size=3), st.data())
def test_a_message_that_was_cut_is_less_or_wrong(texts: dict[int, bytes], data: st.DataObject) -> None:
    whole = written(texts)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with suppress(ValueError):
        assert len(fields(cut)) < len(texts)


def test_fields_of_other_types_are_passed_over() -> None:
    message = b"\x08\xac\x02" + b"\x11" + bytes(8) + b"\x1d" + bytes(4) + b"\x22\x02hi"
    assert fields(message) == {4: b"hi"}


@pytest.mark.parametrize("message", [b"\x0a\x05hi", b"\x80", b"\x80" * 10 + b"\x01", b"\x0b", b"\x1d\x00"])
def test_what_is_no_protobuf(message: bytes) -> None:
    with pytest.raises(ValueError, match=r"does not end|no protobuf"):
        fields(message)


def test_the_first_flight_byte_for_byte() -> None:
    assert first_flight(b"k" * 32) == b"WA\x06\x03" + b"\x00\x00\x24" + b"\x12\x22" + b"\x0a\x20" + b"k" * 32


@given(st.binary(max_size=1000))
def test_a_frame_says_its_length(message: bytes) -> None:
    assert int.from_bytes(framed(message)[:3]) == len(message)


def test_a_server_hello() -> None:
    assert server_hello(written({3: written(HELLO)})) == tuple(HELLO.values())


@pytest.mark.parametrize("part", [1, 2, 3])
def test_a_hello_with_a_part_missing(part: int) -> None:
    lacking = {number: text for number, text in HELLO.items() if number != part}
    with pytest.raises(ValueError, match="no hello of a server"):
        server_hello(written({3: written(lacking)}))
    with pytest.raises(ValueError, match="no hello of a server"):
        server_hello(written({2: written(HELLO)}))
