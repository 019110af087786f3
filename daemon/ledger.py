"""Rollups in the making: rows in, the rollups of windows that are over out. Pure: time comes with the rows."""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from daemon.rows import Gap, PlanRow, Rollup, Row
from daemon.windows import (
    GRACE,
    HOUR,
    SECOND,
    SKIPPED,
    WindowKey,
    put,
    rolled,
    skipped_slots,
    value_of,
    windows_in,
    windows_of,
)
from probes.record import Purpose, Record, Series

TICK = 10 * SECOND
"""Windows are looked at when the stamps enter another ten seconds: what comes late in a burst is written once."""
MOST = 250
"""Rollups made at one look, the others wait for the next: all of a thousand series at once stop the loop too long."""
UNPLANNED = 120 * SECOND
"""How long after its end a window of a series without a plan is waited for."""
TOUCHED = 30
"""Ticks for which an hour that came late stays at hand after its last slot."""


@dataclass(slots=True)
class Hour:
    """The values of a series in one hour."""

    values: "array[int]" = field(default_factory=lambda: array("Q"))
    touched: int = 0
    """The tick of the last change."""


@dataclass(slots=True)
class Track:
    """A series with what is at hand of it."""

    series: Series
    patience: int = UNPLANNED
    """Two intervals and a timeout: so long after its end a window is over (microseconds)."""
    forgotten: int = 0
    """Hours below this number may have had values that are not at hand any more."""
    hours: dict[int, Hour] = field(default_factory=dict)
    """By number since the epoch."""


@dataclass(slots=True)
class Ledger:
    """All series, and the windows that changed since they were last written."""

    now: int = 0
    """The largest stamp so far."""
    tick: int = -1
    """The ten seconds of the last stamp."""
    ticks: int = 0
    """How often they changed."""
    tracks: list[Track] = field(default_factory=list)
    numbers: dict[Series, int] = field(default_factory=dict)
    """Series to its place in `tracks`."""
    dirty: dict[WindowKey, set[int]] = field(default_factory=dict)
    """Window to the numbers of the series that changed in it."""
    fresh: dict[tuple[int, int], "array[int]"] = field(default_factory=dict)
    """(number, hour) to the slots that came since the state was last saved."""
    met: bool = False
    """Whether a series or its patience is new since then."""
    given_up: int = 0
    """Slots that came so late that the journal has no whole window for them any more."""


def step(ledger: Ledger, row: Row) -> list[Rollup]:
    """Take one row of the journal; returns the rollups of the windows that are over by its stamp."""
    body = row.body
    if isinstance(body, Rollup):
        return []
    made = _pass_time(ledger, row.at)
    if isinstance(body, Record):
        if body.purpose is Purpose.SLOT:
            note(ledger, number_of(ledger, body.series), body.due, value_of(body))
    elif isinstance(body, Gap):
        number = number_of(ledger, body.series)
        for due, value in _slots(row):
            note(ledger, number, due, value)
    elif isinstance(body, PlanRow):
        _plan(ledger, body)
    return made


def number_of(ledger: Ledger, series: Series) -> int:
    """The number of a series, given at first sight."""
    number = ledger.numbers.get(series)
    if number is None:
        number = ledger.numbers[series] = len(ledger.tracks)
        ledger.tracks.append(Track(series))
        ledger.met = True
    return number


def note(ledger: Ledger, number: int, due: int, value: int) -> None:
    """Count a slot, unless it is known, or its hour cannot be had again."""
    track, hour = ledger.tracks[number], due // HOUR
    held = track.hours.get(hour)
    if held is None:
        if hour < track.forgotten:
            ledger.given_up += 1
            return
        held = track.hours[hour] = Hour()
    if not put(held.values, due, value):
        return
    held.touched = ledger.ticks
    if hour >= track.forgotten:  # what was called back from the journal is there already
        ledger.fresh.setdefault((number, hour), array("Q")).append(due % HOUR << 32 | value)
    for window in windows_of(due):
        ledger.dirty.setdefault(window, set()).add(number)


def _plan(ledger: Ledger, plan: PlanRow) -> None:
    for planned in plan.assignments:
        track = ledger.tracks[number_of(ledger, planned.series)]
        patience = 2 * planned.every * SECOND + round(planned.timeout * SECOND)
        ledger.met = ledger.met or patience != track.patience
        track.patience = patience


def _pass_time(ledger: Ledger, at: int) -> list[Rollup]:
    ledger.now = max(ledger.now, at)
    if at // TICK == ledger.tick:
        return []
    ledger.tick = at // TICK
    ledger.ticks += 1
    made: list[Rollup] = []
    for window in sorted(ledger.dirty):
        made += _close(ledger, window, MOST - len(made))
    return made


def _close(ledger: Ledger, window: WindowKey, most: int) -> Iterator[Rollup]:
    """The rollups of a window for the series for which it is over, `most` of them."""
    start, width = window
    late = ledger.now - start - width * SECOND
    over = sorted(number for number in ledger.dirty[window] if ledger.tracks[number].patience <= late)[:most]
    ledger.dirty[window].difference_update(over)
    if not ledger.dirty[window]:
        del ledger.dirty[window]
    for number in over:
        track = ledger.tracks[number]
        held = track.hours.get(start // HOUR)
        if held is not None:
            yield rolled(track.series, held.values, window)


def _slots(row: Row) -> Iterator[tuple[int, int]]:
    """Due time and value of the slots of a row."""
    body = row.body
    if isinstance(body, Record) and body.purpose is Purpose.SLOT:
        yield body.due, value_of(body)
    elif isinstance(body, Gap):
        for due in skipped_slots(body, row.at):
            yield due, SKIPPED


def missing(ledger: Ledger, rows: Iterable[Row]) -> dict[int, set[int]]:
    """By series, the hours that rows or unwritten windows need and that are not at hand any more."""
    wanted: dict[int, set[int]] = {}
    for row in rows:
        body = row.body
        number = ledger.numbers.get(body.series) if isinstance(body, Record | Gap) else None
        if number is None:
            continue
        track = ledger.tracks[number]
        if isinstance(body, Record) and body.due // HOUR >= track.forgotten:
            continue
        hours = {due // HOUR for due, _value in _slots(row) if due // HOUR < track.forgotten}
        if hours - track.hours.keys():
            wanted.setdefault(number, set()).update(hours - track.hours.keys())
    return wanted


def gather(ledger: Ledger, hours: Mapping[int, Mapping[int, Hour]], row: Row) -> None:
    """Put the slots of a row of the journal into those of `hours` (by series and hour) that it belongs to."""
    body = row.body
    number = ledger.numbers.get(body.series) if isinstance(body, Record | Gap) else None
    wanted = hours.get(number, {}) if number is not None else {}
    for due, value in _slots(row) if wanted else ():
        held = wanted.get(due // HOUR)
        if held is not None:
            put(held.values, due, value)


def recall(ledger: Ledger, hours: Mapping[int, Mapping[int, Hour]], since: int) -> None:
    """Have gathered hours at hand again, but only whole ones: those that begin at or after the moment `since`."""
    for number, found in hours.items():
        ledger.tracks[number].hours |= {hour: held for hour, held in found.items() if hour * HOUR >= since}


def unwritten(ledger: Ledger) -> dict[int, set[int]]:
    """By series, the hours with windows to write that are not at hand: after a restart."""
    wanted: dict[int, set[int]] = {}
    for (start, _width), numbers in ledger.dirty.items():
        for number in numbers:
            if start // HOUR not in ledger.tracks[number].hours:
                wanted.setdefault(number, set()).add(start // HOUR)
    return wanted


def forget(ledger: Ledger) -> int:
    """Let go of hours that are long over; gives the number of the oldest hour at hand."""
    floor = ledger.now // HOUR - GRACE
    oldest = floor
    for number, track in enumerate(ledger.tracks):
        for hour in [hour for hour in track.hours if hour < floor]:
            if ledger.ticks - track.hours[hour].touched > TOUCHED and not _is_dirty(ledger, number, hour):
                del track.hours[hour]
                track.forgotten = max(track.forgotten, hour + 1)
            else:
                oldest = min(oldest, hour)
    return oldest


def _is_dirty(ledger: Ledger, number: int, hour: int) -> bool:
    return any(number in ledger.dirty.get(window, ()) for window in windows_in(hour))
