"""A journal on disk with a small story in it: whatsapp goes down at ru1 while max and a control answer."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from daemon.journal.store import Journal
from daemon.rows import Body, Event, Heartbeat, Place, Planned, PlanRow, Scope, State
from probes.record import Facts, Failure, Kind, Phase, Purpose, Record, Series, Timing

S = 1_000_000
START = 1_770_840_000 * S
"""2026-02-11T20:00:00Z."""

WHATSAPP = Series("whatsapp", "chat", "g.whatsapp.net:5222", "tcp", "ru1", "ipv4")
MAX = Series("max", "site", "max.ru:443", "tcp", "ru1", "ipv4")
ELSEWHERE = Series("whatsapp", "chat", "g.whatsapp.net:5222", "tcp", "nl1", "ipv4")


class Moments:
    """A clock that a test sets."""

    def __init__(self):
        self.now = START

    def wall(self):
        return self.now

    def monotonic(self):
        return self.now / S


def record(series, second, failure=None, purpose=Purpose.SLOT):
    due = START + second * S
    timings = (Timing(Phase.DNS, 0.0, 0.012), Timing(Phase.TCP, 0.012, 0.03))
    return Record(series, due, due + S, 0.5, timings, failure, Facts(address="192.0.2.7"), purpose, version="tcp/1")


def event(revision, second, state, *, ended=None, name="EVENT1"):
    return Event(
        id=name,
        revision=revision,
        at=START + second * S,
        state=state,
        kind="block",
        service="whatsapp",
        roles=("chat",),
        mechanism="tcp.drop",
        mechanisms={"chat": "tcp.drop"},
        scope=Scope(("ru1",), ("RU",), (12389,), ("g.whatsapp.net:5222",)),
        onset=(START, START + 61 * S),
        detected=START + 180 * S,
        reopened=None,
        ended=None if ended is None else START + ended * S,
        confidence=0.91,
        evidence=("AAAA",),
        comparators={"max": "reachable"},
        summary="consistent with blocking of whatsapp in RU",
        against="",
    )


PLAN = PlanRow(
    "c0ffee",
    {"ru1": Place("RU", 12389), "nl1": Place("NL", 1103)},
    {"whatsapp": "foreign", "max": "domestic"},
    tuple(Planned(series, 60, 0, 10.0, "") for series in (WHATSAPP, MAX, ELSEWHERE)),
)
DROPPED = Failure(Phase.TCP, Kind.TIMEOUT)

STORY: list[tuple[int, Body]] = [
    (0, PLAN),
    (1, Heartbeat("ru1", True, ("ipv4",))),
    (2, record(WHATSAPP, 0)),
    (3, record(MAX, 0)),
    (4, record(ELSEWHERE, 0)),
    (62, record(WHATSAPP, 60, DROPPED)),
    (63, record(MAX, 60)),
    (65, record(WHATSAPP, 60, DROPPED, Purpose.CONFIRM)),
    (122, record(WHATSAPP, 120, Failure(Phase.TCP, Kind.LOCAL, "\x1b[31mno route"))),
    (182, record(WHATSAPP, 180, DROPPED)),
    (183, event(1, 182, "suspected")),
    (184, State("whatsapp", "ru1", 2, 0.2, 9.5, 0.99)),
    (242, record(WHATSAPP, 240, DROPPED)),
    (243, event(2, 242, "confirmed")),
    (600, event(3, 600, "ended", ended=540)),
]

Write = Callable[[Iterable[tuple[int, Body]]], Path]


@pytest.fixture
def write(tmp_path) -> Write:
    """Writes (second, body) pairs into a journal and closes it."""

    def written(rows):
        path = tmp_path / "journal.db"
        asyncio.run(fill(path, rows))
        return path

    return written


async def fill(path, rows):
    clock = Moments()
    async with await Journal.open(path, clock) as journal:
        for second, body in rows:
            clock.now = START + second * S
            journal.append([body])


@pytest.fixture
def story(write) -> Path:
    """The journal with the story above."""
    return write(STORY)


@pytest.fixture
def said(capsys) -> Callable[[], tuple[str, str]]:
    """What was written to stdout and stderr since the last look."""

    def read():
        captured = capsys.readouterr()
        return captured.out, captured.err

    return read
