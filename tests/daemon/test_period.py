import pytest

from daemon.moments import micros_of
from daemon.period import Period, period

NOW = micros_of("2026-02-12T12:00:00Z")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-02-11", "2026-02-11T00:00:00Z"),
        ("2026-02-11T20:00", "2026-02-11T20:00:00Z"),
        ("2026-02-11T20:00Z", "2026-02-11T20:00:00Z"),
        ("2026-02-11 20:00:30", "2026-02-11T20:00:30Z"),
        ("2026-02-11T23:00+03:00", "2026-02-11T20:00:00Z"),
        ("90s", "2026-02-12T11:58:30Z"),
        ("3h", "2026-02-12T09:00:00Z"),
        ("1.5h", "2026-02-12T10:30:00Z"),
        ("2d", "2026-02-10T12:00:00Z"),
        ("1w", "2026-02-05T12:00:00Z"),
        ("20 m ago", "2026-02-12T11:40:00Z"),
    ],
)
def test_an_end_is_a_time_or_an_age(text, moment):
    assert period(text, None, NOW) == Period(micros_of(moment), None)
    assert period(None, text, NOW) == Period(None, micros_of(moment))


@pytest.mark.parametrize("text", ["yesterday", "", "3", "3y", "2026-13-01", "-3h"])
def test_what_is_neither_names_its_option_and_shows_both(text):
    with pytest.raises(ValueError, match=r"--until .*as 2026-02-11 or 2026-02-11T20:00Z, or an age as 3h"):
        period(None, text, NOW)


def test_ends_the_wrong_way_round_are_refused():
    with pytest.raises(ValueError, match="--since 1h is not before --until 2h"):
        period("1h", "2h", NOW)


def test_a_period_holds_its_beginning_and_not_its_end():
    hour = period("2h", "1h", NOW)
    assert hour.since is not None
    assert hour.until is not None
    assert hour.holds(hour.since)
    assert hour.holds(hour.until - 1)
    assert not hour.holds(hour.until)
    assert not hour.holds(hour.since - 1)


def test_an_open_period_holds_everything():
    assert Period().holds(0)
    assert Period().holds(NOW)
