"""The receivers of alerts: what each was told last, what holds it up now, and who was told of an event."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daemon.alerts.channel import PREFIX
from daemon.journal.reader import Reader
from daemon.rows import Delivery

LOOKED_AT = 2_000
"""Newest deliveries that are looked at."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """One `[alerts.NAME]` at a moment."""

    name: str
    waiting: int | None
    """Messages that are not delivered yet; None if the daemon does not tell."""
    holding: str
    """What keeps it, in words; empty if nothing does."""
    refused: bool
    """The receiver answers, and wants none of it."""
    last: tuple[int, Delivery] | None
    """The newest that was delivered."""
    lost: tuple[int, Delivery] | None
    """The newest that was given up."""


def deliveries(reader: Reader) -> list[tuple[int, Delivery]]:
    """What became of the newest messages, the newest first, with the stamps."""
    rows = reader.newest("delivery", LOOKED_AT)
    return [(row.at, row.body) for row in rows if isinstance(row.body, Delivery)]


def of_event(reader: Reader, event: str) -> list[tuple[int, Delivery]]:
    """Who was told of an event, the newest first."""
    return [one for one in deliveries(reader) if one[1].event == event]


def receivers(status: Mapping[str, Any], told: list[tuple[int, Delivery]]) -> list[Receiver]:
    """Those that the daemon has, by name."""
    figures = status.get("figures", {})
    return [
        _receiver(name.removeprefix(PREFIX), standing, figures, told)
        for name, standing in sorted(status.get("followers", {}).items())
        if name.startswith(PREFIX)
    ]


def _receiver(
    name: str, standing: Mapping[str, Any], figures: Mapping[str, float], told: list[tuple[int, Delivery]]
) -> Receiver:
    waiting = figures.get(f"alert_{name.replace('-', '_')}_waiting_messages")
    mine = [one for one in told if one[1].channel == name]
    return Receiver(
        name,
        None if waiting is None else round(waiting),
        standing["holding"] or standing["error"],
        standing["alarm"],
        next((one for one in mine if one[1].outcome == "delivered"), None),
        next((one for one in mine if one[1].outcome == "given_up"), None),
    )
