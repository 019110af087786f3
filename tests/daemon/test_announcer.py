"""What the log is told of detection's conclusions: each change once, many of one moment in one line."""

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest

from daemon import announcer
from daemon.announcer import Announcer
from daemon.follower import Taken
from daemon.rows import Body, Change, Direction, Event, Heartbeat, Row
from probes.record import Series
from tests.lab.samples import EVENT, THEN, record

Said = Callable[[], list[str]]


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Said:
    """The messages since the last look."""
    caplog.set_level(logging.INFO, "reachd.events")

    def look() -> list[str]:
        messages = [entry.getMessage() for entry in caplog.records]
        caplog.clear()
        return messages

    return look


def change(
    direction: Direction = Direction.DOWN, service: str = "max", vantage: str = "ru1", kind: str = "x"
) -> Change:
    series = Series(service, "site", "max.ru:443", "tls", vantage, "ipv4")
    return Change(series, THEN, direction, "tcp", kind, THEN - 1, THEN, 0.9, ())


async def take(follower: Announcer, *bodies: Body) -> Taken:
    return await follower.take([Row(number, THEN, body) for number, body in enumerate(bodies, 1)])


def revision(number: int, state: str = "suspected", **changes: object) -> Event:
    return replace(EVENT, revision=number, state=state, **changes)  # type: ignore[arg-type]


async def test_a_series_that_goes_down_and_comes_back(said: Said) -> None:
    follower = Announcer()
    await take(follower, change(kind="generic_timeout_error"))
    await take(follower, change(Direction.UP))
    assert said() == [
        "ru1: down: max site max.ru:443 tls ipv4 (tcp: generic_timeout_error)",
        "ru1: up: max site max.ru:443 tls ipv4",
    ]


async def test_what_goes_down_together_is_told_in_a_line_for_each_place(said: Said) -> None:
    many = [change(service="max"), change(service="vk", kind="y"), change(service="vk", kind="y")]
    await take(Announcer(), *many, change(vantage="nl1"), change(Direction.UP))
    assert said() == [
        "ru1: down: 3 series: max 1, vk 2 (tcp: y)",
        "nl1: down: max site max.ru:443 tls ipv4 (tcp: x)",
        "ru1: up: max site max.ru:443 tls ipv4",
    ]


async def test_an_event_is_told_when_its_state_or_kind_changes_and_not_for_each_revision(said: Said) -> None:
    follower = Announcer()
    await take(follower, revision(1), revision(2, confidence=0.99), revision(3, "confirmed"))
    await take(
        follower, revision(4, "confirmed", kind="service_outage"), revision(5, "confirmed", kind="service_outage")
    )
    await take(follower, revision(6, "ended", kind="service_outage"))
    assert [message.split(":")[0] for message in said()] == [
        "suspected block",
        "confirmed block",
        "confirmed service_outage",
        "ended service_outage",
    ]


async def test_two_events_are_told_apart(said: Said, caplog: pytest.LogCaptureFixture) -> None:
    await take(Announcer(), revision(1), revision(1, id="EVENT2"))
    assert [(entry.event, entry.revision) for entry in caplog.records] == [("EVENT1", 1), ("EVENT2", 1)]  # type: ignore[attr-defined]
    assert len(said()) == 2


async def test_a_restart_tells_nothing_again(said: Said) -> None:
    taken = await take(Announcer(), revision(1))
    saved = {name: value for name, value in taken.saved.items() if value is not None}
    said()
    again = Announcer()
    await again.resume(saved)
    assert (await take(again, revision(2))).saved == {}
    assert said() == []
    await take(again, revision(3, "ended"))
    assert len(said()) == 1


async def test_what_is_no_conclusion_is_no_news(said: Said) -> None:
    assert await take(Announcer(), record(), Heartbeat("ru1", True)) == Taken()
    assert said() == []


async def test_it_forgets_old_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcer, "REMEMBERED", 2)
    follower = Announcer()
    await take(follower, *(revision(1, id=name) for name in "ABC"), revision(2, "ended", id="B"))
    assert list(follower.states) == ["C", "B"]
