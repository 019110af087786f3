"""The certificates that a server showed: apart, hashed, who issued the first, and whether they lead to a root."""

from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import NameOID

from probes.record import content_hash

TLS_1_3 = 0x0304
TEXT = 120
"""Characters of a name that are kept: whoever intercepts writes what he likes."""
UNREADABLE = (ValueError, IndexError, TypeError, x509.InvalidVersion, UnsupportedAlgorithm, InvalidSignature)
"""What is raised over a certificate that is torn, of another kind than a server's, or not signed by who is asked."""
Message = tuple[int, bytes]
"""The version of TLS, and a Certificate message as it came."""


def certificates(message: Message) -> tuple[bytes, ...]:
    """The DER certificates of a Certificate message, leaf first (RFC 5246 7.4.2, RFC 8446 4.4.2)."""
    version, data = message
    modern = version == TLS_1_3
    at = 8 + data[4] if modern else 7  # after type, length, in 1.3 request context, length of the list
    found = []
    while at < len(data):
        end = at + 3 + int.from_bytes(data[at : at + 3])
        found.append(data[at + 3 : end])
        at = end + 2 + int.from_bytes(data[end : end + 2]) if modern else end  # extensions are no certificate
    return tuple(found)


@lru_cache(maxsize=512)
def chain_hash(message: Message) -> str:
    """The hash of a chain, each certificate behind its length; a server shows the same one for weeks."""
    return content_hash(b"".join(len(der).to_bytes(3) + der for der in certificates(message)))


@lru_cache(maxsize=512)
def issuer(message: Message) -> str:
    """Who says that he issued the leaf, `organisation / common name`; empty where that cannot be read."""
    try:
        name = x509.load_der_x509_certificate(certificates(message)[0]).issuer
        parts = [name.get_attributes_for_oid(kind) for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)]
        said = " / ".join(str(found[0].value) for found in parts if found)
    except UNREADABLE:
        return ""
    return "".join(letter for letter in said if letter.isprintable())[:TEXT]


@lru_cache(maxsize=512)
def names(message: Message) -> tuple[str, ...]:
    """The host names that the leaf is for; none where that cannot be read."""
    try:
        leaf = x509.load_der_x509_certificate(certificates(message)[0])
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return tuple(found.value.get_values_for_type(x509.DNSName))
    except (*UNREADABLE, x509.ExtensionNotFound, x509.DuplicateExtension):
        return ()


@lru_cache(maxsize=512)
def leads_to(message: Message, roots: tuple[bytes, ...]) -> bool:
    """True if the leaf is signed, step by step within the chain, by one of the roots (DER); dates are not looked at."""
    try:
        shown = [x509.load_der_x509_certificate(der) for der in certificates(message)]
        anchors = [x509.load_der_x509_certificate(der) for der in roots]
    except UNREADABLE:
        return False
    reached = shown[:1]
    for one in reached:  # grows: each certificate of the chain is taken once at most
        if any(one == root or _signed(one, root) for root in anchors):
            return True
        reached += [other for other in shown if other not in reached and _signed(one, other)]
    return False


def _signed(one: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        one.verify_directly_issued_by(by)
    except UNREADABLE:
        return False
    return True
