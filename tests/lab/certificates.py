"""Certificates, good and bad, of an authority that exists only while the tests run."""

import datetime as dt
import ssl
from functools import cache
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from probes.record import content_hash
from probes.steps.trust import ALPN, AND_PUBLIC, Trusts

NAMES = ("127.0.0.1", "::1", "localhost", "web.whatsapp.com")
LONG_AGO, PAST, FUTURE, FAR = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in (2001, 2002, 2090, 2091))


@cache
def authority() -> trustme.CA:
    """The one that the trust set `lab` holds."""
    return trustme.CA()


@cache
def stranger() -> trustme.CA:
    """One that no trust set holds."""
    return trustme.CA()


@cache
def rotated() -> trustme.CA:
    """A new authority that no trust set holds yet, with a name."""
    return trustme.CA(organization_name="Signal Messenger, LLC")


@cache
def lab_trusts() -> Trusts:
    """Trust sets as the daemon has them; `lab` holds our authority, also beside the public ones."""
    with authority().cert_pem.tempfile() as path:
        trusts = Trusts(lambda name: Path(path) if name == "lab" else None)
        for offered in (ALPN, ("http/1.1",), ()):
            trusts("lab", offered)
        trusts(f"lab{AND_PUBLIC}", ("http/1.1",))
    return trusts


@cache
def context_of(certificate: str, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """A server's context that shows a certificate, at most in that version of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    if version is not None:
        context.maximum_version = version
    with trustme.Blob(key_and_chain(certificate)).tempfile() as path:
        context.load_cert_chain(path)
    return context


@cache
def chain_hash(certificate: str) -> str:
    """What the fact `chain` has to say of it: each DER certificate behind its length in three bytes."""
    found = x509.load_pem_x509_certificates(key_and_chain(certificate))
    chain = [one.public_bytes(serialization.Encoding.DER) for one in found]
    return content_hash(b"".join(len(der).to_bytes(3) + der for der in chain))


LEAVES = {
    "good": lambda: authority().issue_cert(*NAMES),
    "intermediate": lambda: authority().create_child_ca().issue_cert(*NAMES),
    "expired": lambda: authority().issue_cert(*NAMES, not_before=LONG_AGO, not_after=PAST),
    "not_yet": lambda: authority().issue_cert(*NAMES, not_before=FUTURE, not_after=FAR),
    "block_page": lambda: stranger().issue_cert("warning.rt.ru"),
    "wrong_host": lambda: authority().issue_cert("portal.example"),
    "unknown_issuer": lambda: stranger().issue_cert(*NAMES),
    "unknown_root": lambda: stranger().issue_cert(*NAMES),
    "rotated": lambda: rotated().issue_cert(*NAMES),
    "long": lambda: authority().issue_cert(*NAMES, *(f"name-{number}.padding.example" for number in range(900))),
}


@cache
def key_and_chain(certificate: str) -> bytes:
    """The PEM of a private key and its certificates, leaf first."""
    if certificate == "self_signed":
        return self_signed()
    pem = LEAVES[certificate]().private_key_and_cert_chain_pem.bytes()
    return pem + stranger().cert_pem.bytes() if certificate == "unknown_root" else pem


def self_signed() -> bytes:
    """A box's own certificate: nobody vouches for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), LONG_AGO, FAR)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    return key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem)
