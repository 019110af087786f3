"""The way out of an alert through a vantage: its connections, and its names, are the vantage's."""

import asyncio
import socket
from dataclasses import dataclass
from typing import Any

from config.trust import trust_file
from config.vantage import VantageSetting
from daemon.planned import build
from probes.clock import Clock
from probes.plugin import PROBES, Straight, Vantage
from probes.protocols.dns import Dns
from probes.record import Family, Purpose, Record, Series
from probes.run import Attempt, Trust, World, perform, trust_nobody
from probes.steps.resolver import SYSTEM, parse_resolver
from probes.steps.trust import Trusts

PATIENCE = 4.0
"""Seconds for a name: less than a connection may take in all."""
FAMILIES = {Family.IPV4: socket.AF_INET, Family.IPV6: socket.AF_INET6}


@dataclass(frozen=True, slots=True)
class Names:
    """Asks the resolver of a vantage as its probes do; in the shape that aiohttp wants a resolver to have."""

    via: VantageSetting
    vantage: Vantage
    clock: Clock
    trust: Trust = trust_nobody
    """For a resolver over TLS."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        """The addresses of a name in the families that the vantage has. Raises OSError if there is none."""
        wanted = [one for one in sorted(self.vantage.families()) if family in {0, FAMILIES[Family(one)]}]
        records = await asyncio.gather(*(self._ask(host, one) for one in wanted))
        found = [_entry(host, port, address) for record in records for address in record.facts.addresses]
        if not found:
            why = ", ".join(str(record.failure.kind) for record in records if record.failure) or "no family to ask for"
            raise OSError(f"the resolver of {self.via.name} gives no address for {host}: {why}")
        return found

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _ask(self, host: str, family: str) -> Record:
        """One question; a name that is an own host may have an address of one's own network."""
        probe = PROBES.get("dns")
        assert probe is not None  # noqa: S101  it stands in the import above
        attempt = Attempt(
            series=Series("", "", host, "dns", self.via.name, family),
            options=Dns(target=host),
            due=self.clock.wall(),
            timeout=PATIENCE,
            resolver=self.via.resolver,
            purpose=Purpose.MANUAL,
        )
        return await perform(
            probe, attempt, self.vantage, World(self.clock, owned=lambda _address: True, trust=self.trust)
        )


def connector_options(via: VantageSetting | None, clock: Clock) -> dict[str, Any]:
    """How aiohttp's connector opens sockets and finds names. Raises ValueError for a vantage that cannot carry it."""
    if via is None:
        return {}
    vantage = build(via)
    if not isinstance(vantage, Straight):
        raise ValueError(f"via: an alert cannot go through a vantage of type {via.type} yet")  # noqa: TRY004  it is set so

    def opened(info: tuple[Any, ...]) -> socket.socket:
        return vantage.open(info[0], socket.SOCK_STREAM)

    names = {} if via.resolver == SYSTEM.transport else {"resolver": Names(via, vantage, clock, _trust(via.resolver))}
    return {"socket_factory": opened, **names}


def _trust(resolver: str) -> Trust:
    """What a resolver is verified against, made now: reading public roots takes long. Raises ValueError."""
    trusts = Trusts(trust_file)
    for name, alpn in parse_resolver(resolver).trusts:
        trusts(name, alpn)
    return trusts


def _entry(host: str, port: int, address: str) -> dict[str, Any]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return {
        "hostname": host,
        "host": address,
        "port": port,
        "family": family,
        "proto": socket.IPPROTO_TCP,
        "flags": socket.AI_NUMERICHOST,
    }
