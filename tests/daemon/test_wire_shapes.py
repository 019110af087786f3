"""The forms agree with the rows: no row kind without a form, no field of a row that a form forgot."""

from dataclasses import fields

import pytest

from daemon.rows import KINDS, Annotation, Event
from daemon.wire import VERSION
from daemon.wire_shapes import SHAPES, EventShape, RecordShape
from probes.record import Record

WORDS = {f"{word}/{VERSION}": kind for kind, word in KINDS.items()}


def test_every_row_kind_has_a_form():
    assert set(SHAPES) == set(WORDS)


@pytest.mark.parametrize("word", list(SHAPES))
def test_every_field_of_a_row_is_in_its_form(word):
    shape = set(SHAPES[word].model_fields) - {"reachd", "at", "id"}
    body = {field.name for field in fields(WORDS[word])} - {"at", "id"}
    assert shape == body


@pytest.mark.parametrize("word", list(SHAPES))
def test_a_form_is_strict(word):
    config = SHAPES[word].model_config
    assert (config["extra"], config["strict"], config["allow_inf_nan"]) == ("forbid", True, False)


def test_parts_are_strict_too():
    with pytest.raises(ValueError, match="zone"):
        SHAPES["plan/1"].model_validate_json(
            '{"reachd": "plan/1", "at": "2026-02-11T20:00:00Z", "vantages": {"a": {"zone": 1}}}'
        )
    with pytest.raises(ValueError, match=r"services\.x\.side"):
        SHAPES["plan/1"].model_validate_json(
            '{"reachd": "plan/1", "at": "2026-02-11T20:00:00Z", "services": {"x": {}}}'
        )


def test_a_form_gives_the_row():
    shape = SHAPES["annotation/1"].model_validate_json(
        '{"reachd": "annotation/1", "at": "1970-01-01T00:00:00.000007Z", "text": "a"}'
    )
    row = shape.row(4)
    assert (row.seq, row.at, row.body) == (4, 7, Annotation("a"))


def test_id_is_computed_for_a_record_and_carried_by_an_event():
    assert "id" not in {field.name for field in fields(Record)}
    assert RecordShape.model_fields["id"].default == ""
    assert "id" in {field.name for field in fields(Event)}
    assert EventShape.model_fields["id"].is_required()
