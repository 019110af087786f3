"""When a look twice is worth it: the runner's own policy at the rim, never commanded by detection."""

from dataclasses import dataclass, field

from config.slots import SECOND
from probes.record import Kind, Record, Series

AGAIN = 6 * 3600
"""Seconds after which a series that stays down is confirmed again."""
PER_MINUTE = 6
"""Confirming runs of one vantage within any minute."""
REPEATS = 2
"""Runs that confirm one outcome."""
SPACE = 10.0
"""Seconds between them; less where something is measured more often."""
Outcome = str
"""`ok`, or the phase that failed."""


@dataclass(slots=True)
class Confirmation:
    """The last outcome of each series (in memory, rebuilt at start) and the repeats that each vantage has before it."""

    last: dict[Series, tuple[Outcome, int]] = field(default_factory=dict)
    """Outcome, and began (microseconds) of the record that was confirmed last or changed last."""
    unmeasured: set[Series] = field(default_factory=set)
    """Series whose last record was a fault of our own: their `last` is older than it looks."""
    planned: dict[str, list[float]] = field(default_factory=dict)
    """Vantage to the monotonic moments of its repeats, past minute and to come."""

    def remember(self, record: Record) -> bool:
        """Take note of an outcome; True if it is news: a change, a first failure, or still down after six hours."""
        if record.failure is not None and record.failure.kind is Kind.LOCAL:
            self.unmeasured.add(record.series)
            return False
        if self.unmeasured:
            self.unmeasured.discard(record.series)
        now = outcome_of(record)
        before, since = self.last.get(record.series, ("ok", 0))
        news = now != before or (now != "ok" and record.began - since > AGAIN * SECOND)
        if news or record.series not in self.last:
            self.last[record.series] = (now, record.began)
        return news

    def moments(self, record: Record, every: int, now: float) -> tuple[float, ...]:
        """Seconds after `now` (monotonic) to repeat this at: two of them, if it is news and the minute has room."""
        if not self.remember(record):
            return ()
        space = min(SPACE, every / 4)
        first = now + space
        near = [moment for moment in self.planned.get(record.series.vantage, ()) if moment > now - 60]
        if sum(moment > first - 60 for moment in near) + REPEATS > PER_MINUTE:
            return ()
        moments = tuple(space * number for number in range(1, REPEATS + 1))
        self.planned[record.series.vantage] = near + [now + moment for moment in moments]
        return moments

    def keep(self, planned: set[Series]) -> None:
        """Forget the series that are no longer planned."""
        self.last = {series: seen for series, seen in self.last.items() if series in planned}
        self.unmeasured &= planned


def outcome_of(record: Record) -> Outcome:
    """`ok` or the failing phase."""
    return "ok" if record.failure is None else str(record.failure.phase)
