"""From a failing record to a dotted mechanism: the deepest level that this one record supports, never more."""

from collections.abc import Mapping

from probes.record import Answer, Failure, Kind, Phase, Record, rewritten

OUTAGE, PORTAL, WHITELIST = "outage", "portal", "whitelist"
CERTIFICATE, MITM = "certificate", "tls.mitm"
NXDOMAIN, REMOVAL = "dns.nxdomain", "dns.registry_removal"
ARTEFACTS = frozenset({"dns.rewrite", "dns.injection", "dns.bogon", "dns.blockpage", "http.blockpage", MITM})
"""Mechanisms whose record holds the lie itself: one of them confirms alone."""

WIRE = ("dns", "proxy", "tcp", "tls", "quic", "http", "app")
_DROP = {Kind.TIMEOUT: "drop", Kind.SYSTEM_TIMEOUT: "drop"}
_DNS = {
    Kind.DNS_NXDOMAIN: NXDOMAIN,
    Kind.DNS_NO_ANSWER: "dns.nodata",
    Kind.DNS_SERVFAIL: "dns.servfail",
    Kind.DNS_REFUSED: "dns.refused",
    Kind.DNS_BOGON: "dns.bogon",
    Kind.DNS_BLOCKPAGE: "dns.blockpage",
    Kind.TIMEOUT: "dns.timeout",
    Kind.SYSTEM_TIMEOUT: "dns.timeout",
}
_TCP = {
    Kind.REFUSED: "reset",
    Kind.RESET: "reset",
    Kind.HOST_UNREACHABLE: "unreachable",
    Kind.NETWORK_UNREACHABLE: "unreachable",
    **_DROP,
}
_TLS = {Kind.RESET: "reset", Kind.EOF: "eof", **_DROP}
_PROXY = {
    Kind.SOCKS_REFUSED: "proxy.refused",
    Kind.SOCKS_HOST_UNREACHABLE: "proxy.unreachable",
    Kind.SOCKS_NETWORK_UNREACHABLE: "proxy.unreachable",
    Kind.SOCKS_TTL_EXPIRED: "proxy.unreachable",
    **{kind: f"proxy.{word}" for kind, word in _DROP.items()},
}
_HTTP = {Kind.HTTP_BLOCKPAGE: "blockpage", **_TLS}
_ENDINGS: Mapping[Phase, Mapping[Kind, str]] = {
    Phase.TCP: _TCP,
    Phase.TLS: _TLS,
    Phase.QUIC: _DROP,
    Phase.HTTP: _HTTP,
    Phase.APP: _TLS,
}
CERTIFICATE_KINDS = frozenset({Kind.TLS_HOSTNAME, Kind.TLS_AUTHORITY, Kind.TLS_CERTIFICATE})


def mechanism_of(record: Record) -> str:
    """The mechanism that a failing record supports by itself: `dns.nxdomain`, `tcp.drop` ..., or the bare phase."""
    failure = record.failure
    if failure is None:
        return ""
    if injected(record.facts.answers):
        return "dns.injection"
    if record.facts.extra.get("registry") == "removed":
        return REMOVAL
    if failure.phase is Phase.DNS:
        return _dns(failure, record.facts.answers)
    if failure.phase is Phase.PROXY:
        return _PROXY.get(failure.kind, "proxy")  # the proxy's word for the target: its own faults are local
    return _later(failure, record)


def _dns(failure: Failure, answers: tuple[Answer, ...]) -> str:
    denied = failure.kind in {Kind.DNS_NXDOMAIN, Kind.DNS_NO_ANSWER} and bool(answers)
    if denied and (rewritten(answers[0]) or _belied(answers)):
        return "dns.rewrite"
    return _DNS.get(failure.kind, "dns")


def _belied(answers: tuple[Answer, ...]) -> bool:
    """The same resolver, asked over TCP at once, knows the address that it is made to deny over UDP."""
    used = answers[0]
    return (
        used.transport == "udp"
        and "tc" not in used.flags
        and any(one.transport == "tcp" and one.rcode == "NOERROR" and one.addresses for one in answers)
    )


def _later(failure: Failure, record: Record) -> str:
    facts = record.facts
    if failure.kind is Kind.HTTP_STATUS:
        return "status"
    if failure.kind is Kind.HTTP_BLOCKPAGE:  # at tls: the page's own certificate
        return "http.blockpage"
    if facts.extra.get("peer") == "answered":
        return "udp.stun"
    if facts.extra.get("transfer") == "freeze":
        return "freeze"
    if failure.phase is Phase.TLS and facts.alert is not None:
        return "tls.alert"
    if failure.kind in CERTIFICATE_KINDS:
        return CERTIFICATE
    if failure.kind is Kind.REFUSED and facts.refused_by == "icmp":
        return "tcp.unreachable"
    ending = _ENDINGS.get(failure.phase, {}).get(failure.kind)
    return f"{failure.phase}.{ending}" if ending else str(failure.phase)


def injected(answers: tuple[Answer, ...]) -> bool:
    """Two replies to one question over one transport that contradict each other: somebody raced the resolver."""
    whole = [answer for answer in answers if "tc" not in answer.flags]
    return any(
        one.transport == other.transport and _said(one) != _said(other)
        for number, one in enumerate(whole)
        for other in whole[number + 1 :]
    )


def _said(answer: Answer) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    return answer.rcode, tuple(sorted(answer.addresses)), answer.data


def host_of(endpoint: str) -> str:
    """The host name in an endpoint as it is written: of a URL, `host:port`, or `name/A@resolver`."""
    bare = endpoint.partition("://")[2] or endpoint
    return bare.partition("/")[0].rpartition("@")[2].partition(":")[0].lower()


def resolver_of(endpoint: str) -> str:
    """Who is asked in an endpoint of a dns probe as it is written: an address, or `vantage`."""
    return endpoint.rpartition("@")[2].partition("/")[0]


def zone_of(host: str) -> str:
    """The registered zone of a name, taken to be its last two labels."""
    return ".".join(host.rsplit(".", 2)[-2:])


def depth(mechanism: str) -> tuple[int, int]:
    """Orders mechanisms of equal weight: the earliest on the wire first, the deepest of a phase before its prefix."""
    phase = mechanism.partition(".")[0]
    deeper = mechanism == REMOVAL or mechanism in ARTEFACTS
    return WIRE.index(phase) if phase in WIRE else len(WIRE), -mechanism.count(".") - int(deeper)


def mode(counts: Mapping[str, float]) -> str:
    """The heaviest mechanism; a tie goes by `depth`, then by name. Empty if there is none."""
    return min(counts, key=lambda name: (-counts[name], depth(name), name), default="")
