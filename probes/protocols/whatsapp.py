"""Does WhatsApp's chat answer a client's first words? Not a login: a hello with a key made for it, and no more."""

from functools import cached_property

from pydantic import field_validator

from probes.plugin import PROBES, ProbeOptions, split_host_port
from probes.run import Run
from probes.steps.connect import connect
from probes.steps.handshake import handshake
from probes.steps.resolve import resolve
from probes.steps.trust import HTTP_1_1
from probes.steps.upgrade import upgrade
from probes.steps.url import SOCKETS, Url, parse_url
from probes.steps.whatsapp_hello import hello

ORIGIN = "https://web.whatsapp.com"


class Whatsapp(ProbeOptions):
    """Options of the whatsapp probe."""

    traffic = 9_000

    target: str
    """An operator sets this to a server of the apps, `g.whatsapp.net:5222`, or to the web socket of the web client,
    `wss://web.whatsapp.com/ws/chat`."""
    trust: str = "public"
    """An operator sets this when the certificate of a web socket is not from a public root: a pinned set, a PEM file,
    or `observe` where the root is not known."""

    @field_validator("target")
    @classmethod
    def _is_place(cls, target: str) -> str:
        _url(target) or split_host_port(target)
        return target

    @cached_property
    def url(self) -> Url | None:
        """The target taken apart, if it is a web socket."""
        return _url(self.target)

    @cached_property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        return (self.url.host, self.url.port) if self.url else split_host_port(self.target)

    def contacts(self) -> tuple[str, ...]:
        """The host."""
        return (self.place[0],)

    def trusts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """One over TLS, none in plain."""
        return ((self.trust, HTTP_1_1),) if self.url and self.url.secure else ()


def _url(target: str) -> Url | None:
    return parse_url(target, SOCKETS) if "://" in target else None


@PROBES.add
async def whatsapp(run: Run, options: Whatsapp) -> None:
    """Resolve, connect, upgrade where the target is a web socket, and exchange the hellos."""
    host, port = options.place
    address = await resolve(run, host)
    stream = await connect(run, address, port)
    if options.url and options.url.secure:
        stream = await handshake(run, stream, host, options.trust, HTTP_1_1)
    if options.url:
        stream = await upgrade(run, stream, options.url, ORIGIN)
    await hello(run, stream)
