"""Rows to lines: the contract as golden files, and the law that a line read back is the row."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.slots import due_of, offset_of, slot_at, stable, start_after_due
from daemon.rows import (
    KINDS,
    Annotation,
    Change,
    ClockStep,
    Delivery,
    Direction,
    Event,
    Gap,
    Health,
    Heartbeat,
    Place,
    Planned,
    PlanRow,
    Row,
    Scope,
    State,
    event_id,
)
from daemon.wire import ended_at, line_of, object_of, record_line
from daemon.wire_in import row_of
from probes.diagnosis import Arm, Cell, Diagnosis, Finding
from probes.record import Answer, Facts, Failure, Kind, Phase, Purpose, Record, Series, TcpInfo, Timing, record_id
from tests.lab.rollups import rollups

GOLDEN = Path(__file__).resolve().parents[1] / "golden"

texts = st.text(st.characters(codec="utf-8"), max_size=8)
floats = st.floats(allow_nan=False, allow_infinity=False)
ints = st.integers(-(2**63), 2**63 - 1)
moments = st.integers(0, 253_402_300_799_999_999)
several = st.lists(texts, max_size=3).map(tuple)
words = st.dictionaries(texts, texts, max_size=3)
series = st.builds(Series, texts, texts, texts, texts, texts, texts)
optional = st.none() | texts
answers = st.builds(Answer, floats, texts, several, several, st.none() | ints, ints, texts)
cells = st.builds(
    Cell, st.sampled_from(Arm), floats, floats, name=texts, port=ints, phase=texts, alert=st.none() | ints
)
diagnoses = st.builds(Diagnosis, st.sampled_from(Finding), st.lists(cells, max_size=3).map(tuple))
facts = st.builds(
    Facts,
    address=optional,
    addresses=several,
    resolver=optional,
    answers=st.lists(answers, max_size=2).map(tuple),
    alert=st.none() | ints,
    status=st.none() | ints,
    body=optional,
    first_byte=st.none() | floats,
    bytes_in=st.none() | ints,
    tcp=st.none() | st.builds(TcpInfo, *[ints] * 7),
    loop_lag=st.none() | floats,
    diagnosis=st.none() | diagnoses,
    extra=words,
)
records = st.builds(
    Record,
    series=series,
    due=moments,
    began=moments,
    seconds=floats,
    timings=st.lists(st.builds(Timing, st.sampled_from(Phase), floats, floats), max_size=3).map(tuple),
    failure=st.none() | st.builds(Failure, st.sampled_from(Phase), st.sampled_from(Kind), texts),
    facts=facts,
    purpose=st.sampled_from(Purpose),
    of=optional,
    attempt=ints,
    agent=texts,
    config=texts,
    version=texts,
)
plans = st.builds(
    PlanRow,
    config=texts,
    vantages=st.dictionaries(texts, st.builds(Place, texts, st.none() | ints), max_size=2),
    services=words,
    assignments=st.lists(st.builds(Planned, series, ints, ints, floats, texts), max_size=2).map(tuple),
    changed=several,
    flash=floats,
)
events = st.builds(
    Event,
    id=texts,
    revision=ints,
    at=moments,
    state=texts,
    kind=texts,
    service=optional,
    roles=several,
    mechanism=texts,
    mechanisms=words,
    scope=st.builds(Scope, several, several, st.lists(ints, max_size=2).map(tuple), several),
    onset=st.tuples(moments, moments),
    detected=moments,
    reopened=st.none() | moments,
    ended=st.none() | moments,
    confidence=floats,
    evidence=several,
    comparators=words,
    summary=texts,
    against=texts,
)
changes = st.builds(
    Change, series, moments, st.sampled_from(Direction), texts, texts, moments, moments, floats, several
)
others = (
    st.builds(Heartbeat, texts, st.none() | st.booleans(), several, floats)
    | st.builds(ClockStep, floats)
    | st.builds(Gap, series, moments, moments, ints, texts)
    | st.builds(State, texts, texts, ints, floats, floats, floats)
    | st.builds(Health, st.dictionaries(texts, floats, max_size=3))
    | st.builds(Annotation, texts, texts)
    | rollups
    | st.builds(Delivery, texts, texts, ints, texts, texts, ints, texts, ints, texts)
)


def there_and_back(row):
    line = line_of(row)
    assert "\n" not in line
    again = row_of(line.encode(), row.seq)
    assert line_of(again) == line
    return again


@given(st.builds(Row, st.integers(1, 2**60), moments, records | plans | others))
def test_a_line_read_back_is_the_row(row):
    assert there_and_back(row) == row


@given(st.integers(1, 2**60), events | changes)
def test_a_conclusion_carries_its_own_time_and_no_stamp(seq, body):
    """The journal's stamp of what detection concluded is when it was written down, which a replay does again."""
    assert there_and_back(Row(seq, 1, body)) == Row(seq, body.at, body)


def golden(name):
    return (GOLDEN / name).read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("kind", ["record", "plan", "event", "rollup", "delivery"])
def test_golden_lines_never_change(kind):
    for number, line in enumerate(golden(f"{kind}.jsonl"), 1):
        row = row_of(line, number)
        assert KINDS[type(row.body)] == kind
        assert line_of(row) == line


def test_golden_record_is_that_of_the_design():
    line = json.loads(golden("record.jsonl")[0])
    assert (
        " ".join(line)
        == "reachd id at due began seconds purpose attempt agent config version series timings failure facts"
    )
    assert line | {"id": ""} == {
        "reachd": "record/1",
        "id": "",
        "at": "2026-02-11T20:00:11.3Z",
        "due": "2026-02-11T20:00:00Z",
        "began": "2026-02-11T20:00:01.204311Z",
        "seconds": 10.012,
        "purpose": "slot",
        "attempt": 1,
        "agent": "",
        "config": "9f31c2",
        "version": "whatsapp/1",
        "series": {
            "service": "whatsapp",
            "role": "chat",
            "endpoint": "g.whatsapp.net:5222",
            "probe": "whatsapp",
            "vantage": "ru1",
            "family": "ipv4",
        },
        "timings": [
            {"phase": "dns", "begin": 0.0, "seconds": 0.012},
            {"phase": "tcp", "begin": 0.012, "seconds": 10.0},
        ],
        "failure": {"phase": "tcp", "kind": "generic_timeout_error", "detail": ""},
        "facts": {"address": "157.240.205.62"},
    }


def test_golden_event_has_the_fields_of_the_design_in_order():
    line = json.loads(golden("event.jsonl")[1])
    assert " ".join(line) == (
        "reachd id revision at state kind service roles mechanism mechanisms scope onset detected reopened ended"
        " confidence comparators evidence summary against"
    )
    assert " ".join(line["scope"]) == "vantages countries asns endpoints"
    assert " ".join(line["onset"]) == "earliest latest"


def test_golden_plan_says_place_and_side():
    line = json.loads(golden("plan.jsonl")[0])
    assert line["vantages"]["ru1"] == {"country": "RU", "asn": 12389}
    assert line["services"]["whatsapp"] == {"side": "foreign"}
    assert list(line["assignments"][0]) == ["series", "every", "offset", "timeout", "config"]


def test_golden_slots_never_move():
    """A grid that moved would break every dashboard and count each slot twice after an upgrade."""
    for case in json.loads((GOLDEN / "slots.json").read_text(encoding="utf-8")):
        this, every = Series(*case["series"]), case["every"]
        slot = slot_at(case["moment"], every, case["offset"])
        seed = stable(this, "start")
        assert (seed, offset_of(this, every)) == (case["seed"], case["offset"])
        assert (slot, due_of(slot, every, case["offset"])) == (case["slot"], case["due"])
        assert [start_after_due(seed, slot + k, every) for k in range(3)] == case["starts"]
        assert all(0 <= start < every / 5 for start in case["starts"])


def test_golden_ids_never_change():
    ids = json.loads((GOLDEN / "ids.json").read_text(encoding="utf-8"))
    for case in ids["records"]:
        parts = (case["due"], case["began"], Purpose(case["purpose"]), case["attempt"])
        assert record_id(case["agent"], Series(*case["series"]), *parts) == case["id"]
    for case in ids["events"]:
        scope = Scope(tuple(case["vantages"]), tuple(case["countries"]))
        assert event_id(case["service"], case["kind"], scope, case["onset_slot"]) == case["id"]


WEB = Series("site", "site", "https://example.org/", "http", "home", "ipv4")


def good(**changed):
    return replace(Record(WEB, due=0, began=5, seconds=1.5, timings=(), failure=None, facts=Facts()), **changed)


def test_a_fact_that_was_not_seen_is_not_written():
    assert object_of(good(), 0)["facts"] == {}
    assert object_of(good(facts=Facts(bytes_in=0, status=200)), 0)["facts"] == {"status": 200, "bytes_in": 0}


def test_a_good_record_says_that_nothing_failed():
    line = object_of(good(), 0)
    assert line["failure"] is None
    assert "of" not in line


def test_evidence_says_what_it_looks_into():
    line = object_of(good(purpose=Purpose.CONFIRM, of="5QK3"), 0)
    assert list(line).index("of") == list(line).index("purpose") + 1


def test_a_record_without_a_journal_is_stamped_when_it_ended():
    assert ended_at(good()) == 1_500_005
    assert json.loads(record_line(good()))["at"] == "1970-01-01T00:00:01.500005Z"


def test_other_scripts_stay_readable():
    line = line_of(Row(1, 0, Annotation("замедление", "оля")))
    assert line == ('{"reachd": "annotation/1", "at": "1970-01-01T00:00:00Z", "text": "замедление", "author": "оля"}')


def test_nothing_that_is_no_json_is_ever_written():
    with pytest.raises(ValueError, match="JSON"):
        line_of(Row(1, 0, ClockStep(float("nan"))))


def test_a_change_after_nothing_has_null_before():
    change = Change(WEB, 7, Direction.DOWN, "tcp", "generic_timeout_error", 0, 7, 0.9, ("A",))
    assert object_of(change, 9)["before"] is None
    assert row_of(line_of(Row(1, 9, change)), 1).body == change
