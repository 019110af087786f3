"""One line for one truth about the network: `await check(reset_after_hello, expect=(Phase.TLS, Kind.RESET))`."""

from dataclasses import replace
from typing import Any

from probes.clock import SystemClock
from probes.plugin import PROBES, VANTAGES, Plugin, Registry, Vantage
from probes.record import Kind, Phase, Record, Series, TcpInfo
from probes.run import Attempt, World, perform
from tests.lab.certificates import lab_trusts
from tests.lab.servers import Server, serve

Outcome = tuple[Phase, Kind]
SLOW = 5.0
"""Seconds for what has to come: a machine under load is no reason to fail."""
SILENCE = 0.3
"""Seconds for what must not come."""


def direct() -> Vantage:
    """This machine."""
    found = plugin("direct", VANTAGES)
    made: Vantage = found.function(found.options())
    return made


def world(**changes) -> World:
    """The system clock, no limits, the lab's trust sets."""
    return replace(World(SystemClock(), trust=lab_trusts()), **changes)


def attempt(probe: str, target: str, *, timeout: float = SLOW, family: str = "ipv4", **options) -> Attempt:
    """An attempt to measure a target."""
    kind: type[Any] = plugin(probe).options
    if "trust" in kind.model_fields:
        options = {"trust": "lab", **options}
    series = Series("service", "role", target, probe, "here", family)
    return Attempt(series, kind(target=target, **options), due=1_770_000_000_000_000, timeout=timeout)


async def measure(probe: str, target: str, vantage: Vantage | None = None, **settings) -> Record:
    """Measure a target once, from this machine unless a vantage is given; settings are those of `attempt`."""
    return await perform(plugin(probe), attempt(probe, target, **settings), vantage or direct(), world())


def plugin(name: str, registry: Registry = PROBES) -> Plugin:
    """A probe type, or a vantage type."""
    found = registry.get(name)
    assert found, name
    return found


def detail(record: Record) -> str:
    """What the failure of a run says to people."""
    assert record.failure, record
    return record.failure.detail


def tcp(record: Record) -> TcpInfo:
    """The kernel's account of the connection."""
    assert record.facts.tcp, record
    return record.facts.tcp


def within_last_phase(record: Record) -> bool:
    """True if the first byte came while the last phase went on."""
    last = record.timings[-1]
    return record.facts.first_byte is not None and 0 < record.facts.first_byte - last.begin < last.seconds


def outcome(record: Record) -> Outcome | None:
    """How a run ended: None is well."""
    return (record.failure.phase, record.failure.kind) if record.failure else None


def target_of(server: Server, port: int, host: str = "127.0.0.1", path: str = "/") -> str:
    """How the probe type that meets a server writes its target."""
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if server.probe != "http":
        return place
    return f"{'https' if server.certificate else 'http'}://{place}{path}"


async def check(served: Server, expect: Outcome | None = None, /, *, options: dict | None = None, **facts) -> Record:
    """Have a server measured by the probe type that meets it; compare how the run ended, and these facts.

    A run that is to end in silence gets a short deadline. A fact in `extra` is named as it is there.
    """
    timeout = SILENCE if expect and expect[1] is Kind.TIMEOUT else SLOW
    async with serve(served) as port:
        record = await measure(served.probe, target_of(served, port), timeout=timeout, **(options or {}))
    assert outcome(record) == expect, record
    seen = {name: getattr(record.facts, name, record.facts.extra.get(name)) for name in facts}
    assert seen == facts, record
    return record
