"""What the pure parts of the quic step say."""

import ssl
from types import SimpleNamespace
from typing import Any

import pytest
from aioquic.quic.events import ConnectionTerminated
from hypothesis import given
from hypothesis import strategies as st

from probes.record import Kind
from probes.steps.quic import closed, configuration, is_quic, is_versions, refused, unknown_version


def test_the_question_for_versions_is_a_full_first_datagram() -> None:
    """RFC 9000 section 14.1; fresh each time."""
    assert len(unknown_version()) == 1200
    assert is_quic(unknown_version())
    assert unknown_version() != unknown_version()


@given(st.binary(max_size=40))
def test_a_list_of_versions_is_quic(data: bytes) -> None:
    """And no bytes break the look at them."""
    assert is_quic(data) or not is_versions(data)


@pytest.mark.parametrize(
    ("code", "kind", "alert"),
    [(0x100 + 40, Kind.TLS_FAILED, 40), (0x100 + 112, Kind.TLS_HOSTNAME, 112), (0x2, Kind.TLS_FAILED, None)],
)
def test_a_close_of_the_server(code: int, kind: Kind, alert: int | None) -> None:
    """The alert is a fact; another error has none."""
    fault = closed(ConnectionTerminated(code, 6, "no"), ours=False)
    assert (fault.kind, fault.facts.get("alert")) == (kind, alert)


def test_what_we_refuse_is_no_alert_of_theirs() -> None:
    """The far end sent none."""
    fault = closed(ConnectionTerminated(0x100 + 45, 6, "Certificate is no longer valid"), ours=True)
    assert (fault.kind, fault.facts) == (Kind.TLS_CERTIFICATE, {})
    assert refused(42, "unable to get local issuer certificate") is Kind.TLS_AUTHORITY
    assert refused(40, "") is Kind.TLS_FAILED


def test_public_roots_are_those_that_openssl_would_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not those that come with a library."""
    monkeypatch.setenv("SSL_CERT_FILE", __file__)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    run: Any = SimpleNamespace(world=SimpleNamespace(trust=lambda _name, _alpn: context))
    made = configuration(run, "a.example", "public", ("h3",))
    assert made.cafile == __file__
    assert made.verify_mode is None
