"""DNS messages: a question as a stub resolver writes it, and what a reply says, read with dnspython."""

from functools import lru_cache
from ipaddress import ip_address

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from probes.record import Answer

MALFORMED = "malformed"
"""Stands in `Answer.rcode` for a reply that is no DNS message behind its id."""
HEADER = 12
CHAIN = 16
"""How many CNAMEs are followed within an answer."""
ROOM = 1232
"""Bytes of a reply over UDP that an EDNS question allows: what passes every path unbroken (DNS flag day 2020)."""
ADDRESSES = frozenset({dns.rdatatype.A, dns.rdatatype.AAAA})
RECORDS = 16
TEXT = 200
"""How many records of another type are kept as text, and how many characters of each."""
BARE = frozenset({dns.rcode.FORMERR, dns.rcode.SERVFAIL, dns.rcode.NOTIMP, dns.rcode.REFUSED})
"""Servers that say these often leave the question out."""


@lru_cache(maxsize=4096)
def question(host: str, kind: str, edns: bool = False) -> bytes:  # noqa: FBT001, FBT002  a part of the question
    """A question of type `kind` with id 0, recursion desired. Raises ValueError for what DNS cannot carry.

    No EDNS unless it is asked for: the stub resolvers of glibc and Windows send none either, so ours looks like any
    other client's, no box in the path can trip over an option, and a long answer comes truncated and then over TCP
    (RFC 1035 section 4.2.1).
    """
    try:
        name = dns.name.from_text(host)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise ValueError(f"{host!r} is no name that DNS can carry: {error}") from error
    if edns:
        return dns.message.make_query(name, kind, use_edns=0, payload=ROOM, id=0).to_wire()
    return dns.message.make_query(name, kind, use_edns=False, id=0).to_wire()


def with_id(query: bytes, number: int) -> bytes:
    """The same question under another id."""
    return number.to_bytes(2, "big") + query[2:]


def foreign(query: bytes, data: bytes) -> str | None:
    """Why a datagram is no reply to this question, as a stub judges it: a word to count under, or None if it is one."""
    if data[:2] != query[:2]:
        return "wrong_id"
    if len(data) < HEADER:
        return None
    if not data[2] & 0x80:
        return "no_reply"
    if data[4:6] == b"\0\0" and data[3] & 0x0F in BARE:
        return None
    # Names compare without case (RFC 4343); type and class hold no byte that lower() changes.
    end = _end(query)
    if data[4:6] != b"\0\1" or data[HEADER:end].lower() != query[HEADER:end].lower():
        return "wrong_question"
    return None


def _end(query: bytes) -> int:
    """Where the question section of our own question ends: before the OPT record, if it has one."""
    at = HEADER
    while query[at]:
        at += 1 + query[at]
    return at + 5


def read(data: bytes, arrival: float, transport: str) -> Answer:
    """What a reply says; `arrival` in seconds of the run. Never raises: what is no message has rcode `malformed`."""
    try:
        message = dns.message.from_wire(data, ignore_trailing=True)
        found = _found(message)
        addresses = {rdata.address for rdata in found} if found is not None and found.rdtype in ADDRESSES else set()
        texts = () if found is None or found.rdtype in ADDRESSES else _texts(found)
    except (dns.exception.DNSException, ValueError):
        return Answer(round(arrival, 6), MALFORMED, transport=transport)
    return Answer(
        arrival=round(arrival, 6),
        rcode=dns.rcode.to_text(message.rcode()),
        flags=tuple(word for word in dns.flags.to_text(message.flags).lower().split() if word != "qr"),
        addresses=in_order(addresses),
        ttl=min((rrset.ttl for rrset in message.answer), default=None),
        authority=sum(len(rrset) for rrset in message.authority),
        transport=transport,
        data=texts,
    )


def _texts(found: dns.rrset.RRset) -> tuple[str, ...]:
    """Records as in a zone file, sorted, so that two answers that differ in order only are the same; bounded."""
    return tuple(sorted(rdata.to_text()[:TEXT] for rdata in found)[:RECORDS])


def contradict(one: Answer, other: Answer) -> bool:
    """True if two whole replies to one question do not say the same."""
    if "tc" in one.flags or "tc" in other.flags:
        return False
    return (one.rcode, one.addresses, one.data) != (other.rcode, other.addresses, other.data)


def in_order(addresses: set[str]) -> tuple[str, ...]:
    """Addresses by number, so that two answers that differ in order only are the same."""
    return tuple(sorted(addresses, key=lambda text: (":" in text, int(ip_address(text)))))


def _found(message: dns.message.Message) -> dns.rrset.RRset | None:
    """The records of the name and type that were asked for, through CNAMEs within the answer."""
    if not message.question:
        return None
    name, kind = message.question[0].name, message.question[0].rdtype
    for _ in range(CHAIN):
        found = _rrset(message, name, kind)
        if found is not None:
            return found
        alias = _rrset(message, name, dns.rdatatype.CNAME)
        if alias is None:
            break
        name = alias[0].target
    return None


def _rrset(message: dns.message.Message, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> dns.rrset.RRset | None:
    """The records of a name and type in the answer section."""
    return next(
        (r for r in message.answer if r.rdtype == kind and r.name == name and r.rdclass == dns.rdataclass.IN), None
    )
