"""What a receiver's answer means for a message: delivered, try again, or refused as it is."""

from enum import Enum, auto

from daemon.sinks.answers import Answer, words

PASSING = {0, 408, 425, 429}
"""No answer, and what RFC 9110, 6585 and 8470 call passing."""


class Verdict(Enum):
    """What to do after an answer."""

    DELIVERED = auto()
    BUSY = auto()
    """Not now: keep the message and try again, however long it takes."""
    REFUSED = auto()
    """Not like this: another try may still go well (a secret is changed, a route put right), but not for ever."""


def judge(answer: Answer) -> Verdict:
    """The class of an answer; total over all numbers. A redirect is not followed: what is signed has one receiver."""
    if 200 <= answer.status < 300:
        return Verdict.DELIVERED
    return Verdict.BUSY if answer.status in PASSING or answer.status >= 500 else Verdict.REFUSED


def said(answer: Answer) -> str:
    """An answer for people, on one line: status and the receiver's own words."""
    told = "a page for people" if answer.page and answer.status >= 300 else words(answer)[:200]
    return f"{answer.status} {told}".strip() if answer.status else told
