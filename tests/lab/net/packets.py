"""Frames taken apart and forged: Ethernet, IPv4 and IPv6, TCP and UDP, and the names that a censor reads in them."""

import struct
from dataclasses import dataclass
from ipaddress import ip_address

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
TCP, UDP = 6, 17
IPV4, IPV6 = 0x0800, 0x86DD
STUN_COOKIE = b"\x21\x12\xa4\x42"
QUIC_V1 = 1


@dataclass(frozen=True, slots=True)
class Packet:
    """One TCP or UDP packet; addresses as text, `macs` are destination and source as they came."""

    macs: tuple[bytes, bytes]
    source: str
    target: str
    protocol: int
    sport: int
    dport: int
    payload: bytes
    seq: int = 0
    ack: int = 0
    flags: int = 0

    @property
    def reach(self) -> int:
        """How far it moves TCP's sequence number."""
        return len(self.payload) + bool(self.flags & SYN) + bool(self.flags & FIN)


def parse(frame: bytes) -> Packet | None:
    """A frame that carries TCP or UDP, unfragmented; None for all else, whatever the bytes."""
    if len(frame) < 34:
        return None
    kind = int.from_bytes(frame[12:14])
    if kind == IPV4:
        return _parse_ipv4(frame)
    if kind == IPV6 and len(frame) >= 54:
        end = 54 + int.from_bytes(frame[18:20])
        return _parse_transport(frame, frame[20], frame[22:38], frame[38:54], frame[54:end])
    return None


def _parse_ipv4(frame: bytes) -> Packet | None:
    start, end = 14 + (frame[14] & 15) * 4, 14 + int.from_bytes(frame[16:18])
    if int.from_bytes(frame[20:22]) & 0x3FFF:
        return None
    return _parse_transport(frame, frame[23], frame[26:30], frame[30:34], frame[start:end])


def _parse_transport(frame: bytes, protocol: int, source: bytes, target: bytes, body: bytes) -> Packet | None:
    macs = (frame[:6], frame[6:12])
    ends = (str(ip_address(source)), str(ip_address(target)))
    if protocol == UDP and len(body) >= 8:
        sport, dport = struct.unpack_from(">HH", body)
        return Packet(macs, *ends, UDP, sport, dport, body[8:])
    if protocol == TCP and len(body) >= 20:
        sport, dport, seq, ack, offset, flags = struct.unpack_from(">HHIIBB", body)
        return Packet(macs, *ends, TCP, sport, dport, body[(offset >> 4) * 4 :], seq, ack, flags)
    return None


# ---- names -----------------------------------------------------------------------------------------------------------


def question(message: bytes) -> str | None:
    """The name in a DNS question, in lower case; None for what is no question."""
    if len(message) < 17 or message[2] & 0x80 or int.from_bytes(message[4:6]) != 1:
        return None
    labels, place = [], 12
    while place < len(message) and 0 < message[place] < 64:
        labels.append(message[place + 1 : place + 1 + message[place]].decode("latin-1").lower())
        place += 1 + message[place]
    return ".".join(labels) if labels and place < len(message) and message[place] == 0 else None


def hello_name(stream: bytes) -> str | None:
    """The SNI of a ClientHello from the beginning of a TCP stream; None if there is none, or not yet."""
    hello = _hello(stream)
    try:
        return _server_name(hello) if hello else None
    except (IndexError, struct.error):
        return None


def _hello(stream: bytes) -> bytes:
    """The handshake message out of as many records as it is cut into."""
    whole, place = b"", 0
    while stream[place : place + 2] == b"\x16\x03" and place + 5 <= len(stream):
        size = int.from_bytes(stream[place + 3 : place + 5])
        whole += stream[place + 5 : place + 5 + size]
        place += 5 + size
    ready = len(whole) >= 4 and whole[0] == 1 and len(whole) >= 4 + int.from_bytes(whole[1:4])
    return whole if ready else b""


def _server_name(hello: bytes) -> str | None:
    place = 38
    place += 1 + hello[place]  # session
    place += 2 + struct.unpack_from(">H", hello, place)[0]  # ciphers
    place += 1 + hello[place]  # compression
    end = place + 2 + struct.unpack_from(">H", hello, place)[0]
    place += 2
    while place + 4 <= end:
        kind, size = struct.unpack_from(">HH", hello, place)
        if kind == 0:
            length = struct.unpack_from(">H", hello, place + 7)[0]
            return hello[place + 9 : place + 9 + length].decode("latin-1").lower()
        place += 4 + size
    return None


def http_host(stream: bytes) -> str | None:
    """The Host of a GET; None for all else."""
    if not stream.startswith(b"GET "):
        return None
    for line in stream.split(b"\r\n")[1:]:
        name, _colon, value = line.partition(b":")
        if name.lower() == b"host":
            return value.strip().decode("latin-1").lower()
    return None


def is_stun(payload: bytes) -> bool:
    """RFC 8489 section 5: two zero bits, and the cookie."""
    return len(payload) >= 20 and payload[0] < 64 and payload[4:8] == STUN_COOKIE


def is_quic(payload: bytes) -> bool:
    """A long header of version 1 that is an Initial (RFC 9000 section 17.2.2)."""
    return len(payload) >= 7 and payload[0] & 0xF0 == 0xC0 and int.from_bytes(payload[1:5]) == QUIC_V1


# ---- forged ----------------------------------------------------------------------------------------------------------


def checksum(data: bytes) -> int:
    """RFC 1071."""
    padded = data + b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def answer_to(packet: Packet, flags: int, payload: bytes = b"") -> bytes:
    """A TCP frame back to the sender that fits its connection, as if the far end had sent it."""
    seq = packet.ack if packet.flags & ACK else 0
    ack = (packet.seq + packet.reach) & 0xFFFFFFFF
    return _tcp_frame(_turned(packet), seq, ack, flags, payload)


def onward(packet: Packet, flags: int) -> bytes:
    """A TCP frame to the receiver in place of this packet."""
    return _tcp_frame(packet, packet.seq, packet.ack, flags, b"")


def datagram_back(packet: Packet, payload: bytes) -> bytes:
    """A UDP frame back to the sender."""
    back = _turned(packet)
    head = struct.pack(">HHHH", back.sport, back.dport, 8 + len(payload), 0)
    total = _sum_of(back, head + payload) or 0xFFFF
    return _frame(back, head[:6] + total.to_bytes(2) + payload)


def dns_answer(message: bytes, address: str | None, *, authoritative: bool = False) -> bytes:
    """A forged answer: an address with TTL 60, or NXDOMAIN without an SOA."""
    end = message.index(b"\0", 12) + 5
    flags = 0x8180 | (0x0400 if authoritative else 0) | (0 if address else 3)
    head = message[:2] + struct.pack(">HHHHH", flags, 1, 1 if address else 0, 0, 0)
    if address is None:
        return head + message[12:end]
    data = ip_address(address).packed
    record = struct.pack(">HHHIH", 0xC00C, 28 if len(data) == 16 else 1, 1, 60, len(data)) + data
    return head + message[12:end] + record


def unreachable(packet: Packet, frame: bytes, code: int) -> bytes:
    """ICMP destination unreachable (RFC 792) for an IPv4 frame, in the far end's name."""
    start = 14 + (frame[14] & 15) * 4
    body = struct.pack(">BBHI", 3, code, 0, 0) + frame[14 : start + 8]
    body = body[:2] + checksum(body).to_bytes(2) + body[4:]
    back = _turned(packet)
    return _ipv4_frame(back, 1, body)


def _turned(packet: Packet) -> Packet:
    macs = (packet.macs[1], packet.macs[0])
    return Packet(macs, packet.target, packet.source, packet.protocol, packet.dport, packet.sport, b"")


def _tcp_frame(packet: Packet, seq: int, ack: int, flags: int, payload: bytes) -> bytes:
    head = struct.pack(">HHIIBBHHH", packet.sport, packet.dport, seq, ack, 0x50, flags, 0xFFFF, 0, 0)
    total = _sum_of(packet, head + payload)
    return _frame(packet, head[:16] + total.to_bytes(2) + head[18:] + payload)


def _sum_of(packet: Packet, body: bytes) -> int:
    ends = ip_address(packet.source).packed + ip_address(packet.target).packed
    return checksum(ends + struct.pack(">II", packet.protocol, len(body)) + body)


def _frame(packet: Packet, body: bytes) -> bytes:
    if ":" not in packet.source:
        return _ipv4_frame(packet, packet.protocol, body)
    ends = ip_address(packet.source).packed + ip_address(packet.target).packed
    head = struct.pack(">IHBB", 6 << 28, len(body), packet.protocol, 64)
    return b"".join(packet.macs) + IPV6.to_bytes(2) + head + ends + body


def _ipv4_frame(packet: Packet, protocol: int, body: bytes) -> bytes:
    ends = ip_address(packet.source).packed + ip_address(packet.target).packed
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0x4000, 64, protocol, 0)
    total = checksum(head + ends)
    return b"".join(packet.macs) + IPV4.to_bytes(2) + head[:10] + total.to_bytes(2) + ends + body
