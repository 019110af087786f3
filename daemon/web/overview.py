"""The first page's matrix: services by vantages, or, where that would be too much to look at, services alone."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daemon.moments import SECOND
from daemon.rows import Event
from daemon.web import views
from daemon.web.live import Live
from daemon.web.strip import worst

MOST = 240
"""Cells that are shown one by one; above, each service is one line with its counts."""
COLUMNS = 8
"""Vantages side by side; above likewise."""
ORDER = ("down", "degraded", "unknown", "ok")
LATELY = 86_400 * SECOND
SIDES = {"foreign": "Foreign services", "domestic": "Domestic services", "control": "Controls"}


@dataclass(frozen=True, slots=True)
class Table:
    """What the first page shows."""

    vantages: list[dict[str, Any]]
    groups: list[tuple[str, list[dict[str, Any]]]]
    """Sides of services with their lines."""
    grouped: bool
    """One line a service, not one cell a vantage."""
    counts: Mapping[str, int]
    """States to the number of cells in it."""


def table(live: Live, titles: Mapping[str, str], now: int) -> Table:
    """Lay out what is known."""
    services = views.services(live, titles, now)
    places = views.vantages(live, now)
    cells = sum(len(one["vantages"]) for one in services)
    grouped = cells > MOST or len(places) > COLUMNS
    lines = [_summed(live, one, now) if grouped else _line(live, one, places, now) for one in services]
    groups = [(words, [line for line in lines if line["side"] == name]) for name, words in SIDES.items()]
    counts = Counter(place["state"] for one in services for place in one["vantages"])
    return Table(places, [(words, found) for words, found in groups if found], grouped, counts)


def _line(live: Live, one: dict[str, Any], places: list[dict[str, Any]], now: int) -> dict[str, Any]:
    known = {place["vantage"]: place for place in one["vantages"]}
    cells = [
        known[name] | {"day": views.day(live, one["service"], name, now)} if name in known else None
        for name in (place["vantage"] for place in places)
    ]
    return {**one, "cells": cells}


def _summed(live: Live, one: dict[str, Any], now: int) -> dict[str, Any]:
    counts = Counter(place["state"] for place in one["vantages"])
    state = next((word for word in ORDER if counts[word]), "unknown")
    days = [views.day(live, one["service"], place["vantage"], now) for place in one["vantages"]]
    told = [(word, counts[word]) for word in ORDER if counts[word]]
    return {**one, "state": state, "told": told, "day": worst(days)}


def lately_over(live: Live, now: int) -> list[Event]:
    """Events that ended within a day, the last first."""
    found = [event for event in live.events.values() if event.ended is not None and now - event.ended < LATELY]
    return sorted(found, key=lambda event: -(event.ended or 0))[:10]


def side(live: Live, series: Mapping[str, Any]) -> str:
    """The side of the service of a series."""
    return "" if live.plan is None else live.plan.services.get(series["service"], "")
