"""What is remembered is what the journal says, whether it was read at the start or came later."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from daemon.rows import Annotation, Event, Gap, Health, Heartbeat, PlanRow, Row, State
from daemon.web import live as module
from daemon.web.live import Live, key_of
from daemon.web.strip import CELL
from probes.record import Purpose, Record
from tests.lab.paging import paged, told
from tests.lab.story import MINUTE, SECOND, START, february


def fresh() -> Live:
    return Live(Path("none"), lambda: START)


def picture(live: Live) -> tuple[object, ...]:
    return (
        live.plan,
        live.keys,
        {pair: (one.state, one.at) for pair, one in live.told.items()},
        {pair: strip.day(live.now()) for pair, strip in live.strips.items()},
        live.beats,
        live.events,
        live.last,
        live.seen,
    )


async def test_a_restart_in_the_middle_changes_nothing(tmp_path: Path) -> None:
    rows = told(90 * MINUTE)
    async with paged(tmp_path, rows) as page:
        again = Live(page.journal.path, page.clock.wall)
        for row in await page.journal.read(0, 100_000):
            await again.take([row])
        assert picture(again) == picture(page.live)
        assert [event.state for event in page.live.open_events()] == ["confirmed"]


async def test_rows_that_were_read_at_the_start_are_not_told_again(tmp_path: Path) -> None:
    async with paged(tmp_path, told(5 * MINUTE)) as page:
        queue = page.live.join()
        assert queue is not None
        await page.live.take(await page.journal.read(0, 10))
        assert queue.empty()


async def test_readers_are_told_what_has_changed() -> None:
    live = fresh()
    queue = live.join()
    assert queue is not None
    plan, state = february().plan(), State("whatsapp", "ru1", 2, 0.0, 1.0, 1.0)
    await live.take([Row(1, START, plan), Row(2, START, Annotation("a remark"))])
    await live.take([Row(3, START, state)])
    await live.take([Row(4, START + SECOND, state)])
    said = [json.loads(queue.get_nowait() or "") for _ in range(3)]
    assert [one["what"] for one in said] == [["rows", "states"], ["rows", "states"], ["rows"]]
    assert said[-1]["row"] == 4
    assert live.told["whatsapp", "ru1"].since == START


def test_a_slow_reader_is_dropped_and_the_others_are_not() -> None:
    live = fresh()
    slow, quick = live.join(), live.join()
    assert slow is not None
    assert quick is not None
    for number in range(module.WAITING + 1):
        live.publish(str(number))
        assert quick.get_nowait() == str(number)
    assert live.readers == {quick}
    assert slow.get_nowait() is None
    assert slow.empty()


def test_too_many_readers_are_refused(monkeypatch) -> None:
    monkeypatch.setattr(module, "READERS", 1)
    live = fresh()
    first = live.join()
    assert first is not None
    assert live.join() is None
    live.leave(first)
    assert live.join() is not None


def test_a_new_plan_forgets_what_is_not_measured_any_more() -> None:
    live = fresh()
    whole = february().plan()
    live.put(Row(1, START, whole))
    for vantage in ("ru1", "nl1"):
        live.put(Row(2, START, State("whatsapp", vantage, 0, 1.0, 0.0, 1.0)))
    less = replace(whole, assignments=tuple(one for one in whole.assignments if one.series.vantage != "nl1"))
    live.put(Row(3, START, less))
    assert set(live.told) == set(live.strips) == {("whatsapp", "ru1")}
    assert all(one.vantage != "nl1" for one in live.keys.values())


def test_only_slots_are_results() -> None:
    live, plan = fresh(), february().plan()
    record = next(row.body for row in february().rows(MINUTE) if isinstance(row.body, Record))
    live.put(Row(1, START, plan))
    live.put(Row(2, START, replace(record, purpose=Purpose.CONFIRM)))
    assert not live.last
    live.put(Row(3, START, record))
    assert live.last[record.series].failure == ""


def test_events_that_are_over_are_bounded_and_open_ones_are_not(monkeypatch) -> None:
    monkeypatch.setattr(module, "ENDED", 3)
    live = fresh()
    event = next(row.body for row in told(60 * MINUTE) if isinstance(row.body, Event))
    for number in range(10):
        live.put(Row(number, START, replace(event, id=f"open{number}")))
        live.put(Row(number, START, replace(event, id=f"over{number}", ended=START)))
    assert sum(one.ended is None for one in live.events.values()) == 10
    assert [id_ for id_, one in live.events.items() if one.ended] == ["over7", "over8", "over9"]


def test_figures_gaps_and_signs_of_life_are_the_newest() -> None:
    live, series = fresh(), february().series()[0]
    for at in (1, 2):
        live.put(Row(at, at, Health({"loop_lag_ms": float(at)})))
        live.put(Row(at, at, Heartbeat("ru1", True)))
        live.put(Row(at, at, Gap(series, at, at, 60, "budget")))
    assert live.health == (2, Health({"loop_lag_ms": 2.0}))
    assert live.beats["ru1"][0] == 2
    assert [at for at, _gap in live.gaps] == [1, 2]


def test_a_day_of_states_is_a_strip() -> None:
    live = fresh()
    for cell in range(3):
        live.put(Row(cell, START + cell * CELL, State("a", "b", 0, 1.0, 0.0, 1.0)))
    assert live.strips["a", "b"].day(START + 2 * CELL)[-4:] == [0, 1, 1, 1]


def test_keys_tell_series_apart_and_stay() -> None:
    series = february().series()
    assert len({key_of(one) for one in series}) == len(series)
    assert key_of(series[0]) == key_of(replace(series[0]))
    plan = PlanRow("p", {}, {}, ())
    live = fresh()
    live.put(Row(1, START, plan))
    assert live.keys == {}


async def test_hanging_up_ends_every_stream() -> None:
    live = fresh()
    queues = [live.join() for _ in range(3)]
    live.hang_up()
    async with asyncio.timeout(1):
        assert [await queue.get() for queue in queues if queue] == [None] * 3
    assert not live.readers
