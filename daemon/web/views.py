"""What the pages and the API tell, as plain values: services, vantages, series, records, events."""

from collections.abc import Iterable, Mapping
from typing import Any

from daemon.moments import SECOND, text_of
from daemon.rows import Event
from daemon.web.live import Live, key_of
from daemon.web.strip import CELLS, NOTHING, OF_STATE, WORDS, Strip
from daemon.wire import object_of
from probes.record import Record, Series

STALE = 900 * SECOND
"""A state that nobody has told again for so long is no state of now: they come every five minutes."""
SILENT = 60 * SECOND
"""Without a heartbeat for so long a vantage is silent."""

Thing = dict[str, Any]


def services(live: Live, titles: Mapping[str, str], now: int) -> list[Thing]:
    """Each service of the plan with its state at each vantage that measures it."""
    if live.plan is None:
        return []
    pairs: dict[str, set[str]] = {}
    for series in live.keys.values():
        pairs.setdefault(series.service, set()).add(series.vantage)
    covered = {(event.service, vantage): event for event in live.open_events() for vantage in event.scope.vantages}
    return [
        {
            "service": name,
            "title": titles.get(name) or name,
            "side": side,
            "vantages": [
                {"vantage": vantage, **standing(live, name, vantage, now), **_covered(covered.get((name, vantage)))}
                for vantage in live.plan.vantages
                if vantage in pairs.get(name, ())
            ],
        }
        for name, side in live.plan.services.items()
    ]


def _covered(event: Event | None) -> Thing:
    """The open event over a cell; it knows better than the state when it began."""
    return (
        {"event": None} if event is None else {"event": event.id, "since": text_of(event.onset[1] // SECOND * SECOND)}
    )


def standing(live: Live, service: str, vantage: str, now: int) -> Thing:
    """The state of a service at a vantage, and since when."""
    told = live.told.get((service, vantage))
    if told is None:
        return {"state": "unknown", "since": None, "told": None, "availability": None}
    fresh = now - told.at <= STALE
    return {
        "state": WORDS[OF_STATE[told.state.state]] if fresh else "unknown",
        "since": text_of(told.since if fresh else told.at),
        "told": text_of(told.at),
        "availability": told.state.availability,
    }


def day(live: Live, service: str, vantage: str, now: int) -> list[int]:
    """The strip of a service at a vantage."""
    strip: Strip | None = live.strips.get((service, vantage))
    return strip.day(now) if strip else [NOTHING] * CELLS


def vantages(live: Live, now: int) -> list[Thing]:
    """Each vantage of the plan: where it is, and its last sign of life."""
    if live.plan is None:
        return []
    measured: dict[str, int] = {}
    for series in live.keys.values():
        measured[series.vantage] = measured.get(series.vantage, 0) + 1
    return [
        {"vantage": name, "country": place.country, "asn": place.asn, "series": measured.get(name, 0)}
        | _life(live, name, now)
        for name, place in live.plan.vantages.items()
    ]


def _life(live: Live, vantage: str, now: int) -> Thing:
    at, beat = live.beats.get(vantage, (None, None))
    alive = at is not None and now - at <= SILENT
    return {
        "state": "alive" if alive else "silent",
        "seen": None if at is None else text_of(at),
        "controls": None if beat is None else beat.control,
        "families": list(beat.families) if beat else [],
        "clock_offset": beat.clock_offset if beat else None,
    }


def series(live: Live, service: str = "", vantage: str = "") -> list[Thing]:
    """The series of the plan with their last result, all or those of a service, of a vantage."""
    every = {} if live.plan is None else {planned.series: planned.every for planned in live.plan.assignments}
    return [
        {"key": key, **_named(one), "every": every[one], "last": _last(live, one)}
        for key, one in live.keys.items()
        if service in {"", one.service} and vantage in {"", one.vantage}
    ]


def _named(one: Series) -> Thing:
    return {name: getattr(one, name) for name in ("service", "role", "endpoint", "probe", "vantage", "family")}


def _last(live: Live, one: Series) -> Thing | None:
    last = live.last.get(one)
    if last is None:
        return None
    return {
        "began": text_of(last.began),
        "seconds": last.seconds,
        "ok": not last.failure,
        "failure": last.failure or None,
    }


def events(found: Iterable[Event]) -> list[Thing]:
    """Events as their contract has them."""
    return [object_of(event, event.at) for event in found]


def address_of(one: Series) -> str:
    """Where the page of a series is."""
    return f"/series/{key_of(one)}"


def facts(record: Record) -> Thing:
    """What was seen on the way, as the contract has it."""
    line = object_of(record, record.began)
    found: Thing = line["facts"]
    return found
