"""Adding by adding: options beside the code that reads them, found by a scan of a folder."""

import inspect
import pkgutil
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, Protocol, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from probes.record import Phase

F = TypeVar("F", bound=Callable[..., Any])


class Options(BaseModel):
    """What an operator sets for one probe or vantage; unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class ProbeOptions(Options):
    """Options of a probe type. The class variables tell the planner what a run needs and costs."""

    needs: ClassVar[frozenset[str]] = frozenset({"tcp"})
    """What the vantage must carry: `tcp`, `udp`."""
    traffic: ClassVar[int] = 1_500
    """Bytes on the wire of one good run, both ways, estimated; `reachd plan` multiplies it."""
    version: ClassVar[int] = 1
    """Raised when a change of the probe changes what its records mean."""

    def variants(self, family: str) -> Iterable[tuple[str | None, Self]]:  # noqa: ARG002  for those that differ by family
        """Split into one (endpoint name, options) for each series; None names it as the target is written."""
        yield None, self

    def contacts(self) -> tuple[str, ...]:
        """Hosts (names or addresses) that one run opens a connection to or asks; for limits."""
        return ()


class Vantage(Protocol):
    """A place and a path to send from: it opens sockets, probes never do."""

    carries: frozenset[str]
    """What it can carry: `tcp`, `udp`, `tcp_info`, `system_dns` (the machine's own resolver speaks for it)."""

    def families(self) -> frozenset[str]:
        """The address families that it can reach now: `ipv4`, `ipv6`; asked at start and every 10 minutes."""
        ...

    def open(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        """A non-blocking socket bound to this place, not connected. Raises OSError: always a fault of our own."""
        ...

    def route(self, address: str, port: int) -> tuple[str, int]:
        """Where the connect step has to connect for this destination: itself, or a proxy."""
        ...

    async def tunnel(self, sock: socket.socket, address: str, port: int, phase: Callable[[Phase], Any]) -> None:
        """Ask a proxy for the destination over a connected socket; nothing to do where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Plugin:
    """One entry of a registry: its name, the function, the options it takes."""

    name: str
    function: Callable[..., Any]
    options: type[Options]


class Registry:
    """Names to functions with options; `@REGISTRY.add` is the only way in, `scan` finds the files."""

    def __init__(self, package: str, what: str) -> None:
        """A registry of the modules in `package`; `what` is its word in messages."""
        self.package = package
        self.what = what
        self._plugins: dict[str, Plugin] = {}
        self._scanned = False

    def add(self, function: F) -> F:
        """Register a function under its own name; its last parameter's annotation is its options class."""
        options = list(inspect.get_annotations(function, eval_str=True).items())
        chosen = next(kind for name, kind in reversed(options) if name != "return")
        self._plugins[function.__name__] = Plugin(function.__name__, function, chosen)
        return function

    def scan(self) -> None:
        """Import every module of the folder once."""
        if not self._scanned:
            self._scanned = True
            for module in pkgutil.iter_modules(import_module(self.package).__path__):
                import_module(f"{self.package}.{module.name}")

    def get(self, name: str) -> Plugin | None:
        """The plugin of that name, or None."""
        self.scan()
        return self._plugins.get(name)

    def names(self) -> list[str]:
        """All names, sorted."""
        self.scan()
        return sorted(self._plugins)

    def __iter__(self) -> Iterator[Plugin]:
        """All plugins by name."""
        return (self._plugins[name] for name in self.names())


PROBES = Registry("probes.protocols", "probe type")
VANTAGES = Registry("probes.vantages", "vantage type")
