"""A vantage as detection sees it: what its lines carry, and its signs of life."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Line:
    """What a vantage can carry in one family (or in all: the family is empty). Moments in microseconds."""

    answered: int = 0
    """Began of the newest good record of any series."""
    suspect: bool = False
    """Its controls mostly fail."""
    clear: int = 0
    """What begins before this counts nothing: the line was suspect, and three probes are let go by."""


@dataclass(slots=True)
class Watch:
    """A vantage: its lines and its signs of life."""

    lines: dict[str, Line] = field(default_factory=lambda: {"": Line()})
    control: bool | None = None
    """What the last heartbeat said."""
    life: int = 0
    """When it was last heard of, 0 if its silence would mean nothing."""
    lived: int = 0
    """The time lived through until then."""
    silent: int = 0
    """When it was last heard of before its silence, 0 if it is not silent."""
    woke: int = 0
    """When its last silence ended."""
