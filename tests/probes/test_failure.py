"""Every fault of the wire has one name, and it is OONI's where there is one."""

import asyncio
import errno
import os
import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.failure import WIRE, Fault, classify, errno_name, facts_of, own, own_errno
from probes.record import Kind

# df-007 of OONI's specification and what its engine emits besides (notes/field.md 2.1), without its own wrapper words.
OONI = """
    address_family_not_supported address_in_use address_not_available already_connected bad_address bad_file_descriptor
    connection_aborted connection_already_closed connection_already_in_progress connection_refused connection_reset
    destination_address_required dns_bogon_error dns_no_answer dns_non_recoverable_failure dns_nxdomain_error
    dns_refused_error dns_reply_with_wrong_query_id dns_server_misbehaving dns_servfail_error dns_temporary_failure
    eof_error generic_timeout_error host_unreachable http_invalid_redirect_location_host http_request_failed
    http_unexpected_redirect_url http_unexpected_status_code interrupted invalid_argument json_parse_error message_size
    network_down network_reset network_unreachable no_buffer_space no_protocol_option not_a_socket not_connected
    operation_would_block permission_denied protocol_not_supported quic_incompatible_version ssl_failed_handshake
    ssl_invalid_certificate ssl_invalid_hostname ssl_unknown_authority timed_out unknown_failure wrong_protocol_type
    """
# What its older probes said of SOCKS proxies, as far as it speaks of the target (notes/field.md 2.1).
LEGACY = {"socks_network_unreachable", "socks_host_unreachable", "socks_connection_refused", "socks_ttl_expired"}
OURS = {"local", "dns_blockpage", "http_blockpage", "tls_junk", "http_junk", "app_junk"}


def test_kinds_are_those_of_ooni_and_six_of_our_own() -> None:
    assert {str(kind) for kind in Kind} == set(OONI.split()) | LEGACY | OURS
    assert len({str(kind) for kind in Kind}) == len(Kind)


@given(st.sampled_from(sorted(errno.errorcode)))
def test_every_errno_has_a_kind(number: int) -> None:
    """Either the wire can cause it, or it is ours and the detail is its name."""
    kind, detail = classify(OSError(number, os.strerror(number)))
    if number in WIRE:
        assert (kind, detail) == (WIRE[number], "")
        assert kind is not Kind.LOCAL
    else:
        assert (kind, detail) == (Kind.LOCAL, errno.errorcode[number])


@given(st.integers(min_value=-(2**31), max_value=2**31))
def test_every_number_has_a_kind(number: int) -> None:
    kind, detail = classify(OSError(number, "whatever"))
    assert kind in {*WIRE.values(), Kind.LOCAL}
    assert (kind is Kind.LOCAL) == bool(detail)


@given(
    st.sampled_from(
        [OSError, ConnectionResetError, TimeoutError, EOFError, ssl.SSLError, ssl.SSLCertVerificationError]
    ),
    st.text(),
)
def test_no_exception_is_without_a_kind(kind: type[Exception], text: str) -> None:
    assert isinstance(classify(kind(text))[0], Kind)
    assert facts_of(kind(text)) == {}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ECONNREFUSED", Kind.REFUSED),
        ("ECONNRESET", Kind.RESET),
        ("ECONNABORTED", Kind.CONNECTION_ABORTED),
        ("EHOSTUNREACH", Kind.HOST_UNREACHABLE),
        ("ENETUNREACH", Kind.NETWORK_UNREACHABLE),
        ("ETIMEDOUT", Kind.SYSTEM_TIMEOUT),
        ("EPIPE", Kind.EOF),
        ("EMFILE", Kind.LOCAL),
        ("ENFILE", Kind.LOCAL),
        ("ENOMEM", Kind.LOCAL),
        ("ENOBUFS", Kind.LOCAL),
        ("EADDRNOTAVAIL", Kind.LOCAL),
        ("EADDRINUSE", Kind.LOCAL),
        ("EACCES", Kind.LOCAL),
        ("EPERM", Kind.LOCAL),
        ("EINVAL", Kind.LOCAL),
        ("ENETDOWN", Kind.LOCAL),
    ],
)
def test_table(name: str, kind: Kind) -> None:
    assert classify(OSError(getattr(errno, name), "x"))[0] is kind


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (TimeoutError(), Kind.TIMEOUT),
        (EOFError(), Kind.EOF),
        (asyncio.IncompleteReadError(b"", 4), Kind.EOF),
        (ConnectionResetError("as asyncio says a FIN"), Kind.EOF),
        (ssl.SSLZeroReturnError(), Kind.EOF),
        (ssl.SSLEOFError(), Kind.EOF),
        (ssl.SSLError(1, "[SSL] something new"), Kind.TLS_FAILED),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), Kind.DNS_NXDOMAIN),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), Kind.DNS_TEMPORARY),
        (socket.gaierror(socket.EAI_MEMORY, "Out of memory"), Kind.LOCAL),
        (OSError("no errno at all"), Kind.UNKNOWN),
        (RuntimeError("no fault of the wire"), Kind.UNKNOWN),
    ],
)
def test_classes(fault: BaseException, kind: Kind) -> None:
    assert classify(fault)[0] is kind


def test_tls_errors_are_not_read_by_their_errno() -> None:
    """It is 1 in all of them, which reads EPERM."""
    assert classify(ssl.SSLError(errno.EPERM, "[SSL] x"))[0] is Kind.TLS_FAILED


def test_a_step_names_its_own_failures() -> None:
    fault = Fault(Kind.TLS_JUNK, "HTTP/1.1 403", alert=40)
    assert (classify(fault), facts_of(fault)) == ((Kind.TLS_JUNK, "HTTP/1.1 403"), {"alert": 40})
    assert str(fault) == "tls_junk: HTTP/1.1 403"
    assert str(Fault(Kind.EOF)) == "eof_error"


def test_other_faults_bring_no_facts() -> None:
    assert facts_of(OSError(errno.ECONNRESET, "x")) == {}


@given(st.sampled_from(sorted(errno.errorcode)))
def test_a_fault_of_our_own_is_local_whatever_its_errno(number: int) -> None:
    for fault in (own(OSError(number, "x")), own_errno(number)):
        assert classify(fault) == (Kind.LOCAL, errno.errorcode[number])


def test_a_fault_of_our_own_without_errno_says_what_it_is() -> None:
    assert classify(own(OSError("the namespace is gone"))) == (Kind.LOCAL, "the namespace is gone")
    assert errno_name(99_999) == "errno 99999"


def test_what_a_step_named_stays_named() -> None:
    fault = Fault(Kind.LOCAL, "ENOENT")
    assert own(fault) is fault
