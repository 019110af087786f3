"""What several series together say of a mechanism and none of them alone: a removed name, a forged certificate."""

from daemon.detect.case import Case, Member
from daemon.detect.infer import twins
from daemon.detect.mechanism import CERTIFICATE, MITM, NXDOMAIN, REMOVAL, host_of, resolver_of, zone_of
from daemon.detect.proof import proved
from daemon.detect.state import Detection
from probes.record import Series


def deepen(state: Detection, case: Case, series: Series, member: Member) -> str:
    """The mechanism of a member in the light of all others."""
    if member.mechanism == NXDOMAIN and _removed(state, case, zone_of(host_of(series.endpoint))):
        return REMOVAL
    if member.mechanism == CERTIFICATE and _valid_elsewhere(state, series, member):
        return MITM
    return proved(member.proof, member.mechanism)


def _valid_elsewhere(state: Detection, series: Series, member: Member) -> bool:
    """Another place accepts the certificate of the very endpoint meanwhile."""
    return any(
        twin.endpoint == series.endpoint and twin.probe == series.probe and not track.down
        for twin in twins(state, series)
        if (track := state.tracks[twin]).last_good > member.first_bad
    )


def _removed(state: Detection, case: Case, zone: str) -> bool:
    """Whether all named resolvers asked for a zone (two or more) deny it, while they answer for a sibling zone."""
    asked = [
        (series, resolver_of(series.endpoint))
        for vantage in case.vantages
        for series, track in state.tracks_at(vantage)
        if series.service == case.service and series.probe == "dns" and track.last
    ]
    named = [(series, resolver) for series, resolver in asked if resolver != "vantage"]
    of_zone = [(series, resolver) for series, resolver in named if zone_of(host_of(series.endpoint)) == zone]
    denying = {resolver for series, resolver in of_zone if _denied(case, series)}
    siblings = [(series, resolver) for series, resolver in named if zone_of(host_of(series.endpoint)) != zone]
    fine = any(resolver in denying and not state.tracks[series].fails for series, resolver in siblings)
    return len(denying) > 1 and denying == {resolver for _series, resolver in of_zone} and fine


def _denied(case: Case, series: Series) -> bool:
    member = case.members.get(series)
    return member is not None and not member.up and member.mechanism == NXDOMAIN
