"""A line that is not ours is refused with its number, the fault and the remedy; never read by half."""

import json

import pytest

from daemon.wire import line_of
from daemon.wire_in import WireError, row_of
from probes.record import Facts, Purpose, Record, Series

SERIES = {
    "service": "site",
    "role": "site",
    "endpoint": "https://example.org/",
    "probe": "http",
    "vantage": "home",
    "family": "ipv4",
}
BARE = {
    "reachd": "record/1",
    "due": "2026-02-11T20:00:00Z",
    "began": "2026-02-11T20:00:01Z",
    "seconds": 2,
    "series": SERIES,
}
PLAN = {
    "reachd": "plan/1",
    "at": "2026-02-11T19:59:00Z",
    "vantages": {"home": {"country": "RU", "asn": 12389}},
    "services": {"site": {"side": "foreign"}},
    "assignments": [{"series": SERIES, "every": 60, "offset": 17}],
}


def body_of(line):
    return row_of(json.dumps(line), 1).body


def refusal(line, number=7):
    text = line if isinstance(line, str | bytes) else json.dumps(line)
    with pytest.raises(WireError) as caught:
        row_of(text, number)
    return str(caught.value)


def test_a_bare_record_takes_what_is_usual():
    row = row_of(json.dumps(BARE), 3)
    assert (row.seq, row.at) == (3, 1_770_840_003_000_000), "at is began + seconds"
    assert row.body == Record(Series(**SERIES), 1_770_840_000_000_000, 1_770_840_001_000_000, 2.0, (), None, Facts())
    assert body_of(BARE).purpose is Purpose.SLOT


def test_a_plan_as_the_design_writes_it_is_read():
    plan = body_of(PLAN)
    (planned,) = plan.assignments
    assert (planned.every, planned.offset, planned.timeout) == (60, 17, 10.0)
    assert plan.services == {"site": "foreign"}
    assert plan.vantages["home"].asn == 12389


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"reachd": "record/2"}, "record/2 is newer than what this reachd reads (record/1): upgrade reachd"),
        ({"reachd": "recrod/1"}, "'recrod/1' is no kind of line that reachd knows (record/1, plan/1"),
        ({"reachd": 1}, "is no kind of line that reachd knows"),
        ({"sevice": "x"}, "sevice: unknown field; correct its name or remove it"),
        ({"series": SERIES | {"colour": "red"}}, "series.colour: unknown field"),
        ({"series": {}}, "series.service: missing"),
        ({"due": "2026-02-11T20:00:00"}, "due: '2026-02-11T20:00:00' is no time like 2026-02-11T20:00:11.3Z"),
        ({"due": 1770840000}, "due: should be a time like"),
        ({"seconds": "2"}, "seconds: Input should be a valid number"),
        ({"seconds": True}, "seconds: Input should be a valid number"),
        ({"attempt": 1.5}, "attempt: Input should be a valid integer"),
        ({"purpose": "fun"}, "purpose: Input should be 'slot', 'confirm', 'diagnose' or 'manual'"),
        ({"failure": {"phase": "tcp", "kind": "tired"}}, "failure.kind: Input should be"),
        ({"failure": {"kind": "eof_error"}}, "failure.phase: missing"),
        ({"facts": {"alert": "40"}}, "facts.alert: Input should be a valid integer"),
        ({"facts": {"extra": {"a": 1}}}, "facts.extra.a: Input should be a valid string"),
        ({"timings": [{"phase": "dns", "begin": 0}]}, "timings.0.seconds: missing"),
        ({"id": "AAAAAAAAAAAAAAAA"}, "leave `id` out to have it computed"),
    ],
)
def test_a_bad_field_is_named(change, words):
    said = refusal(BARE | change)
    assert said.startswith("line 7: ")
    assert words in said


def test_a_true_id_passes_and_a_false_one_names_the_true():
    record = body_of(BARE)
    assert body_of(BARE | {"id": record.id}) == record
    assert record.id in refusal(BARE | {"id": "AAAAAAAAAAAAAAAA"})


@pytest.mark.parametrize("missing", ["due", "began", "seconds", "series"])
def test_what_makes_a_record_must_be_there(missing):
    assert f"{missing}: missing" in refusal({key: value for key, value in BARE.items() if key != missing})


def test_a_plan_must_say_when():
    assert "at: missing" in refusal({key: value for key, value in PLAN.items() if key != "at"})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "no JSON"),
        ("hello", "no JSON"),
        (json.dumps(BARE)[:60], "was the file cut off?"),
        (b"\xff\xfe{}", "no JSON"),
        ("[]", "no JSON object"),
        ("17", "no JSON object"),
        ("{}", 'no field "reachd": a line of reachd begins with one like "record/1"'),
        ('{"reachd": "clock/1", "at": "2026-02-11T20:00:00Z", "seconds": NaN}', "seconds: "),
        ('{"probe_asn": "AS12389", "test_name": "web_connectivity"}', 'no field "reachd"'),
    ],
)
def test_what_is_no_line_of_ours_is_refused(line, words):
    assert words in refusal(line)


def test_of_many_faults_the_first_are_named_and_the_rest_counted():
    said = refusal({"reachd": "record/1"})
    assert said == "line 7: due: missing; began: missing; seconds: missing; and 1 more"


def test_the_source_can_be_named():
    with pytest.raises(WireError, match=r"^old\.jsonl:7: no JSON"):
        row_of("x", 7, "old.jsonl:")


def test_what_was_read_is_written_in_full():
    line = json.loads(line_of(row_of(json.dumps(BARE), 1)))
    assert line["at"] == "2026-02-11T20:00:03Z"
    assert line["seconds"] == 2.0
    assert (line["failure"], line["facts"], line["agent"]) == (None, {}, "")
