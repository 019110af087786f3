"""A diagnosis goes through JSON and comes back as it was."""

import json

import pytest
from hypothesis import given

from daemon.journal.diagnoses import _FIELDS, pack, unpack
from probes.diagnosis import Arm, Cell, Diagnosis, Finding
from tests.lab.journal_rows import diagnoses

FOUND = Diagnosis(Finding.SNI, (Cell(Arm.NAME, 0.5, 0.1, "example.com", "192.0.2.1", 443, "ipv4"),))


@given(diagnoses)
def test_what_is_packed_is_unpacked_through_json(found: Diagnosis) -> None:
    assert unpack(json.loads(json.dumps(pack(found)))) == found


def test_none_is_none() -> None:
    assert pack(None) is None


def test_a_key_can_be_looked_up() -> None:
    assert hash(pack(FOUND)) == hash(pack(FOUND))


def test_every_field_of_a_cell_is_kept() -> None:
    assert tuple(Cell.__dataclass_fields__) == _FIELDS


def test_a_cell_that_was_written_before_a_field_was_added_is_read_with_its_default() -> None:
    assert unpack(["sni", ["name", 0.5, 0.1]]).cells == (Cell(Arm.NAME, 0.5, 0.1),)


def test_a_word_of_a_later_version_is_refused() -> None:
    with pytest.raises(ValueError, match="telepathy"):
        unpack(["telepathy"])
