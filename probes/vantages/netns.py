"""A network namespace of this machine: a line, a tunnel or a lab of its own, measured from the one process."""

import ctypes
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import field_validator

from probes.plugin import VANTAGES, Straight, Vantage, VantageOptions

CLONE_NEWNET = 0x40000000  # linux/sched.h
OWN = "/proc/thread-self/ns/net"
PLACE = "/run/netns/"
"""Where `ip netns` keeps the names."""

_libc = ctypes.CDLL(None, use_errno=True)  # os.setns is there from Python 3.12 on


class Netns(VantageOptions):
    """Options of the netns vantage."""

    netns: str
    """An operator sets this to the name of the namespace, as `ip netns` shows it."""

    @field_validator("netns")
    @classmethod
    def _named(cls, netns: str) -> str:
        if not re.fullmatch(r"[^/\0]{1,255}", netns) or netns in {".", ".."}:
            raise ValueError("the name of a namespace as `ip netns` shows it has no slash")
        return netns


class NamespaceVantage(Straight):
    """Opens its sockets inside a namespace; they stay there."""

    carries = frozenset({"tcp", "udp", "tcp_info"})

    def __init__(self, netns: str) -> None:
        """The name of a namespace; that it exists shows at each `open`."""
        self.path = PLACE + netns

    def families(self) -> frozenset[str]:
        """IPv4, and IPv6 with a route to a global address inside."""
        return self.routed_families()

    def open(self, family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
        """A non-blocking socket of the namespace. Raises OSError: ENOENT without it, EPERM without CAP_SYS_ADMIN."""
        with inside(self.path):
            return socket.socket(family, kind | socket.SOCK_NONBLOCK)


@contextmanager
def inside(path: str) -> Iterator[None]:
    """This thread in another namespace; nothing may be awaited there.

    The path is opened anew each time: a namespace that was deleted and made again is another one.
    """
    there = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        own = os.open(OWN, os.O_RDONLY | os.O_CLOEXEC)
        try:
            enter(there)
            try:
                yield
            finally:
                _return(own)
        finally:
            os.close(own)
    finally:
        os.close(there)


def enter(descriptor: int) -> None:
    """Move this thread. Raises OSError."""
    if _libc.setns(descriptor, CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _return(own: int) -> None:
    """Back home. Where that fails all else would be measured from the wrong place: the process must end."""
    try:
        enter(own)
    except OSError as fault:
        raise SystemExit(f"cannot return from a network namespace: {fault.strerror}") from fault


@VANTAGES.add
def netns(options: Netns) -> Vantage:
    """A network namespace of this machine."""
    return NamespaceVantage(options.netns)
