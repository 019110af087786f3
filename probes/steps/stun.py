"""STUN binding requests and their answers (RFC 8489), and a random exchange beside them that nobody can recognise."""

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from probes.failure import Fault
from probes.record import Kind
from probes.run import Run
from probes.steps.datagram import Datagrams

COOKIE = b"\x21\x12\xa4\x42"
REQUEST, SUCCESS, ERROR = 0x0001, 0x0101, 0x0111
HEADER = 20
MAPPED, ERROR_CODE, XOR_MAPPED = 0x0001, 0x0009, 0x0020
FAMILIES = {1: "ipv4", 2: "ipv6"}
FIRST_WAIT = 0.5
"""Seconds until a request is sent again, doubled each time (RFC 8489 section 6.2.1)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server said of us, without our address: that is nobody's business and is never kept."""

    family: str | None = None
    port: int | None = None
    error: int | None = None


def request(transaction: bytes) -> bytes:
    """A binding request without attributes; `transaction` is 12 bytes."""
    return REQUEST.to_bytes(2) + b"\0\0" + COOKIE + transaction


def read(data: bytes, transaction: bytes) -> Reply | None:
    """An answer, or None for one to another transaction. Raises Fault for what is no STUN answer."""
    kind = int.from_bytes(data[:2])
    whole = len(data) >= HEADER and HEADER + int.from_bytes(data[2:4]) == len(data)
    if not whole or data[4:8] != COOKIE or kind not in {SUCCESS, ERROR}:
        raise Fault(Kind.APP_JUNK, ascii(data[:24])[2:-1])
    if data[8:HEADER] != transaction:
        return None
    found = dict(_attributes(data))
    if kind == ERROR:
        return Reply(error=_error(found.get(ERROR_CODE, b"")))
    return _mapped(found)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and value of each attribute. Raises Fault for one that is longer than the message."""
    at = HEADER
    while at < len(data):
        size = int.from_bytes(data[at + 2 : at + 4])
        value = data[at + 4 : at + 4 + size]
        if at + 4 > len(data) or len(value) < size:
            raise Fault(Kind.APP_JUNK, "an attribute longer than its message")
        yield int.from_bytes(data[at : at + 2]), value
        at += 4 + (size + 3) // 4 * 4  # padded to four bytes: RFC 8489 section 14


def _error(value: bytes) -> int:
    """The number of an ERROR-CODE; 0 where none is told."""
    return (value[2] & 7) * 100 + value[3] if len(value) >= 4 else 0


def _mapped(found: dict[int, bytes]) -> Reply:
    """Family and port as the server saw them, masked or (RFC 3489) plain."""
    value, mask = (found[XOR_MAPPED], COOKIE) if XOR_MAPPED in found else (found.get(MAPPED, b""), bytes(4))
    if len(value) < 8 or value[1] not in FAMILIES:
        return Reply()
    return Reply(FAMILIES[value[1]], int.from_bytes(value[2:4]) ^ int.from_bytes(mask[:2]))


async def bind(run: Run, way: Datagrams) -> None:
    """Ask until an answer comes; facts: first_byte, and in extra what the server saw. Raises OSError."""
    transaction = secrets.token_bytes(12)
    wait, strays = FIRST_WAIT, 0
    way.send(request(transaction))
    while True:
        try:
            async with asyncio.timeout(wait):
                reply = read(await way.receive(), transaction)
        except TimeoutError:
            wait *= 2
            way.send(request(transaction))
            continue
        if reply is not None:
            _note(run, way, reply)
            return
        strays += 1
        run.note(extra={"stun_wrong_transaction": str(strays)})


def _note(run: Run, way: Datagrams, reply: Reply) -> None:
    """Note an answer; a relay's port is not ours to compare."""
    run.note(first_byte=round(way.arrival, 6))
    if reply.error is not None:
        run.note(extra={"stun_error": str(reply.error)})
    if reply.family is not None:
        run.note(extra={"stun_family": reply.family})
    if reply.port is not None and way.sock is not None and not way.way.relay:
        changed = way.sock.getsockname()[1] != reply.port
        run.note(extra={"stun_port_changed": "yes" if changed else "no"})


async def bind_beside(run: Run, way: Datagrams, peer: Datagrams) -> None:
    """As `bind`, with as many random bytes sent to a peer meanwhile; extra: peer. Raises OSError."""
    fault: OSError | None = None
    run.note(extra={"peer": "silent"})
    async with asyncio.TaskGroup() as group:
        group.create_task(echo(run, peer))
        try:
            await bind(run, way)
        except OSError as error:  # a group would wrap it
            fault = error
    if fault is not None:
        raise fault


async def echo(run: Run, peer: Datagrams) -> None:
    """Send random bytes to a peer that sends them back, again each second for three; extra: peer."""
    data = secrets.token_bytes(HEADER)
    for _attempt in range(3):
        try:
            peer.send(data)
            async with asyncio.timeout(1.0):
                while await peer.receive() != data:
                    pass
        except TimeoutError:
            continue
        except OSError:
            run.note(extra={"peer": "refused"})
        else:
            run.note(extra={"peer": "answered"})
        return
