"""How a probe can go wrong, in plain words, and what its record then says."""

from dataclasses import dataclass, field

from probes.record import Answer, Facts, Kind, Phase

PHASES: dict[str, tuple[Phase, ...]] = {
    "dns": (Phase.DNS,),
    "tcp": (Phase.DNS, Phase.TCP),
    "tls": (Phase.DNS, Phase.TCP, Phase.TLS),
    "http": (Phase.DNS, Phase.TCP, Phase.TLS, Phase.HTTP),
}
"""The probe types of stories, and the phases that they go through."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a probe ends, and how; without a phase it goes through."""

    phase: Phase | None = None
    kind: Kind | None = None
    facts: Facts = field(default_factory=Facts)


SILENT, SLOWER, MOVED = "silent", "slower", "other addresses"
_DENIED = Facts(answers=(Answer(0.02, "NXDOMAIN", ("ra", "rd"), (), 60, 1),))
_REWRITTEN = Facts(answers=(Answer(0.02, "NXDOMAIN", ("aa",), (), 60, 0),))
WAYS = {
    "name denied": Way(Phase.DNS, Kind.DNS_NXDOMAIN, _DENIED),
    "denial forged": Way(Phase.DNS, Kind.DNS_NXDOMAIN, _REWRITTEN),
    "resolver silent": Way(Phase.DNS, Kind.TIMEOUT),
    "connection dropped": Way(Phase.TCP, Kind.TIMEOUT),
    "connection refused": Way(Phase.TCP, Kind.REFUSED, Facts(refused_by="rst")),
    "handshake reset": Way(Phase.TLS, Kind.RESET),
    "handshake dropped": Way(Phase.TLS, Kind.TIMEOUT),
    "certificate expired": Way(Phase.TLS, Kind.TLS_CERTIFICATE, Facts(verify=10)),
    "certificate of a stranger": Way(Phase.TLS, Kind.TLS_AUTHORITY, Facts(verify=20)),
    "error page": Way(Phase.HTTP, Kind.HTTP_STATUS, Facts(status=503)),
    "block page": Way(Phase.HTTP, Kind.HTTP_BLOCKPAGE),
    SLOWER: Way(),
    MOVED: Way(),
    SILENT: Way(),
}
"""What can stand under `what` of a span; `silent` is no record and no heartbeat at all."""
