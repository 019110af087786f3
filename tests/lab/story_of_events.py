"""The revisions of events as detection writes them, for tests of those who tell people."""

from dataclasses import replace
from typing import Any

from daemon.rows import Event, Row
from tests.lab.samples import EVENT

CONFIRMED = replace(EVENT, state="confirmed")


def event(name: str = "E1", revision: int = 1, **changes: Any) -> Event:
    """A confirmed revision; `vantages` and others of the scope may be given by themselves."""
    parts = {key: changes.pop(key) for key in ("vantages", "countries", "asns", "endpoints") if key in changes}
    scope = replace(EVENT.scope, **parts)
    return replace(CONFIRMED, id=name, revision=revision, scope=scope, **changes)


def life(name: str = "E1", at: int = EVENT.at) -> list[Event]:
    """Suspected, opened, grown, changed, a revision that is no news, ended."""
    everywhere = ("ru1", "ru2", "ru3")
    return [
        event(name, 1, state="suspected", at=at),
        event(name, 2, at=at + 1),
        event(name, 3, vantages=everywhere, at=at + 2),
        event(name, 4, vantages=everywhere, mechanism="dns.nxdomain", at=at + 3),
        event(name, 5, vantages=everywhere, mechanism="dns.nxdomain", confidence=0.99, at=at + 4),
        event(name, 6, vantages=everywhere, mechanism="dns.nxdomain", state="ended", ended=at, at=at + 5),
    ]


NEWS = [(2, "opened"), (3, "grown"), (4, "changed"), (6, "ended")]
"""Revision and transition of what a life has to tell."""


def news(*names: str) -> list[tuple[str, int, str]]:
    """What a receiver has to be told of so many lives."""
    return [(name, revision, what) for name in names for revision, what in NEWS]


def rows(events: list[Event], after: int = 0) -> list[Row]:
    """As rows of a journal."""
    return [Row(after + number, one.at, one) for number, one in enumerate(events, 1)]
