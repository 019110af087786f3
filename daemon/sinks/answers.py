"""What an answer of InfluxDB means: stored, refused because of the configuration, too large, not now, or bad lines."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto

WORDS = 500
"""Characters of a server's words that are kept."""


class Verdict(Enum):
    """What to do after an answer."""

    STORED = auto()
    """Go on: the server has it."""
    REFUSED = auto()
    """Token, organisation, bucket or address are wrong: keep everything until a person mends it."""
    STRANGER = auto()
    """Something that is no InfluxDB answered (a block page, a portal, a redirect): as REFUSED."""
    TOO_LARGE = auto()
    """Send less at once."""
    BUSY = auto()
    """Not now: keep everything and try again."""
    BAD = auto()
    """At least one line is not acceptable."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status (0: nothing), body, seconds asked for by Retry-After, whether it is a page for people."""

    status: int
    body: str = ""
    retry_after: float | None = None
    page: bool = False


def judge(answer: Answer) -> Verdict:
    """The class of an answer; total over all numbers."""
    status = answer.status
    if status in {401, 403, 404, 407}:
        return Verdict.REFUSED
    if status in {0, 408, 425, 429} or status >= 500:
        return Verdict.BUSY
    if answer.page or status < 200 or 300 <= status < 400:
        return Verdict.STRANGER
    if status == 413:
        return Verdict.TOO_LARGE
    return Verdict.STORED if status < 300 else Verdict.BAD


def words(answer: Answer) -> str:
    """The server's own words on one line, without the JSON around them."""
    text = _message(answer.body) or answer.body
    return " ".join(text.split())[:WORDS]


def reason(answer: Answer) -> str:
    """An answer for people: status and words."""
    said = words(answer) if not answer.page else "a page for people, not an answer of InfluxDB"
    return f"{answer.status} {said}".strip() if answer.status else said


def all_dropped(answer: Answer, sent: int) -> bool:
    """True if a partial write says that no line at all was stored (its number is a lower bound: one shard speaks)."""
    found = re.search(r"dropped=(\d+)", answer.body)
    return answer.status == 422 and found is not None and int(found[1]) >= sent


def is_too_old(answer: Answer) -> bool:
    """True if the server speaks of points before the bucket's retention."""
    return answer.status in {400, 422} and "retention policy" in answer.body


def oldest_kept(answer: Answer, now: int) -> int | None:
    """The time (nanoseconds) before which the server drops points, where its words give it away."""
    bound = re.search(r"Lower Bound at (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z", answer.body)
    if bound:
        moment = datetime.fromisoformat(bound[1]).replace(tzinfo=UTC)
        return int(moment.timestamp()) * 1_000_000_000 + round(float(bound[2] or 0) * 1e9)
    span = re.search(r"of duration (?:(\d+)h)?(?:(\d+)m)?(?:(\d+)(?:\.\d+)?s)?", answer.body)
    if span and any(span.groups()):
        hours, minutes, seconds = (int(part or 0) for part in span.groups())
        return now - (hours * 3600 + minutes * 60 + seconds) * 1_000_000_000
    return None


def retry_after(header: str | None, now: int) -> float | None:
    """Seconds of a Retry-After header, a number or a date (RFC 9110 section 10.2.3); None for anything else."""
    if header is None:
        return None
    if re.fullmatch(r"\s*\d{1,18}\s*", header):
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - now / 1e6)


def _message(body: str) -> str:
    """The message inside InfluxDB's JSON (2.x: message, 3.x: error), empty if it is something else."""
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(found, dict):
        return ""
    said = found.get("message") or found.get("error")
    return said if isinstance(said, str) else ""
