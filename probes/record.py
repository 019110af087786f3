"""The vocabulary of a measurement: one frozen record of one attempt, and the words it is made of."""

from base64 import b32encode
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b

from probes.diagnosis import Diagnosis


class Phase(StrEnum):
    """The part of a run in which time is spent or a failure happens, in the order of the wire."""

    DNS = "dns"
    """Asking for the addresses of a name."""
    PROXY = "proxy"
    """Reaching the destination through a proxy."""
    TCP = "tcp"
    """Connecting."""
    TLS = "tls"
    """The TLS handshake."""
    QUIC = "quic"
    """The QUIC handshake."""
    HTTP = "http"
    """Request and reply, a websocket's upgrade included."""
    APP = "app"
    """What the application itself says."""


class Kind(StrEnum):
    """How a phase failed: OONI's df-007 string wherever one exists, and our own only where none does."""

    ADDRESS_FAMILY_NOT_SUPPORTED = "address_family_not_supported"
    """The system has no such address family."""
    ADDRESS_IN_USE = "address_in_use"
    """The local address is taken."""
    ADDRESS_NOT_AVAILABLE = "address_not_available"
    """The local address is not ours."""
    ALREADY_CONNECTED = "already_connected"
    """The socket has a connection already."""
    BAD_ADDRESS = "bad_address"
    """An address that the system cannot use."""
    BAD_FILE_DESCRIPTOR = "bad_file_descriptor"
    """A socket that was closed under us."""
    CONNECTION_ABORTED = "connection_aborted"
    """The connection was given up by the system."""
    CONNECTION_ALREADY_CLOSED = "connection_already_closed"
    """The connection was closed before it was used."""
    CONNECTION_ALREADY_IN_PROGRESS = "connection_already_in_progress"
    """The connection is being made."""
    REFUSED = "connection_refused"
    """The connection was refused; the fact `refused_by` says by a reset or by an ICMP message."""
    RESET = "connection_reset"
    """A reset came: from the far end, or from a box that forges one."""
    DESTINATION_ADDRESS_REQUIRED = "destination_address_required"
    """A datagram without a destination."""
    DNS_BOGON = "dns_bogon_error"
    """The answer holds an address that cannot be the target's: private, loopback, reserved."""
    DNS_NO_ANSWER = "dns_no_answer"
    """The name exists and has no address of this family (NODATA)."""
    DNS_NON_RECOVERABLE = "dns_non_recoverable_failure"
    """The resolver gave up for good."""
    DNS_NXDOMAIN = "dns_nxdomain_error"
    """The resolver says that the name does not exist."""
    DNS_WRONG_ID = "dns_reply_with_wrong_query_id"
    """An answer came to a question that was not asked."""
    DNS_REFUSED = "dns_refused_error"
    """The resolver refuses to answer (REFUSED)."""
    DNS_MISBEHAVING = "dns_server_misbehaving"
    """The resolver answered with what is no answer."""
    DNS_SERVFAIL = "dns_servfail_error"
    """The resolver failed (SERVFAIL)."""
    DNS_TEMPORARY = "dns_temporary_failure"
    """The resolver asks to come again."""
    EOF = "eof_error"
    """The connection was closed in the middle, by a FIN and no reset."""
    HTTP_REDIRECT_HOST = "http_invalid_redirect_location_host"
    """A redirect to no host that can be."""
    HTTP_FAILED = "http_request_failed"
    """The exchange of HTTP failed."""
    HTTP_REDIRECT_URL = "http_unexpected_redirect_url"
    """A redirect to another place than was expected."""
    HTTP_STATUS = "http_unexpected_status_code"
    """A status that was not expected: 451, 500 and above, or other than `expect` says."""
    HOST_UNREACHABLE = "host_unreachable"
    """An ICMP message of the path says that the host cannot be reached."""
    TIMEOUT = "generic_timeout_error"
    """Nothing came until the deadline: silence, the sign of packets dropped."""
    INTERRUPTED = "interrupted"
    """The system broke off a call."""
    INVALID_ARGUMENT = "invalid_argument"
    """The system refuses an argument."""
    JSON_PARSE = "json_parse_error"
    """A body that should be JSON is none."""
    MESSAGE_SIZE = "message_size"
    """A datagram too large for the path."""
    NETWORK_DOWN = "network_down"
    """Our network is down."""
    NETWORK_RESET = "network_reset"
    """The network dropped the connection."""
    NETWORK_UNREACHABLE = "network_unreachable"
    """An ICMP message of the path says that the network cannot be reached."""
    NO_BUFFER_SPACE = "no_buffer_space"
    """The system has no room for what is sent."""
    NO_PROTOCOL_OPTION = "no_protocol_option"
    """The system knows no such option."""
    NOT_A_SOCKET = "not_a_socket"
    """A descriptor that is no socket."""
    NOT_CONNECTED = "not_connected"
    """A socket without a connection."""
    PERMISSION_DENIED = "permission_denied"
    """The system, or its firewall, forbids it."""
    PROTOCOL_NOT_SUPPORTED = "protocol_not_supported"
    """The system has no such protocol."""
    QUIC_VERSION = "quic_incompatible_version"
    """No version of QUIC in common."""
    TLS_FAILED = "ssl_failed_handshake"
    """The handshake failed; the fact `alert` holds the number if the far end sent one."""
    TLS_HOSTNAME = "ssl_invalid_hostname"
    """The certificate is for another name."""
    TLS_AUTHORITY = "ssl_unknown_authority"
    """The certificate is vouched for by nobody we trust."""
    TLS_CERTIFICATE = "ssl_invalid_certificate"
    """The certificate is expired, not yet valid or otherwise faulty; the fact `verify` says which."""
    SYSTEM_TIMEOUT = "timed_out"
    """The system gave the connection up after its own time (ETIMEDOUT)."""
    WOULD_BLOCK = "operation_would_block"
    """The system has nothing yet."""
    WRONG_PROTOCOL_TYPE = "wrong_protocol_type"
    """A protocol that does not fit the socket."""
    UNKNOWN = "unknown_failure"
    """What no other word fits; the detail says what it was."""
    # What a SOCKS proxy says of the target (RFC 1928 section 6, codes 3 to 6), in df-007's older words.
    SOCKS_NETWORK_UNREACHABLE = "socks_network_unreachable"
    """The proxy says that the target's network cannot be reached from there."""
    SOCKS_HOST_UNREACHABLE = "socks_host_unreachable"
    """The proxy says that the target cannot be reached from there."""
    SOCKS_REFUSED = "socks_connection_refused"
    """The proxy says that the target refused the connection."""
    SOCKS_TTL_EXPIRED = "socks_ttl_expired"
    """The proxy says that its connection to the target died on the way."""
    # Ours: df-007 has no word for these.
    LOCAL = "local"
    """A fault of our own machine, line or configuration: says nothing of the target."""
    DNS_BLOCKPAGE = "dns_blockpage"
    """The answer holds an address that is known for its block page; the fact `extra.block_page` says whose."""
    HTTP_BLOCKPAGE = "http_blockpage"
    """A page that is known to be shown instead of what is blocked."""
    TLS_JUNK = "tls_junk"
    """Bytes that are no TLS record in answer to a hello: a page or a box that speaks plain text."""
    HTTP_JUNK = "http_junk"
    """Bytes that are no HTTP in answer to a request."""
    APP_JUNK = "app_junk"
    """Bytes that are not what this application says."""


class Purpose(StrEnum):
    """Why a run was made; only `slot` is a measurement, the others are evidence about one."""

    SLOT = "slot"
    """The first attempt of a slot: the measurement."""
    CONFIRM = "confirm"
    """A repeat after an outcome changed."""
    DIAGNOSE = "diagnose"
    """A closer look at a failure."""
    MANUAL = "manual"
    """A person asked, with `reachd probe`."""


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
    """Seconds in the run."""
    rcode: str
    """`NOERROR`, `NXDOMAIN`, `SERVFAIL` ..."""
    flags: tuple[str, ...] = ()
    """`aa`, `tc`, `rd`, `ra`, `ad`, `cd`, as they were set."""
    addresses: tuple[str, ...] = ()
    """Those of the family asked for."""
    ttl: int | None = None
    """Seconds; the least of the answers."""
    authority: int = 0
    """Records in the authority section; a true NXDOMAIN carries an SOA there, a rewritten one is seen without."""
    transport: str = "udp"
    """What carried it: `udp`, `tcp`, `tls`, `https`, `system`."""
    data: tuple[str, ...] = ()
    """Records of another type than A and AAAA, as in a zone file, sorted; at most 16 of 200 characters each."""


def rewritten(answer: Answer) -> bool:
    """A denial that claims authority and brings no SOA: no true server says that (seen since August 2026)."""
    return answer.rcode == "NXDOMAIN" and "aa" in answer.flags and not answer.authority


@dataclass(frozen=True, slots=True)
class TcpInfo:
    """The kernel's own account of a connection, read before it closes; times in microseconds."""

    rtt: int
    """Round trip as the kernel smooths it."""
    retransmits: int
    """Segments sent again."""
    unacked: int
    """Segments never acknowledged."""
    bytes_acked: int
    """Bytes of ours that arrived."""
    bytes_received: int
    """Bytes that arrived here, TLS and all."""
    segments_out: int
    """Segments sent."""
    segments_in: int
    """Segments received."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was seen on the way, all optional; `extra` is for what has no field of its own yet."""

    address: str | None = None
    """What was connected to."""
    addresses: tuple[str, ...] = ()
    """All addresses of the name, sorted."""
    resolver: str | None = None
    """Who was asked."""
    answers: tuple[Answer, ...] = ()
    """Every DNS reply, the later ones too."""
    refused_by: str | None = None
    """`rst` or `icmp`: who refused the connection."""
    icmp_from: str | None = None
    """Who sent the ICMP message, if one came."""
    alert: int | None = None
    """The TLS alert's number (RFC 8446 section 6)."""
    verify: int | None = None
    """OpenSSL's verify code of a certificate that was not accepted."""
    tls: str | None = None
    """The version that was agreed, `TLSv1.3`."""
    cipher: str | None = None
    """The cipher suite that was agreed."""
    alpn: str | None = None
    """The protocol that was agreed within TLS."""
    chain: str | None = None
    """Hash of the DER certificate chain as presented, also when it was not accepted."""
    trust: str | None = None
    """The set of authorities that the chain was held against."""
    status: int | None = None
    """The HTTP status."""
    location: str | None = None
    """Where a redirect points; it is not followed."""
    server: str | None = None
    """The `server` header."""
    body: str | None = None
    """Hash of the body, capped."""
    first_byte: float | None = None
    """Seconds in the run until the first byte of the reply to what the last phase sent."""
    bytes_in: int | None = None
    """Bytes of the application received."""
    bytes_out: int | None = None
    """Bytes of the application sent."""
    tcp: TcpInfo | None = None
    """TCP_INFO, read before the socket closed."""
    loop_lag: float | None = None
    """Seconds by which our own event loop was late when the run started."""
    diagnosis: Diagnosis | None = None
    """What a closer look compared and found; only with purpose `diagnose`."""
    extra: dict[str, str] = field(default_factory=dict)
    """Facts that have no field of their own yet."""


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


def record_id(agent: str, series: Series, due: int, began: int, purpose: Purpose, attempt: int) -> str:
    """Hash the identity of a record to 16 letters."""
    return short_hash(agent, *series_parts(series), str(due), str(began), purpose, str(attempt))


def series_parts(series: Series) -> tuple[str, str, str, str, str, str]:
    """The six fields in the order of the contract."""
    return (series.service, series.role, series.endpoint, series.probe, series.vantage, series.family)


def short_hash(*parts: str) -> str:
    """Hash texts to 80 bits as 16 letters of base32; the separator cannot occur in a part."""
    return b32encode(blake2b("\x1f".join(parts).encode(), digest_size=10).digest()).decode()


def content_hash(content: bytes) -> str:
    """Hash bytes to 80 bits as 16 letters of base32: the name of a piece of evidence."""
    return b32encode(blake2b(content, digest_size=10).digest()).decode()
