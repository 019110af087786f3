"""Lying resolvers on loopback, over UDP and TCP: `async with lying_resolver(nxdomain()) as place:`.

A lie is a function from the question's bytes to what is sent back, when and from where. Lies are made by the functions
below and compose: `race(answer("10.0.0.1"), answer("157.240.205.62"), gap=0.05)`, `truncated(over_tcp)`,
`by_name({"web.whatsapp.com": nxdomain()}, answer("127.0.0.1"))`, `in_turn(silence(), answer("127.0.0.1"))`.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

TTL = 60
SOA = "ns.example. hostmaster.example. 1 3600 600 86400 300"


@dataclass(frozen=True, slots=True)
class Sent:
    """One message sent back: after how many seconds, from another port or not; over TCP it can be cut and closed."""

    data: bytes
    after: float = 0.0
    elsewhere: bool = False
    cut: int | None = None


Lie = Callable[[bytes], list[Sent]]


class Place(str):
    """Where a lying resolver listens, `127.0.0.1:port`; `asked` holds the questions that came, oldest first.

    `came` is set with the first of them.
    """

    __slots__ = ("asked", "came", "port")
    asked: list[bytes]
    came: asyncio.Event
    port: int


# ---- single lies -----------------------------------------------------------------------------------------------------


def _reply(question: bytes, *flags: str) -> dns.message.Message:
    reply = dns.message.make_response(dns.message.from_wire(question), recursion_available=True)
    for flag in flags:
        reply.flags |= dns.flags.from_text(flag)
    return reply


def _is_for(reply: dns.message.Message, address: str) -> bool:
    wanted = dns.rdatatype.AAAA if ":" in address else dns.rdatatype.A
    return reply.question[0].rdtype == wanted


def _soa(reply: dns.message.Message) -> None:
    reply.authority.append(dns.rrset.from_text("example.", 300, "IN", "SOA", SOA))


def answer(*addresses: str, aliases: Iterable[str] = (), ttl: int = TTL, aa: bool = False) -> Lie:
    """NOERROR with those addresses of the asked type (A or AAAA), behind a chain of aliases if there are any."""

    def lie(question: bytes) -> list[Sent]:
        reply = _reply(question, *(["AA"] if aa else []))
        name = reply.question[0].name
        for alias in aliases:
            rrset = dns.rrset.from_text(name, ttl, "IN", "CNAME", f"{alias}.")
            reply.answer.append(rrset)
            name = rrset[0].target
        mine = [address for address in addresses if _is_for(reply, address)]
        if mine:
            reply.answer.append(dns.rrset.from_text(name, ttl, "IN", reply.question[0].rdtype, *mine))
        return [Sent(reply.to_wire())]

    return lie


def records(kind: str, *texts: str, ttl: int = TTL) -> Lie:
    """NOERROR with those records of a type, as in a zone file; nothing where another type is asked for."""

    def lie(question: bytes) -> list[Sent]:
        reply = _reply(question)
        if reply.question[0].rdtype == dns.rdatatype.from_text(kind):
            reply.answer.append(dns.rrset.from_text(reply.question[0].name, ttl, "IN", kind, *texts))
        return [Sent(reply.to_wire())]

    return lie


def nodata(*, aliases: Iterable[str] = ()) -> Lie:
    """NOERROR without an address, with the SOA that a true one carries."""

    def lie(question: bytes) -> list[Sent]:
        reply = dns.message.from_wire(answer(aliases=aliases)(question)[0].data)
        _soa(reply)
        return [Sent(reply.to_wire())]

    return lie


def nxdomain(*, soa: bool = True, aa: bool = False) -> Lie:
    """NXDOMAIN: with its SOA as a true one, or without and with aa as the rewriting box in the path sends it."""

    def lie(question: bytes) -> list[Sent]:
        reply = _reply(question, *(["AA"] if aa else []))
        reply.set_rcode(dns.rcode.NXDOMAIN)
        if soa:
            _soa(reply)
        return [Sent(reply.to_wire())]

    return lie


def rcode(word: str, *, question_kept: bool = True) -> Lie:
    """Any rcode and nothing else: `rcode("SERVFAIL")`; some servers leave the question out."""

    def lie(question: bytes) -> list[Sent]:
        reply = _reply(question)
        reply.set_rcode(dns.rcode.from_text(word))
        if not question_kept:
            reply.question.clear()
        return [Sent(reply.to_wire())]

    return lie


def silence() -> Lie:
    """Nothing, for ever."""
    return lambda _question: []


def echo() -> Lie:
    """The question itself, as a reflector sends it."""
    return lambda question: [Sent(question)]


def malformed() -> Lie:
    """The right id and question, then bytes that are no records."""

    def lie(question: bytes) -> list[Sent]:
        header = question[:2] + b"\x81\x80" + b"\0\1\0\5\0\0\0\0"
        return [Sent(header + question[12:] + b"\xc0\x0c\0\1\0\1junk")]

    return lie


# ---- lies about lies -------------------------------------------------------------------------------------------------


def after(seconds: float, lie: Lie) -> Lie:
    """The same, that much later."""
    return lambda question: [replace(sent, after=sent.after + seconds) for sent in lie(question)]


def race(forged: Lie, true: Lie, gap: float = 0.05) -> Lie:
    """The forged answer first, the true one behind it."""
    return lambda question: [*forged(question), *after(gap, true)(question)]


def first(*before: Lie, then: Lie) -> Lie:
    """Several messages at once, in that order."""
    return lambda question: [sent for lie in (*before, then) for sent in lie(question)]


def with_wrong_id(lie: Lie) -> Lie:
    """The same under another id."""
    return lambda question: [replace(sent, data=bytes([sent.data[0] ^ 0xFF]) + sent.data[1:]) for sent in lie(question)]


def with_wrong_question(lie: Lie) -> Lie:
    """The same for another name, under the right id."""
    other = dns.message.make_query("other.example", "A", use_edns=False).to_wire()
    return lambda question: lie(question[:2] + other[2:])


def without_edns(word: str, lie: Lie) -> Lie:
    """An old server: that rcode and nothing else for a question with EDNS, the lie for one without."""

    def chosen(question: bytes) -> list[Sent]:
        return (rcode(word) if dns.message.from_wire(question).edns >= 0 else lie)(question)

    return chosen


def in_other_case(lie: Lie) -> Lie:
    """The same with the question in capitals."""
    return lambda question: lie(question[:12] + question[12:-4].upper() + question[-4:])


def from_elsewhere(lie: Lie) -> Lie:
    """The same from another port of the same address."""
    return lambda question: [replace(sent, elsewhere=True) for sent in lie(question)]


def flood(lie: Lie, count: int) -> Lie:
    """The same many times."""
    return lambda question: lie(question) * count


def truncated() -> Lie:
    """Over UDP: TC set and nothing inside, so that the client comes back over TCP."""
    return lambda question: [Sent(_reply(question, "TC").to_wire())]


def cut_short(lie: Lie, size: int) -> Lie:
    """Over TCP: so many bytes of the framed reply, then the end."""
    return lambda question: [replace(sent, cut=size) for sent in lie(question)]


def by_name(lies: Mapping[str, Lie], otherwise: Lie) -> Lie:
    """A lie for each name; what is not listed gets the last one."""

    def lie(question: bytes) -> list[Sent]:
        name = dns.message.from_wire(question).question[0].name.to_text(omit_final_dot=True)
        return lies.get(name, otherwise)(question)

    return lie


def in_turn(*lies: Lie) -> Lie:
    """The first lie for the first question, and so on; the last one stays."""
    queue = list(lies)

    def lie(question: bytes) -> list[Sent]:
        chosen = queue.pop(0) if len(queue) > 1 else queue[0]
        return chosen(question)

    return lie


# ---- the servers -----------------------------------------------------------------------------------------------------


def _came(place: Place, question: bytes) -> None:
    place.asked.append(question)
    place.came.set()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, lie: Lie, place: Place) -> None:
        self.lie, self.place = lie, place
        self.timers: list[asyncio.TimerHandle] = []

    def connection_made(self, transport) -> None:
        self.transport = transport
        self.other = socket.socket(transport.get_extra_info("socket").family, socket.SOCK_DGRAM)
        self.other.bind((transport.get_extra_info("sockname")[0], 0))

    def datagram_received(self, data: bytes, addr) -> None:
        _came(self.place, data)
        for sent in self.lie(data):
            if sent.after:
                self.timers.append(asyncio.get_running_loop().call_later(sent.after, self._send, sent, addr))
            else:
                self._send(sent, addr)

    def _send(self, sent: Sent, addr) -> None:
        if sent.elsewhere:
            self.other.sendto(sent.data, addr)
        elif not self.transport.is_closing():
            self.transport.sendto(sent.data, addr)

    def close(self) -> None:
        for timer in self.timers:
            timer.cancel()
        self.transport.close()
        self.other.close()


class _Tcp(asyncio.Protocol):
    def __init__(self, lie: Lie, place: Place, talking: list["_Tcp"]) -> None:
        self.lie, self.place, self.talking = lie, place, talking
        self.held = b""

    def connection_made(self, transport) -> None:
        self.transport = transport
        self.talking.append(self)

    def data_received(self, data: bytes) -> None:
        self.held += data
        size = int.from_bytes(self.held[:2], "big") + 2
        if len(self.held) < max(size, 3):
            return
        question, self.held = self.held[2:size], self.held[size:]
        _came(self.place, question)
        for sent in self.lie(question):
            self._send(sent)

    def _send(self, sent: Sent) -> None:
        framed = len(sent.data).to_bytes(2, "big") + sent.data
        self.transport.write(framed[: sent.cut])
        if sent.cut is not None:
            self.transport.close()


def _bound(address: str) -> tuple[socket.socket, socket.socket]:
    """A UDP and a TCP socket on one free port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for _ in range(50):
        udp = socket.socket(family, socket.SOCK_DGRAM)
        udp.bind((address, 0))
        tcp = socket.socket(family, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tcp.bind((address, udp.getsockname()[1]))
        except OSError:
            udp.close()
            tcp.close()
        else:
            return udp, tcp
    raise OSError("no port is free for both UDP and TCP")


@asynccontextmanager
async def lying_resolver(udp: Lie, tcp: Lie | None = None, address: str = "127.0.0.1") -> AsyncIterator[Place]:
    """Serve a lie over UDP and another (or the same) over TCP; yields `127.0.0.1:port`."""
    loop = asyncio.get_running_loop()
    udp_socket, tcp_socket = _bound(address)
    port = udp_socket.getsockname()[1]
    place = Place(f"[{address}]:{port}" if ":" in address else f"{address}:{port}")
    place.asked, place.came, place.port = [], asyncio.Event(), port
    talking: list[_Tcp] = []
    _transport, protocol = await loop.create_datagram_endpoint(lambda: _Udp(udp, place), sock=udp_socket)
    server = await loop.create_server(lambda: _Tcp(tcp or udp, place, talking), sock=tcp_socket)
    try:
        yield place
    finally:
        protocol.close()
        for one in talking:
            one.transport.close()
        server.close()
        await server.wait_closed()


def closed_port(address: str = "127.0.0.1") -> str:
    """A place where nothing listens: the kernel answers with ICMP port unreachable (UDP) or a reset (TCP)."""
    udp, tcp = _bound(address)
    with closing(udp), closing(tcp):
        port = udp.getsockname()[1]
        return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
