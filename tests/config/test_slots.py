import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.slots import SECOND, SPREAD, due_of, offset_of, slot_at, stable, start_after_due
from probes.record import Series

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "slots.json").read_text())

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x1f"), max_size=20)
series = st.builds(Series, texts, texts, texts, texts, texts, texts)
intervals = st.integers(1, 86_400)
moments = st.integers(0, 4 * 10**15)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{case['series'][2]} every {case['every']}")
def test_the_grid_never_moves(case):
    """These numbers are in journals: a change of one of them would make old and new slots disagree."""
    one = Series(*case["series"])
    every, slot = case["every"], case["slot"]
    assert stable(one, "start") == case["seed"]
    assert offset_of(one, every) == case["offset"]
    assert slot_at(case["moment"], every, case["offset"]) == slot
    assert due_of(slot, every, case["offset"]) == case["due"]
    assert [start_after_due(case["seed"], slot + k, every) for k in range(3)] == pytest.approx(case["starts"])


@given(series, intervals)
def test_an_offset_lies_within_the_interval(one, every):
    assert 0 <= offset_of(one, every) < every


@given(series, intervals, moments)
def test_the_slot_at_a_moment_is_the_last_one_due(one, every, moment):
    offset = offset_of(one, every)
    slot = slot_at(moment, every, offset)
    assert due_of(slot, every, offset) <= moment < due_of(slot + 1, every, offset)


@given(intervals, st.integers(-(10**6), 10**9), st.data())
def test_a_due_time_is_in_its_own_slot(every, slot, data):
    offset = data.draw(st.integers(0, every - 1))
    due = due_of(slot, every, offset)
    assert slot_at(due, every, offset) == slot
    assert slot_at(due - 1, every, offset) == slot - 1
    assert due % SECOND == 0


@given(series, intervals, st.integers(0, 10**9))
def test_a_start_lies_within_the_spread_after_due(one, every, slot):
    assert 0 <= start_after_due(stable(one, "start"), slot, every) < SPREAD * every


def test_starts_are_spread_evenly():
    """A beat would be seen, and the far end would feel it."""
    seed = stable(Series("s", "r", "e", "p", "v", "ipv4"), "start")
    starts = [start_after_due(seed, slot, 100) for slot in range(2_000)]
    for tenth in range(10):
        share = sum(tenth * 2 <= start < tenth * 2 + 2 for start in starts) / len(starts)
        assert 0.07 < share < 0.13


def test_offsets_of_many_series_are_spread_over_the_interval():
    offsets = [offset_of(Series("s", "chat", f"h{n}:443", "tls", "v", "ipv4"), 60) for n in range(3_000)]
    counts = [offsets.count(second) for second in range(60)]
    assert min(counts) > 20
    assert max(counts) < 90


@given(series, st.sampled_from(["service", "role", "endpoint", "probe", "vantage", "family"]), texts)
def test_every_part_of_a_series_counts(one, part, other):
    parts = {name: getattr(one, name) for name in ("service", "role", "endpoint", "probe", "vantage", "family")}
    changed = Series(**{**parts, part: other})
    assert (stable(one, "offset") == stable(changed, "offset")) == (one == changed)
