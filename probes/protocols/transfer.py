"""Does a larger transfer pass, at what rate, and what becomes of it on the way?"""

from typing import ClassVar, Self

from pydantic import Field

from probes.plugin import PROBES
from probes.run import Run
from probes.steps.connect import connect
from probes.steps.handshake import handshake
from probes.steps.resolve import resolve
from probes.steps.transfer import check_owned, download, upload
from probes.steps.transfer import transfer as carry
from probes.steps.trust import HTTP_1_1
from probes.steps.url import UrlTarget

LITTLE = 4_096
"""Bytes: freezes were seen from 14 KB on (field.md 3.2, net4people/bbs 490)."""


class Transfer(UrlTarget):
    """Options of the transfer probe."""

    traffic: ClassVar[int] = 290_000

    target: str
    """An operator sets this to an object that is known to be there: `https://telegram.org/img/Telegram200million.png`."""
    size: int = Field(default=262_144, ge=1_024, le=262_144)
    """An operator sets this when fewer bytes are enough; the beginning of the object is asked for, never more."""
    up: bool = False
    """An operator sets this when the target is his own server, listed under `[[limits]]`: bytes are sent to it
    instead. Nobody else is ever sent an upload."""

    def smaller(self) -> Self | None:
        """The same object, so little of it that a freeze after some packets lets it pass; None where it is little."""
        return self.model_copy(update={"size": LITTLE}) if self.size > LITTLE else None


@PROBES.add
async def transfer(run: Run, options: Transfer) -> None:
    """Resolve, connect, shake hands where the URL says so, carry bytes down or up and watch."""
    url, size = options.url, options.size
    address = await resolve(run, url.host)
    if options.up:
        await check_owned(run, address)
    plain = stream = await connect(run, address, url.port)
    if url.secure:
        stream = await handshake(run, plain, url.host, options.trust, HTTP_1_1)
    question = upload(url, size) if options.up else download(url, size)
    await carry(run, plain, stream, question, bytes(size) if options.up else b"", size)
