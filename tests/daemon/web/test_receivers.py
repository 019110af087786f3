"""Receivers of alerts: what was delivered last, what was lost, what waits, and why."""

from pathlib import Path

from daemon.journal.reader import open_reader
from daemon.rows import Delivery, Row
from daemon.web import receivers
from tests.lab.paging import paged
from tests.lab.story import START

FINE = {"behind": 0, "lag": 0.0, "failures": 0, "error": "", "holding": "", "alarm": False}


def delivery(channel: str, revision: int, outcome: str = "delivered", event: str = "E1") -> Delivery:
    detail = "" if outcome == "delivered" else "403: who are you?"
    return Delivery(f"m{revision}", event, revision, "opened", channel, 1, outcome, 204, detail)


def status(**standings) -> dict:
    return {"followers": {name.replace("__", "/"): FINE | more for name, more in standings.items()}, "figures": {}}


def test_only_alerts_are_receivers() -> None:
    assert [one.name for one in receivers.receivers(status(alert__b={}, influx={}, alert__a={}), [])] == ["a", "b"]
    assert receivers.receivers({}, []) == []


def test_the_newest_delivered_and_lost_of_its_own() -> None:
    told = [
        (9, delivery("ops", 4, "given_up")),
        (8, delivery("other", 9)),
        (7, delivery("ops", 3)),
        (6, delivery("ops", 2, "given_up")),
        (5, delivery("ops", 1)),
    ]
    (ops,) = receivers.receivers(status(alert__ops={}), told)
    assert ops.last == told[2]
    assert ops.lost == told[0]
    assert (ops.holding, ops.refused) == ("", False)


def test_what_waits_and_what_holds_it_up() -> None:
    held = status(**{"alert__on-call": {"holding": "the receiver refuses the message: 403", "alarm": True}})
    held["figures"] = {"alert_on_call_waiting_messages": 3.0}
    (one,) = receivers.receivers(held, [])
    assert (one.name, one.waiting, one.refused) == ("on-call", 3, True)
    assert "refuses" in one.holding
    assert (one.last, one.lost) == (None, None)
    (silent,) = receivers.receivers(status(alert__ops={"error": "it broke"}), [])
    assert (silent.waiting, silent.holding) == (None, "it broke")


async def test_who_was_told_of_an_event(tmp_path: Path) -> None:
    told = [delivery("ops", 1), delivery("ops", 1, event="E2"), delivery("ops", 2)]
    async with paged(tmp_path, [Row(0, START, body) for body in told]) as page:
        with open_reader(page.journal.path) as reader:
            assert [body.revision for _at, body in receivers.of_event(reader, "E1")] == [2, 1]
            assert len(receivers.deliveries(reader)) == 3
            assert receivers.of_event(reader, "none") == []
