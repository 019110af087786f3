import json
from pathlib import Path

import pytest

from daemon.rows import Event
from daemon.sinks import codes
from probes.record import Kind, Phase

GOLDEN = Path(__file__).parents[2] / "golden" / "influx_codes.json"
TABLES = {
    "results": codes.RESULTS,
    "phases": codes.PHASES,
    "event_states": codes.EVENT_STATES,
    "event_kinds": codes.EVENT_KINDS,
}


@pytest.mark.parametrize("name", TABLES)
def test_a_published_number_never_changes(name: str) -> None:
    published = json.loads(GOLDEN.read_text())[name]
    now = {str(word): code for word, code in TABLES[name].items()}
    moved = {word: (code, now.get(word)) for word, code in published.items() if now.get(word) != code}
    assert not moved, "dashboards of others rely on these numbers (published, now)"
    assert now == published, f"new words: add them to {GOLDEN.name}"


@pytest.mark.parametrize("name", TABLES)
def test_no_two_words_share_a_number(name: str) -> None:
    numbers = list(TABLES[name].values())
    assert len(set(numbers)) == len(numbers)


def test_every_kind_and_phase_has_a_number() -> None:
    assert {codes.OK, codes.SKIPPED, *Kind} == set(codes.RESULTS)
    assert {"", *Phase} == set(codes.PHASES)


def test_every_state_and_kind_that_an_event_may_have_has_a_number() -> None:
    assert Event.__dataclass_fields__["state"].type in {str, "str"}
    assert {"suspected", "confirmed", "standing", "ended"} < set(codes.EVENT_STATES)
    kinds = {"block", "throttle", "unreachable", "service_outage", "network_outage", "vantage_outage"}
    assert kinds == set(codes.EVENT_KINDS)
    assert codes.NONE_OF_THESE not in {*codes.EVENT_STATES.values(), *codes.EVENT_KINDS.values()}
