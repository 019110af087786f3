"""What a closer look adds to an event: a suffix, and a block where only one country is looked from."""

import pytest

from daemon.detect.proof import BY_NAME, HELLO, SAYS_NOTHING, in_path, latest, proved
from daemon.detect.saved import pack_track, track_from, unpack
from daemon.detect.series import Track
from daemon.detect.state import Detection
from daemon.rows import Event
from probes.diagnosis import Arm, Cell, Diagnosis, Finding
from tests.lab.diagnosing import looked_into, matrix_of
from tests.lab.story import DROP, HOUR, SECOND, TLS_RESET, How, Story, detect, events, messengers

CHAT = "mmg.whatsapp.net:443"


def alone(how: How = TLS_RESET) -> Story:
    """One place, from where media fails after an hour."""
    return messengers(Story().vantage("ru1", "RU", 12389)).fails(how, HOUR, endpoint=CHAT)


def told(story: Story, finding: Finding, moment: float = HOUR + 90, until: float = 2 * HOUR) -> list[Event]:
    """The events of a story in which a closer look finds this at that moment."""
    found = Diagnosis(finding, (Cell(Arm.ORIGINAL, 0.0, 0.1),))
    return events(looked_into(story.rows(until), found, moment))


def last(story: Story, finding: Finding, **when: float) -> Event:
    return told(story, finding, **when)[-1]


# ---- the rule --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("finding", list(Finding))
@pytest.mark.parametrize("mechanism", [*sorted(HELLO), "tcp.drop", "dns.nxdomain", "tls.mitm", "certificate", "tls"])
def test_only_a_proved_name_and_only_a_hello_get_the_suffix(finding: Finding, mechanism: str) -> None:
    expected = f"{mechanism}.sni" if finding in BY_NAME and mechanism in HELLO else mechanism
    assert proved(finding, mechanism) == expected


def test_a_name_that_fails_only_at_its_own_address_proves_nobody_in_the_path() -> None:
    assert [finding for finding in Finding if in_path(finding)] == [Finding.SNI, Finding.SNI_OR_ADDRESS]
    assert not in_path("")


@pytest.mark.parametrize("finding", sorted(SAYS_NOTHING))
def test_a_look_that_shows_nothing_takes_nothing_back(finding: Finding) -> None:
    assert latest(Finding.SNI, finding) == "sni"


def test_a_look_that_shows_something_else_replaces_what_was_known() -> None:
    assert latest(Finding.SNI, Finding.ADDRESS) == "address"


# ---- in an event -----------------------------------------------------------------------------------------------------


def test_one_place_alone_cannot_tell_a_block_from_an_outage() -> None:
    event = events(alone().rows(2 * HOUR))[-1]
    assert (event.kind, event.mechanism) == ("unreachable", "tls.reset")


@pytest.mark.parametrize("finding", sorted(BY_NAME))
def test_a_proof_in_the_path_makes_it_a_block(finding: Finding) -> None:
    event = last(alone(), finding)
    assert (event.kind, event.mechanism) == ("block", "tls.reset.sni")
    assert "reset in the TLS handshake when the name is shown, also at an innocent address" in event.summary


@pytest.mark.parametrize("finding", sorted(set(Finding) - BY_NAME))
def test_any_other_finding_leaves_it_as_it_was(finding: Finding) -> None:
    event = last(alone(), finding)
    assert (event.kind, event.mechanism) == ("unreachable", "tls.reset")


def test_a_proof_about_names_says_nothing_of_what_fails_before_a_hello() -> None:
    assert last(alone(DROP), Finding.SNI).mechanism == "tcp.drop"


def test_the_record_of_the_look_is_evidence() -> None:
    event = last(alone(), Finding.SNI)
    without = events(alone().rows(2 * HOUR))[-1]
    assert len(set(event.evidence) - set(without.evidence)) == 1


def test_a_look_that_comes_later_changes_the_event_in_a_revision() -> None:
    found = told(alone(), Finding.SNI, moment=1.5 * HOUR)
    assert {event.id for event in found} == {found[0].id}
    assert [(event.kind, event.mechanism) for event in found][-1] == ("block", "tls.reset.sni")
    assert found[0].kind == "unreachable"


def test_a_look_at_an_earlier_disruption_proves_nothing_of_this_one() -> None:
    story = messengers(Story().vantage("ru1", "RU", 12389)).fails(TLS_RESET, HOUR, HOUR + 600, endpoint=CHAT)
    story.fails(TLS_RESET, 4 * HOUR, endpoint=CHAT)
    event = last(story, Finding.SNI, until=5 * HOUR)
    assert (event.kind, event.mechanism) == ("unreachable", "tls.reset")


def test_what_was_proved_survives_a_restart() -> None:
    series = alone().series()[0]
    track = Track("c", 60 * SECOND, 130 * SECOND, proof="sni")
    assert track_from(unpack("series", pack_track(series, track))) == (series, track)


def test_a_look_moves_no_baseline() -> None:
    rows = alone().rows(2 * HOUR)
    plain, looked = Detection(), Detection()
    detect(rows, plain)
    detect(looked_into(rows, matrix_of("mmg.whatsapp.net"), HOUR + 90), looked)
    numbers = ("weight", "flakes", "n", "ok", "bads", "mix", "due", "last", "fails", "first_bad", "before")
    for series, track in plain.tracks.items():
        assert [getattr(track, name) for name in numbers] == [getattr(looked.tracks[series], name) for name in numbers]
