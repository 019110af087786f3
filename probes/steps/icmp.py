"""What the kernel says about an error that arrived: whether an ICMP message brought it, and who sent that."""

import errno
import socket
from struct import Struct

from probes.failure import Fault, classify, own
from probes.record import Kind

IP_RECVERR = 11  # linux/in.h
IPV6_RECVERR = 25  # linux/in6.h
# struct sock_extended_err of linux/errqueue.h: errno, origin, type, code, pad, info, data; then the sender's sockaddr.
EXTENDED = Struct("=IBBBxII")
ORIGIN_ICMP = 2
ORIGIN_ICMP6 = 3
OFFENDER_IPV4 = slice(EXTENDED.size + 4, EXTENDED.size + 8)
OFFENDER_IPV6 = slice(EXTENDED.size + 8, EXTENDED.size + 24)
# Without an ICMP message these come from our own side: a neighbour that does not answer, a route that went away.
OWN_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN})


def keep_errors(sock: socket.socket, *, on: bool = True) -> None:
    """Have the kernel queue the ICMP messages that concern this socket, or not; UDP hears of few of them without."""
    if sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, on)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, on)


def arrived(sock: socket.socket, fault: OSError, address: str) -> Fault:
    """What an error means that came after the send: the path's or the far end's word, or our own line's."""
    message = last_message(sock)
    kind, detail = classify(fault)
    if message is None:
        if fault.errno in OWN_UNREACHABLE:
            return own(fault)
        return Fault(kind, detail, **({"refused_by": "rst"} if kind is Kind.REFUSED else {}))
    sender, word = message
    if sender == sock.getsockname()[0] != address:  # our own kernel, for a neighbour that is not there
        return own(fault)
    if kind is Kind.LOCAL:  # EACCES for an IPv6 "prohibited", EPROTO: a router's or the host's word all the same
        kind = Kind.HOST_UNREACHABLE
    return Fault(kind, f"ICMP {word} from {sender}", refused_by="icmp", icmp_from=sender, extra={"icmp": word})


def last_message(sock: socket.socket) -> tuple[str, str] | None:
    """Empty the error queue, else it wakes the loop for ever; sender and `type/code` of its last ICMP message."""
    found = None
    while True:
        try:
            _data, control, _flags, _address = sock.recvmsg(0, 512, socket.MSG_ERRQUEUE)
        except OSError:  # empty
            return found
        for _level, _type, data in control:
            found = _read(data) or found


def _read(data: bytes) -> tuple[str, str] | None:
    """Sender and `type/code` of one entry that an ICMP message made."""
    if len(data) < EXTENDED.size:
        return None
    _number, origin, kind, code, _info, _more = EXTENDED.unpack_from(data)
    if origin == ORIGIN_ICMP:
        return socket.inet_ntop(socket.AF_INET, data[OFFENDER_IPV4]), f"{kind}/{code}"
    if origin == ORIGIN_ICMP6:
        return socket.inet_ntop(socket.AF_INET6, data[OFFENDER_IPV6]), f"{kind}/{code}"
    return None
