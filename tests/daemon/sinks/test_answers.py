import json
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.sinks.answers import (
    WORDS,
    Answer,
    Verdict,
    all_dropped,
    is_too_old,
    judge,
    oldest_kept,
    reason,
    retry_after,
    words,
)

NOW = 1_770_000_000_000_000
# The words of InfluxDB 2.9.1 (measured).
CONFLICT = (
    'failure writing points to database: partial write: field type conflict: input field "x" on measurement "m" is'
    " type float, already exists as type integer dropped=1"
)
TOO_OLD = (
    "failure writing points to database: partial write: dropped 1 points outside retention policy of duration 1h0m0s -"
    " oldest point m,a=1 at 2026-11-24T23:27:18Z dropped because it violates a Retention Policy Lower Bound at"
    " 2026-11-25T00:27:18.100844386Z, newest point m,a=1 at 2026-11-24T23:27:18Z dropped because it violates a"
    " Retention Policy Lower Bound at 2026-11-25T00:27:18.100844386Z dropped=1 for database: 1ee3 for retention policy:"
    " autogen"
)


def said(status: int, message: str) -> Answer:
    return Answer(status, json.dumps({"code": "x", "message": message}))


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (204, Verdict.STORED),
        (200, Verdict.STORED),
        (301, Verdict.STRANGER),
        (302, Verdict.STRANGER),
        (400, Verdict.BAD),
        (401, Verdict.REFUSED),
        (403, Verdict.REFUSED),
        (404, Verdict.REFUSED),
        (405, Verdict.BAD),
        (407, Verdict.REFUSED),
        (408, Verdict.BUSY),
        (413, Verdict.TOO_LARGE),
        (422, Verdict.BAD),
        (429, Verdict.BUSY),
        (500, Verdict.BUSY),
        (502, Verdict.BUSY),
        (503, Verdict.BUSY),
        (504, Verdict.BUSY),
        (0, Verdict.BUSY),
    ],
)
def test_classes_of_answers(status: int, verdict: Verdict) -> None:
    assert judge(Answer(status)) is verdict


@given(st.integers(-10, 1000), st.booleans())
def test_every_answer_has_a_class_and_only_2xx_is_stored(status: int, page: bool) -> None:
    verdict = judge(Answer(status, page=page))
    assert (verdict is Verdict.STORED) == (200 <= status < 300 and not page)


@pytest.mark.parametrize("status", [200, 302, 400, 405, 422, 451])
def test_a_page_for_people_is_not_an_answer_of_the_store(status: int) -> None:
    """A block page or a portal says 200 to everything: that acknowledges nothing, nor is its 400 a verdict on lines."""
    assert judge(Answer(status, "<html>", page=True)) is Verdict.STRANGER


def test_words_are_those_inside_the_json() -> None:
    assert words(said(422, CONFLICT)) == CONFLICT
    assert words(Answer(400, '{"error": "partial write of line protocol occurred"}')).startswith("partial write")
    assert words(Answer(502, "Bad\n  Gateway")) == "Bad Gateway"
    assert words(Answer(400, "[1]")) == "[1]"
    assert words(Answer(400, '{"message": 7}')) == '{"message": 7}'


def test_words_are_cut() -> None:
    assert len(words(Answer(500, "x" * 100_000))) == WORDS


def test_reasons_for_people() -> None:
    assert reason(said(404, 'bucket "b" not found')) == '404 bucket "b" not found'
    assert reason(Answer(0, "TimeoutError")) == "TimeoutError"
    assert "<html>" not in reason(Answer(200, "<html>", page=True))


@pytest.mark.parametrize(("sent", "every"), [(1, True), (2, False)])
def test_a_partial_write_says_how_many_it_dropped(sent: int, every: bool) -> None:
    assert all_dropped(said(422, CONFLICT), sent) is every


def test_an_unparsable_line_drops_nothing_in_particular() -> None:
    assert not all_dropped(said(400, "unable to parse 'm dropped=9': missing fields"), 3)


def test_too_old_is_told_from_other_partial_writes() -> None:
    assert is_too_old(said(422, TOO_OLD))
    assert not is_too_old(said(422, CONFLICT))


def test_the_words_teach_the_oldest_time_kept() -> None:
    assert oldest_kept(said(422, TOO_OLD), 0) == 1795566438_100844386
    span = said(422, "points outside retention policy of duration 720h30m1s dropped=1")
    assert oldest_kept(span, 10**18) == 10**18 - (720 * 3600 + 30 * 60 + 1) * 10**9
    assert oldest_kept(said(422, "points beyond retention policy dropped=1"), 10**18) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("99999", 99_999.0),
        (formatdate(NOW / 1e6 + 90, usegmt=True), 90.0),
        (formatdate(NOW / 1e6 - 90, usegmt=True), 0.0),
        ("soon", None),
        ("", None),
        ("-5", None),
        ("9" * 400, None),
        (None, None),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text())
def test_no_header_and_no_body_breaks_the_reading(text: str) -> None:
    wait = retry_after(text, NOW)
    assert wait is None or wait >= 0
    words(Answer(400, text))
    oldest_kept(Answer(422, text), NOW)
