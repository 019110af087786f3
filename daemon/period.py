"""A stretch of time as people write it: `2026-02-11`, `2026-02-11T20:00Z`, or so long ago as `90m`, `2d`."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from daemon.moments import SECOND

_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d|w)")
_LONG = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` up to but without `until`, microseconds; None is open."""

    since: int | None = None
    until: int | None = None

    def holds(self, moment: int) -> bool:
        """Whether a moment lies in it."""
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)


def period(since: str | None, until: str | None, now: int) -> Period:
    """Read both ends. Raises ValueError that names the option and shows how to write it."""
    read = Period(_end("--since", since, now), _end("--until", until, now))
    if read.since is not None and read.until is not None and read.since >= read.until:
        raise ValueError(f"--since {since} is not before --until {until}: nothing lies between them")
    return read


def _end(option: str, text: str | None, now: int) -> int | None:
    if text is None:
        return None
    ago = _AGO.fullmatch(text.strip().removesuffix(" ago"))
    if ago:
        return now - round(float(ago[1]) * _LONG[ago[2]] * SECOND)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            f"{option} {text}: write a time (UTC) as 2026-02-11 or 2026-02-11T20:00Z, or an age as 3h, 2d"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round((moment - _EPOCH).total_seconds() * SECOND)
