"""The sinks and alerts that a configuration asks for, found by a scan of two folders: a new one is a new file."""

import pkgutil
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Protocol

from config.document import Document
from daemon.fitness import Finding
from daemon.follower import Follower
from probes.clock import Clock

FOLDER = "daemon.sinks"
ALERTS = "daemon.alerts"
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
    from_now: bool = False
    """One that is new to the journal begins at its end: what is past is no news."""
    trial: Look | None = None
    """For alerts: sends a test message and says what the receiver answered."""


def outlets(document: Document) -> dict[str, Outlet]:
    """Every sink and alert that is configured, by name."""
    found = [*_sinks(document), *alerts(document).values()]
    return {outlet.name: outlet for outlet in found}


def alerts(document: Document) -> dict[str, Outlet]:
    """By the name in `[alerts.NAME]`: a module of their folder has `outlet(document, name)` for those of its TYPE."""
    if not document.alerts:  # saves the imports
        return {}
    types = {module.TYPE: module for module in _modules(ALERTS) if hasattr(module, "TYPE")}
    return {name: types[alert.type].outlet(document, name) for name, alert in document.alerts.items()}


def _sinks(document: Document) -> Iterator[Outlet]:
    """Every module of their folder that has `outlets(document)` is asked for those that are configured."""
    for module in _modules(FOLDER):
        if hasattr(module, "outlets"):
            yield from module.outlets(document)


def _modules(folder: str) -> Iterator[ModuleType]:
    for module in pkgutil.iter_modules(import_module(folder).__path__):
        yield import_module(f"{folder}.{module.name}")
