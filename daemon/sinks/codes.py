"""The published numbers of results, phases, states and kinds: int twins of string fields. A number never changes."""

from probes.record import Kind, Phase

OK = "ok"
SKIPPED = "skipped"

RESULTS: dict[str, int] = {
    OK: 0,
    SKIPPED: 1,
    Kind.LOCAL: 2,
    Kind.UNKNOWN: 3,
    # the wire: 10 to 39
    Kind.TIMEOUT: 10,
    Kind.RESET: 11,
    Kind.REFUSED: 12,
    Kind.EOF: 13,
    Kind.HOST_UNREACHABLE: 14,
    Kind.NETWORK_UNREACHABLE: 15,
    Kind.NETWORK_DOWN: 16,
    Kind.NETWORK_RESET: 17,
    Kind.CONNECTION_ABORTED: 18,
    Kind.CONNECTION_ALREADY_CLOSED: 19,
    Kind.SYSTEM_TIMEOUT: 20,
    Kind.SOCKS_NETWORK_UNREACHABLE: 21,
    Kind.SOCKS_HOST_UNREACHABLE: 22,
    Kind.SOCKS_REFUSED: 23,
    Kind.SOCKS_TTL_EXPIRED: 24,
    # DNS: 40 to 59
    Kind.DNS_NXDOMAIN: 40,
    Kind.DNS_NO_ANSWER: 41,
    Kind.DNS_BOGON: 42,
    Kind.DNS_SERVFAIL: 43,
    Kind.DNS_REFUSED: 44,
    Kind.DNS_TEMPORARY: 45,
    Kind.DNS_NON_RECOVERABLE: 46,
    Kind.DNS_MISBEHAVING: 47,
    Kind.DNS_WRONG_ID: 48,
    Kind.DNS_BLOCKPAGE: 49,
    # TLS and QUIC: 60 to 79
    Kind.TLS_FAILED: 60,
    Kind.TLS_HOSTNAME: 61,
    Kind.TLS_AUTHORITY: 62,
    Kind.TLS_CERTIFICATE: 63,
    Kind.TLS_JUNK: 64,
    Kind.QUIC_VERSION: 65,
    # HTTP and what it carries: 80 to 99
    Kind.HTTP_STATUS: 80,
    Kind.HTTP_BLOCKPAGE: 81,
    Kind.HTTP_JUNK: 82,
    Kind.HTTP_FAILED: 83,
    Kind.HTTP_REDIRECT_HOST: 84,
    Kind.HTTP_REDIRECT_URL: 85,
    Kind.JSON_PARSE: 86,
    Kind.APP_JUNK: 87,
    # the system's other words: 100 to 129
    Kind.ADDRESS_FAMILY_NOT_SUPPORTED: 100,
    Kind.ADDRESS_IN_USE: 101,
    Kind.ADDRESS_NOT_AVAILABLE: 102,
    Kind.ALREADY_CONNECTED: 103,
    Kind.BAD_ADDRESS: 104,
    Kind.BAD_FILE_DESCRIPTOR: 105,
    Kind.CONNECTION_ALREADY_IN_PROGRESS: 106,
    Kind.DESTINATION_ADDRESS_REQUIRED: 107,
    Kind.INTERRUPTED: 108,
    Kind.INVALID_ARGUMENT: 109,
    Kind.MESSAGE_SIZE: 110,
    Kind.NO_BUFFER_SPACE: 111,
    Kind.NO_PROTOCOL_OPTION: 112,
    Kind.NOT_A_SOCKET: 113,
    Kind.NOT_CONNECTED: 114,
    Kind.PERMISSION_DENIED: 115,
    Kind.PROTOCOL_NOT_SUPPORTED: 116,
    Kind.WOULD_BLOCK: 117,
    Kind.WRONG_PROTOCOL_TYPE: 118,
}
"""`result` to `result_code`; below 10 the row says nothing of the target, but 0."""

PHASES: dict[str, int] = {
    "": 0,
    Phase.DNS: 1,
    Phase.PROXY: 2,
    Phase.TCP: 3,
    Phase.TLS: 4,
    Phase.QUIC: 5,
    Phase.HTTP: 6,
    Phase.APP: 7,
}
"""`phase` (of the failure, empty for none) to `phase_code`."""

REPLACED = "replaced"
"""The state of a point of `disruption_event` whose event goes on under other tags or another time."""

EVENT_STATES: dict[str, int] = {"ended": 0, "suspected": 1, "confirmed": 2, "standing": 3, REPLACED: 9}
"""`state` to `state_code` of disruption_event and event_log."""

EVENT_KINDS: dict[str, int] = {
    "block": 1,
    "throttle": 2,
    "unreachable": 3,
    "service_outage": 4,
    "network_outage": 5,
    "vantage_outage": 6,
}
"""`kind` to `kind_code`."""

NONE_OF_THESE = 99
"""The code of an event's state or kind that is newer than this table."""
