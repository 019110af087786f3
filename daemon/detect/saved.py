"""The parts of detection's state as bytes and back: one compact JSON value each, with its version."""

import json
from dataclasses import fields
from functools import lru_cache
from typing import Any

from pydantic_core import to_json

from daemon.detect.case import Case, Member
from daemon.detect.places import Line, Watch
from daemon.detect.series import Track
from daemon.rows import Event, Place, Planned, PlanRow, Scope
from probes.record import Series, series_parts, short_hash

VERSION = 1
"""Of the saved form."""
_NAMES = {kind: tuple(field.name for field in fields(kind)) for kind in (Track, Member, Case, Event)}


def pack(value: list[Any]) -> bytes:
    """A value with its version."""
    return to_json([VERSION, *value])  # a sixth of what json.dumps takes, and every record saves its series


def unpack(key: str, saved: bytes) -> list[Any]:
    """A value without its version. Raises ValueError if that is another one."""
    value: list[Any] = json.loads(saved)
    if value[0] != VERSION:
        raise ValueError(f"detection's state of {key} has form {value[0]}, this program reads form {VERSION}")
    return value[1:]


@lru_cache(maxsize=16_384)
def series_key(series: Series) -> str:
    """Where a series is saved."""
    return f"series/{short_hash(*series_parts(series))}"


def vantage_key(vantage: str) -> str:
    """Where a vantage is saved."""
    return f"vantage/{vantage}"


def event_key(name: str) -> str:
    """Where an event is saved."""
    return f"event/{name}"


def _values(value: Track | Member) -> list[Any]:
    return [getattr(value, name) for name in _NAMES[type(value)]]


def pack_track(series: Series, track: Track) -> bytes:
    """A series and its numbers."""
    return pack([series_parts(series), *_values(track)])


def track_from(value: list[Any]) -> tuple[Series, Track]:
    """The reverse of `pack_track`."""
    return Series(*value[0]), Track(*value[1:])


def pack_watch(vantage: str, watch: Watch) -> bytes:
    """A vantage."""
    lines = {family: [line.answered, line.suspect, line.clear] for family, line in watch.lines.items()}
    return pack([vantage, lines, watch.control, watch.life, watch.lived, watch.silent, watch.woke])


def watch_from(value: list[Any]) -> tuple[str, Watch]:
    """The reverse of `pack_watch`."""
    vantage, lines, *rest = value
    return vantage, Watch({family: Line(*line) for family, line in lines.items()}, *rest)


def pack_plan(plan: PlanRow) -> bytes:
    """A plan, without what changed in it."""
    places = {name: [place.country, place.asn] for name, place in plan.vantages.items()}
    planned = [[series_parts(one.series), one.every, one.offset, one.timeout, one.config] for one in plan.assignments]
    return pack([plan.config, places, plan.services, planned, plan.flash])


def plan_from(value: list[Any]) -> PlanRow:
    """The reverse of `pack_plan`."""
    config, places, services, planned, flash = value
    return PlanRow(
        config=config,
        vantages={name: Place(*place) for name, place in places.items()},
        services=services,
        assignments=tuple(Planned(Series(*parts), *rest) for parts, *rest in planned),
        flash=flash,
    )


def pack_case(case: Case) -> bytes:
    """An event in the making with its last revision."""
    members = [[series_parts(series), *_values(member)] for series, member in case.members.items()]
    plain = {name: getattr(case, name) for name in _NAMES[Case] if name not in {"members", "event"}}
    return pack([plain, members, case.event and _event(case.event)])


def case_from(value: list[Any]) -> Case:
    """The reverse of `pack_case`."""
    plain, members, event = value
    case = Case(**plain | {"onset": tuple(plain["onset"])})
    case.members = {Series(*parts): Member(*rest) for parts, *rest in members}
    case.event = event and _event_from(event)
    return case


def _event(event: Event) -> dict[str, Any]:
    plain = {name: getattr(event, name) for name in _NAMES[Event]}
    scope = event.scope
    return plain | {"scope": [scope.vantages, scope.countries, scope.asns, scope.endpoints]}


def _event_from(plain: dict[str, Any]) -> Event:
    tuples = {name: tuple(plain[name]) for name in ("roles", "onset", "evidence")}
    return Event(**plain | tuples | {"scope": Scope(*map(tuple, plain["scope"]))})
