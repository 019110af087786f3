"""The plain words of trouble stand for failures that the detector knows a mechanism of."""

import pytest

from daemon.detect.mechanism import mechanism_of
from daemon.stories.ways import PHASES, WAYS
from probes.record import Failure, Record, Series

MECHANISMS = {
    "name denied": "dns.nxdomain",
    "denial forged": "dns.rewrite",
    "resolver silent": "dns.timeout",
    "connection dropped": "tcp.drop",
    "connection refused": "tcp.reset",
    "handshake reset": "tls.reset",
    "handshake dropped": "tls.drop",
    "certificate expired": "certificate",
    "certificate of a stranger": "certificate",
    "error page": "status",
    "block page": "http.blockpage",
}


@pytest.mark.parametrize(("words", "mechanism"), MECHANISMS.items())
def test_words_mean_what_the_record_then_says(words: str, mechanism: str) -> None:
    way = WAYS[words]
    assert way.phase is not None
    assert way.kind is not None
    series = Series("s", "web", "https://a.example/", "http", "v", "ipv4")
    record = Record(series, 0, 0, 0.1, (), Failure(way.phase, way.kind), way.facts)
    assert mechanism_of(record) == mechanism


def test_all_other_words_fail_nothing() -> None:
    assert {words for words, way in WAYS.items() if way.phase is None} == WAYS.keys() - MECHANISMS.keys()


def test_every_failing_way_is_met_by_some_probe() -> None:
    met = {phase for phases in PHASES.values() for phase in phases}
    assert {way.phase for way in WAYS.values() if way.phase} <= met
