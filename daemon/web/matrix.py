"""The matrix of a closer look: names down, places across, and in each field how it went there, in order."""

from collections.abc import Mapping
from dataclasses import dataclass

from daemon.diagnose_words import ARMS, Line, lines, sentence
from probes.diagnosis import Arm, Diagnosis
from probes.record import Record, Series

MOST = 6
"""Matrices on one page."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """A closer look, ready to be drawn."""

    record: Record
    sentence: str
    places: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[Line, ...], ...]], ...]
    """A name, and for each place what came of it there: several lines where it was asked again."""


def matrices(closer: Mapping[Series, Record]) -> list[Matrix]:
    """The last closer look at each series, the largest first."""
    made = [matrix(record, found) for record in closer.values() if (found := record.facts.diagnosis) is not None]
    return sorted(made, key=lambda one: (-len(one.rows) * len(one.places), one.record.began))[:MOST]


def matrix(record: Record, diagnosis: Diagnosis) -> Matrix:
    """Lay the cells out; the target's own name and place come first."""
    told = lines(diagnosis)
    own_first = sorted(told, key=lambda line: line.what != ARMS[Arm.ORIGINAL])
    places = tuple(dict.fromkeys(line.place for line in own_first))
    rows = tuple(
        (name, tuple(_field(told, name, place) for place in places))
        for name in dict.fromkeys(line.name for line in own_first)
    )
    return Matrix(record, sentence(diagnosis), places, rows)


def _field(told: list[Line], name: str, place: str) -> tuple[Line, ...]:
    return tuple(line for line in told if (line.name, line.place) == (name, place))
