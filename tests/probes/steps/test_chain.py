"""What is read off a chain of certificates, and that no chain breaks the reading."""

import ssl

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates
from hypothesis import given
from hypothesis import strategies as st

from probes.steps import chain
from probes.steps.chain import Message, certificates, chain_hash, issuer, leads_to
from tests.lab import certificates as lab
from tests.lab.certificates import authority, key_and_chain, stranger


def ders(pem: bytes) -> list[bytes]:
    """The certificates of a PEM file."""
    return [one.public_bytes(Encoding.DER) for one in load_pem_x509_certificates(pem)]


def sized(data: bytes) -> bytes:
    return len(data).to_bytes(3) + data


def modern(*chain_of: bytes, extensions: bytes = b"") -> Message:
    """A Certificate message of TLS 1.3 (RFC 8446 section 4.4.2), with an empty request context."""
    entries = b"".join(sized(der) + len(extensions).to_bytes(2) + extensions for der in chain_of)
    return 0x0304, b"\x0b" + sized(b"\0" + sized(entries))


def old(*chain_of: bytes) -> Message:
    """A Certificate message of TLS 1.2 (RFC 5246 section 7.4.2)."""
    return 0x0303, b"\x0b" + sized(sized(b"".join(map(sized, chain_of))))


def root_of(one: trustme.CA) -> tuple[bytes, ...]:
    return tuple(ders(one.cert_pem.bytes()))


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=5), st.binary(max_size=40))
def test_a_chain_is_the_same_in_both_versions_of_tls_and_with_any_extensions(one: list, extensions: bytes) -> None:
    assert certificates(modern(*one)) == certificates(old(*one)) == tuple(one)
    assert chain_hash(modern(*one, extensions=extensions)) == chain_hash(old(*one))


@pytest.mark.parametrize("name", ["good", "intermediate"])
def test_the_hash_is_that_of_the_chain_as_sent(name: str) -> None:
    assert chain_hash(modern(*ders(key_and_chain(name)))) == lab.chain_hash(name)


def test_the_issuer_of_the_leaf_is_named_with_its_organisation() -> None:
    child = trustme.CA(organization_name="Signal Messenger, LLC")
    leaf = child.issue_cert("chat.signal.org")
    said = issuer(modern(*ders(leaf.cert_chain_pems[0].bytes())))
    assert said.startswith("Signal Messenger, LLC")


def test_a_name_of_its_own_choice_is_one_short_line() -> None:
    """An interceptor's certificate is read by people, in a terminal too."""
    loud = trustme.CA(organization_name="\x1b[31m" + "a" * 60, organization_unit_name="b\nc")
    said = issuer(modern(*ders(loud.issue_cert("a.example").cert_chain_pems[0].bytes())))
    assert said.isprintable()
    assert "aaaa" in said
    assert len(said) <= chain.TEXT


@pytest.mark.parametrize("junk", [(), (b"junk",), (b"\x30\x03\x02\x01\x01",)])
def test_what_is_no_certificate_has_no_issuer_and_leads_nowhere(junk: tuple) -> None:
    assert issuer(modern(*junk)) == ""
    assert leads_to(modern(*junk), root_of(authority())) is False


@pytest.mark.parametrize("name", ["good", "intermediate", "expired", "wrong_host"])
def test_a_leaf_leads_to_the_root_that_signed_it_step_by_step(name: str) -> None:
    """Dates and names are looked at elsewhere."""
    shown = ders(key_and_chain(name))
    assert leads_to(modern(*shown), root_of(authority()))
    assert leads_to(modern(*shown), (*root_of(stranger()), *root_of(authority())))
    assert not leads_to(modern(*shown), root_of(stranger()))
    assert not leads_to(modern(*shown), ())


def test_the_order_of_the_chain_does_not_matter_but_for_the_leaf() -> None:
    leaf, *rest = ders(key_and_chain("intermediate"))
    assert leads_to(modern(leaf, *root_of(stranger()), *reversed(rest)), root_of(authority()))
    assert not leads_to(modern(leaf), root_of(authority())), "a step is missing"


def test_a_foreign_chain_laid_beside_a_leaf_vouches_for_nothing() -> None:
    """Whoever intercepts can send Signal's own certificates behind his leaf."""
    leaf = ders(key_and_chain("self_signed"))[0]
    shown = (leaf, *ders(key_and_chain("intermediate")), *root_of(authority()))
    assert not leads_to(modern(*shown), root_of(authority()))


def test_a_name_alone_signs_nothing() -> None:
    """Two authorities of one name and two keys: the new one does not pass for the old."""
    was, now = (trustme.CA(organization_name="Signal Messenger, LLC") for _ in range(2))
    leaf = ders(now.issue_cert("chat.signal.org").cert_chain_pems[0].bytes())
    assert leads_to(modern(*leaf), root_of(now))
    assert not leads_to(modern(*leaf), root_of(was))


def test_a_certificate_that_is_pinned_itself_is_its_own_root() -> None:
    leaf = ders(key_and_chain("self_signed"))
    assert leads_to(modern(*leaf), tuple(leaf))


@given(st.data())
def test_no_twisted_byte_breaks_the_reading(data: st.DataObject) -> None:
    whole = bytearray(b"".join(map(sized, ders(key_and_chain("intermediate")))))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    message = (0x0303, b"\x0b" + sized(sized(bytes(whole))))
    assert len(issuer(message)) <= chain.TEXT
    assert leads_to(message, root_of(authority())) in {True, False}


def test_a_message_as_openssl_hands_it_over() -> None:
    """Read off a true handshake: the layout above is not only ours."""
    client = lab.lab_trusts()("lab", ())
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    far = lab.context_of("intermediate").wrap_bio(to_server, to_client, server_side=True)
    for one in (near, far, near):
        try:
            one.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert list(certificates(near.certificates)) == ders(key_and_chain("intermediate"))  # type: ignore[attr-defined]
