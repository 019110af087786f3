"""Trust sets: one context each, and clear words where one cannot be made."""

import ssl
from pathlib import Path
from types import SimpleNamespace

import pytest

from probes.steps.trust import ALPN, AND_PUBLIC, OBSERVE, PUBLIC, Trusts, Watched, is_hashed
from tests.lab.certificates import authority, context_of, stranger


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    path = tmp_path / "own.pem"
    authority().cert_pem.write_to_path(path)
    return path


def shake(client: ssl.SSLContext, server: ssl.SSLContext) -> Watched:
    """A handshake in memory."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname="web.whatsapp.com")
    far = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [near, far]
    while waiting:
        one = waiting.pop(0)
        try:
            one.do_handshake()
        except ssl.SSLWantReadError:
            waiting.append(one)
    assert isinstance(near, Watched)
    return near


def test_each_set_is_made_once(pem: Path) -> None:
    asked = []

    def find(name: str) -> Path:
        asked.append(name)
        return pem

    trusts = Trusts(find)
    assert trusts("own") is trusts("own") is trusts("own", ALPN)
    assert asked == ["own"]


def test_what_is_offered_makes_another_context(pem: Path) -> None:
    trusts = Trusts(lambda _: pem)
    assert trusts("own", ("http/1.1",)) is not trusts("own", ())
    for offered, agreed in [(("http/1.1",), "http/1.1"), (ALPN, "http/1.1"), ((), None)]:
        assert shake(trusts("own", offered), context_of("good")).selected_alpn_protocol() == agreed


def test_a_file_is_trusted_and_nothing_else(pem: Path) -> None:
    context = Trusts(lambda _: pem)("own")
    assert context.cert_store_stats()["x509_ca"] == 1
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(context, context_of("unknown_issuer"))


def test_an_intermediate_may_be_the_anchor(tmp_path: Path) -> None:
    """An operator who pins what a vendor publishes need not know whether it is a root."""
    child = authority().create_child_ca()
    child.cert_pem.write_to_path(tmp_path / "child.pem")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    child.issue_cert("web.whatsapp.com").configure_cert(server)
    near = shake(Trusts(lambda _: tmp_path / "child.pem")("child"), server)
    assert near.version() == "TLSv1.3"


def test_observing_verifies_nothing() -> None:
    context = Trusts(lambda _: None)(OBSERVE)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)
    assert shake(context, context_of("expired")).version() == "TLSv1.3"


def test_public_honours_ssl_cert_file(pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    monkeypatch.setenv("SSL_CERT_DIR", str(pem.parent / "none"))
    context = Trusts(lambda _: None)(PUBLIC)
    assert context.cert_store_stats()["x509_ca"] == 1
    assert shake(context, context_of("good")).version() == "TLSv1.3"


def test_public_falls_back_to_the_bundle_of_the_system(pem: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python built by hand looks where nobody keeps certificates; then everything would read as intercepted."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    nowhere = SimpleNamespace(cafile=None, capath=None)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nowhere)
    monkeypatch.setattr("probes.steps.trust.BUNDLES", ("/none.pem", str(pem)))
    assert shake(Trusts(lambda _: None)(PUBLIC), context_of("good")).version() == "TLSv1.3"
    monkeypatch.setattr("probes.steps.trust.BUNDLES", ("/none.pem",))
    with pytest.raises(ValueError, match="install ca-certificates"):
        Trusts(lambda _: None)(PUBLIC)


def test_ssl_cert_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/none/roots.pem")
    with pytest.raises(ValueError, match=r"SSL_CERT_FILE=/none/roots\.pem is no file"):
        Trusts(lambda _: None)(PUBLIC)


def test_ssl_cert_file_that_holds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Silently trusting nobody would read as interception everywhere."""
    (tmp_path / "empty.pem").write_text("no certificate here")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "empty.pem"))
    with pytest.raises(ValueError, match=r"empty\.pem holds no PEM certificate"):
        Trusts(lambda _: None)(PUBLIC)


def test_a_folder_is_hashed_where_openssl_finds_roots_in_it_by_name(tmp_path: Path) -> None:
    plain, hashed = tmp_path / "plain", tmp_path / "hashed"
    for folder, name in ((plain, "ISRG_Root_X1.pem"), (hashed, "4042bcee.0")):
        folder.mkdir()
        (folder / name).touch()
    assert (is_hashed(str(plain)), is_hashed(str(hashed))) == (False, True)


def test_sets_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("no certificate here")
    trusts = Trusts(lambda name: None if name == "unknown" else tmp_path / name)
    with pytest.raises(ValueError, match="trust set 'unknown' is unknown"):
        trusts("unknown")
    with pytest.raises(ValueError, match=r"empty\.pem holds no PEM certificate"):
        trusts("empty.pem")
    with pytest.raises(ValueError, match=r"missing\.pem: No such file"):
        trusts("missing.pem")


def test_what_a_python_newer_than_3_12_would_refuse_is_judged_the_same(pem: Path) -> None:
    assert not Trusts(lambda _: pem)("own").verify_flags & ssl.VERIFY_X509_STRICT


def test_watching_sees_the_certificate_in_both_versions_of_the_protocol(pem: Path) -> None:
    """The private hook that docs/decisions/0003 is about: this test says when a new Python takes it away."""
    context = Trusts(lambda _: pem)("own")
    for version, number in [(ssl.TLSVersion.TLSv1_3, 0x0304), (ssl.TLSVersion.TLSv1_2, 0x0303)]:
        near = shake(context, context_of("good", version))
        assert near.certificates is not None
        assert near.certificates[0] == number
        assert (near.getpeercert(binary_form=True) or b"none") in near.certificates[1]
        assert near.alert is None


def test_connections_are_watched_apart(pem: Path) -> None:
    context = Trusts(lambda _: pem)("own")
    one, other = shake(context, context_of("good")), shake(context, context_of("intermediate"))
    assert one.certificates != other.certificates


def test_a_set_and_the_public_roots_together(pem: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger().cert_pem.write_to_path(tmp_path / "public.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "public.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    asked = []

    def find(name: str) -> Path:
        asked.append(name)
        return pem

    both = Trusts(find)(f"own{AND_PUBLIC}")
    assert asked == ["own"]
    for certificate in ("good", "unknown_issuer"):
        assert shake(both, context_of(certificate)).version() == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(both, context_of("rotated"))


def test_a_joint_set_that_cannot_be_made_names_the_part() -> None:
    with pytest.raises(ValueError, match="trust set 'none' is unknown"):
        Trusts(lambda _: None)(f"none{AND_PUBLIC}")
