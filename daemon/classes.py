"""The classes in which rollups count failures: a closed list, each a phase (or two) with a group of kinds."""

from enum import StrEnum
from functools import cache

from probes.record import Kind, Phase


class FailureClass(StrEnum):
    """How a slot failed, coarsely. Journals and stores count by these: the list only ever grows, at its end."""

    DNS_TIMEOUT = "dns_timeout"
    """Phase dns: no answer came."""
    DNS_NAME = "dns_name"
    """Phase dns: the name is said not to exist, or to have no address."""
    DNS_FORGED = "dns_forged"
    """Phase dns: an address that cannot be the target's, or an answer to another question."""
    DNS_FAIL = "dns_fail"
    """Phase dns: anything else, such as SERVFAIL and REFUSED."""
    PROXY_FAIL = "proxy_fail"
    """Phase proxy: the proxy did not bring us to the target."""
    TCP_TIMEOUT = "tcp_timeout"
    """Phase tcp: silence."""
    TCP_REFUSED = "tcp_refused"
    """Phase tcp: refused."""
    TCP_UNREACHABLE = "tcp_unreachable"
    """Phase tcp: the path says that host or network cannot be reached."""
    TCP_FAIL = "tcp_fail"
    """Phase tcp: anything else."""
    TLS_TIMEOUT = "tls_timeout"
    """Phases tls and quic: silence."""
    TLS_RESET = "tls_reset"
    """Phases tls and quic: reset or closed in the middle."""
    TLS_CERTIFICATE = "tls_certificate"
    """Phases tls and quic: a certificate that was not accepted."""
    TLS_FAIL = "tls_fail"
    """Phases tls and quic: anything else, such as an alert or bytes that are no TLS."""
    APP_TIMEOUT = "app_timeout"
    """Phases http and app: silence."""
    APP_RESET = "app_reset"
    """Phases http and app: reset or closed in the middle."""
    APP_BLOCKPAGE = "app_blockpage"
    """Phases http and app: a known block page."""
    APP_STATUS = "app_status"
    """Phases http and app: a status that was not expected."""
    APP_FAIL = "app_fail"
    """Phases http and app: anything else."""


_SILENCE = (Kind.TIMEOUT, Kind.SYSTEM_TIMEOUT)
_CUT = (
    Kind.RESET,
    Kind.EOF,
    Kind.CONNECTION_ABORTED,
    Kind.CONNECTION_ALREADY_CLOSED,
    Kind.NETWORK_RESET,
)
_GROUPS: dict[str, dict[FailureClass, tuple[Kind, ...]]] = {
    "dns": {
        FailureClass.DNS_TIMEOUT: _SILENCE,
        FailureClass.DNS_NAME: (Kind.DNS_NXDOMAIN, Kind.DNS_NO_ANSWER),
        FailureClass.DNS_FORGED: (Kind.DNS_BOGON, Kind.DNS_WRONG_ID, Kind.DNS_BLOCKPAGE),
    },
    "proxy": {},
    "tcp": {
        FailureClass.TCP_TIMEOUT: _SILENCE,
        FailureClass.TCP_REFUSED: (Kind.REFUSED,),
        FailureClass.TCP_UNREACHABLE: (Kind.HOST_UNREACHABLE, Kind.NETWORK_UNREACHABLE, Kind.NETWORK_DOWN),
    },
    "tls": {
        FailureClass.TLS_TIMEOUT: _SILENCE,
        FailureClass.TLS_RESET: _CUT,
        FailureClass.TLS_CERTIFICATE: (Kind.TLS_HOSTNAME, Kind.TLS_AUTHORITY, Kind.TLS_CERTIFICATE),
    },
    "app": {
        FailureClass.APP_TIMEOUT: _SILENCE,
        FailureClass.APP_RESET: _CUT,
        FailureClass.APP_BLOCKPAGE: (Kind.HTTP_BLOCKPAGE,),
        FailureClass.APP_STATUS: (Kind.HTTP_STATUS,),
    },
}
_LAYERS = {Phase.QUIC: "tls", Phase.HTTP: "app"}


@cache
def class_of(phase: Phase, kind: Kind) -> FailureClass:
    """The class of a failure that is the target's or the path's: kind `local` has none, it is counted apart."""
    layer = _LAYERS.get(phase, str(phase))
    for name, kinds in _GROUPS[layer].items():
        if kind in kinds:
            return name
    return FailureClass(f"{layer}_fail")
