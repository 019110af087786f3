"""Who is trusted to vouch for a server: one SSL context for each trust set, made once."""

import os
import re
import ssl
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

PUBLIC = "public"
OBSERVE = "observe"
AND_PUBLIC = "+public"
"""Behind the name of a set: its authorities and the machine's roots together."""
ALPN = ("h2", "http/1.1")
"""What browsers offer."""
HTTP_1_1 = ("http/1.1",)
"""What we speak ourselves: a server that is offered h2 takes it, and a web socket over it is another protocol
(RFC 8441)."""
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine
)
HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
"""A root's name in a folder that `openssl rehash` made."""
HANDSHAKE, ALERT = 22, 21
"""Content types of RFC 8446 section 5.1."""
CERTIFICATE = 11
"""Handshake type of RFC 8446 section 4."""
FATAL = 2
NO_COMPRESSED_CERTIFICATES = 1 << 33
"""SSL_OP_NO_RX_CERTIFICATE_COMPRESSION of OpenSSL 3.2 (RFC 8879); Python has no name for it."""


class Watched(ssl.SSLObject):
    """A TLS connection that keeps the certificates and the alert that the far end sent, whatever becomes of it."""

    certificates: tuple[int, bytes] | None = None
    """TLS version (0x0304) and the Certificate message as it came, decrypted."""
    alert: int | None = None
    """The number of the last fatal alert received."""


class Trusts:
    """The SSL contexts of a process by trust set and ALPN. Reading public roots takes 40 ms: call it once at start."""

    def __init__(self, find: Callable[[str], Path | None]) -> None:
        """`find` gives the PEM file of a set that is neither `public` nor `observe`, or None."""
        self.find = find
        self._contexts: dict[tuple[str, tuple[str, ...]], ssl.SSLContext] = {}

    def __call__(self, name: str, alpn: tuple[str, ...] = ALPN) -> ssl.SSLContext:
        """The context of a set. Raises ValueError that names the set and the file."""
        context = self._contexts.get((name, alpn))
        if context is None:
            context = self._contexts[name, alpn] = self._make(name)
            if alpn:
                context.set_alpn_protocols(list(alpn))
        return context

    def _make(self, name: str) -> ssl.SSLContext:
        # Not create_default_context: since 3.13 it refuses certificates (VERIFY_X509_STRICT) that 3.11 accepts, and
        # what a record says must not depend on the Python that wrote it.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if name == OBSERVE:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif name == PUBLIC:
            _load_public(context)
        else:
            own = name.removesuffix(AND_PUBLIC)
            _load_file(context, own, self.find(own))
            if own != name:
                _load_public(context)
        _watch(context)
        return context


def public_places() -> tuple[str | None, str | None]:
    """The file and the folder with the machine's roots; SSL_CERT_FILE and SSL_CERT_DIR stand in for them, as OpenSSL
    has it. Raises ValueError where there are none.
    """
    named = os.environ.get("SSL_CERT_FILE")
    if named and not Path(named).is_file():
        raise ValueError(f"trust set 'public': SSL_CERT_FILE={named} is no file")
    places = ssl.get_default_verify_paths()
    if places.cafile or (places.capath and any(Path(places.capath).iterdir())):
        return places.cafile, places.capath
    bundle = next((path for path in BUNDLES if Path(path).is_file()), None)
    if bundle is None:
        raise ValueError("trust set 'public': this machine has no root certificates; install ca-certificates")
    return bundle, None


@lru_cache(maxsize=4)
def is_hashed(folder: str) -> bool:
    """True where OpenSSL finds a root in a folder by its subject's hash, and so reads no other."""
    return any(HASHED.fullmatch(path.name) for path in Path(folder).iterdir())


def _load_public(context: ssl.SSLContext) -> None:
    cafile, capath = public_places()
    try:
        context.load_verify_locations(cafile, capath)
    except ssl.SSLError:
        raise ValueError(f"trust set 'public': {cafile} holds no PEM certificate") from None


def _load_file(context: ssl.SSLContext, name: str, path: Path | None) -> None:
    """The certificates of a PEM file and nothing else; one that is not self-signed is an anchor all the same."""
    if path is None:
        raise ValueError(f"trust set {name!r} is unknown: write public, observe, a shipped name or a PEM file")
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        raise ValueError(f"trust set {name!r}: {path} holds no PEM certificate") from None
    except OSError as fault:
        raise ValueError(f"trust set {name!r}: {path}: {fault.strerror}") from None
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN


def _watch(context: ssl.SSLContext) -> None:
    """Have OpenSSL show each message as it comes in (docs/decisions/0003)."""
    if ssl.OPENSSL_VERSION_INFO >= (3, 2):
        context.options |= NO_COMPRESSED_CERTIFICATES  # they come as another message, and make the hello differ
    context.sslobject_class = Watched
    # The slot below SSLContext's own property, which turns every number into an enum first: 60 us a handshake.
    slot = vars(ssl.SSLContext.__mro__[1])["_msg_callback"]
    slot.__set__(context, _see)


def _see(tls: Watched, way: str, version: int, content: int, message: int, data: bytes) -> None:
    """Called for every message both ways."""
    if way != "read":
        return
    if content == HANDSHAKE and message == CERTIFICATE:
        tls.certificates = version, data
    elif content == ALERT and len(data) == 2 and data[0] == FATAL:
        tls.alert = data[1]
