from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.quantities import duration, false_events, in_words, interval, size, spacing, timeout


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10s", 10),
        ("5m", 300),
        ("1h", 3_600),
        ("1d", 86_400),
        ("0.1s", 0.1),
        ("250ms", 0.25),
        ("1.5m", 90),
        ("30 s", 30),
    ],
)
def test_durations(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "10", "s", "-1s", "1 week", "1e3s", "10S", "10s ", "\u0661s", "1m30s", 11, None, True, ["1s"]]
)
def test_what_is_no_duration_is_refused_with_the_form(text):
    with pytest.raises(ValueError, match='such as "10s", "5m" or "1h"'):
        duration(text)


@pytest.mark.parametrize(("text", "seconds"), [("1s", 1), ("60s", 60), ("24h", 86_400), ("0.5m", 30), ("2000ms", 2)])
def test_intervals_are_whole_seconds(text, seconds):
    found = interval(text)
    assert found == seconds
    assert isinstance(found, int)


@pytest.mark.parametrize("text", ["0s", "999ms", "86401s", "2d"])
def test_intervals_out_of_range(text):
    with pytest.raises(ValueError, match="between 1s and 1d"):
        interval(text)


def test_an_interval_off_the_grid_of_seconds():
    with pytest.raises(ValueError, match="whole seconds"):
        interval("1500ms")


@pytest.mark.parametrize("text", ["0s", "99ms", "301s"])
def test_timeouts_out_of_range(text):
    with pytest.raises(ValueError, match=r"between 0\.1s and 5m"):
        timeout(text)


def test_timeouts_at_the_bounds():
    assert (timeout("100ms"), timeout("5m")) == (0.1, 300.0)


def test_spacing_at_and_beyond_the_bounds():
    assert spacing("1ms") == 0.001
    with pytest.raises(ValueError, match="between 1ms and 1d"):
        spacing("0ms")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("20 GB", 20 * 10**9),
        ("500MB", 5 * 10**8),
        ("1.5 GB", 15 * 10**8),
        ("2 GiB", 2**31),
        ("0 B", 0),
        ("3 tb", 3 * 10**12),
    ],
)
def test_sizes(text, amount):
    assert size(text) == amount


@pytest.mark.parametrize("text", ["20", "20 G", "GB", "-1 GB", 21, None])
def test_what_is_no_size_is_refused_with_the_form(text):
    with pytest.raises(ValueError, match='such as "20 GB"'):
        size(text)


def test_false_events_are_a_rate():
    assert false_events("1 per 50 vantage-months") == 0.02
    assert false_events("2 per 1 vantage-month") == 2


@pytest.mark.parametrize("text", ["0 per 50 vantage-months", "1 per 0 vantage-months", "1 per 50 months", 0.02])
def test_what_is_no_rate_of_false_events(text):
    with pytest.raises(ValueError, match="1 per 50 vantage-months"):
        false_events(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(10, "10s"), (60, "1m"), (90, "90s"), (3_600, "1h"), (5_400, "90m"), (86_400, "1d"), (0.1, "0.1s")],
)
def test_in_words(seconds, text):
    assert in_words(seconds) == text


@given(st.integers(1, 86_400))
def test_an_interval_in_words_is_read_as_the_same(seconds):
    assert interval(in_words(seconds)) == seconds


@given(st.text(max_size=12))
def test_no_text_breaks_the_reading(text):
    """A text is a quantity or it is refused; nothing else comes out."""
    for read in (duration, size, false_events):
        with suppress(ValueError):
            assert read(text) >= 0
