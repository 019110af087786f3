"""What pages and API tell agrees with the rows, and admits what it does not know."""

from pathlib import Path

import pytest

from daemon.moments import micros_of
from daemon.rows import Event, Heartbeat, Row, State
from daemon.web import views
from daemon.web.live import Live, key_of
from probes.record import Record
from tests.lab.paging import LASTS, TITLES, told
from tests.lab.story import SECOND, START, february

NOW = START + round(LASTS) * SECOND


@pytest.fixture(scope="module")
def live() -> Live:
    made = Live(Path("none"), lambda: NOW)
    for row in told():
        made.put(row)
    return made


def at(live: Live, service: str, vantage: str, now: int = NOW) -> dict:
    found = next(one for one in views.services(live, TITLES, now) if one["service"] == service)
    return next(place for place in found["vantages"] if place["vantage"] == vantage)


def test_the_block_is_seen_where_it_is_and_nowhere_else(live: Live) -> None:
    assert {(name, place): at(live, name, place)["state"] for name in TITLES for place in ("ru1", "ru2", "nl1")} == {
        (name, place): "down" if name == "whatsapp" and place != "nl1" else "ok"
        for name in TITLES
        for place in ("ru1", "ru2", "nl1")
    }


def test_a_cell_of_an_event_leads_to_it_and_began_with_it(live: Live) -> None:
    (event,) = live.open_events()
    cell = at(live, "whatsapp", "ru1")
    assert cell["event"] == event.id
    assert micros_of(cell["since"]) == event.onset[1] // SECOND * SECOND
    assert at(live, "whatsapp", "nl1")["event"] is None


def test_what_nobody_told_again_is_not_known(live: Live) -> None:
    assert at(live, "max", "ru1", NOW + 1_000 * SECOND)["state"] == "unknown"


def test_what_was_never_told_is_not_known() -> None:
    made = Live(Path("none"), lambda: START)
    assert views.services(made, {}, START) == []
    assert views.vantages(made, START) == []
    assert views.series(made) == []
    made.put(Row(1, START, february().plan()))
    assert at(made, "max", "ru1", START) == {
        "vantage": "ru1",
        "state": "unknown",
        "since": None,
        "told": None,
        "availability": None,
        "event": None,
    }


@pytest.mark.parametrize(("code", "word"), [(0, "ok"), (1, "degraded"), (2, "down"), (3, "unknown")])
def test_every_code_has_its_word(code: int, word: str) -> None:
    made = Live(Path("none"), lambda: START)
    made.put(Row(1, START, State("a", "b", code, 1.0, 0.0, 1.0)))
    assert views.standing(made, "a", "b", START)["state"] == word


def test_a_vantage_without_a_sign_of_life_is_silent() -> None:
    made = Live(Path("none"), lambda: START)
    made.put(Row(1, START, february().plan()))
    made.put(Row(2, START, Heartbeat("ru1", False, ("ipv4",), 0.2)))
    found = {one["vantage"]: one for one in views.vantages(made, START + 30 * SECOND)}
    assert (found["ru1"]["state"], found["ru1"]["controls"], found["ru1"]["families"]) == ("alive", False, ["ipv4"])
    assert (found["ru2"]["state"], found["ru2"]["seen"]) == ("silent", None)
    late = {one["vantage"]: one["state"] for one in views.vantages(made, START + 61 * SECOND)}
    assert late["ru1"] == "silent"


def test_series_come_with_their_last_result(live: Live) -> None:
    found = views.series(live, "whatsapp", "ru1")
    assert {one["role"]: one["last"]["failure"] for one in found} == {
        "web": "dns: dns_nxdomain_error",
        "chat": "tcp: generic_timeout_error",
        "media": "tcp: generic_timeout_error",
    }
    assert all(one["key"] == key_of(live.keys[one["key"]]) and one["every"] == 60 for one in found)
    assert len(views.series(live)) == 24
    assert views.series(live, "nothing") == []


def test_events_are_as_their_contract_has_them(live: Live) -> None:
    (event,) = views.events(live.open_events())
    assert event["reachd"] == "event/1"
    assert event["scope"]["countries"] == ("RU",)


def test_the_address_of_a_series_is_its_key(live: Live) -> None:
    series = next(iter(live.keys.values()))
    assert views.address_of(series) == f"/series/{key_of(series)}"


def test_facts_are_what_was_seen() -> None:
    record = next(row.body for row in told(60.0) if isinstance(row.body, Record))
    assert views.facts(record) == {}
    assert not isinstance(record, Event)
