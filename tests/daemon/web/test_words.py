"""Words for people: a sentence can be read aloud, a span has two units at most, a state has a shape."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.rows import Event
from daemon.web import words
from probes.record import Kind, Phase
from tests.lab.paging import TITLES
from tests.lab.story import block, february, the_event


@pytest.fixture(scope="module")
def event() -> Event:
    return the_event(block(february(), "ru1 ru2", 600).rows(1_800))


def test_the_sentence_can_be_read_aloud(event: Event) -> None:
    assert words.sentence(event, TITLES) == (
        "WhatsApp chat and media: no TCP connection from RU (2 of 2 vantages) since 20:10 UTC; "
        "web: the name does not exist at its resolver; MAX and Controls reachable; consistent with blocking"
    )


def test_its_moments_can_be_told_in_local_time(event: Event) -> None:
    said = words.spoken(event, TITLES)
    assert re.sub("<[^>]+>", "", said) == words.sentence(event, TITLES)
    assert '<time datetime="2026-02-11T20:10:00Z" data-form="clock">20:10</time><span class="utc"> UTC</span>' in said


def test_a_moment_that_is_not_the_events_own_stays_and_hostile_words_are_text(event: Event) -> None:
    said = words.spoken(replace(event, summary="<b> ended 03:03 UTC", ended=event.onset[1] + 3_600_000_000), {})
    assert said == "&lt;b&gt; ended 03:03 UTC"
    ended = words.spoken(replace(event, summary="x; ended 21:10 UTC", ended=event.onset[1] + 3_600_000_000), {})
    assert ">21:10</time>" in ended


def test_without_titles_it_is_the_summary(event: Event) -> None:
    assert words.sentence(event, {}) == event.summary


def test_a_title_takes_no_other_word(event: Event) -> None:
    said = words.sentence(event, {"web": "THE WEB", "chat": "CHAT", "whatsapp": "W"})
    assert said == event.summary.replace("whatsapp", "W")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (660, "11 min"),
        (3_600, "1 h"),
        (7_500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
        (-61, "1 min 1 s"),
    ],
)
def test_spans(seconds: int, shown: str) -> None:
    assert words.span(seconds * 1_000_000) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(0.0042, "4.2 ms"), (0.084, "84 ms"), (1.26, "1.3 s")])
def test_durations_of_measurements(seconds: float, shown: str) -> None:
    assert words.milliseconds(seconds) == shown


@pytest.mark.parametrize(("count", "shown"), [(12, "12 B"), (12_000, "12 kB"), (3e6, "3 MB"), (3.21e10, "32.1 GB")])
def test_sizes(count: float, shown: str) -> None:
    assert words.size(count) == shown


@pytest.mark.parametrize(("sure", "word"), [(0.95, "sure"), (0.75, "fairly sure"), (0.3, "unsure")])
def test_how_sure(sure: float, word: str) -> None:
    assert words.sureness(sure).startswith(f"{word} (")


def test_a_moment_is_a_time_element_in_utc() -> None:
    said = words.stamp(1_770_840_011_300_000, "second")
    assert 'datetime="2026-02-11T20:00:11.3Z"' in said
    assert said.endswith(">20:00:11</time>")
    assert words.stamp(None) == "never"
    assert words.micros("2026-02-11T20:00:11.3Z") == 1_770_840_011_300_000


def test_every_state_has_a_shape_of_its_own_and_its_word() -> None:
    style = (Path(words.__file__).parent / "static" / "style.css").read_text()
    shapes = {
        name: re.search(rf'\.state\.{name}::before.*?content: "(.)', style) for name in ("ok", "degraded", "down")
    }
    plain = re.search(r'\.state::before \{ content: "(.)', style)
    assert plain is not None
    assert len({plain[1], *(found[1] for found in shapes.values() if found)}) == 4
    assert words.shape("no data") == '<span class="state no-data">no data</span>'


def test_failures_are_named_by_pairs_that_exist() -> None:
    pairs = {f"{phase}: {kind}" for phase in Phase for kind in Kind}
    assert words.FAILURES.keys() <= pairs
    assert words.failure("app: http_junk") == "app: http junk"
