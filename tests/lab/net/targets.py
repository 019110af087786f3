"""What is measured in the lab: endpoints from each vantage, once each, by the probes of the program."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from daemon.rows import Place
from probes.record import Record, Series
from probes.run import Attempt, perform
from probes.vantages.netns import NamespaceVantage
from tests.lab.net.addresses import GOOGLE, ISP
from tests.lab.net.lab import Lab
from tests.lab.runs import plugin, world

START = 1_770_840_000_000_000
"""Microseconds since the epoch at which every story begins: 11 February 2026, 20:00 UTC."""
TIMEOUT = 1.2
"""Seconds of a real run: the lab's own round trips are under a millisecond."""
PLACES = {"ru1": Place("RU", 12389), "ru2": Place("RU", 31133), "free": Place("NL", 1103)}
SIDES = {"whatsapp": "foreign", "telegram": "foreign", "max": "domestic", "controls": "control"}


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint that is measured from each vantage; it is named `service/role`."""

    name: str
    probe: str
    target: str
    options: Mapping[str, Any]


TARGETS = (
    Target("whatsapp/dns", "dns", "web.whatsapp.com", {}),
    Target("whatsapp/google", "dns", "web.whatsapp.com", {"resolvers": (GOOGLE,), "also_tcp": True}),
    Target("whatsapp/web", "http", "https://web.whatsapp.com/", {"trust": "lab"}),
    Target("whatsapp/plain", "http", "http://web.whatsapp.com/", {}),
    Target("whatsapp/chat", "tcp", "g.whatsapp.net:5222", {}),
    Target("whatsapp/media", "tls", "mmg.whatsapp.net:443", {"trust": "lab"}),
    Target("telegram/web", "http", "https://web.telegram.org/", {"trust": "lab"}),
    Target("telegram/dc", "tcp", "venus.web.telegram.org:443", {}),
    Target("max/web", "http", "https://web.max.ru/", {"trust": "lab"}),
    Target("controls/web", "http", "https://www.wikipedia.org/", {"trust": "lab"}),
    Target("controls/tls", "tls", "example.com:443", {"trust": "lab"}),
)


def attempts() -> Iterator[Attempt]:
    """One attempt for each target and vantage."""
    for place in PLACES:
        for one in TARGETS:
            service, _slash, role = one.name.partition("/")
            options = _made(one)
            series = Series(service, role, _endpoint(one, options), one.probe, place, "ipv4")
            yield Attempt(series, options, due=START, timeout=TIMEOUT, resolver=ISP[place])


def _made(one: Target) -> Any:
    kind: Any = plugin(one.probe).options
    return kind(target=one.target, **one.options)


def _endpoint(one: Target, options: Any) -> str:
    name, _options = next(iter(options.variants("ipv4")))
    return name or one.target


async def measure_all(lab: Lab) -> list[Record]:
    """Measure everything from everywhere at once, each by sockets of its own namespace."""
    places = {place: NamespaceVantage(lab.wires.of(place)) for place in PLACES}
    around = world()
    runs = [perform(plugin(one.series.probe), one, places[one.series.vantage], around) for one in attempts()]
    return list(await asyncio.gather(*runs))
