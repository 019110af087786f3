"""A diagnosis as a key that can be looked up and written as JSON, and back."""

from collections.abc import Sequence
from typing import Any

from probes.diagnosis import Arm, Cell, Diagnosis, Finding

_FIELDS = (
    "arm", "begin", "seconds", "name", "address", "port", "family", "phase", "kind", "alert", "bytes_in",
)  # fmt: skip
"""On disk by place: a new field goes to the end, and has a default."""


def pack(diagnosis: Diagnosis | None) -> tuple[Any, ...] | None:
    """Nested tuples of texts and numbers."""
    if diagnosis is None:
        return None
    cells = tuple(tuple(getattr(cell, name) for name in _FIELDS) for cell in diagnosis.cells)
    return (diagnosis.finding, *cells)


def unpack(packed: Sequence[Any]) -> Diagnosis:
    """The reverse; lists will do. Raises ValueError for a word that this version does not know."""
    found, *cells = packed
    return Diagnosis(Finding(found), tuple(Cell(Arm(arm), *rest) for arm, *rest in cells))
