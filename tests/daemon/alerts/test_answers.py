"""Every answer that a receiver can give has one meaning."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.alerts.answers import Verdict, judge, said
from daemon.sinks.answers import Answer


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        *((status, Verdict.DELIVERED) for status in (200, 201, 202, 204)),
        *((status, Verdict.BUSY) for status in (0, 408, 425, 429, 500, 502, 503, 504, 599)),
        *((status, Verdict.REFUSED) for status in (301, 302, 307, 400, 401, 403, 404, 405, 410, 413, 422)),
    ],
)
def test_what_a_status_means(status: int, verdict: Verdict) -> None:
    assert judge(Answer(status)) is verdict


@given(st.builds(Answer, st.integers(0, 999), st.text(), st.none() | st.floats(0, 1e9), st.booleans()))
def test_every_answer_has_a_meaning_and_words_on_one_short_line(answer: Answer) -> None:
    assert isinstance(judge(answer), Verdict)
    assert len(said(answer).splitlines()) <= 1
    assert len(said(answer)) < 250


def test_the_words_are_the_receivers_own() -> None:
    assert said(Answer(503, '{"message": "back  in\\na minute"}')) == "503 back in a minute"
    assert said(Answer(0, "TimeoutError")) == "TimeoutError"
    assert said(Answer(403, "<html>blocked</html>", page=True)) == "403 a page for people"
    assert said(Answer(500)) == "500"
