"""The certificates of the world: one authority for the tests and for the process that serves."""

import datetime as dt
import ssl
from pathlib import Path
from typing import Any

import trustme

LONG_AGO, PAST = dt.datetime(2001, 1, 1, tzinfo=dt.UTC), dt.datetime(2002, 1, 1, tzinfo=dt.UTC)


def save(authority: trustme.CA, path: Path) -> None:
    """Write an authority's key and certificate where the world's process reads them."""
    path.write_bytes(authority.private_key_pem.bytes() + authority.cert_pem.bytes())


def load(path: Path) -> trustme.CA:
    """Read it."""
    pem = path.read_bytes()
    return trustme.CA.from_pem(pem[pem.index(b"-----BEGIN CERTIFICATE") :], pem)


def _leaf(authority: trustme.CA, name: str, kind: str) -> trustme.LeafCert:
    issuer = trustme.CA() if kind == "stranger" else authority
    dates: dict[str, Any] = {"not_before": LONG_AGO, "not_after": PAST} if kind == "expired" else {}
    return issuer.issue_cert("portal.example" if kind == "wrong" else name, **dates)


def paper(authority: trustme.CA, name: str, kind: str) -> ssl.SSLContext:
    """A server's context: `good`, `expired`, `wrong` (another name), or of a `stranger`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    _leaf(authority, name, kind).configure_cert(context)
    return context


def pem(authority: trustme.CA, name: str, kind: str) -> bytes:
    """The same as key and chain, for servers that take no context."""
    leaf = _leaf(authority, name, kind)
    return leaf.private_key_pem.bytes() + b"".join(one.bytes() for one in leaf.cert_chain_pems)


def public(authority: trustme.CA) -> bytes:
    """Its certificate (PEM), for a trust set."""
    return authority.cert_pem.bytes()


__all__ = ["load", "paper", "pem", "public", "save"]
