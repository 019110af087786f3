"""The sentences of an event: what a researcher reads first, and what speaks against it."""

from daemon.detect.case import Case
from daemon.detect.mechanism import ARTEFACTS, PORTAL
from daemon.detect.proof import SNI
from daemon.detect.state import Detection
from daemon.moments import SECOND, text_of
from daemon.rows import Event

_MEANING = {
    "dns.nxdomain": "the name does not exist at its resolver",
    "dns.registry_removal": "the name is gone from the registry that the resolvers are fed from",
    "dns.rewrite": "a denial without authority instead of the resolver's answer",
    "dns.injection": "two answers that contradict each other",
    "dns.bogon": "the resolver gives an address that cannot be on the internet",
    "dns.blockpage": "the resolver gives the address of a known block page",
    "dns.nodata": "the resolver knows the name but gives no address",
    "dns.servfail": "the resolver fails",
    "dns.refused": "the resolver refuses to answer",
    "dns.timeout": "the resolver does not answer",
    "tcp.drop": "no TCP connection",
    "tcp.reset": "TCP connections are refused",
    "tcp.unreachable": "the network says unreachable",
    "tls.reset": "reset in the TLS handshake",
    "tls.drop": "silence in the TLS handshake",
    "tls.eof": "closed in the TLS handshake",
    "tls.alert": "a TLS alert instead of a handshake",
    "tls.mitm": "a certificate that is not the service's own",
    "certificate": "the certificate is not accepted",
    "http.blockpage": "a block page",
    "http.reset": "reset after the request",
    "http.drop": "silence after the request",
    "http.eof": "closed after the request",
    "proxy": "the proxy does not reach it",
    "proxy.refused": "the proxy is refused there",
    "proxy.unreachable": "the proxy finds no way there",
    "proxy.drop": "the proxy gets no answer from there",
    "udp.stun": "calls are known by their words: random bytes beside them pass",
    "freeze": "a transfer stops in the middle, without an end",
    "app.drop": "silence after the first message",
    "status": "an unexpected HTTP status",
}
_CONCLUSION = {
    "block": "consistent with blocking",
    "unreachable": "block or outage cannot be told apart from here",
    "service_outage": "down from every country that looks: an outage of the service",
}


def summary(state: Detection, case: Case, event: Event) -> str:
    """One sentence (with semicolons): what fails how, where, since when, beside what, and what that means."""
    if case.part_of:
        return f"{event.service}: part of event {case.part_of}"
    parts = _wide(state, event, case.family) if case.wide else _failing(state, event)
    if not case.wide:
        parts += [_reachable(event), _conclusion(case, event)]
    if event.ended is not None:
        parts.append(f"ended {_minute(event.ended)}")
    return "; ".join(part for part in parts if part)


def _failing(state: Detection, event: Event) -> list[str]:
    """The roles by their mechanism, the most common first, which carries place and time."""
    groups: dict[str, list[str]] = {}
    for role, mechanism in event.mechanisms.items():
        groups.setdefault(mechanism, []).append(role)
    order = sorted(groups, key=lambda name: (name != event.mechanism, -len(groups[name]), name))
    where = f"from {_where(state, event)} since {_minute(event.onset[1])}"
    said = [f"{_list(groups[name])}: {_meaning(name)}" for name in order]
    return [f"{event.service} {said[0]} {where}", *said[1:]] if said else [f"{event.service} {where}"]


def _meaning(mechanism: str) -> str:
    bare = mechanism.removesuffix(SNI)
    said = _MEANING.get(bare, f"fails in {bare}")
    return said if bare == mechanism else f"{said} when the name is shown, also at an innocent address"


def _where(state: Detection, event: Event) -> str:
    """Countries, and how many of the vantages there."""
    countries = set(event.scope.countries)
    there = [vantage for vantage in state.watches if state.place(vantage).country in (countries or {""})]
    place = _list(list(event.scope.countries)) or _list(list(event.scope.vantages))
    total = max(len(there), len(event.scope.vantages))
    return f"{place} ({len(event.scope.vantages)} of {total} vantages)"


def _wide(state: Detection, event: Event, family: str) -> list[str]:
    over = f" over {family.replace('ip', 'IP')}" if family else ""
    place = _list(list(event.scope.countries)) or "the network"
    vantages = _list(list(event.scope.vantages))
    since = f"since {_minute(event.onset[1])}"
    if event.mechanism == "whitelist":
        return [
            f"{place}: foreign services are dead while domestic ones answer, at {vantages} {since}",
            "consistent with a whitelist",
        ]
    if event.kind == "network_outage":
        return [
            f"{place}: most services are unreachable at {vantages} {since}",
            "consistent with an outage of the network",
        ]
    if event.mechanism == PORTAL:
        return [f"{vantages}: certificates are false for the controls, too, {since}", "says nothing of the services"]
    silent = [vantage for vantage in event.scope.vantages if vantage in state.watches and state.watches[vantage].silent]
    what = "nothing is heard of it" if silent else f"nothing answers{over}"
    return [f"{vantages}: {what} {since}", "says nothing of the services"]


def _reachable(event: Event) -> str:
    answering = [name for name, word in event.comparators.items() if word == "reachable"]
    failing = [name for name, word in event.comparators.items() if word == "failing"]
    parts = [f"{_list(answering)} reachable" if answering else "", f"{_list(failing)} failing too" if failing else ""]
    return ", ".join(part for part in parts if part)


def _conclusion(case: Case, event: Event) -> str:
    """`blocked` is said only where the lie itself is on record."""
    proof = ARTEFACTS & set(event.mechanisms.values())
    if event.kind == "block" and proof and any(member.artefact for member in case.members.values()):
        return f"blocked: {_list(sorted(_MEANING[name] for name in proof))} on record"
    return _CONCLUSION.get(event.kind, "")


def against(state: Detection, case: Case, event: Event) -> str:
    """What speaks against the event, empty if nothing does."""
    if case.wide:
        return ""
    reasons = [*_doubts(case, event)]
    contra = sum(len(member.contra) for member in case.members.values())
    if contra:
        reasons.append(f"{contra} repeat{'s' * (contra > 1)} succeeded meanwhile")
    fine = _fine(state, case)
    if fine:
        reasons.append(f"{_list(fine)} of the same service answer{'s' * (len(fine) == 1)} there")
    return "; ".join(reasons)


def _doubts(case: Case, event: Event) -> list[str]:
    doubts = []
    if len(case.members) == 1:
        doubts.append("one series only")
    if event.comparators and "reachable" not in event.comparators.values():
        doubts.append("no comparator answers at these places")
    if not event.comparators:
        doubts.append("no comparator is measured at these places")
    if event.kind == "block" and not case.elsewhere:
        doubts.append("no other place is known to reach it now")
    if any(not member.before for member in case.members.values()):
        doubts.append("it failed from the first look on")
    return doubts


def _fine(state: Detection, case: Case) -> list[str]:
    """Roles of the service that answer at the places of the event."""
    answering = {
        series.role
        for vantage in case.vantages
        for series, track in state.tracks_at(vantage)
        if series.service == case.service and track.last_good > case.onset[1] and not track.fails
    }
    return sorted(answering - {series.role for series in case.members})


def _minute(moment: int) -> str:
    return f"{text_of(moment // SECOND * SECOND)[11:16]} UTC"


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""
