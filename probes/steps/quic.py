"""The quic phase: a handshake over our own datagrams, and after silence the question whether any version is known."""

import asyncio
import logging
import os
import secrets
import ssl
from functools import lru_cache

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted
from aioquic.quic.packet import QuicFrameType
from cryptography.hazmat.primitives.serialization import Encoding

from probes.failure import Fault
from probes.record import Kind, content_hash
from probes.run import Run
from probes.steps.datagram import Datagrams
from probes.steps.trust import PUBLIC, is_hashed, public_places

SHARE = 0.6
"""Of the timeout for the handshake; the rest is left to ask for versions after silence."""
UNKNOWN_VERSION = b"\xba\xba\xba\xba"
"""Of the form that RFC 9000 section 15 keeps for this: every server answers it with the versions that it knows."""
LEAST = 1200
"""Bytes of a first datagram (RFC 9000 section 14.1)."""
CRYPTO_ERROR = range(0x100, 0x200)
"""RFC 9000 section 20.1: a TLS alert is its number above 0x100."""
UNRECOGNISED_NAME = 112
RETRIES = {0x6B3343CF: 0}
"""The type of a Retry in QUIC version 2 (RFC 9369 section 3.2); elsewhere it is 3 (RFC 9000 section 17.2.5)."""
AGAIN = 1.0
"""Seconds until versions are asked for again."""
NO_VERSION = "Could not find a common protocol version"

# The record says it; the library would also warn of each handshake that fails.
logging.getLogger("quic").setLevel(logging.CRITICAL)


class Connection(QuicConnection):
    """A connection that knows by what it was closed from this side."""

    refusal: ConnectionTerminated | None = None

    def close(
        self, error_code: int = 0, frame_type: int | None = QuicFrameType.PADDING, reason_phrase: str = ""
    ) -> None:
        """Close it, also called by the library itself for what it does not accept."""
        self.refusal = ConnectionTerminated(error_code, frame_type, reason_phrase)
        super().close(error_code, frame_type, reason_phrase)


async def shake(run: Run, way: Datagrams, host: str, trust: str, alpn: tuple[str, ...]) -> None:
    """Shake hands as `host`'s client; facts: tls, cipher, alpn, chain, trust, alert, first_byte. Raises OSError."""
    run.note(trust=trust.rpartition("/")[2], first_byte=None)
    shown = run.attempt.instead.name or host
    connection = Connection(configuration=configuration(run, shown, trust, alpn))
    connection.connect(way.way.near, now=asyncio.get_running_loop().time())
    try:
        async with asyncio.timeout(run.attempt.timeout * SHARE):
            agreed = await _exchange(run, way, connection)
    except TimeoutError:
        await ask_versions(run, way)
        raise Fault(Kind.TIMEOUT) from None
    finally:
        _note(run, connection)
    schedule = connection.tls.key_schedule
    assert schedule is not None  # noqa: S101  the handshake is done
    run.note(tls="TLSv1.3", cipher=f"TLS_{schedule.cipher_suite.name}", alpn=agreed.alpn_protocol)
    connection.close()
    _flush(way, connection)


def configuration(run: Run, host: str, trust: str, alpn: tuple[str, ...]) -> QuicConfiguration:
    """The client's side with the run's trust roots."""
    made = QuicConfiguration(is_client=True, server_name=host, alpn_protocols=list(alpn))
    context = run.world.trust(trust, ())
    if context.verify_mode is ssl.CERT_NONE:
        made.verify_mode = ssl.CERT_NONE
    elif trust == PUBLIC:
        made.cafile, made.capath = public_places()
        # The library makes a store for each handshake: reading the whole file again takes 3 ms, one root out of
        # a folder 0.04 ms. A file that the operator names is read in any case.
        if made.capath and is_hashed(made.capath) and "SSL_CERT_FILE" not in os.environ:
            made.cafile = None
    else:
        made.cadata = _pem(tuple(context.get_ca_certs(binary_form=True)))
    return made


@lru_cache(maxsize=16)
def _pem(roots: tuple[bytes, ...]) -> bytes:
    return "".join(map(ssl.DER_cert_to_PEM_cert, roots)).encode()


async def _exchange(run: Run, way: Datagrams, connection: Connection) -> HandshakeCompleted:
    """Exchange datagrams until the handshake is done. Raises OSError."""
    loop = asyncio.get_running_loop()
    while True:
        _flush(way, connection)
        try:
            async with asyncio.timeout_at(connection.get_timer()):
                data = await _next(run, way)
        except TimeoutError:
            connection.handle_timer(loop.time())
        else:
            connection.receive_datagram(data, way.way.near, loop.time())
        if connection.refusal is not None:  # the library tells it only after three probe timeouts
            _flush(way, connection)
            raise closed(connection.refusal, ours=True)
        while (event := connection.next_event()) is not None:
            if isinstance(event, HandshakeCompleted):
                return event
            if isinstance(event, ConnectionTerminated):
                raise closed(event, ours=False)


async def _next(run: Run, way: Datagrams) -> bytes:
    """The next datagram that may be QUIC; others are counted in extra."""
    while not is_quic(data := await way.receive()):
        strays = int(run.seen.get("extra", {}).get("quic_junk", "0"))
        run.note(extra={"quic_junk": str(strays + 1)})
    if run.seen.get("first_byte") is None:
        run.note(first_byte=round(way.arrival, 6))
    run.note(extra=told(data))
    return data


def _flush(way: Datagrams, connection: Connection) -> None:
    for data, _place in connection.datagrams_to_send(asyncio.get_running_loop().time()):
        way.send(data)


def is_quic(data: bytes) -> bool:
    """False for what no QUIC speaker sends: RFC 9000 section 17, the fixed bit, or a list of versions."""
    return bool(data) and (data[0] & 0x40 != 0 or is_versions(data))


def is_versions(data: bytes) -> bool:
    """True for a version negotiation packet (RFC 8999 section 6)."""
    return len(data) >= 7 and data[0] & 0x80 != 0 and data[1:5] == bytes(4)


def told(data: bytes) -> dict[str, str]:
    """For `extra`: what a long header says in plain (RFC 8999 section 5.1), the version and whether this is a Retry."""
    if len(data) < 5 or not data[0] & 0x80 or is_versions(data):
        return {}
    version = int.from_bytes(data[1:5])
    retry = data[0] >> 4 & 3 == RETRIES.get(version, 3)
    return {"quic_version": f"{version:#x}"} | ({"quic_retry": "yes"} if retry else {})


def closed(event: ConnectionTerminated, *, ours: bool) -> Fault:
    """What a closed connection means; `ours` where this side did not accept what it was shown."""
    reason = event.reason_phrase
    if reason == NO_VERSION:
        return Fault(Kind.QUIC_VERSION)
    if event.error_code not in CRYPTO_ERROR:
        return Fault(Kind.TLS_FAILED, f"closed with error {event.error_code:#x}")
    alert = event.error_code - CRYPTO_ERROR.start
    if ours:
        return Fault(refused(alert, reason), reason)
    return Fault(Kind.TLS_HOSTNAME if alert == UNRECOGNISED_NAME else Kind.TLS_FAILED, f"alert {alert}", alert=alert)


def refused(alert: int, reason: str) -> Kind:
    """Why we did not accept a certificate, by the library's alert and words."""
    if alert == 45:  # certificate_expired
        return Kind.TLS_CERTIFICATE
    if alert == 42:  # bad_certificate
        if "issuer" in reason or "self-signed" in reason or "self signed" in reason:
            return Kind.TLS_AUTHORITY
        return Kind.TLS_HOSTNAME
    return Kind.TLS_FAILED


def _note(run: Run, connection: Connection) -> None:
    """What was shown, whether it was accepted or not."""
    # The library shows the certificates to nobody, and on the wire they are encrypted.
    leaf, more = connection.tls._peer_certificate, connection.tls._peer_certificate_chain  # noqa: SLF001  no public one
    if leaf is not None:
        chain = [one.public_bytes(Encoding.DER) for one in (leaf, *more)]
        run.note(chain=content_hash(b"".join(len(der).to_bytes(3) + der for der in chain)))


async def ask_versions(run: Run, way: Datagrams) -> None:
    """Ask for versions without a name; extra: version_negotiation. Returns with an answer, else never."""
    run.note(extra={"version_negotiation": "silent"})
    while True:
        way.send(unknown_version())
        try:
            async with asyncio.timeout(AGAIN):
                while not is_versions(await way.receive()):
                    pass
        except TimeoutError:
            continue
        run.note(extra={"version_negotiation": "answered"})
        return


def unknown_version() -> bytes:
    """A first datagram in a version that nobody speaks."""
    head = b"\xc0" + UNKNOWN_VERSION + b"\x08" + secrets.token_bytes(8) + b"\x08" + secrets.token_bytes(8)
    return head + secrets.token_bytes(LEAST - len(head))
