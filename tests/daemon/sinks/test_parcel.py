from dataclasses import replace

import pytest

from daemon.rows import Annotation, Body, ClockStep, Gap, Health, Heartbeat, PlanRow, Row, State
from daemon.sinks import parcel
from daemon.sinks.events import identity
from daemon.sinks.parcel import LINES, Memory, Parcel, Within, load
from probes.record import Purpose
from tests.lab.samples import EVENT, SECOND, SERIES, THEN, record


def rows(*bodies: Body, first: int = 1) -> list[Row]:
    return [Row(seq, THEN, body) for seq, body in enumerate(bodies, first)]


def gathered(many: list[Row], memory: Memory | None = None) -> Parcel:
    made = Parcel(many[0].seq, memory or Memory(), last=many[0].seq - 1)
    for row in many:
        if not made.add(row):
            break
    return made


def committed(saved: dict[str, bytes], made: Parcel) -> dict[str, bytes]:
    """What the journal holds after a commit."""
    for key, value in made.saved().items():
        saved = {name: text for name, text in saved.items() if name != key} | ({key: value} if value else {})
    return saved


def gap(slots: int) -> Gap:
    return Gap(SERIES, THEN, THEN + (slots - 1) * SECOND, 1, "suspend")


def test_each_kind_of_row_has_its_measurement() -> None:
    made = gathered(
        rows(
            record(),
            State("whatsapp", "ru1", 0, 1.0, 0.0, 1.0),
            Heartbeat("ru1", None, ()),
            Health({"rows": 1}),
            EVENT,
            gap(2),
        )
    )
    assert [line.text.split(b",")[0].decode() for line in made.lines] == [
        "probe_result",
        "service_state",
        "vantage_health",
        "daemon_health",
        "event_log",
        "disruption_event",
        "probe_result",
        "probe_result",
    ]
    assert made.last == 6


@pytest.mark.parametrize(
    "body", [PlanRow("c", {}, {}, ()), ClockStep(2.0), Annotation("hello"), record(purpose=Purpose.CONFIRM), Health({})]
)
def test_rows_that_are_no_points_only_move_the_cursor(body: Body) -> None:
    made = gathered(rows(body))
    assert (made.lines, made.last) == ([], 1)


def test_a_parcel_is_no_longer_than_a_request() -> None:
    made = gathered(rows(*[record(slot) for slot in range(LINES + 10)]))
    assert len(made.lines) == LINES
    assert made.last == LINES


def test_a_long_gap_is_spread_over_parcels_and_each_point_is_sent_once() -> None:
    many, times, sizes = rows(record(), gap(9000), record(1)), [], []
    saved: dict[str, bytes] = {}
    while many:
        made = gathered(many, load(saved))
        times += [line.time for line in made.lines if line.seq == 2]
        sizes.append(len(made.lines))
        saved = committed(saved, made)
        many = [row for row in many if row.seq > made.last]
    assert sizes == [LINES, 9002 - LINES]
    assert times == [(THEN + slot * SECOND) * 1000 for slot in range(9000)]
    assert parcel.WITHIN not in saved


def test_a_gap_half_written_is_remembered_without_the_journal_too() -> None:
    memory = Memory()
    first = gathered(rows(gap(7000)), memory)
    first.remember()
    assert memory.within == Within(1, THEN + (LINES - 1) * SECOND)
    assert first.last == 0
    second = gathered(rows(gap(7000)), memory)
    second.remember()
    assert len(second.lines) == 2000
    assert memory.within is None


def test_a_place_in_a_gap_is_not_used_for_another() -> None:
    """The half-written gap may have gone with the retention; the next row's gap is whole."""
    assert len(gathered(rows(gap(10), first=2), Memory(within=Within(1, THEN + 5 * SECOND))).lines) == 10


def test_a_gap_that_just_fits_is_done() -> None:
    made = gathered(rows(gap(LINES), record()))
    assert (made.last, made.within, len(made.lines)) == (1, None, LINES)


def test_revisions_in_one_parcel_know_of_each_other() -> None:
    turned = replace(EVENT, revision=2, kind="service_outage")
    made = gathered(rows(EVENT, turned))
    assert sum(b'"replaced"' in line.text for line in made.lines) == 1


def test_the_place_of_an_event_outlives_a_restart() -> None:
    saved = committed({}, gathered(rows(EVENT)))
    turned = replace(EVENT, revision=2, kind="service_outage")
    made = gathered(rows(turned, first=2), load(saved))
    assert sum(b'"replaced"' in line.text for line in made.lines) == 1
    assert load(committed(saved, made)).events == {"EVENT1": identity(turned)}


def test_the_same_rows_again_after_a_crash_are_the_same_lines() -> None:
    saved = committed({}, gathered(rows(EVENT)))
    turned = rows(replace(EVENT, revision=2, kind="service_outage"), record(), first=2)
    assert gathered(turned, load(saved)).lines == gathered(turned, load(saved)).lines


def test_remembered_events_are_bounded_in_memory_and_in_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcel, "EVENTS_KEPT", 3)
    memory = Memory()
    saved: dict[str, bytes] = {}
    for number in range(6):
        made = gathered(rows(replace(EVENT, id=f"E{number}")), memory)
        saved = committed(saved, made)
        made.remember()
    assert list(memory.events) == ["E3", "E4", "E5"]
    assert sorted(load(saved).events) == ["E3", "E4", "E5"]
