"""What concerns a whole place or network: a vantage out or silent, a country that lost its way out."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from daemon.detect.gate import is_out, lines_of, portal
from daemon.detect.mechanism import OUTAGE, PORTAL, WHITELIST
from daemon.detect.series import Track
from daemon.detect.state import CONTROL, DOMESTIC, FOREIGN, Detection
from probes.record import Series

SHARE = 0.7
"""Of the services of a place, and of the places of a network, that are down in an outage of the network."""


@dataclass(slots=True)
class Wide:
    """A hypothesis about places."""

    kind: str
    vantages: list[str]
    mechanism: str = OUTAGE
    family: str = ""
    members: list[Series] = field(default_factory=list)


@dataclass(slots=True)
class Deaf:
    """A vantage from which (nearly) nothing abroad answers."""

    mechanism: str
    since: int


def hypotheses(state: Detection) -> list[Wide]:
    """What the failing series say about places, the widest explanation first; each vantage is explained once."""
    deaf = {vantage: one for vantage in sorted(state.watches) if (one := _deaf(state, vantage))}
    found = _everywhere(state, deaf)
    found += _networks(state, {vantage: one for vantage, one in deaf.items() if not _explained(found, vantage)})
    for vantage in sorted(state.watches):
        if not _explained(found, vantage):
            found += _alone(state, vantage, deaf.get(vantage))
    return found


def _explained(found: Iterable[Wide], vantage: str) -> bool:
    return any(vantage in one.vantages for one in found)


def _alone(state: Detection, vantage: str, deaf: Deaf | None) -> list[Wide]:
    """The outage of one vantage, or of one family there while the other lives.

    A line that lies (a portal, a resolver that denies everything) leaves a few addresses reachable: it is out as well
    where its controls fail together with most of all services.
    """
    if portal(state, vantage):
        return [_make(state, "vantage_outage", [vantage], PORTAL)]
    lies = deaf is not None and deaf.mechanism == OUTAGE and state.line(vantage, "").suspect
    if state.watches[vantage].silent or is_out(state, vantage) or lies:
        return [_make(state, "vantage_outage", [vantage])]
    families = sorted(
        family for (place, family), services in state.index.families.items() if place == vantage and len(services) > 1
    )
    return [
        _make(state, "vantage_outage", [vantage], family=family)
        for family in families
        if family in state.watches[vantage].lines and is_out(state, vantage, family)
    ]


def _everywhere(state: Detection, deaf: dict[str, Deaf]) -> list[Wide]:
    """All our places in several countries are out at once: that is ourselves."""
    out = [vantage for vantage, one in deaf.items() if one.mechanism == OUTAGE]
    heard = _heard(state)
    countries = {state.place(vantage).country for vantage in out}
    if len(countries) < 2 or set(out) != set(heard) or not _together(state, [deaf[vantage] for vantage in out]):
        return []
    return [_make(state, "vantage_outage", out)]


def _networks(state: Detection, deaf: dict[str, Deaf]) -> list[Wide]:
    """Countries first, then networks, of whose places (two or more) most are deaf since about the same time."""
    found: list[Wide] = []
    groups: dict[tuple[str, str], list[str]] = {}
    for vantage in _heard(state):
        place = state.place(vantage)
        if place.country:
            groups.setdefault(("country", place.country), []).append(vantage)
        if place.asn is not None:
            groups.setdefault(("network", str(place.asn)), []).append(vantage)
    for key in sorted(groups):
        members = [vantage for vantage in groups[key] if vantage in deaf and not _explained(found, vantage)]
        whole = len(members) >= max(2, SHARE * len(groups[key]))
        if whole and _together(state, [deaf[vantage] for vantage in members]):
            whitelist = any(deaf[vantage].mechanism == WHITELIST for vantage in members)
            found.append(_make(state, "network_outage", members, WHITELIST if whitelist else OUTAGE))
    return found


def _heard(state: Detection) -> list[str]:
    return [
        vantage
        for vantage in sorted(state.watches)
        if not state.watches[vantage].silent and state.line(vantage, "").answered
    ]


def _together(state: Detection, deaf: list[Deaf]) -> bool:
    near = state.near(*state.tracks.values())
    return bool(deaf) and max(one.since for one in deaf) - min(one.since for one in deaf) <= near


def _make(state: Detection, kind: str, vantages: list[str], mechanism: str = OUTAGE, family: str = "") -> Wide:
    members = [
        series
        for vantage in vantages
        for series, track in state.tracks_at(vantage, family)
        if track.down and track.good == 0 and _belongs(state, series, track)
    ]
    return Wide(kind, vantages, mechanism, family, members)


def _belongs(state: Detection, series: Series, track: Track) -> bool:
    """What was down long before the place was is another story."""
    return lines_of(state, series)[0].answered - track.first_bad <= state.near(track)


def _deaf(state: Detection, vantage: str) -> Deaf | None:
    """Whether the outside is lost from here, though domestic services may still answer."""
    line = state.line(vantage, "")
    if state.watches[vantage].silent or not line.answered:
        return None
    if is_out(state, vantage):
        return Deaf(OUTAGE, line.answered)
    services = _services(state, vantage)
    dead = {service: tracks for service, tracks in services.items() if _is_dead(tracks)}
    if len([service for service in dead if state.side(service) != CONTROL]) < 2 or _controls_answer(state, services):
        return None
    return _partly(state, services, dead)


def _services(state: Detection, vantage: str) -> dict[str, list[Track]]:
    services: dict[str, list[Track]] = {}
    for series, track in state.tracks_at(vantage):
        if track.last:
            services.setdefault(series.service, []).append(track)
    return services


def _is_dead(tracks: list[Track]) -> bool:
    return 2 * sum(track.down and track.good == 0 for track in tracks) > len(tracks)


def _controls_answer(state: Detection, services: dict[str, list[Track]]) -> bool:
    """Controls that answer speak against any outage: what is dead beside them is dead by itself."""
    controls = [track for service, tracks in services.items() if state.side(service) == CONTROL for track in tracks]
    return bool(controls) and 2 * sum(track.fails > 0 and not track.good for track in controls) <= len(controls)


def _partly(state: Detection, services: dict[str, list[Track]], dead: dict[str, list[Track]]) -> Deaf | None:
    """Most services are dead, or all foreign ones beside a living domestic one (a whitelist), since the same time."""
    tracks = [track for service in dead for track in dead[service] if track.down]
    newest = max(track.first_bad for track in tracks)
    recent = [track for track in tracks if newest - track.first_bad <= state.near(*tracks)]
    foreign = [service for service in services if state.side(service) == FOREIGN]
    abroad = len(foreign) > 1 and all(service in dead for service in foreign)
    home = [
        track
        for name, group in services.items()
        if state.side(name) == DOMESTIC and name not in dead
        for track in group
    ]
    whitelist = abroad and any(track.last_good >= max(one.second_end for one in recent) for track in home)
    if len(recent) < 2 or not (whitelist or len(dead) >= SHARE * len(services)):
        return None
    return Deaf(WHITELIST if whitelist else OUTAGE, min(track.first_bad for track in recent))
