"""Draws what happens: disruptions of all kinds, faults of our own and look-alikes, by seed and mix."""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from bench.detection.truth import BENIGN, OWN, Truth, Wave
from bench.detection.world import PHASES, SECOND, SIDES, START, Spot, World
from probes.record import Phase, Series

MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
WARM = 6 * HOUR
"""Nothing happens until then: every detector may learn what is usual."""
APART = 3 * HOUR
"""Between two things that concern one place or service: what belongs to which is then beyond dispute."""
CENSORS = frozenset({"RU", "IR", "TR", "KZ", "BY", "MM"})

BLOCKS: tuple[tuple[Phase, str, str], ...] = (
    (Phase.DNS, "dns_nxdomain_error", "dns.nxdomain"),
    (Phase.DNS, "generic_timeout_error", "dns.timeout"),
    (Phase.TCP, "generic_timeout_error", "tcp.drop"),
    (Phase.TCP, "generic_timeout_error", "tcp.drop"),
    (Phase.TLS, "connection_reset", "tls.reset"),
    (Phase.TLS, "generic_timeout_error", "tls.drop"),
)
OUTAGES: tuple[tuple[Phase, str, str], ...] = (
    (Phase.HTTP, "http_unexpected_status_code", "status"),
    (Phase.TCP, "generic_timeout_error", "tcp"),
    (Phase.TCP, "connection_refused", "tcp"),
    (Phase.TLS, "ssl_invalid_certificate", "certificate"),
)


@dataclass(slots=True)
class Hand:
    """What is drawn from and with."""

    world: World
    dice: random.Random
    hard: bool
    horizon: int
    found: list[Truth] = field(default_factory=list)

    def span(self) -> tuple[int, int]:
        """Onset and end: minutes to weeks, mostly hours, inside the horizon."""
        last = START + self.horizon - HOUR
        onset = self.dice.randrange(START + WARM, last)
        length = round(self.dice.lognormvariate(4.6, 1.4) * MINUTE)
        return onset, min(onset + max(10 * MINUTE, min(length, 14 * DAY)), last + HOUR // 2)

    def censored(self) -> list[Spot]:
        """The places of one country that blocks."""
        countries = [spots for country, spots in sorted(self.world.countries().items()) if country in CENSORS]
        return self.dice.choice(countries)

    def network(self) -> list[Spot]:
        """The places of one network in such a country."""
        spots = self.censored()
        asn = self.dice.choice(spots).asn
        return [spot for spot in spots if spot.asn == asn]

    def foreign(self) -> str:
        """A service that may be blocked."""
        return self.dice.choice([service for service, side in SIDES.items() if side == "foreign"])

    def hit(self, service: str, spots: Iterable[Spot], phase: Phase) -> frozenset[Series]:
        """The series of a service at places, of those probes that get as far as a phase."""
        names = {spot.name for spot in spots}
        return frozenset(
            series
            for series in self.world.by_series
            if series.service == service and series.vantage in names and phase in PHASES[series.probe]
        )

    def everything(self, spots: Iterable[Spot], sides: frozenset[str]) -> frozenset[Series]:
        """All series of services of some sides at places."""
        names = {spot.name for spot in spots}
        return frozenset(s for s in self.world.by_series if s.vantage in names and SIDES[s.service] in sides)

    def truth(self, kind: str, service: str | None, series: frozenset[Series], **more: Any) -> Truth:  # noqa: ANN401  fields of Truth
        """A sharp disruption of series with a span of its own."""
        onset, end = self.span()
        made = Truth(len(self.found), kind, service, "", (Wave(onset, series),), onset, end, "sharp", None)
        return replace(made, **more)


def block(hand: Hand, spots: list[Spot] | None = None) -> Truth:
    """A service is cut off in a country."""
    phase, failure, mechanism = hand.dice.choice(BLOCKS)
    service = hand.foreign()
    series = hand.hit(service, spots or hand.censored(), phase)
    return hand.truth("block", service, series, phase=phase, failure=failure, mechanism=mechanism, share=0.98)


def network_block(hand: Hand) -> Truth:
    """A service is cut off in one network."""
    return block(hand, hand.network())


def single_block(hand: Hand) -> Truth:
    """A service is cut off at one place only."""
    return block(hand, [hand.dice.choice(hand.censored())])


def partial_block(hand: Hand) -> Truth:
    """Only a part of the connections is cut."""
    low, high = (0.25, 0.5) if hand.hard else (0.45, 0.8)
    return replace(block(hand), share=hand.dice.uniform(low, high))


def staged_block(hand: Hand) -> Truth:
    """Place by place within two hours."""
    whole = block(hand)
    places = sorted(whole.vantages)
    step = 2 * HOUR // max(2, len(places))
    waves = tuple(
        Wave(whole.onset + step * number, frozenset(s for s in whole.series if s.vantage == place))
        for number, place in enumerate(places)
    )
    return replace(whole, waves=waves, end=max(whole.end, waves[-1].since + HOUR), shape="staged")


def ramp_block(hand: Hand) -> Truth:
    """From nothing to all within hours."""
    whole = block(hand)
    ramp = round(hand.dice.uniform(1, 3) * HOUR)
    return replace(whole, ramp=ramp, end=max(whole.end, whole.onset + ramp + HOUR), shape="ramp")


def flapping_block(hand: Hand) -> Truth:
    """On and off, ten minutes each."""
    whole = block(hand)
    return replace(whole, pulse=10 * MINUTE, end=max(whole.end, whole.onset + HOUR), shape="flapping")


def endpoint_block(hand: Hand) -> Truth:
    """One endpoint of a service that has several."""
    whole = block(hand)
    endpoint = hand.dice.choice(sorted({series.endpoint for series in whole.series} or {""}))
    series = frozenset(one for one in whole.series if one.endpoint == endpoint)
    return replace(whole, waves=(Wave(whole.onset, series),))


def address_block(hand: Hand) -> Truth:
    """One address of those that a name has."""
    whole = block(hand)
    series = frozenset(one for one in whole.series if hand.world.by_series[one][1].addresses > 1)
    return replace(whole, waves=(Wave(whole.onset, series),), address=0)


def throttle(hand: Hand) -> Truth:
    """A service becomes slow in a country, and loses a little."""
    low, high = (1.8, 2.5) if hand.hard else (2.5, 6.0)
    service = hand.foreign()
    series = hand.hit(service, hand.censored(), Phase.TLS)
    slowing = hand.dice.uniform(low, high)
    found = hand.truth("throttle", service, series, slowing=slowing, share=0.02, phase=Phase.TLS)
    found = replace(found, failure="generic_timeout_error")
    return replace(found, end=max(found.end, found.onset + HOUR))


def service_outage(hand: Hand) -> Truth:
    """A service is down for everybody."""
    service = hand.dice.choice([name for name, side in SIDES.items() if side != "control"])
    phase, failure, mechanism = hand.dice.choice(OUTAGES)
    if not hand.hit(service, hand.world.spots, phase):
        phase, failure, mechanism = OUTAGES[1]
    series = hand.hit(service, hand.world.spots, phase)
    return hand.truth("service_outage", service, series, phase=phase, failure=failure, mechanism=mechanism)


def shutdown(hand: Hand) -> Truth:
    """A country or network with two places or more loses its way out."""
    groups: dict[object, list[Spot]] = {}
    for spot in hand.world.spots:
        if spot.country in CENSORS:
            groups.setdefault(spot.country, []).append(spot)
            groups.setdefault(spot.asn, []).append(spot)
    wide = [group for group in groups.values() if len(group) > 1]
    spots = hand.dice.choice(wide or [[]])
    whitelist = hand.dice.random() < 0.5
    sides = frozenset({"foreign", "control"} | (set() if whitelist else {"domestic"}))
    mechanism = "whitelist" if whitelist else "outage"
    series = hand.everything(spots, sides)
    more = {"phase": Phase.TCP, "failure": "generic_timeout_error", "mechanism": mechanism}
    return hand.truth("network_outage", None, series, **more)


ALL_SIDES = frozenset({"foreign", "domestic", "control"})


def uplink(hand: Hand) -> Truth:
    """One place is cut off or falls silent."""
    series = hand.everything([hand.dice.choice(hand.world.spots)], ALL_SIDES)
    found = hand.truth(OWN, None, series, phase=Phase.TCP, failure="generic_timeout_error")
    short = found.onset + round(hand.dice.uniform(5, 90) * MINUTE)
    return replace(found, end=min(found.end, short), silent=hand.dice.random() < 0.4)


def portal(hand: Hand) -> Truth:
    """A captive portal answers for all names with a certificate of its own."""
    series = hand.everything([hand.dice.choice(hand.world.spots)], ALL_SIDES)
    series = frozenset(one for one in series if Phase.TLS in PHASES[one.probe])
    found = hand.truth(OWN, None, series, phase=Phase.TLS, failure="ssl_unknown_authority")
    return replace(found, end=min(found.end, found.onset + round(hand.dice.uniform(10, 120) * MINUTE)))


def lossy_spell(hand: Hand) -> Truth:
    """A line loses a part of everything: congestion, radio."""
    series = hand.everything([hand.dice.choice(hand.world.spots)], ALL_SIDES)
    share = hand.dice.uniform(0.05, 0.5 if hand.hard else 0.35)
    found = hand.truth(BENIGN, None, series, phase=Phase.TCP, failure="generic_timeout_error", share=share)
    return replace(found, slowing=1 + share)


def slow_line(hand: Hand) -> Truth:
    """All of a line becomes slower: another route."""
    series = hand.everything([hand.dice.choice(hand.world.spots)], ALL_SIDES)
    return hand.truth(BENIGN, None, series, slowing=hand.dice.uniform(1.3, 3.0))


def cdn_move(hand: Hand) -> Truth:
    """A service moves nearer or farther for all its users."""
    series = hand.hit(hand.foreign(), hand.world.spots, Phase.DNS)
    return hand.truth(BENIGN, None, series, slowing=hand.dice.uniform(0.6, 1.5))


def faulty_version(hand: Hand) -> Truth:
    """A new version of one probe type fails everywhere until the next."""
    probe = hand.dice.choice(sorted(PHASES))
    series = frozenset(one for one in hand.world.by_series if one.probe == probe)
    found = hand.truth(BENIGN, None, series, phase=PHASES[probe][-1], failure="unknown_failure", shape="version")
    return replace(found, end=found.onset + 20 * MINUTE, mechanism=probe)


Draw = Callable[[Hand], Truth]
DEFAULT: tuple[tuple[Draw, float], ...] = (
    (block, 6),
    (network_block, 3),
    (single_block, 1),
    (partial_block, 3),
    (staged_block, 2),
    (endpoint_block, 2),
    (throttle, 2),
    (service_outage, 4),
    (shutdown, 2),
    (flapping_block, 1),
    (uplink, 6),
    (portal, 1),
    (lossy_spell, 6),
    (slow_line, 2),
    (cdn_move, 2),
)
HARD: tuple[tuple[Draw, float], ...] = (
    (block, 2),
    (network_block, 2),
    (single_block, 4),
    (partial_block, 4),
    (staged_block, 2),
    (ramp_block, 3),
    (flapping_block, 2),
    (endpoint_block, 4),
    (address_block, 2),
    (throttle, 3),
    (service_outage, 4),
    (shutdown, 2),
    (uplink, 8),
    (portal, 2),
    (lossy_spell, 14),
    (slow_line, 4),
    (cdn_move, 4),
    (faulty_version, 0.5),
)
MIXES = {"default": DEFAULT, "hard": HARD}
PER_DAY = 6.0
"""Drawn on average; those that would touch another are drawn again, at last left out."""


def truths(world: World, seed: int, days: float, mix: str) -> tuple[Truth, ...]:
    """All that happens in so many days, by onset."""
    dice = random.Random(f"{seed} {mix}")
    hand = Hand(world, dice, mix == "hard", round(days * DAY))
    draws, weights = zip(*MIXES[mix], strict=True)
    for draw in dice.choices(draws, weights, k=round(PER_DAY * days)):
        hand.found.extend(_placed(hand, draw))
    ordered = sorted(hand.found, key=lambda truth: (truth.onset, truth.name))
    return tuple(replace(truth, name=number) for number, truth in enumerate(ordered))


def _placed(hand: Hand, draw: Draw) -> Iterator[Truth]:
    """One thing at a time and place where nothing else is; nothing if there is no room in twelve tries."""
    for _try in range(12):
        made = draw(hand)
        inside = made.end <= START + hand.horizon
        if made.series and inside and not any(_touch(made, other) for other in hand.found):
            yield made
            return


def _touch(one: Truth, other: Truth) -> bool:
    if one.onset >= other.end + APART or other.onset >= one.end + APART:
        return False
    if BENIGN in {one.kind, other.kind} and one.kind != other.kind:
        return False  # a bad line does not wait for a block to be over
    if one.service is not None and other.service is not None:
        return one.service == other.service
    return bool(one.vantages & other.vantages)
