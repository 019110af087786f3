from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from daemon.rows import Event, Row, Scope
from daemon.sinks.events import Identity, event_lines, identity, scope_name, unpack
from tests.lab.samples import EVENT, SECOND, THEN


def made(event: Event, former: Identity | None = None) -> list[str]:
    return [line.text.decode() for line in event_lines(Row(9, event.at, event), event, former)]


def heads(event: Event, former: Identity | None = None) -> list[str]:
    return [text.split(" ")[0] for text in made(event, former)]


def test_a_revision_is_a_line_of_the_log_and_the_point_of_its_event() -> None:
    log, point = made(EVENT)
    assert log.startswith("event_log,kind=block,scope=RU,service=whatsapp event_id=")
    assert log.endswith(f" {EVENT.at * 1000 + 1}")
    assert point.startswith("disruption_event,kind=block,scope=RU,service=whatsapp event_id=")
    assert point.endswith(f" {THEN * 1000}")


def test_all_that_an_event_says_is_there() -> None:
    _, point = made(replace(EVENT, reopened=THEN, ended=THEN + SECOND, state="ended"))
    for said in (
        'event_id="EVENT1",revision=1i,state="ended",state_code=0i,kind_code=1i,mechanism="tcp.drop"',
        'mechanisms="chat=tcp.drop web=dns.nxdomain"',
        "confidence=0.9",
        f"onset_ms={THEN // 1000}i,onset_latest_ms={THEN // 1000 + 10_000}i,detected_ms={THEN // 1000 + 40_000}i",
        f"reopened_ms={THEN // 1000}i,ended_ms={THEN // 1000 + 1000}i",
        'roles="chat web",vantages="ru1 ru2",countries="RU",asns="12389",endpoints="g.whatsapp.net:5222"',
        'comparators="max=reachable",n_vantages=2i,n_endpoints=1i,n_evidence=2i',
    ):
        assert said in point


def test_a_wide_event_has_no_service() -> None:
    assert heads(replace(EVENT, service=None, kind="network_outage")) == [
        "event_log,kind=network_outage,scope=RU,service=-",
        "disruption_event,kind=network_outage,scope=RU,service=-",
    ]


def test_a_revision_that_changes_no_tag_overwrites_its_point() -> None:
    later = replace(EVENT, revision=2, state="confirmed", at=EVENT.at + SECOND)
    assert len(made(later, identity(EVENT))) == 2
    assert made(later)[1].split(" ")[-1] == made(EVENT)[1].split(" ")[-1]


def test_a_revision_that_changes_the_kind_closes_the_point_left_behind() -> None:
    before = identity(replace(EVENT, kind="unreachable"))
    _, left, point = made(replace(EVENT, revision=2), before)
    assert left.startswith("disruption_event,kind=unreachable,scope=RU,service=whatsapp ")
    assert 'state="replaced",state_code=9i' in left
    assert "confidence=0.0" in left
    assert left.endswith(f" {THEN * 1000}")
    assert 'state="suspected",state_code=1i' in point


def test_an_earlier_onset_closes_the_point_at_the_old_one() -> None:
    _, left, point = made(replace(EVENT, onset=(THEN - SECOND, THEN)), identity(EVENT))
    assert left.endswith(f" {THEN * 1000}")
    assert point.endswith(f" {(THEN - SECOND) * 1000}")


def test_two_revisions_of_one_moment_are_two_lines_of_the_log() -> None:
    first, second = (made(replace(EVENT, revision=number))[0] for number in (1, 2))
    assert first.split(" ")[-1] != second.split(" ")[-1]


def test_the_scope_in_one_word() -> None:
    assert scope_name(Scope(("b", "a"), ("RU", "KZ"))) == "KZ+RU"
    assert scope_name(Scope(("b", "a"))) == "a+b"
    assert scope_name(Scope()) == ""


def test_words_newer_than_the_table_have_a_code_all_the_same() -> None:
    _, point = made(replace(EVENT, kind="throttled_twice", state="dreamt"))
    assert "state_code=99i,kind_code=99i" in point


@given(st.integers(), st.text(), st.text(), st.text())
def test_an_identity_is_saved_and_read_back(onset: int, service: str, kind: str, scope: str) -> None:
    where = Identity(onset, service, kind, scope)
    assert unpack(where.pack()) == where
