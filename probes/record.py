"""The vocabulary of a measurement: one frozen record of one attempt, and the words it is made of."""

from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from base64 import b32encode


class Phase(StrEnum):
    """The part of a run in which time is spent or a failure happens, in the order of the wire."""

    DNS = "dns"
    PROXY = "proxy"
    TCP = "tcp"
    TLS = "tls"
    QUIC = "quic"
    HTTP = "http"
    APP = "app"


class Kind(StrEnum):
    """How a phase failed: OONI's df-007 string wherever one exists, and our own only where none does."""

    ADDRESS_FAMILY_NOT_SUPPORTED = "address_family_not_supported"
    ADDRESS_IN_USE = "address_in_use"
    ADDRESS_NOT_AVAILABLE = "address_not_available"
    ALREADY_CONNECTED = "already_connected"
    BAD_ADDRESS = "bad_address"
    BAD_FILE_DESCRIPTOR = "bad_file_descriptor"
    CONNECTION_ABORTED = "connection_aborted"
    CONNECTION_ALREADY_CLOSED = "connection_already_closed"
    CONNECTION_ALREADY_IN_PROGRESS = "connection_already_in_progress"
    REFUSED = "connection_refused"
    RESET = "connection_reset"
    DESTINATION_ADDRESS_REQUIRED = "destination_address_required"
    DNS_BOGON = "dns_bogon_error"
    DNS_NO_ANSWER = "dns_no_answer"
    DNS_NON_RECOVERABLE = "dns_non_recoverable_failure"
    DNS_NXDOMAIN = "dns_nxdomain_error"
    DNS_WRONG_ID = "dns_reply_with_wrong_query_id"
    DNS_REFUSED = "dns_refused_error"
    DNS_MISBEHAVING = "dns_server_misbehaving"
    DNS_SERVFAIL = "dns_servfail_error"
    DNS_TEMPORARY = "dns_temporary_failure"
    EOF = "eof_error"
    HTTP_REDIRECT_HOST = "http_invalid_redirect_location_host"
    HTTP_FAILED = "http_request_failed"
    HTTP_REDIRECT_URL = "http_unexpected_redirect_url"
    HTTP_STATUS = "http_unexpected_status_code"
    HOST_UNREACHABLE = "host_unreachable"
    TIMEOUT = "generic_timeout_error"
    INTERRUPTED = "interrupted"
    INVALID_ARGUMENT = "invalid_argument"
    JSON_PARSE = "json_parse_error"
    MESSAGE_SIZE = "message_size"
    NETWORK_DOWN = "network_down"
    NETWORK_RESET = "network_reset"
    NETWORK_UNREACHABLE = "network_unreachable"
    NO_BUFFER_SPACE = "no_buffer_space"
    NO_PROTOCOL_OPTION = "no_protocol_option"
    NOT_A_SOCKET = "not_a_socket"
    NOT_CONNECTED = "not_connected"
    PERMISSION_DENIED = "permission_denied"
    PROTOCOL_NOT_SUPPORTED = "protocol_not_supported"
    QUIC_VERSION = "quic_incompatible_version"
    TLS_FAILED = "ssl_failed_handshake"
    TLS_HOSTNAME = "ssl_invalid_hostname"
    TLS_AUTHORITY = "ssl_unknown_authority"
    TLS_CERTIFICATE = "ssl_invalid_certificate"
    SYSTEM_TIMEOUT = "timed_out"
    WOULD_BLOCK = "operation_would_block"
    WRONG_PROTOCOL_TYPE = "wrong_protocol_type"
    UNKNOWN = "unknown_failure"
    # Ours: df-007 has no word for these.
    LOCAL = "local"
    """A fault of our own machine, line or configuration: says nothing of the target."""
    HTTP_BLOCKPAGE = "http_blockpage"
    TLS_JUNK = "tls_junk"
    """Bytes that are no TLS record in answer to a hello: a page or a box that speaks plain text."""
    HTTP_JUNK = "http_junk"
    """Bytes that are no HTTP in answer to a request."""


class Purpose(StrEnum):
    """Why a run was made; only `slot` is a measurement, the others are evidence about one."""

    SLOT = "slot"
    CONFIRM = "confirm"
    DIAGNOSE = "diagnose"
    MANUAL = "manual"


class Family(StrEnum):
    """The address family of a series; `any` where a far end resolves and chooses."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong: the phase, the kind, and a detail for people (never parsed)."""

    phase: Phase
    kind: Kind
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Timing:
    """One phase: begin and seconds are monotonic offsets within the run, in seconds."""

    phase: Phase
    begin: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Series:
    """The identity of a stream of records, and the only InfluxDB tags."""

    service: str
    role: str
    endpoint: str
    probe: str
    vantage: str
    family: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One DNS reply: when it came (seconds in the run), what it said, and the flags that give forgeries away."""

    arrival: float
    rcode: str
    flags: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    ttl: int | None = None
    authority: int = 0
    """Records in the authority section; a true NXDOMAIN carries an SOA there, a rewritten one is seen without."""
    transport: str = "udp"


@dataclass(frozen=True, slots=True)
class TcpInfo:
    """The kernel's own account of a connection, read before it closes; times in microseconds."""

    rtt: int
    retransmits: int
    unacked: int
    bytes_acked: int
    bytes_received: int
    segments_out: int
    segments_in: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What was seen on the way, all optional; `extra` is for what has no field of its own yet."""

    address: str | None = None
    addresses: tuple[str, ...] = ()
    resolver: str | None = None
    answers: tuple[Answer, ...] = ()
    refused_by: str | None = None
    """`rst` or `icmp`: who refused the connection."""
    icmp_from: str | None = None
    """Who sent the ICMP message, if one came."""
    alert: int | None = None
    """The TLS alert's number (RFC 8446 section 6)."""
    verify: int | None = None
    """OpenSSL's verify code of a certificate that was not accepted."""
    tls: str | None = None
    cipher: str | None = None
    alpn: str | None = None
    chain: str | None = None
    """Hash of the DER certificate chain as presented, also when it was not accepted."""
    trust: str | None = None
    status: int | None = None
    location: str | None = None
    server: str | None = None
    body: str | None = None
    """Hash of the body, capped."""
    first_byte: float | None = None
    """Seconds in the run until the first byte of the reply to what the last phase sent."""
    bytes_in: int | None = None
    bytes_out: int | None = None
    tcp: TcpInfo | None = None
    loop_lag: float | None = None
    """Seconds by which our own event loop was late when the run started."""
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Record:
    """One measured attempt, complete and stored for ever the same way.

    `due` and `began` are microseconds since the epoch (UTC), `seconds` is monotonic.
    """

    series: Series
    due: int
    began: int
    seconds: float
    timings: tuple[Timing, ...]
    failure: Failure | None
    facts: Facts
    purpose: Purpose = Purpose.SLOT
    of: str | None = None
    """Id of the record that a confirming or diagnosing run looks into."""
    attempt: int = 1
    agent: str = ""
    config: str = ""
    """Hash of the options: a changed probe is not a block."""
    version: str = ""
    """Probe type and its version, `tls/1`."""

    @property
    def id(self) -> str:
        """The record's name: computed from what makes it unique, never stored."""
        return record_id(self.agent, self.series, self.due, self.began, self.purpose, self.attempt)


def record_id(agent: str, series: Series, due: int, began: int, purpose: Purpose, attempt: int) -> str:  # noqa: PLR0913  the six parts of the identity
    """Hash the identity of a record to 16 letters."""
    return short_hash(agent, *series_parts(series), str(due), str(began), purpose, str(attempt))


def series_parts(series: Series) -> tuple[str, str, str, str, str, str]:
    """The six fields in the order of the contract."""
    return (series.service, series.role, series.endpoint, series.probe, series.vantage, series.family)


def short_hash(*parts: str) -> str:
    """Hash texts to 80 bits as 16 letters of base32; the separator cannot occur in a part."""
    return b32encode(blake2b("\x1f".join(parts).encode(), digest_size=10).digest()).decode()
