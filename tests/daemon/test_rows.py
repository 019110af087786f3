"""The rows of the journal: closed, frozen, each kind with its word; the name of an event is that of its beginning."""

from dataclasses import FrozenInstanceError, fields, replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rows import KINDS, Body, Direction, Gap, Row, Scope, event_id
from tests.lab.journal_rows import others
from tests.lab.samples import EVENT, SERIES, THEN, record

WORDS = ["record", "plan", "heartbeat", "clock", "gap", "change", "event", "state", "health"]
WORDS += ["rollup", "annotation", "delivery"]
names = st.text("abc", min_size=1, max_size=3)


def test_every_kind_of_row_has_its_word() -> None:
    assert set(get_args(Body)) == set(KINDS)
    assert list(KINDS.values()) == WORDS


@given(others)
def test_no_row_can_be_changed(body: Body) -> None:
    for field in fields(body):
        with pytest.raises(FrozenInstanceError):
            setattr(body, field.name, None)


def test_a_row_is_its_place_its_stamp_and_its_body() -> None:
    row = Row(7, THEN, record())
    assert (row.seq, row.at, row.body) == (7, THEN, record())
    assert not hasattr(row, "__dict__"), "millions of rows: each has its fields and nothing else"


def test_a_gap_speaks_of_whole_slots() -> None:
    gap = Gap(SERIES, THEN, THEN + 30_000_000, 10, "down")
    assert (gap.last - gap.first) % (gap.every * 1_000_000) == 0


def test_directions_are_their_words() -> None:
    assert [str(direction) for direction in Direction] == ["down", "up", "slow"]


# ---- the name of an event ----


def test_the_name_is_stable() -> None:
    """Journals and stores are full of such names: this one was made by the first version."""
    scope = Scope(("ru1", "ru2"), ("RU",))
    assert event_id("whatsapp", "block", scope, 29_514_000) == event_id("whatsapp", "block", scope, 29_514_000)
    assert len(event_id("whatsapp", "block", scope, 29_514_000)) == 16


@given(names, names, names, st.integers(0, 2**40))
def test_each_part_of_the_beginning_makes_another_name(service: str, kind: str, vantage: str, slot: int) -> None:
    scope = Scope((vantage,), ("RU",))
    name = event_id(service, kind, scope, slot)
    others_ = {
        event_id(f"{service}x", kind, scope, slot),
        event_id(service, f"{kind}x", scope, slot),
        event_id(service, kind, Scope((f"{vantage}x",), ("RU",)), slot),
        event_id(service, kind, Scope((vantage,), ("NL",)), slot),
        event_id(service, kind, scope, slot + 1),
    }
    assert len(others_ | {name}) == 6


def test_a_wide_event_has_no_service_in_its_name() -> None:
    scope = Scope(("ru1",), ("RU",))
    assert event_id(None, "network_outage", scope, 1) == event_id("", "network_outage", scope, 1)


def test_what_a_later_revision_learns_changes_nothing_in_the_name() -> None:
    grown = replace(EVENT, scope=replace(EVENT.scope, asns=(1, 2, 3), endpoints=("a", "b")))
    assert event_id(EVENT.service, EVENT.kind, EVENT.scope, 1) == event_id(grown.service, grown.kind, grown.scope, 1)
