"""The published reference says what the code says."""

from pathlib import Path

from daemon.reference import page

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference.md"


def test_the_reference_is_fresh() -> None:
    published = REFERENCE.read_text(encoding="utf-8")
    assert published == page(), "stale: make reference (python -m daemon.reference > docs/reference.md)"
