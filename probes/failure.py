"""From an exception to a kind: the one table that says what a fault of the wire is called."""

import errno
import socket
import ssl
from collections.abc import Mapping
from typing import Any

from probes.record import Kind


class Fault(OSError):  # noqa: N818  a word of the field: a fault of the wire, not an error of ours
    """A failure that a step recognised by itself, with its kind; facts of it go to the record."""

    def __init__(self, kind: Kind, detail: str = "", **facts: Any) -> None:  # noqa: ANN401  the fields of Facts
        """`facts` are fields of Facts."""
        super().__init__(f"{kind}: {detail}" if detail else str(kind))
        self.kind = kind
        self.detail = detail
        self.facts = facts


# What the far end or the path can do to a socket. Every other errno is a fault of our own machine.
WIRE: Mapping[int, Kind] = {
    errno.ECONNABORTED: Kind.CONNECTION_ABORTED,
    errno.ECONNREFUSED: Kind.REFUSED,
    errno.ECONNRESET: Kind.RESET,
    errno.EHOSTDOWN: Kind.HOST_UNREACHABLE,
    errno.EHOSTUNREACH: Kind.HOST_UNREACHABLE,
    errno.ENETRESET: Kind.NETWORK_RESET,
    errno.ENETUNREACH: Kind.NETWORK_UNREACHABLE,
    errno.ENONET: Kind.HOST_UNREACHABLE,
    errno.EPIPE: Kind.EOF,  # Linux says so for a reset that follows a FIN: the FIN came first
    errno.ESHUTDOWN: Kind.EOF,
    errno.ETIMEDOUT: Kind.SYSTEM_TIMEOUT,
}

# X509_V_ERR_* of OpenSSL (x509_vfy.h): who vouches for it, and for whom. Others are faults of the certificate.
AUTHORITY = frozenset({2, 18, 19, 20, 21, 33})
HOSTNAME = frozenset({62, 64})

TLS_REASONS: Mapping[str, Kind] = {
    "HTTP_REQUEST": Kind.TLS_JUNK,
    "TLSV1_UNRECOGNIZED_NAME": Kind.TLS_HOSTNAME,  # alert 112
    "UNEXPECTED_EOF_WHILE_READING": Kind.EOF,
    "WRONG_VERSION_NUMBER": Kind.TLS_JUNK,
}

NAMES: Mapping[int, Kind] = {
    socket.EAI_AGAIN: Kind.DNS_TEMPORARY,
    socket.EAI_FAIL: Kind.DNS_NON_RECOVERABLE,
    socket.EAI_NODATA: Kind.DNS_NO_ANSWER,
    socket.EAI_NONAME: Kind.DNS_NXDOMAIN,
}


def classify(fault: BaseException) -> tuple[Kind, str]:
    """Name a fault of the wire: its kind, and a detail for people."""
    match fault:
        case Fault():
            return fault.kind, fault.detail
        case ssl.SSLError():  # before the errno: that of every SSLError is 1, which reads EPERM
            return _tls(fault)
        case socket.gaierror():
            return NAMES.get(fault.errno or 0, Kind.LOCAL), fault.strerror or ""
        case OSError(errno=int(number)):
            return (WIRE[number], "") if number in WIRE else (Kind.LOCAL, errno_name(number))
        case TimeoutError():
            return Kind.TIMEOUT, ""
        case (
            EOFError() | ConnectionResetError()
        ):  # asyncio says a FIN with a reset that has no errno (notes/field.md 2.2)
            return Kind.EOF, ""
        case _:
            return Kind.UNKNOWN, f"{type(fault).__name__}: {fault}"


def facts_of(fault: BaseException) -> dict[str, Any]:
    """The fields of Facts that a fault brings along."""
    match fault:
        case Fault():
            return fault.facts
        case ssl.SSLCertVerificationError(verify_code=int(code)):
            return {"verify": code}
        case _:
            return {}


def own(fault: OSError) -> Fault:
    """The same fault as one of our own: whatever its errno would say on the wire, the target had no part in it."""
    if isinstance(fault, Fault):
        return fault
    return Fault(Kind.LOCAL, errno.errorcode.get(fault.errno or 0, str(fault)))


def own_errno(number: int) -> Fault:
    """A fault of our own from an errno that a call returned."""
    return Fault(Kind.LOCAL, errno_name(number))


def errno_name(number: int) -> str:
    """`EMFILE`; a number that has no name as `errno 999`."""
    return errno.errorcode.get(number, f"errno {number}")


def _tls(fault: ssl.SSLError) -> tuple[Kind, str]:
    match fault:
        case ssl.SSLCertVerificationError(verify_code=int(code), verify_message=str(message)):
            return _certificate(code), message
        case ssl.SSLZeroReturnError() | ssl.SSLEOFError():
            return Kind.EOF, ""
        case ssl.SSLError(reason=str(reason)):
            return TLS_REASONS.get(reason, Kind.TLS_FAILED), reason
        case _:  # one that OpenSSL did not make has neither code nor reason
            return Kind.TLS_FAILED, str(fault)


def _certificate(code: int) -> Kind:
    if code in AUTHORITY:
        return Kind.TLS_AUTHORITY
    return Kind.TLS_HOSTNAME if code in HOSTNAME else Kind.TLS_CERTIFICATE
