"""A day of the past gives the events that it gave: from its journal, from an export, and from bare records."""

import asyncio
import gzip
import json
from dataclasses import replace

import pytest

from daemon.detect.step import Detection, step
from daemon.journal.store import Journal
from daemon.replay import Tally, conclusions, counted, difference, planned, read, sources
from daemon.rows import Annotation, Body, Change, Event, Gap, Heartbeat, Place, Planned, PlanRow, Row, State
from daemon.wire import event_line, line_of
from daemon.wire_in import WireError, row_of
from probes.record import Facts, Failure, Kind, Phase, Record, Series, Timing
from tests.lab.story import DROP, TLS_RESET, block, demo, february

S = 1_000_000
START = 1_770_840_000 * S
EVERY = 10
SERVICES = {"whatsapp": "foreign", "max": "domestic", "controls": "control"}
VANTAGES = {"ru1": Place("RU", 12389), "ru2": Place("RU", 31133), "nl1": Place("NL", 1103)}
SERIES = [
    Series(service, role, f"{role}.{service}.example:443", "tcp", vantage, "ipv4")
    for vantage in VANTAGES
    for service in SERVICES
    for role in ("chat", "web")
]
PLAN = PlanRow("c0ffee", VANTAGES, SERVICES, tuple(Planned(one, EVERY, 0, 5.0, "") for one in SERIES))
GOOD = (Timing(Phase.DNS, 0.0, 0.01), Timing(Phase.TCP, 0.01, 0.03))
DROPPED = Failure(Phase.TCP, Kind.TIMEOUT)
BLOCKED = range(300, 600)
"""Seconds during which whatsapp does not answer in Russia."""
END = 1_200


def record(series, second, number):
    down = second in BLOCKED and series.service == "whatsapp" and series.vantage.startswith("ru")
    due = START + second * S
    seconds = 5.0 if down else 0.04
    failure = DROPPED if down else None
    return Record(
        series, due, due + number * 10_000, seconds, GOOD, failure, Facts(address="192.0.2.1"), version="tcp/1"
    )


def lived():
    """Twenty minutes as the daemon writes them down, without what is concluded."""
    timed: list[tuple[int, Body]] = [(START, PLAN)]
    for second in range(0, END, EVERY):
        beat = START + second * S + 1
        timed += [(beat, Heartbeat(vantage, True, ("ipv4",))) for vantage in VANTAGES]
        records = [record(series, second, number) for number, series in enumerate(SERIES)]
        timed += [(one.began + round(one.seconds * S) + 20_000, one) for one in records]
    timed.sort(key=lambda pair: pair[0])
    return [Row(number, at, body) for number, (at, body) in enumerate(timed, 1)]


def live(rows):
    """The rows with what detection concludes behind each, as a follower appends them a little later."""
    state, made = Detection(), []
    for row in rows:
        made += [row, *(Row(0, row.at + 60_000, body) for body in step(state, row))]
    return [replace(row, seq=number) for number, row in enumerate(made, 1)]


@pytest.fixture(scope="module")
def whole():
    return live(lived())


@pytest.fixture(scope="module")
def events(whole):
    return [row.body for row in whole if isinstance(row.body, Event)]


class Moments:
    now = START

    def wall(self):
        return self.now

    def monotonic(self):
        return self.now / S


async def fill(path, rows):
    clock = Moments()
    async with await Journal.open(path, clock) as journal:
        for row in rows:
            clock.now = row.at
            future = journal.append([row.body])
        await future


def lines_of(rows):
    return "".join(f"{line_of(row)}\n" for row in rows)


def found(rows):
    return [body for body in conclusions(rows) if isinstance(body, Event)]


def essence(revisions):
    """What bare lines must give again: kind, scope and onset of each event in its last revision."""
    last = {event.id: event for event in revisions}
    return [(event.kind, event.service, event.scope, event.onset, event.state) for event in last.values()]


def bare_lines(rows):
    """Plans and records as another program would write them: no id, no time of the journal, no heartbeats."""
    for row in rows:
        if isinstance(row.body, PlanRow | Record):
            unwanted = {"id", "at"} if isinstance(row.body, Record) else set()
            line = {key: value for key, value in json.loads(line_of(row)).items() if key not in unwanted}
            yield row_of(json.dumps(line), row.seq)


def test_the_day_has_one_event(events):
    ((kind, service, scope, _onset, state),) = essence(events)
    assert (kind, service, state) == ("block", "whatsapp", "ended")
    assert set(scope.vantages) == {"ru1", "ru2"}


def test_a_journal_gives_byte_equal_events(whole, events, tmp_path):
    path = tmp_path / "journal.db"
    asyncio.run(fill(path, whole))
    again = found(read(path))
    assert [event_line(event) for event in again] == [event_line(event) for event in events]


def test_a_full_export_gives_byte_equal_events(whole, events, tmp_path):
    path = tmp_path / "all.jsonl.gz"
    path.write_bytes(gzip.compress(lines_of(whole).encode()))
    assert [event_line(event) for event in found(read(path))] == [event_line(event) for event in events]


def test_bare_lines_give_events_equal_in_kind_scope_and_onset(whole, events):
    assert essence(found(bare_lines(whole))) == essence(events)


def test_conclusions_that_are_read_are_made_anew(whole):
    """Whatever an old daemon concluded, replay shows what this one does."""
    forged = [
        replace(row, body=replace(row.body, summary="a lie", kind="throttle")) if isinstance(row.body, Event) else row
        for row in whole
        if not isinstance(row.body, Change | State)
    ]
    assert found(forged) == found(whole)


def test_files_of_several_vantages_are_merged_by_time(whole, events, tmp_path):
    kept = [row for row in whole if isinstance(row.body, PlanRow | Heartbeat | Record)]
    paths = []
    for vantage in (*VANTAGES, None):
        path = tmp_path / f"{vantage}.jsonl"
        path.write_text(lines_of(row for row in kept if vantage_of(row.body) == vantage), encoding="utf-8")
        paths.append(path)
    merged = list(sources(paths[::-1]))
    assert [row.seq for row in merged] == list(range(1, len(kept) + 1))
    assert [row.at for row in merged] == sorted(row.at for row in kept)
    assert essence(found(merged)) == essence(events)


def vantage_of(body):
    match body:
        case Record(series=series):
            return series.vantage
        case Heartbeat(vantage=vantage):
            return vantage
        case _:
            return None


def test_one_file_keeps_its_order_even_where_the_clock_went_back(tmp_path):
    rows = [Row(1, 5 * S, Annotation("a")), Row(2, 3 * S, Annotation("b")), Row(3, 4 * S, Annotation("c"))]
    path = tmp_path / "rows.jsonl"
    path.write_text(lines_of(rows), encoding="utf-8")
    assert list(sources([path])) == rows


def test_a_plan_is_put_before_records_that_have_none():
    rows = [Row(1, 7, Annotation("a")), Row(2, 8, Annotation("b"))]
    assert list(planned(rows, PLAN)) == [Row(0, 7, PLAN), *rows]
    assert list(planned(rows, None)) == rows
    assert list(planned([], PLAN)) == []


def test_a_plan_of_their_own_goes_before_one_that_is_given():
    rows = [Row(1, 7, replace(PLAN, config="own"))]
    assert list(planned(rows, PLAN)) == rows


def test_events_pass_through_and_are_kept(whole, events):
    tally = Tally()
    assert list(counted(whole, tally)) == whole
    assert (tally.rows, tally.plans, tally.events) == (len(whole), 1, events)


def test_equal_events_differ_nowhere(events):
    assert difference(events, list(events)) is None
    assert difference([], []) is None


def test_the_first_difference_is_shown_in_full(events):
    said = difference(events, [events[0], replace(events[1], confidence=0.123), *events[2:]])
    assert said is not None
    assert said.startswith(f"revision 2 of {len(events)}:")
    assert event_line(events[1]) in said
    assert '"confidence": 0.123' in said


def test_one_too_few_or_too_many_is_a_difference(events):
    assert "made anew      nothing" in str(difference(events, events[:-1]))
    assert "in the journal nothing" in str(difference(events[:-1], events))


def test_a_bad_line_ends_it_with_its_place(tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_text("{}\n")
    with pytest.raises(WireError, match=r"bad\.jsonl:1: "):
        list(read(path))


def test_gaps_and_remarks_are_no_trouble(whole, events):
    with_more = []
    for row in whole:
        with_more.append(row)
        if row.seq % 500 == 0:
            with_more.append(Row(0, row.at, Annotation("x")))
            with_more.append(Row(0, row.at, Gap(SERIES[0], START - 60 * S, START - 60 * S, EVERY, "start")))
    assert essence(found(with_more)) == essence(events)


STORIES = {
    "all well": february(),
    "block": block(february(), "ru1 ru2", 1_800, 4_000),
    "block at 10 s": block(february(every=10), "ru1 ru2", 600, 1_800),
    "block at 300 s": block(february(every=300), "ru1 ru2", 4_000),
    "demo": block(demo(), "moscow", 40, 80),
    "one role": february().fails(TLS_RESET, 1_800, 4_000, role="media", vantage="ru1 ru2"),
    "outage everywhere": february().fails(DROP, 1_800, 4_000, service="whatsapp"),
    "own line dead": february().fails(DROP, 1_800, 4_000, vantage="ru1"),
    "lossy": february().fails(DROP, 0, share=0.1),
}


@pytest.mark.parametrize("name", STORIES)
def test_bare_lines_tell_the_same_story(name):
    until = 150 if name == "demo" else 12_000 if "300" in name else 6_000
    rows = STORIES[name].rows(until)
    assert essence(found(bare_lines(rows))) == essence(found(rows))


def test_a_silence_that_bare_lines_tell_begins_with_the_last_record():
    """Live its heartbeats go on for a few seconds more: what is left out cannot be told again."""
    rows = february().silent("ru1", 3_000, 4_500).rows(6_000)
    told, bare = found(rows), found(bare_lines(rows))
    assert [event.kind for event in told[-1:]] == ["vantage_outage"]
    assert [(kind, scope, state) for kind, _, scope, _, state in essence(bare)] == [
        (kind, scope, state) for kind, _, scope, _, state in essence(told)
    ]
    assert 0 <= told[-1].onset[0] - bare[-1].onset[0] < 60 * S
