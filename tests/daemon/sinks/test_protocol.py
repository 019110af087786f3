import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.sinks import protocol
from daemon.sinks.protocol import head, integer, measurement_of, micros, point, real, string, tag


def unescape_tag(text: str) -> str:
    for special in ",= ":
        text = text.replace("\\" + special, special)
    return text


def test_what_ends_a_tag_is_escaped() -> None:
    assert tag("a,b=c d") == r"a\,b\=c\ d"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("", "-"),
        ("plain", "plain"),
        ("C:\\", "C:/"),
        ("C:\\\\", "C://"),
        ("a\\b", "a\\b"),
        ("\\", "/"),
        ("two\nlines", "two\\ lines"),
        ('"quoted"', '"quoted"'),
        ("привет", "привет"),
    ],
)
def test_tags(value: str, written: str) -> None:
    assert tag(value) == written


@given(st.text())
def test_a_tag_never_ends_early(value: str) -> None:
    """Whatever the text: no bare separator, no line break, nothing that escapes what follows, never empty."""
    written = tag(value)
    assert written
    assert not written.endswith("\\")
    assert not set(written) & set("\n\r\t\0")
    bare = written.replace("\\,", "").replace("\\=", "").replace("\\ ", "")
    assert not set(bare) & set(",= ")


@given(st.text(st.characters(exclude_characters="\n\r\t\0\\", exclude_categories=["Cs"]), min_size=1, max_size=200))
def test_a_tag_without_control_characters_is_read_back_as_it_was(value: str) -> None:
    assert unescape_tag(tag(value)) == value


def test_long_tags_stay_apart_and_short_enough() -> None:
    one, two = ("x" * 5000 + end for end in "ab")
    assert tag(one) != tag(two)
    assert len(tag(one)) <= protocol.TAG_LENGTH


def test_a_long_tag_cut_at_a_backslash_does_not_escape_its_hash() -> None:
    assert "\\~" not in tag("x" * 982 + "\\" * 100 + "y" * 100)


@given(st.text(max_size=300))
def test_a_string_ends_at_its_last_quote_only(value: str) -> None:
    written = string(value)
    inner = written[1:-1]
    assert written[0] == written[-1] == '"'
    assert '"' not in inner.replace("\\\\", "").replace('\\"', "")
    assert not set(written) & set("\n\r\0")
    readable = value.translate({10: " ", 13: " ", 0: " "})
    assert inner.replace("\\\\", "\0").replace('\\"', '"').replace("\0", "\\") == readable


def test_strings_are_cut() -> None:
    assert len(string("x" * 100_000)) == protocol.STRING_LENGTH + 2


@given(st.integers())
def test_integers_stay_inside_64_bits(value: int) -> None:
    written = integer(value)
    assert written.endswith("i")
    assert -(2**63) <= int(written[:-1]) <= 2**63 - 1
    if abs(value) < 2**63:
        assert int(written[:-1]) == value


@given(st.floats())
def test_floats_are_finite_and_never_look_like_integers(value: float) -> None:
    written = real(value)
    assert math.isfinite(float(written))
    assert not written.endswith("i")
    if math.isfinite(value):
        assert float(written) == value


def test_an_integer_in_a_float_field_is_still_a_float() -> None:
    assert real(3) == "3.0"


@pytest.mark.parametrize(
    ("seconds", "span"), [(0.0, 1), (-1.0, 1), (1e-9, 1), (0.0123456, 12346), (math.nan, 1), (math.inf, 1)]
)
def test_a_span_that_ran_is_never_0(seconds: float, span: int) -> None:
    assert micros(seconds) == span


def test_a_line_put_together() -> None:
    made = point(7, 12, head("m", b="x y", a=""), f"n={integer(1)},s={string('q')}")
    assert made.text == b'm,b=x\\ y,a=- n=1i,s="q" 12'
    assert (made.seq, made.time) == (7, 12)


def test_half_a_character_does_not_stop_the_sink() -> None:
    assert point(1, 2, "m", f"s={string(chr(0xD800))}").text == b'm s="?" 2'


@pytest.mark.parametrize("text", [b"m,a=1 x=1i 1", b"m x=1i 1"])
def test_the_measurement_of_a_line(text: bytes) -> None:
    assert measurement_of(text) == b"m"
