"""What is measured in the lab: endpoints from each vantage, once each, by the probes of the program."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from daemon.detect.mechanism import host_of
from daemon.rows import Place
from probes.clock import SystemClock
from probes.plugin import VANTAGES, Vantage
from probes.record import Record, Series
from probes.run import Attempt, World, perform
from probes.vantages.netns import NamespaceVantage
from tests.lab.certificates import lab_trusts
from tests.lab.net.addresses import CONNECT, DNS_NAME, ECHO, GOOGLE, ISP, NSDI, PARENT, PROXY, SOCKS, STUN, ZONE
from tests.lab.net.lab import Lab
from tests.lab.net.topology import NETWORKS, six
from tests.lab.runs import plugin
from tests.lab.spaces import inside

START = 1_770_840_000_000_000
"""Microseconds since the epoch at which every story begins: 11 February 2026, 20:00 UTC."""
TIMEOUT = 1.2
"""Seconds of a real run: the lab's own round trips are under a millisecond."""
LINES = {"ru1": Place("RU", 12389), "ru2": Place("RU", 31133), "free": Place("NL", 1103)}
EXITS = {"exit": Place("NL", 64501), "tunnel": Place("NL", 64502)}
"""Proxies abroad that are reached over ru1's line."""
PLACES = LINES | EXITS
SIDES = {"whatsapp": "foreign", "telegram": "foreign", "max": "domestic", "controls": "control"}


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint that is measured from each of its places; it is named `service/role`."""

    name: str
    probe: str
    target: str
    options: Mapping[str, Any] = field(default_factory=dict)
    family: str = "ipv4"
    places: tuple[str, ...] = tuple(LINES)


TLS = {"trust": "lab"}
EVERYWHERE = tuple(PLACES)
REGISTRY = {
    "siblings": ("mmg.whatsapp.net",),
    "national": (NSDI,),
    "neutral": (ISP["free"],),
    "parents": (PARENT,),
}
TARGETS = (
    Target("whatsapp/dns", "dns", "web.whatsapp.com"),
    Target("whatsapp/nsdi", "dns", "web.whatsapp.com", {"resolvers": (NSDI,)}),
    Target("whatsapp/registry", "registry", "web.whatsapp.com", REGISTRY),
    Target("whatsapp/google", "dns", "web.whatsapp.com", {"resolvers": (GOOGLE,), "also_tcp": True}),
    Target("whatsapp/dot", "dns", "web.whatsapp.com", {"resolvers": (f"tls://{GOOGLE}#{DNS_NAME}",)}),
    Target("whatsapp/doh", "dns", "web.whatsapp.com", {"resolvers": (f"https://{GOOGLE}/dns-query#{DNS_NAME}",)}),
    Target("whatsapp/web", "http", "https://web.whatsapp.com/", TLS, places=EVERYWHERE),
    Target("whatsapp/web6", "http", "https://web.whatsapp.com/", TLS, "ipv6"),
    Target("whatsapp/plain", "http", "http://web.whatsapp.com/"),
    Target("whatsapp/socket", "whatsapp", "wss://web.whatsapp.com/ws/chat", TLS),
    Target("whatsapp/quic", "quic", "web.whatsapp.com:443", TLS),
    Target("whatsapp/chat", "whatsapp", "g.whatsapp.net:5222", places=EVERYWHERE),
    Target("whatsapp/media", "tls", "mmg.whatsapp.net:443", TLS),
    Target(
        "whatsapp/call", "stun", f"stun.example.org:{STUN}", {"peer": "{}:{}".format(ZONE["stun.example.org"][0], ECHO)}
    ),
    Target("telegram/web", "http", "https://web.telegram.org/", TLS),
    Target("telegram/dc", "telegram", "venus.web.telegram.org:443"),
    Target("telegram/plain", "telegram", "venus.web.telegram.org:443", {"transport": "plain"}),
    Target("telegram/dc6", "telegram", "venus.web.telegram.org:443", family="ipv6"),
    Target("max/web", "http", "https://web.max.ru/", TLS, places=EVERYWHERE),
    Target("controls/web", "http", "https://www.wikipedia.org/", TLS, places=EVERYWHERE),
    Target("controls/tls", "tls", "example.com:443", TLS),
    Target("controls/far", "tls", "far.example.net:443", TLS, places=tuple(EXITS)),
    Target("controls/near", "tls", "near.example.net:443", TLS, places=("ru2",)),
    Target("controls/quic", "quic", "www.wikipedia.org:443", TLS),
)


def attempts() -> Iterator[Attempt]:
    """One attempt for each target and place; over a proxy names are looked up there."""
    for one in TARGETS:
        for place in one.places:
            service, _slash, role = one.name.partition("/")
            options = _made(one)
            family = "any" if place in EXITS else one.family
            series = Series(service, role, _endpoint(one, options), one.probe, place, family)
            yield Attempt(series, options, due=START, timeout=TIMEOUT, resolver=ISP.get(place, ""))


def _made(one: Target) -> Any:
    kind: Any = plugin(one.probe).options
    return kind(target=one.target, **one.options)


def _endpoint(one: Target, options: Any) -> str:
    name, _options = next(iter(options.variants(one.family)))
    return name or one.target


def around() -> World:
    """The lab's trust sets; what is public in the world is public in the lab."""
    return World(SystemClock(), trust=lambda name, alpn=(): lab_trusts()("lab" if name == "public" else name, alpn))


async def measure_all(lab: Lab) -> list[Record]:
    """Measure everything from everywhere at once, each by sockets of its own namespace."""
    places = {place: NamespaceVantage(lab.wires.of(place)) for place in LINES}
    straight = [one for one in attempts() if one.series.vantage in LINES]
    world = around()
    runs = [perform(plugin(one.series.probe), one, places[one.series.vantage], world) for one in straight]
    beyond = asyncio.to_thread(inside, lab.wires.of("ru1"), partial(asyncio.run, measure_beyond()))
    *found, proxied = await asyncio.gather(*runs, beyond)
    gone = leaks(lab.world.ask({"told": True}))
    assert not gone, "\n".join(gone)
    return [*found, *proxied]


def leaks(told: Iterable[list[str]]) -> list[str]:
    """What the world heard from where it was not to hear it; a line each.

    A name is asked for, and its server connected to, only by the places that measure it. Over a proxy that is the
    proxy: a question on ru1's own line would tell its network what is measured through it.
    """
    allowed: dict[str, set[str]] = {}
    for one in TARGETS:
        allowed.setdefault(host_of(one.target), set()).update(
            "proxy" if place in EXITS else place for place in one.places
        )
    return sorted(
        {
            f"{sort} about {name} came from {place}"
            for sort, *words, client in told
            for name in words
            if name in allowed and (place := place_of(client)) not in allowed[name]
        }
    )


def place_of(client: str) -> str:
    """Whose address it is that the world sees."""
    lines = {f"{net}.": place for place, net in NETWORKS.items()}
    lines |= {f"{six(net)}::": place for place, net in NETWORKS.items()}
    return "proxy" if client == PROXY else next((lines[net] for net in lines if client.startswith(net)), client)


async def measure_beyond() -> list[Record]:
    """Measure by the proxies, from the namespace that this runs in."""
    vantages = {"exit": _through("socks5", SOCKS), "tunnel": _through("http_proxy", CONNECT)}
    beyond = [one for one in attempts() if one.series.vantage in EXITS]
    world = around()
    runs = [perform(plugin(one.series.probe), one, vantages[one.series.vantage], world) for one in beyond]
    return list(await asyncio.gather(*runs))


def _through(kind: str, port: int) -> Vantage:
    one = plugin(kind, VANTAGES)
    options: Any = one.options
    made: Vantage = one.function(options(address=f"{PROXY}:{port}", remote_names=True))
    return made
