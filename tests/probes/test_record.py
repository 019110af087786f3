"""The identity of a record: what is in it, and that nothing else is."""

import dataclasses
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.record import (
    Facts,
    Failure,
    Kind,
    Phase,
    Purpose,
    Record,
    Series,
    Timing,
    content_hash,
    record_id,
    series_parts,
    short_hash,
)

SERIES = Series("whatsapp", "chat", "g.whatsapp.net:5222", "tcp", "ru1", "ipv4")
RECORD = Record(SERIES, 10, 11, 0.5, (Timing(Phase.TCP, 0.0, 0.5),), Failure(Phase.TCP, Kind.TIMEOUT), Facts())


def test_id_is_computed_from_the_six_parts_of_the_identity() -> None:
    assert RECORD.id == record_id("", SERIES, 10, 11, Purpose.SLOT, 1)


@pytest.mark.parametrize(
    "change",
    [{"due": 12}, {"began": 12}, {"purpose": Purpose.CONFIRM}, {"attempt": 2}, {"agent": "msk"}]
    + [{"series": dataclasses.replace(SERIES, **{field.name: "other"})} for field in dataclasses.fields(Series)],
)
def test_each_part_of_the_identity_changes_the_id(change) -> None:
    assert dataclasses.replace(RECORD, **change).id != RECORD.id


@pytest.mark.parametrize("change", [{"seconds": 1.0}, {"failure": None}, {"facts": Facts(status=200)}, {"config": "x"}])
def test_what_was_seen_does_not(change) -> None:
    assert dataclasses.replace(RECORD, **change).id == RECORD.id


def test_values_are_frozen() -> None:
    for value, name in [(RECORD, "due"), (RECORD.facts, "status"), (SERIES, "service"), (RECORD.timings[0], "begin")]:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, 5)


def test_the_six_fields_of_a_series_are_in_the_order_of_the_contract() -> None:
    assert series_parts(SERIES) == dataclasses.astuple(SERIES)


@given(st.lists(st.text(st.characters(exclude_characters="\x1f", exclude_categories=["Cs"])), min_size=1))
def test_a_short_hash_is_sixteen_letters(parts: list[str]) -> None:
    made = short_hash(*parts)
    assert len(made) == 16
    assert set(made) <= set(string.ascii_uppercase + "234567")
    assert made == short_hash(*parts)


def test_where_one_part_ends_counts() -> None:
    assert short_hash("ab", "c") != short_hash("a", "bc")


@given(st.binary(), st.binary())
def test_content_is_named_by_what_it_is(one: bytes, other: bytes) -> None:
    assert (content_hash(one) == content_hash(other)) == (one == other)
