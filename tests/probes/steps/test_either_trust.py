"""Which of two sets vouched for a chain that their union accepted."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from probes.failure import Fault
from probes.record import Kind
from probes.run import Run
from probes.steps.either_trust import _judge, either
from probes.steps.trust import Trusts
from tests.lab.certificates import authority, context_of, stranger
from tests.lab.runs import attempt, direct, world


@pytest.fixture
def trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trusts:
    authority().cert_pem.write_to_path(tmp_path / "own.pem")
    stranger().cert_pem.write_to_path(tmp_path / "public.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "public.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    return Trusts(lambda name: tmp_path / Path(name).name)


def shaken(context: ssl.SSLContext, certificate: str) -> ssl.SSLObject:
    """A handshake in memory. Raises SSLError."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = context.wrap_bio(to_client, to_server, server_hostname="localhost")
    far = context_of(certificate).wrap_bio(to_server, to_client, server_side=True)
    for one in (near, far):
        with pytest.raises(ssl.SSLWantReadError):
            one.do_handshake()
    near.do_handshake()
    return near


def judged(trusts: Trusts, certificate: str, trust: str, *, pinned: bool = False) -> Any:
    """Who vouched, or how it failed."""
    run = Run(attempt("signal", "https://localhost/"), direct(), world(trust=trusts))
    tls = shaken(trusts(either(trust), ()), certificate)
    try:
        _judge(run, trust, (), tls, pinned=pinned)
    except Fault as fault:
        return fault.kind
    return run.seen["extra"].get("vouched_by")


def test_the_union_has_a_name_of_its_own_where_there_is_one() -> None:
    assert either("signal") == "signal+public"
    assert either("/a/b/own.pem") == "/a/b/own.pem+public"
    assert [either(name) for name in ("public", "observe")] == ["public", "observe"]


@pytest.mark.parametrize(
    ("certificate", "by"), [("good", "own.pem"), ("intermediate", "own.pem"), ("unknown_issuer", "public")]
)
def test_the_own_set_is_named_without_its_folder(trusts: Trusts, certificate: str, by: str) -> None:
    assert judged(trusts, certificate, "/home/somebody/own.pem") == by


def test_where_only_the_own_set_will_do_the_other_is_an_unknown_authority(trusts: Trusts) -> None:
    assert judged(trusts, "good", "own.pem", pinned=True) == "own.pem"
    assert judged(trusts, "unknown_issuer", "own.pem", pinned=True) is Kind.TLS_AUTHORITY


def test_public_alone_and_nobody(trusts: Trusts) -> None:
    assert judged(trusts, "unknown_issuer", "public") == "public"
    assert judged(trusts, "self_signed", "observe") is None


def test_what_neither_set_accepts_is_refused_by_openssl(trusts: Trusts) -> None:
    for certificate in ("self_signed", "rotated"):
        with pytest.raises(ssl.SSLCertVerificationError):
            shaken(trusts("own.pem+public", ()), certificate)
