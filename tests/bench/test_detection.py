"""The simulator keeps its laws: the same by seed, in order, true to its labels; and scoring counts as it says."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from bench.detection.__main__ import arguments, seeds
from bench.detection.draw import DAY, MIXES, truths
from bench.detection.figures import FIGURES, figures, quantile, table
from bench.detection.found import Found
from bench.detection.run import Setting, simulate
from bench.detection.scoring import Score, match, score
from bench.detection.stream import Stream
from bench.detection.truth import BENIGN, OWN, Truth, Wave
from bench.detection.world import SECOND, START, World, world
from daemon.rows import PlanRow
from probes.record import Kind, Phase, Record, Series

SMALL = world(6)
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


def series_of(service: str, *vantages: str) -> frozenset[Series]:
    return frozenset(one for one in SMALL.by_series if one.service == service and one.vantage in vantages)


def a_block(*vantages: str, **changes: object) -> Truth:
    """Telegram is dropped from the first hour to the second."""
    reached = series_of("telegram", *vantages)
    since = START + HOUR
    made = Truth(0, "block", "telegram", "tcp.drop", (Wave(since, reached),), since, since + HOUR, "sharp", Phase.TCP)
    return replace(made, failure="generic_timeout_error", **changes)  # type: ignore[arg-type]


def records(here: World, happened: tuple[Truth, ...], days: float = 0.1, seed: int = 1) -> list[Record]:
    return [row.body for row in Stream(here, happened, seed).rows(days) if isinstance(row.body, Record)]


# ---- what is drawn ----


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize("seed", [1, 2])
def test_truths_are_the_same_by_seed_and_inside_the_horizon(mix: str, seed: int) -> None:
    drawn = truths(SMALL, seed, 10, mix)
    assert drawn == truths(SMALL, seed, 10, mix)
    assert drawn != truths(SMALL, seed + 1, 10, mix)
    assert all(START < one.onset < one.end <= START + 10 * DAY and one.series for one in drawn)
    assert {one.kind for one in drawn} >= {"block", OWN, BENIGN}


def test_no_two_disruptions_of_one_service_or_place_touch() -> None:
    drawn = [one for one in truths(SMALL, 3, 30, "default") if one.kind != BENIGN]
    for service in {one.service for one in drawn}:
        spans = sorted((one.onset, one.end) for one in drawn if one.service == service and service)
        assert all(first[1] < second[0] for first, second in pairwise(spans))


# ---- what is told ----


def test_a_stream_is_the_same_by_seed_and_in_order() -> None:
    happened = (a_block("ru-msk-a"),)
    told = list(Stream(SMALL, happened, 5).rows(0.02))
    assert told == list(Stream(SMALL, happened, 5).rows(0.02))
    assert told != list(Stream(SMALL, happened, 6).rows(0.02))
    assert isinstance(told[0].body, PlanRow)
    assert [row.seq for row in told] == list(range(1, len(told) + 1))
    assert [row.at for row in told] == sorted(row.at for row in told)


def test_every_series_has_a_record_a_minute() -> None:
    counts = Counter(record.series for record in records(SMALL, (), days=1 / 24))
    assert counts.keys() == SMALL.by_series.keys()
    assert set(counts.values()) <= {59, 60, 61}


def test_a_block_hits_its_series_and_no_other() -> None:
    told = records(SMALL, (a_block("ru-msk-a"),))
    failed = Counter(
        record.series
        for record in told
        if record.failure and START + HOUR <= record.began < START + 2 * HOUR and record.failure.kind is not Kind.LOCAL
    )
    assert all(failed[series] >= 58 for series in series_of("telegram", "ru-msk-a"))
    assert all(failed[series] < 30 for series in SMALL.by_series.keys() - series_of("telegram", "ru-msk-a"))


def test_a_throttle_slows_the_late_phases_only() -> None:
    slow = a_block("ru-msk-a", kind="throttle", slowing=5.0, share=0.0)
    told = [one for one in records(SMALL, (slow,)) if one.series in slow.series and one.failure is None]
    during = [one for one in told if slow.onset <= one.began < slow.end and one.series.probe == "tls"]
    before = [one for one in told if one.began < slow.onset and one.series.probe == "tls"]
    tcp, tls = ([max(one.timings[part].seconds for one in some) for some in (before, during)] for part in (1, 2))
    assert tcp[1] < 2 * tcp[0]
    assert tls[1] > 2.5 * tls[0]


def test_a_silent_place_tells_nothing() -> None:
    reached = frozenset(one for one in SMALL.by_series if one.vantage == "ru-msk-a")
    gone = a_block("ru-msk-a", kind=OWN, service=None, silent=True, waves=(Wave(START + HOUR, reached),))
    told = [one for one in records(SMALL, (gone,)) if gone.onset <= one.began < gone.end]
    assert {one.series.vantage for one in told} == {spot.name for spot in SMALL.spots} - {"ru-msk-a"}


def test_strength_of_a_ramp_and_of_a_flap() -> None:
    ramp, flap = a_block("ru-msk-a", ramp=HOUR), a_block("ru-msk-a", pulse=10 * MINUTE)
    assert ramp.strength(ramp.onset + HOUR // 2) == pytest.approx(0.5, abs=0.01)
    assert [flap.strength(flap.onset + minute * MINUTE) for minute in (5, 15, 25)] == [1.0, 0.0, 1.0]
    assert ramp.strength(ramp.end) == 0.0


# ---- how it is judged ----


def said(minutes: float = 62, **changes: object) -> Found:
    """The block, two minutes after its onset."""
    at = START + round(minutes * MINUTE)
    made = Found("block", "telegram", "tcp.drop", frozenset({"ru-msk-a"}), START + HOUR, at, START + 2 * HOUR)
    return replace(made, **changes)  # type: ignore[arg-type]


def judged(*found: Found, happened: tuple[Truth, ...] | None = None) -> Score:
    return score(found, happened or (a_block("ru-msk-a"),), {0: 60.0}, 1.0)


def test_a_right_event_is_right_in_everything() -> None:
    (one,) = (result := judged(said())).outcomes
    assert (one.right, one.mechanism, one.delay, one.onset_error, one.end_error, one.jaccard) == (
        *(True, True, 120.0),
        *(0.0, 0.0, 1.0),
    )
    assert (result.events, result.false) == (1, 0)
    assert figures([result])["median / bound"] == 2.0


def test_an_event_elsewhere_later_or_of_another_service_is_false() -> None:
    others = (
        said(vantages=frozenset({"nl-ams-c"})),
        said(minutes=140),
        said(minutes=30),
        said(service="whatsapp"),
    )
    for other in others:
        result = judged(other)
        assert (result.false, result.outcomes[0].events) == (1, 0)
        assert figures([result])["recall, right kind"] == 0


def test_the_first_word_is_judged_beside_the_last() -> None:
    (one,) = judged(said(first=said(kind="unreachable"))).outcomes
    assert (one.right, one.first_right) == (True, False)


def test_two_events_of_one_disruption_are_counted() -> None:
    assert figures([judged(said(), said(minutes=70))])["events / disruption"] == 2


def test_our_own_fault_called_a_block_is_false_and_wrongly_named() -> None:
    own = a_block("ru-msk-a", kind=OWN, service=None, mechanism="")
    wrong, right = judged(said(), happened=(own,)), judged(said(kind=OWN, service=None), happened=(own,))
    assert (wrong.false, wrong.wrongly, right.false, right.wrongly) == (1, 1, 0, 0)
    assert figures([right])["own faults named"] == 1


def test_a_look_alike_excuses_nothing() -> None:
    spell = a_block("ru-msk-a", kind=BENIGN, service=None)
    result = judged(said(), happened=(spell,))
    assert (result.false, result.alike, result.outcomes) == (1, 1, ())


def test_a_detector_without_kinds_must_name_the_places() -> None:
    wide = frozenset({"ru-msk-a", "ru-msk-b", "nl-ams-c"})
    assert judged(said(kind="")).outcomes[0].right
    assert not judged(said(kind="", vantages=wide)).outcomes[0].right


def test_the_nearest_truth_is_the_match() -> None:
    wide = a_block("ru-msk-a", "nl-ams-c", name=1)
    assert match(said(vantages=frozenset({"ru-msk-a", "nl-ams-c"})), (a_block("ru-msk-a"), wide)) == wide


def test_figures_of_nothing_are_no_numbers() -> None:
    assert quantile((), 0.5) is None
    assert quantile((3.0, None, 1.0, 2.0), 0.5) == 2.0
    assert table({"sent": [judged()]})[0] == ("figure", "sent")
    assert len(table({"sent": [judged()]})) == 1 + len(FIGURES)


# ---- all together ----


def test_a_small_stream_goes_past_all_detectors() -> None:
    result = simulate(Setting(1, days=0.3, vantages=6))
    assert set(result.scores) >= {"sent", "shown", "3 in a row", "hourly CUSUM"}
    assert result.rows > 60 * 24 * 0.3 * len(SMALL.by_series)


def test_the_command_line() -> None:
    assert seeds("1-3,7") == [1, 2, 3, 7]
    asked = arguments(["--seeds", "2", "--mix", "hard", "--every", "10"])
    assert (asked.seeds, asked.mix, asked.every, asked.days) == ([2], "hard", 10, 3.0)
