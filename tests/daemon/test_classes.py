"""The classes of failures: closed, each failure in one, and their places on disk never change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.classes import FailureClass, class_of
from probes.record import Kind, Phase

PUBLISHED = (
    "dns_timeout dns_name dns_forged dns_fail proxy_fail tcp_timeout tcp_refused tcp_unreachable tcp_fail tls_timeout "
    "tls_reset tls_certificate tls_fail app_timeout app_reset app_blockpage app_status app_fail"
)


def test_the_list_only_grows_at_its_end() -> None:
    """Journals count by the place in the list, stores by the name."""
    assert " ".join(FailureClass).startswith(PUBLISHED)


@given(st.sampled_from(Phase), st.sampled_from(Kind))
def test_every_failure_has_a_class_of_its_phase(phase: Phase, kind: Kind) -> None:
    layer = {Phase.QUIC: "tls", Phase.HTTP: "app"}.get(phase, phase)
    assert class_of(phase, kind).startswith(f"{layer}_")


@pytest.mark.parametrize(
    ("phase", "kind", "name"),
    [
        (Phase.DNS, Kind.TIMEOUT, "dns_timeout"),
        (Phase.DNS, Kind.DNS_NXDOMAIN, "dns_name"),
        (Phase.DNS, Kind.DNS_NO_ANSWER, "dns_name"),
        (Phase.DNS, Kind.DNS_BOGON, "dns_forged"),
        (Phase.DNS, Kind.DNS_BLOCKPAGE, "dns_forged"),
        (Phase.DNS, Kind.DNS_SERVFAIL, "dns_fail"),
        (Phase.PROXY, Kind.TIMEOUT, "proxy_fail"),
        (Phase.TCP, Kind.TIMEOUT, "tcp_timeout"),
        (Phase.TCP, Kind.SYSTEM_TIMEOUT, "tcp_timeout"),
        (Phase.TCP, Kind.REFUSED, "tcp_refused"),
        (Phase.TCP, Kind.HOST_UNREACHABLE, "tcp_unreachable"),
        (Phase.TCP, Kind.RESET, "tcp_fail"),
        (Phase.TLS, Kind.RESET, "tls_reset"),
        (Phase.TLS, Kind.EOF, "tls_reset"),
        (Phase.TLS, Kind.TLS_AUTHORITY, "tls_certificate"),
        (Phase.TLS, Kind.TLS_JUNK, "tls_fail"),
        (Phase.QUIC, Kind.TIMEOUT, "tls_timeout"),
        (Phase.HTTP, Kind.HTTP_BLOCKPAGE, "app_blockpage"),
        (Phase.HTTP, Kind.HTTP_STATUS, "app_status"),
        (Phase.APP, Kind.EOF, "app_reset"),
        (Phase.APP, Kind.UNKNOWN, "app_fail"),
    ],
)
def test_what_the_story_needs_is_told_apart(phase: Phase, kind: Kind, name: str) -> None:
    assert class_of(phase, kind) == name
