"""The words of a diagnosis are a contract: in the journal, in JSON and in events."""

import pytest

from probes.diagnosis import Arm, Cell, Diagnosis, Finding
from probes.record import Facts


def test_the_words_never_change() -> None:
    assert {str(arm) for arm in Arm} == {
        "control", "original", "name", "place", "address", "port", "family", "resolver", "transport", "size",
    }  # fmt: skip
    assert {str(finding) for finding in Finding} == {
        "sni", "address", "sni_and_address", "sni_or_address", "port", "family", "resolver", "transport", "size",
        "residual", "flaky", "everything", "well", "nothing_found", "local",
    }  # fmt: skip


def test_a_diagnosis_is_a_value() -> None:
    made = [Diagnosis(Finding.WELL, (Cell(Arm.ORIGINAL, 0.0, 0.1),)) for _ in range(2)]
    assert made[0] == made[1]
    assert len(set(made)) == 1
    with pytest.raises(AttributeError):
        made[0].finding = Finding.SNI  # type: ignore[misc]


def test_a_record_has_none_unless_it_is_a_closer_look() -> None:
    assert Facts().diagnosis is None
