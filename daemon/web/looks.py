"""What the pages look up in the journal: revisions of an event, the records around it, the records of a series."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from daemon.journal.reader import Reader
from daemon.rows import Event
from daemon.web.axis import Window
from probes.record import Purpose, Record, Series

EVENTS = 2_000
"""Newest revisions that the list of events is made from."""
RECORDS = 240
"""Records of a series on its page."""
MOST = 1_000
"""Records that the API gives at once."""
LANES = 24
"""Series of an event that are drawn."""
AROUND = 6_000
"""Records that are looked at around an event."""


def revisions(reader: Reader, event: str) -> list[Event]:
    """All revisions of an event, oldest first."""
    return [row.body for row in reader.rows(kinds={"event"}) if isinstance(row.body, Event) and row.body.id == event]


def latest_events(reader: Reader) -> list[Event]:
    """The last revision of each of the newest events, what was told last first."""
    found: dict[str, Event] = {}
    for row in reader.newest("event", EVENTS):
        if isinstance(row.body, Event):
            found.setdefault(row.body.id, row.body)
    return list(found.values())


def records(reader: Reader, series: Series, limit: int = RECORDS, before: int | None = None) -> list[Record]:
    """The last records of a series, newest first, confirming ones included."""
    rows = reader.of_series({series}, min(limit, MOST), before)
    return [row.body for row in rows if isinstance(row.body, Record)]


@dataclass(frozen=True, slots=True)
class Around:
    """The records around an event by series, oldest first, those that it names as its evidence, and closer looks."""

    lanes: dict[Series, list[Record]]
    evidence: dict[str, Record]
    closer: dict[Series, Record] = field(default_factory=dict)
    """The last closer look at each series."""


def around(reader: Reader, event: Event, wanted: Collection[Series], shown: Window) -> Around:
    """Look up what happened to the series of an event."""
    chosen = members(event, wanted)
    slack = 120_000_000  # stamps come when a record ends
    rows = reader.of_series(chosen, AROUND, shown.end + slack) if chosen else []
    found = [row.body for row in rows if isinstance(row.body, Record) and row.body.began >= shown.begin - slack]
    named = set(event.evidence)
    lanes: dict[Series, list[Record]] = {series: [] for series in chosen[:LANES]}
    for record in reversed(found):
        if record.series in lanes and record.purpose is Purpose.SLOT:
            lanes[record.series].append(record)
    return Around(
        {series: lane for series, lane in lanes.items() if lane},
        {record.id: record for record in found if record.id in named},
        {record.series: record for record in reversed(found) if record.facts.diagnosis is not None},
    )


def members(event: Event, wanted: Collection[Series]) -> Sequence[Series]:
    """The series that an event speaks of: of its service, at its vantages, with its endpoints where it names them."""
    scope = event.scope
    return [
        one
        for one in wanted
        if event.service in {None, one.service}
        and one.vantage in (scope.vantages or (one.vantage,))
        and one.endpoint in (scope.endpoints or (one.endpoint,))
    ]
