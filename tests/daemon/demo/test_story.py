"""The stage of the demonstration is a right configuration, and the story does to it what it tells."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from config.names import BOTH
from daemon.demo import story
from daemon.demo.story import (
    ACTS,
    CHAT,
    HOSTS,
    LENGTH,
    MEDIA,
    NEAR,
    PLACES,
    WEB,
    Stage,
    all_well,
    block,
    play,
    set_stage,
)
from daemon.errand import measure, wanted
from daemon.planned import Prepared, prepare
from probes.clock import SystemClock
from probes.record import Kind
from tests.lab.virtual import Machine


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    with ExitStack() as closing:
        yield await set_stage(tmp_path, SystemClock().wall(), closing)
    await asyncio.sleep(0)  # transports close in the loop's next turn


@pytest.fixture
def now(stage: Stage) -> Prepared:
    return prepare(stage.config)


async def seen(now: Prepared, place: str) -> dict[tuple[str, str], str]:
    """(Role of WhatsApp or name of another service, probe) to the outcome, at a place."""
    assignments = wanted(now, ["whatsapp", "max", "control"], None, place)
    records = [record async for record in measure(now, assignments, SystemClock()) if record is not None]
    return {
        (one.role if (one := record.series).service == "whatsapp" else one.service, one.probe): (
            f"{record.failure.phase}: {record.failure.kind}" if record.failure else "ok"
        )
        for record in records
    }


# ---- the configuration ----


def test_two_places_in_two_countries_measure_all_sides_every_second(now: Prepared) -> None:
    assert {(it.name, it.country, it.asn) for it in now.document.vantages} == {
        (name, country, asn) for name, (country, asn, _source) in PLACES.items()
    }
    assert {service.side for service in now.document.services} == {"foreign", "domestic", "control"}
    assert {item.every for item in now.plan.assignments} == {1}
    assert len(now.plan.assignments) == 2 * 8


def test_the_page_is_where_the_stage_says(stage: Stage, now: Prepared) -> None:
    assert now.document.web is not None
    assert stage.page == f"http://{now.document.web.listen}/"
    assert not now.document.web.public


def test_no_two_of_the_addresses_are_one_and_all_are_loopback(now: Prepared) -> None:
    addresses = [*HOSTS.values(), *NEAR.values(), *(source for _c, _a, source in PLACES.values())]
    assert len(set(addresses)) == len(addresses)
    assert all(address.startswith("127.") for address in addresses)
    assert all(now.owned(address) for address in addresses)


def test_the_flash_limit_fits_the_story(now: Prepared) -> None:
    (begin, end) = (act.after for act in ACTS[1:3])
    assert now.document.detect.flash < end - begin


def test_nothing_depends_on_ipv6(now: Prepared) -> None:
    assert {item.series.family for item in now.plan.assignments} & BOTH == {"ipv4"}


# ---- the lies ----


async def test_before_it_begins_everything_works_at_both_places(now: Prepared) -> None:
    for place in PLACES:
        outcomes = await seen(now, place)
        assert set(outcomes.values()) == {"ok"}, (place, outcomes)
        assert len(outcomes) == 4 + 2 + 2


async def test_the_block_is_seen_in_moscow_only_and_ends(stage: Stage, now: Prepared) -> None:
    block(stage)
    silent, denied = f"tcp: {Kind.TIMEOUT}", f"dns: {Kind.DNS_NXDOMAIN}"
    moscow = await seen(now, "moscow")
    assert {key: outcome for key, outcome in moscow.items() if outcome != "ok"} == {
        ("web", "dns"): denied,
        ("web", "http"): denied,
        ("chat", "tcp"): silent,
        ("media", "tls"): silent,
    }
    assert set((await seen(now, "amsterdam")).values()) == {"ok"}
    all_well(stage)
    assert set((await seen(now, "moscow")).values()) == {"ok"}


def test_chat_and_media_have_servers_near_moscow_that_the_other_place_never_meets(stage: Stage) -> None:
    assert stage.national.names == {**HOSTS, **NEAR}
    assert stage.free.names == HOSTS
    assert set(NEAR) == {CHAT, MEDIA}
    assert stage.national.names[WEB] == stage.free.names[WEB]


# ---- the story ----


def test_the_acts_come_in_order_and_leave_time_to_see_their_effect() -> None:
    moments = [act.after for act in ACTS]
    assert moments == sorted(moments)
    assert moments[-1] + 10 < LENGTH
    assert LENGTH <= 60


def test_the_story_is_told_at_its_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    happened: list[tuple[float, str]] = []

    def happens(told: str, _stage: Stage) -> None:
        happened.append((machine.monotonic(), told))

    acts = tuple(story.Act(act.after, act.told, partial(happens, act.told)) for act in ACTS)
    monkeypatch.setattr(story, "ACTS", acts)
    told: list[str] = []
    begin = machine.monotonic()
    machine.run(play(None, told.append))  # type: ignore[arg-type]
    assert [(round(moment - begin, 3), words) for moment, words in happened] == [(act.after, act.told) for act in ACTS]
    assert told == [act.told for act in ACTS]
    assert machine.monotonic() - begin == pytest.approx(LENGTH)
