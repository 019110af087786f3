"""A diagnosis for people: every finding has a sentence that names what was compared."""

import pytest

from daemon.diagnose_words import ARMS, SENTENCES, came_of, lines, sentence
from probes.diagnosis import Arm, Cell, Diagnosis, Finding

RESET = {"phase": "tls", "kind": "connection_reset"}
WHATSAPP = {"name": "web.whatsapp.com", "address": "157.240.205.60", "port": 443}
MATRIX = (
    Cell(Arm.CONTROL, 0.0, 0.05, name="example.com", address="185.15.59.224", port=443),
    Cell(Arm.NAME, 0.1, 0.05, name="example.com", address="157.240.205.60", port=443),
    Cell(Arm.ORIGINAL, 0.2, 0.05, **WHATSAPP, **RESET),  # type: ignore[arg-type]
    Cell(Arm.PLACE, 0.3, 0.05, name="web.whatsapp.com", address="185.15.59.224", port=443, **RESET),  # type: ignore[arg-type]
)


def test_a_filter_on_the_name_is_explained() -> None:
    assert sentence(Diagnosis(Finding.SNI, MATRIX)) == (
        "reset in phase tls when the name web.whatsapp.com is in the hello, whatever the address; "
        "the same address answers to example.com: consistent with a filter on the name"
    )


def test_an_open_way_is_named() -> None:
    other = Cell(Arm.ADDRESS, 0.3, 0.05, name="web.whatsapp.com", address="2001:db8::1", port=443)
    said = sentence(Diagnosis(Finding.ADDRESS, (MATRIX[2], other)))
    assert said == (
        "reset in phase tls at 157.240.205.60, while another address ([2001:db8::1]:443) answers: "
        "it is the address that fails"
    )


def test_turns_are_counted() -> None:
    good = Cell(Arm.ORIGINAL, 0.3, 0.05, **WHATSAPP)  # type: ignore[arg-type]
    assert "reset in phase tls in 1 of 2 attempts" in sentence(Diagnosis(Finding.FLAKY, (MATRIX[2], good)))


@pytest.mark.parametrize("finding", list(Finding))
@pytest.mark.parametrize("cells", [(), MATRIX, MATRIX[:1]])
def test_every_finding_has_a_sentence_whatever_was_measured(finding: Finding, cells: tuple[Cell, ...]) -> None:
    said = sentence(Diagnosis(finding, cells))
    assert said
    assert "{" not in said
    assert not said.endswith(".")


def test_every_word_has_words() -> None:
    assert set(ARMS) == set(Arm)
    assert set(SENTENCES) == set(Finding)


def test_a_table_has_a_line_for_each_cell() -> None:
    found = lines(Diagnosis(Finding.SNI, MATRIX))
    assert [(line.what, line.name, line.place, line.came, line.good) for line in found][1:3] == [
        ("innocuous name, same address", "example.com", "157.240.205.60:443", "answered", True),
        ("as it is measured", "web.whatsapp.com", "157.240.205.60:443", "tls: connection_reset", False),
    ]


def test_a_resolver_has_no_port() -> None:
    (line,) = lines(Diagnosis(Finding.WELL, (Cell(Arm.ORIGINAL, 0.0, 0.1, name="example.com", address="8.8.8.8"),)))
    assert line.place == "8.8.8.8"


def test_an_alert_is_an_answer() -> None:
    alert = Cell(Arm.NAME, 0.0, 0.1, phase="tls", kind="ssl_failed_handshake", alert=40)
    assert came_of(alert) == "tls: answered with an alert 40"
