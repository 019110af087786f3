"""What the pure parts of the quic step say."""

import ssl
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated
from hypothesis import given
from hypothesis import strategies as st

from probes.record import Kind
from probes.steps.quic import closed, configuration, is_quic, is_versions, refused, told, unknown_version


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
    ("head", "said"),
    [
        ("c000000001", {"quic_version": "0x1"}),
        ("f000000001", {"quic_version": "0x1", "quic_retry": "yes"}),
        ("f06b3343cf", {"quic_version": "0x6b3343cf"}),
        ("c06b3343cf", {"quic_version": "0x6b3343cf", "quic_retry": "yes"}),
        ("c000000000babababa", {}),
        ("4000000001", {}),
        ("c0000000", {}),
    ],
    ids=["initial", "retry", "v2 handshake", "v2 retry", "versions", "short header", "torn"],
)
def test_what_a_header_says_in_plain(head: str, said: dict[str, str]) -> None:
    assert told(bytes.fromhex(head)) == said


@given(st.binary(max_size=40))
def test_no_bytes_break_the_look_at_a_header(data: bytes) -> None:
    assert set(told(data)) <= {"quic_version", "quic_retry"}


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


def public(monkeypatch: pytest.MonkeyPatch, **places: str | None) -> QuicConfiguration:
    """What is trusted where OpenSSL looks in these places."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: SimpleNamespace(**places))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    run: Any = SimpleNamespace(world=SimpleNamespace(trust=lambda _name, _alpn: context))
    return configuration(run, "a.example", "public", ("h3",))


def test_a_folder_with_hashes_spares_the_reading_of_all_roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "930ac5d2.0").touch()
    made = public(monkeypatch, cafile=__file__, capath=str(tmp_path))
    assert (made.cafile, made.capath) == (None, str(tmp_path))


def test_a_folder_without_hashes_finds_nothing_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Some_Root.pem").touch()
    made = public(monkeypatch, cafile=__file__, capath=str(tmp_path))
    assert (made.cafile, made.capath) == (__file__, str(tmp_path))


def test_where_openssl_looks_nowhere_the_bundle_of_the_system_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the library would take roots that came with a package."""
    monkeypatch.setattr("probes.steps.trust.BUNDLES", ("/none.pem", __file__))
    made = public(monkeypatch, cafile=None, capath=None)
    assert (made.cafile, made.capath, made.cadata) == (__file__, None, None)
