"""The simulated world: twenty places in nine countries, twelve services, and the plan by which they are measured."""

from dataclasses import dataclass, field

from config.slots import offset_of
from daemon.rows import Place, Planned, PlanRow
from probes.record import Phase, Series

START = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z, in microseconds."""
SECOND = 1_000_000
TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Spot:
    """A vantage: where it is, what its line usually loses (share of probes), how far away the world is (seconds)."""

    name: str
    country: str
    asn: int
    line: str
    """fixed, mobile or centre."""
    loss: float
    rtt: float


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint of a service."""

    service: str
    role: str
    probe: str
    target: str
    addresses: int = 1


SPOTS = (
    Spot("ru-msk-a", "RU", 12389, "fixed", 0.004, 0.040),
    Spot("ru-msk-b", "RU", 8402, "fixed", 0.005, 0.045),
    Spot("ru-spb-m", "RU", 31133, "mobile", 0.030, 0.090),
    Spot("ru-spb-a", "RU", 12389, "fixed", 0.006, 0.050),
    Spot("ru-nsk-m", "RU", 31133, "mobile", 0.045, 0.120),
    Spot("ru-kzn-b", "RU", 8402, "fixed", 0.005, 0.055),
    Spot("ir-thr-a", "IR", 44244, "mobile", 0.040, 0.130),
    Spot("ir-thr-b", "IR", 58224, "fixed", 0.012, 0.110),
    Spot("ir-isf-b", "IR", 58224, "fixed", 0.015, 0.115),
    Spot("tr-ist-a", "TR", 9121, "fixed", 0.005, 0.050),
    Spot("tr-ank-m", "TR", 16135, "mobile", 0.020, 0.080),
    Spot("kz-ala-a", "KZ", 9198, "fixed", 0.006, 0.085),
    Spot("kz-ast-m", "KZ", 29355, "mobile", 0.025, 0.110),
    Spot("by-msq-a", "BY", 6697, "fixed", 0.005, 0.050),
    Spot("mm-rgn-m", "MM", 136480, "mobile", 0.090, 0.190),
    Spot("nl-ams-c", "NL", 1103, "centre", 0.002, 0.008),
    Spot("nl-ams-h", "NL", 33915, "fixed", 0.004, 0.014),
    Spot("de-fra-c", "DE", 24940, "centre", 0.002, 0.010),
    Spot("de-ber-h", "DE", 3320, "fixed", 0.004, 0.020),
    Spot("us-nyc-c", "US", 14061, "centre", 0.002, 0.015),
)

SIDES = {
    "whatsapp": "foreign",
    "telegram": "foreign",
    "signal": "foreign",
    "facetime": "foreign",
    "youtube": "foreign",
    "discord": "foreign",
    "zoom": "foreign",
    "tor": "foreign",
    "max": "domestic",
    "vk": "domestic",
    "bank": "domestic",
    "controls": "control",
}

TARGETS = (
    Target("whatsapp", "web", "http", "https://web.whatsapp.com/", 2),
    Target("whatsapp", "chat", "tcp", "g.whatsapp.net:5222", 4),
    Target("whatsapp", "media", "tls", "mmg.whatsapp.net:443", 2),
    Target("telegram", "chat", "tcp", "149.154.167.51:443"),
    Target("telegram", "web", "http", "https://web.telegram.org/"),
    Target("telegram", "media", "tls", "cdn4.telegram-cdn.org:443", 2),
    Target("signal", "chat", "tls", "chat.signal.org:443", 3),
    Target("facetime", "call", "tls", "init.ess.apple.com:443", 2),
    Target("youtube", "web", "http", "https://www.youtube.com/", 4),
    Target("youtube", "media", "tls", "redirector.googlevideo.com:443", 2),
    Target("discord", "web", "tls", "discord.com:443", 3),
    Target("zoom", "call", "tls", "zoom.us:443", 2),
    Target("tor", "site", "http", "https://www.torproject.org/", 3),
    Target("max", "chat", "tls", "api.oneme.ru:443"),
    Target("vk", "site", "http", "https://vk.ru/", 2),
    Target("bank", "site", "tls", "www.sberbank.ru:443"),
    Target("controls", "site", "http", "https://www.wikipedia.org/"),
    Target("controls", "site", "tls", "example.com:443", 2),
)

PHASES: dict[str, tuple[Phase, ...]] = {
    "tcp": (Phase.DNS, Phase.TCP),
    "tls": (Phase.DNS, Phase.TCP, Phase.TLS),
    "http": (Phase.DNS, Phase.TCP, Phase.TLS, Phase.HTTP),
}


@dataclass(frozen=True, slots=True)
class World:
    """Places and targets, and how often each series is measured (seconds)."""

    spots: tuple[Spot, ...] = SPOTS
    targets: tuple[Target, ...] = TARGETS
    every: int = 60
    by_series: dict[Series, tuple[Spot, Target]] = field(default_factory=dict)

    def plan(self) -> PlanRow:
        """The plan of it all."""
        places = {spot.name: Place(spot.country, spot.asn) for spot in self.spots}
        sides = {target.service: SIDES[target.service] for target in self.targets}
        planned = tuple(
            Planned(series, self.every, offset_of(series, self.every), TIMEOUT, "c1") for series in self.by_series
        )
        return PlanRow("simulated", places, sides, planned)

    def countries(self) -> dict[str, list[Spot]]:
        """The places by country."""
        found: dict[str, list[Spot]] = {}
        for spot in self.spots:
            found.setdefault(spot.country, []).append(spot)
        return found


def world(vantages: int = 20, every: int = 60) -> World:
    """The world as seen from so many of its places, those of countries with censors first and some abroad always."""
    abroad = SPOTS[-5:]
    near = SPOTS[: max(0, vantages - len(abroad))]
    spots = (*near, *abroad)[:vantages] if vantages >= len(abroad) else SPOTS[:vantages]
    pairs = {
        Series(target.service, target.role, target.target, target.probe, spot.name, "ipv4"): (spot, target)
        for target in TARGETS
        for spot in spots
    }
    return World(spots, TARGETS, every, pairs)
