import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.moments import micros_of, text_of

LAST = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_770_840_011_300_000, "2026-02-11T20:00:11.3Z"),
        (1_770_840_001_204_311, "2026-02-11T20:00:01.204311Z"),
        (1_770_840_000_000_000, "2026-02-11T20:00:00Z"),
        (1_770_840_000_000_001, "2026-02-11T20:00:00.000001Z"),
        (1_770_840_000_100_000, "2026-02-11T20:00:00.1Z"),
        (-1, "1969-12-31T23:59:59.999999Z"),
    ],
)
def test_a_moment_is_written_with_the_decimals_it_needs(micros, text):
    assert text_of(micros) == text
    assert micros_of(text) == micros


@given(st.integers(0, LAST))
def test_text_and_back_loses_nothing(micros):
    assert micros_of(text_of(micros)) == micros


@given(st.integers(0, LAST))
def test_no_trailing_zero_and_no_lonely_dot(micros):
    text = text_of(micros)
    assert not text.endswith(".Z")
    assert "." not in text or not text.endswith("0Z")


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-11T20:00:11.300000Z",
        "2026-02-11T20:00:11.30+00:00",
        "2026-02-11T23:00:11.3+03:00",
        "2026-02-11t20:00:11.3z",
    ],
)
def test_other_spellings_of_the_same_moment_are_read(text):
    assert micros_of(text) == 1_770_840_011_300_000


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-11T20:00:11",
        "2026-02-11",
        "2026-02-11 20:00:11Z",
        "20260211T200011Z",
        "2026-02-11T20:00Z",
        "2026-02-11T20:00:11.1234567Z",
        "2026-02-30T20:00:11Z",
        "2026-02-11T25:00:00Z",
        "1770840011",
        "",
        "yesterday",
        "٢٠٢٦-02-11T20:00:11Z",
    ],
)
def test_what_is_no_full_moment_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        micros_of(text)


def test_a_refusal_shows_how_to_write_it():
    with pytest.raises(ValueError, match=r"'yesterday' is no time like 2026-02-11T20:00:11\.3Z"):
        micros_of("yesterday")
