"""The kernel's own account of a TCP connection (struct tcp_info of linux/tcp.h), read before the socket closes."""

import socket
from dataclasses import dataclass
from struct import Struct

from probes.record import TcpInfo

SIZE = 256
CLOSE_WAIT = 8  # linux/tcp_states.h
# tcpi_state 0, _unacked 24, _rtt 68, _total_retrans 100, _bytes_acked 120, _bytes_received 128, _segs_out 136,
# _segs_in 140, and since Linux 4.19 _bytes_sent 200, _bytes_retrans 208.
LAYOUT = Struct("=B23xI40xI28xI16xQQII56xQQ")

GROWTH = Struct("=100xI16xQQII80xI")  # the same fields, and since Linux 5.4 _rcv_ooopack 224


@dataclass(frozen=True, slots=True)
class Growth:
    """What has passed over a connection so far."""

    received: int
    """Bytes that arrived here."""
    segments_in: int
    disordered: int
    """Segments that arrived out of order: one before them was lost or late."""
    acked: int
    """Bytes of ours that arrived."""
    segments_out: int
    resent: int


def read_growth(sock: socket.socket) -> Growth | None:
    """What has passed; None where the kernel does not say."""
    try:
        raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, SIZE)
    except OSError:
        return None
    if len(raw) < GROWTH.size:
        return None
    resent, acked, received, out, into, disordered = GROWTH.unpack_from(raw)
    return Growth(received, into, disordered, acked, out, resent)


def read_tcp_info(sock: socket.socket) -> tuple[TcpInfo, int, int] | None:
    """The account, payload bytes in and out (repeats not counted); None where the kernel has none or less."""
    try:
        raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, SIZE)
    except OSError:  # not TCP, not a kernel that has it, or a socket that is gone
        return None
    if len(raw) < LAYOUT.size:
        return None
    state, unacked, rtt, retransmits, acked, received, out, into, sent, repeated = LAYOUT.unpack_from(raw)
    payload = received - (state == CLOSE_WAIT)  # the kernel counts the far end's FIN as a byte
    return TcpInfo(rtt, retransmits, unacked, acked, received, out, into), payload, sent - repeated
