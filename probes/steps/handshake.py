"""The tls phase: a handshake over our own socket, so that reset, eof, silence, alert and junk stay five answers."""

import ssl
from collections.abc import Callable
from typing import Any

from probes.failure import Fault
from probes.record import Kind, Phase
from probes.run import Run
from probes.steps.chain import chain_hash, issuer, names
from probes.steps.http_block_pages import refuse_certificate
from probes.steps.stream import CHUNK, Stream
from probes.steps.trust import ALPN, Watched

RECORD_TYPES = frozenset({20, 21, 22, 23})
"""RFC 8446 section 5.1: the first byte of every TLS record; the second is 3."""
Judge = Callable[[ssl.SSLObject], None]
"""Looks at what was accepted, and raises Fault where it should not have been."""


class Secured:
    """A TLS connection over another stream."""

    __slots__ = ("inner", "into", "out", "tls")

    def __init__(self, inner: Stream, context: ssl.SSLContext, host: str) -> None:
        """Not shaken hands yet; `host` goes into the hello unless it is an address."""
        self.inner = inner
        self.into = ssl.MemoryBIO()
        self.out = ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.into, self.out, server_hostname=host)

    async def send(self, data: bytes) -> None:
        """Send all of it, encrypted. Raises OSError."""
        self.tls.write(data)
        await self._flush()

    async def receive(self) -> bytes:
        """What has arrived, decrypted; nothing at the end, whether it was announced or not. Raises OSError."""
        while True:
            try:
                return self.tls.read(CHUNK)
            except ssl.SSLWantReadError:
                await self._flush()
                data = await self.inner.receive()
            if not data:
                return b""
            self.into.write(data)

    async def shake(self, run: Run) -> None:
        """Exchange messages until the handshake is done. Raises OSError or EOFError; fact: first_byte."""
        begun = False
        while not self._advance():
            await self._flush()
            data = await self.inner.receive()
            if not begun:
                begun = True
                _look_at(run, data)
            if not data:
                raise EOFError
            self.into.write(data)
        await self._flush()

    def _advance(self) -> bool:
        """True when the handshake is complete, False when it needs bytes."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    async def _flush(self) -> None:
        if self.out.pending:
            await self.inner.send(self.out.read())


async def handshake(
    run: Run,
    stream: Stream,
    host: str,
    trust: str = "public",
    alpn: tuple[str, ...] = ALPN,
    judge: Judge | None = None,
) -> Secured:
    """Shake hands as `host`'s client; facts: tls, cipher, alpn, chain, trust, alert, verify, first_byte, and
    extra.issuer of a certificate that is not accepted. That of a known block page is a failure of its own kind.
    """
    run.note(trust=trust.rpartition("/")[2], first_byte=None)  # a folder of this machine is nobody else's business
    async with run.phase(Phase.TLS):
        secured = Secured(stream, run.world.trust(trust, alpn), run.attempt.instead.name or host)
        try:
            await secured.shake(run)
        except ssl.SSLCertVerificationError as error:
            run.note(extra=issued(secured.tls))
            refuse_certificate(names_shown(secured.tls), host, error.verify_code)
            raise
        finally:
            run.note(**presented(secured.tls))
        run.note(**_agreed(secured.tls))
        if judge is not None:
            judge(secured.tls)
    return secured


def _look_at(run: Run, data: bytes) -> None:
    """Note when the first bytes came. Raises Fault if they are no TLS record: OpenSSL has several words for those."""
    if not data:
        return
    run.note(first_byte=round(run.elapsed(), 6))
    if data[0] not in RECORD_TYPES or data[1:2] not in {b"", b"\x03"}:
        raise Fault(Kind.TLS_JUNK, ascii(data[:24])[2:-1])


def presented(tls: ssl.SSLObject) -> dict[str, Any]:
    """What the far end showed, whether it was accepted or not."""
    if not isinstance(tls, Watched):
        return {}
    return {"alert": tls.alert, "chain": tls.certificates and chain_hash(tls.certificates)}


def issued(tls: ssl.SSLObject) -> dict[str, str]:
    """For `extra`: who says that he issued what the far end showed."""
    said = issuer(tls.certificates) if isinstance(tls, Watched) and tls.certificates else ""
    return {"issuer": said} if said else {}


def names_shown(tls: ssl.SSLObject) -> tuple[str, ...]:
    """The host names of the certificate that the far end showed."""
    return names(tls.certificates) if isinstance(tls, Watched) and tls.certificates else ()


def _agreed(tls: ssl.SSLObject) -> dict[str, Any]:
    """What a completed handshake agreed on."""
    cipher = tls.cipher()
    return {"tls": tls.version(), "cipher": cipher and cipher[0], "alpn": tls.selected_alpn_protocol()}
