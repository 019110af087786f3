"""The world's resolvers with their lies, over UDP, TCP, TLS and HTTPS, and what its proxies know."""

import asyncio
from fnmatch import fnmatchcase
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from daemon.detect.mechanism import zone_of
from tests.lab.dns_servers import Sent
from tests.lab.dns_tls_servers import over_https as dns_over_https
from tests.lab.dns_tls_servers import over_tls as dns_over_tls
from tests.lab.net.addresses import DNS_NAME, GOOGLE, ISP, PARENT, PROXY, RESOLVERS, ZONE
from tests.lab.net.state import Serve, World, client_of, guarded
from tests.lab.servers import Leaving

SOA = "ns.lab. hostmaster.lab. 1 3600 600 86400 300"
NOBODY = "127.0.0.99"
"""An address at which nobody listens."""


def resolve(world: World, resolver: str, question: bytes, client: str) -> bytes | None:
    """What a resolver answers; None for silence."""
    asked = dns.message.from_wire(question)
    reply = dns.message.make_response(asked, recursion_available=True)
    name = asked.question[0].name.to_text(omit_final_dot=True).lower()
    world.told.append(["question", resolver, name, client])
    lies = world.now.get("lies", {})
    told = [*lies.get(resolver, {}).items(), *lies.get("*", {}).items()]
    lie = next((said for glob, said in told if fnmatchcase(name, glob)), None)
    if lie == "silence":
        return None
    if lie in {"servfail", "refused"}:
        reply.set_rcode(dns.rcode.from_text(lie))
        return reply.to_wire()
    found = [] if lie == "nxdomain" else [lie] if lie else world.says("moved", name) or ZONE.get(name, [])
    if not found:
        reply.set_rcode(dns.rcode.NXDOMAIN)
        reply.authority.append(dns.rrset.from_text("lab.", 300, "IN", "SOA", SOA))
        return reply.to_wire()
    kind = asked.question[0].rdtype
    if resolver == PARENT:
        return _referral(reply, name)
    fits = [one for one in found if kind == (dns.rdatatype.AAAA if ":" in one else dns.rdatatype.A)]
    if fits:
        reply.answer.append(dns.rrset.from_text(asked.question[0].name, 60, "IN", dns.rdatatype.to_text(kind), *fits))
    else:
        reply.authority.append(dns.rrset.from_text("lab.", 300, "IN", "SOA", SOA))
    return reply.to_wire()


def _referral(reply: dns.message.Message, name: str) -> bytes:
    """The delegation of a name's zone, as a parent's server has it: in the authority section, without aa."""
    reply.flags &= ~(dns.flags.RA | dns.flags.AA)
    reply.authority.append(dns.rrset.from_text(f"{zone_of(name)}.", 300, "IN", "NS", "ns.lab."))
    return reply.to_wire()


class Datagrams(asyncio.DatagramProtocol):
    """A resolver over UDP."""

    def __init__(self, world: World, resolver: str) -> None:
        """Which one."""
        self.world, self.resolver = world, resolver

    def connection_made(self, transport: Any) -> None:
        """Keep the way back."""
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Answer."""
        answer = resolve(self.world, self.resolver, data, addr[0])
        if answer is not None:
            self.transport.sendto(answer, addr)


def over_tcp(world: World, resolver: str) -> Serve:
    """A resolver over TCP."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        question = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
        answer = resolve(world, resolver, question, client_of(writer))
        if answer is not None:
            writer.write(len(answer).to_bytes(2) + answer)
            await writer.drain()

    return serve


def over_tls(world: World, resolver: str, name: str, port: int) -> Serve:
    """A resolver over TLS (port 853) or over HTTPS."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = client_of(writer)
        await writer.start_tls(world.context(name))

        def lie(question: bytes) -> list[Sent]:
            answer = resolve(world, resolver, question, client)
            return [] if answer is None else [Sent(answer)]

        behaviour = dns_over_tls(lie) if port == 853 else dns_over_https(lie)
        await behaviour.behave(Leaving(reader, writer))

    return serve


async def open_resolvers(world: World) -> None:
    """All resolvers over UDP and TCP, one over TLS and HTTPS."""
    loop = asyncio.get_running_loop()
    for resolver in RESOLVERS:
        await loop.create_datagram_endpoint(lambda one=resolver: Datagrams(world, one), (resolver, 53))  # type: ignore[misc]
        await asyncio.start_server(guarded(over_tcp(world, resolver)), resolver, 53)
    for port in (853, 443):
        await asyncio.start_server(guarded(over_tls(world, GOOGLE, DNS_NAME, port)), GOOGLE, port)


class Names(dict[str, str]):
    """What the proxies know: they ask the free resolver; where they are blind, an address that nobody has."""

    def __init__(self, world: World) -> None:
        """Of a world."""
        super().__init__()
        self.world = world

    def get(self, name: str, default: Any = None) -> Any:
        """The first IPv4 address of a name."""
        if self.world.now.get("proxy") == "blind":
            return NOBODY
        self.world.told.append(["question", ISP["free"], name, PROXY])
        return next(iter(self.world.says("moved", name) or ZONE.get(name, [])), default)
