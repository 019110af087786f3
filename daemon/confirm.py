"""When a look twice is worth it: the runner's own policy at the rim, never commanded by detection."""

from dataclasses import dataclass, field

from daemon.limits import CONFIRM, Bucket
from probes.record import Kind, Record, Series

AGAIN = 6 * 3600.0
"""Seconds after which a series that stays down is confirmed again."""
Outcome = str
"""`ok`, or the phase that failed."""


@dataclass(slots=True)
class Confirmation:
    """The last outcome of each series (in memory, rebuilt at start) and the budget of each vantage."""

    last: dict[Series, tuple[Outcome, int]] = field(default_factory=dict)
    """Outcome, and began (microseconds) of the record that was confirmed last or changed last."""
    buckets: dict[str, Bucket] = field(default_factory=dict)

    def remember(self, record: Record) -> bool:
        """Take note of an outcome; True if it is news: a change, or still down after six hours."""
        if record.failure is not None and record.failure.kind is Kind.LOCAL:
            return False
        now = outcome_of(record)
        before = self.last.get(record.series)
        stale = before is not None and now != "ok" and record.began - before[1] > AGAIN * 1e6
        if before is None or before[0] != now or stale:
            self.last[record.series] = (now, record.began)
        return (before is not None and before[0] != now) or stale or (before is None and now != "ok")

    def moments(self, record: Record, every: int) -> tuple[float, ...]:
        """Seconds after this record at which to repeat it: two spaced repeats where it is news and the budget allows."""
        if not self.remember(record):
            return ()
        bucket = self.buckets.setdefault(record.series.vantage, Bucket(CONFIRM))
        now = record.began / 1e6
        if bucket.wait(now) > 0:
            return ()
        bucket.take(now)
        bucket.take(now)
        space = min(10.0, every / 4)
        return (space, 2 * space)


def outcome_of(record: Record) -> Outcome:
    """`ok` or the failing phase."""
    return "ok" if record.failure is None else str(record.failure.phase)
