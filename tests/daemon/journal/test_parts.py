"""The repeating parts of a record: every fact has a place in exactly one, and content survives the way through JSON."""

import json
from dataclasses import fields, replace

import pytest
from hypothesis import given

from daemon.journal import parts
from daemon.journal.parts import Named, Odd, Page, Setup, content_of, failure_of, key_of, keys, part_of, to_text
from probes.record import Answer, Facts, Failure, Kind, Phase, Record
from tests.lab.journal_rows import records
from tests.lab.samples import record

PLAIN = (int, str, bool, type(None), tuple)


@given(records)
def test_keys_come_back_from_their_text(one):
    for key in keys(one):
        assert key_of(json.loads(to_text(key))) == key


@given(records)
def test_parts_hold_the_failure_and_the_run(one):
    setup, named, page, odd = (part_of(json.loads(to_text(key))) for key in keys(one))
    assert isinstance(setup, Setup)
    assert isinstance(named, Named)
    assert isinstance(page, Page)
    assert isinstance(odd, Odd)
    assert failure_of(setup, odd) == one.failure
    assert setup.run == (one.purpose, one.attempt, one.agent, one.config, one.version)
    assert odd.of == one.of
    assert len(named.said) == len(one.facts.answers)


def test_every_fact_is_in_one_part():
    """A new field of Facts is set-up by itself; this fails if it was forgotten or is kept twice."""
    everywhere = [*parts.VOLATILE, *parts._NAMED, *parts._PAGE, *parts._ODD, *parts._SETUP, "diagnosis", "extra"]
    assert sorted(everywhere) == sorted(field.name for field in fields(Facts))


def test_every_field_of_a_record_has_a_place():
    placed = {*parts._RUN, "of", "series", "due", "began", "seconds", "timings", "failure", "facts"}
    assert placed == {field.name for field in fields(Record)}


def test_content_of_facts_is_of_plain_types_only():
    """Of anything else (a nested dataclass, a float) the way through JSON would make another thing."""
    good = record(failure=Failure(Phase.TLS, Kind.RESET, "x"), facts=Facts(answers=(Answer(0.1, "NOERROR"),)))
    for key in keys(good):
        assert all(isinstance(value, PLAIN) for value in key), key
    annotated = {field.name: str(field.type) for field in fields(Facts) if field.name in parts._SETUP}
    assert not {name: kind for name, kind in annotated.items() if "float" in kind or "Info" in kind}


def test_records_that_differ_in_timing_only_share_all_parts():
    assert keys(record(1)) == keys(replace(record(2), seconds=9.0))


def test_defaults_are_not_written():
    content = content_of(keys(record(facts=Facts()))[1])
    assert content == {"part": "named"}


def test_an_empty_text_is_no_absent_one():
    page = keys(record(facts=Facts(server="")))[2]
    assert part_of(json.loads(to_text(page))) == Page({"server": ""})


def test_an_answer_written_before_a_field_was_added_is_readable():
    named = part_of({"part": "named", "said": [["NOERROR", ["qr"]]]})
    assert isinstance(named, Named)
    assert Answer(0.1, **named.said[0]) == Answer(0.1, "NOERROR", ("qr",))


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"part": "other"},
        {"part": ["setup"]},
        {"part": "setup"},
        {"part": "setup", "purpose": "slot", "attempt": 1, "agent": "", "config": "", "version": "", "phases": ["tea"]},
        {"part": "named", "said": 3},
        {"part": "odd", "extra": [["a"]]},
        [],
        None,
        7,
    ],
)
def test_content_that_is_none_is_an_error_of_value(content):
    with pytest.raises(ValueError, match=r"."):
        part_of(content)
