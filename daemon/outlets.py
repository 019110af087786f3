"""The sinks that a configuration asks for, found by a scan of their folder: a new one is a new file there."""

import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from config.document import Document
from daemon.fitness import Finding
from daemon.follower import Follower
from probes.clock import Clock

FOLDER = "daemon.sinks"
Look = Callable[[Clock], Awaitable[Finding]]


class Sink(Follower, Protocol):
    """A follower that writes elsewhere, and counts what it did there."""

    def measured(self) -> Mapping[str, float]:
        """For the daemon's own health: its counts, each name ending in its unit."""
        ...


Connect = Callable[[Clock], AbstractAsyncContextManager[Sink]]


@dataclass(frozen=True, slots=True)
class Outlet:
    """One destination as configured: equal marks mean that nothing changed."""

    name: str
    mark: str
    connect: Connect
    look: Look
    """For the doctor: does it answer, and may we write?"""
    linger: float = 0.0
    """Seconds that it lets rows gather after a batch that was not full."""


def outlets(document: Document) -> dict[str, Outlet]:
    """Every module of the folder that has `outlet(document)` is asked; None means that it is not configured."""
    found = (
        import_module(f"{FOLDER}.{module.name}") for module in pkgutil.iter_modules(import_module(FOLDER).__path__)
    )
    asked = (module.outlet(document) for module in found if hasattr(module, "outlet"))
    return {outlet.name: outlet for outlet in asked if outlet is not None}
