"""An HTTP proxy that is asked to CONNECT (RFC 9110 section 9.3.6), with or without a login (Basic)."""

import re
import socket
from base64 import b64encode
from typing import Any

from pydantic import field_validator

from probes.failure import Fault
from probes.plugin import VANTAGES, Vantage, join_host_port
from probes.proxy import Proxied, ProxyOptions, blame, exactly, say
from probes.record import Kind

LARGEST = 65_536
"""Bytes of a reply's head."""
STATUS = re.compile(rb"HTTP/1\.[01] (?P<status>[1-9]\d\d)(?: (?P<reason>[^\r\n]*))?\r?\n")
END = re.compile(rb"\n\r?\n")
"""Lines may end without a return (RFC 9112 section 2.2)."""
CHUNK = 4_096
LOGIN, TIMED_OUT = 407, 504
OF_TARGET = frozenset({502, 503, TIMED_OUT})
"""What a proxy answers that could not reach the target; see docs/decisions/0010-proxy-faults.md."""


class HttpProxy(ProxyOptions):
    """Options of the http_proxy vantage."""

    @field_validator("user")
    @classmethod
    def _without_colon(cls, user: str | None) -> str | None:
        if user is not None and ":" in user:
            raise ValueError("a user of an HTTP proxy must not hold a colon: the password begins there")
        return user


class HttpProxyVantage(Proxied):
    """Sends through an HTTP proxy."""

    def __init__(self, options: HttpProxy) -> None:
        """Nothing is contacted before the first connection."""
        super().__init__(options)

    async def ask(self, sock: socket.socket, address: str, port: int, scope: Any) -> None:  # noqa: ANN401  a PhaseScope
        """CONNECT; what is behind the head of a good reply stays in the socket."""
        await say(sock, self._request(address, port))
        blame(scope, "")
        status, reason = await self._reply(sock)
        while status // 100 == 1:
            status, reason = await self._reply(sock)
        if status // 100 != 2:
            raise self._judged(status, reason)

    def _request(self, address: str, port: int) -> bytes:
        """The request, and who asks."""
        place = join_host_port(address, port)
        lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}"]
        if self.options.user is not None:
            login = b64encode(f"{self.options.user}:{self.options.secret}".encode()).decode()
            lines.append(f"Proxy-Authorization: Basic {login}")
        return "\r\n".join([*lines, "", ""]).encode()

    async def _reply(self, sock: socket.socket) -> tuple[int, str]:
        """Status and reason of a reply. Raises Fault where it is none."""
        head = await self._head(sock)
        parts = STATUS.match(head)
        if parts is None:
            raise Fault(Kind.LOCAL, f"{self.name}: speaks no HTTP")
        reason = (parts["reason"] or b"").decode("latin-1").strip()[:80]
        return int(parts["status"]), "".join(sign for sign in reason if sign.isprintable())

    async def _head(self, sock: socket.socket) -> bytes:
        """A reply up to its empty line and not beyond: what follows is the target's."""
        head = b""
        while not END.search(head):
            head += await exactly(sock, 1)
            head += await exactly(sock, _of_head(head, _waiting(sock)))
            if len(head) > LARGEST or not b"HTTP/".startswith(head[:5]):
                raise Fault(Kind.LOCAL, f"{self.name}: speaks no HTTP")
        return head

    def _judged(self, status: int, reason: str) -> Fault:
        """Of whom a status speaks."""
        said = f"{status} {reason}".rstrip()
        if status in OF_TARGET:
            kind = Kind.TIMEOUT if status == TIMED_OUT else Kind.HTTP_FAILED
            return Fault(kind, f"{self.name} says {said}", extra={"proxy_status": str(status)})
        why = "wants another login" if self.options.user else "asks for a login: set user and password"
        return Fault(Kind.LOCAL, f"{self.name}: {why if status == LOGIN else 'refuses'}: {said}")


def _waiting(sock: socket.socket) -> bytes:
    """What has arrived, left where it is."""
    try:
        return sock.recv(CHUNK, socket.MSG_PEEK)
    except BlockingIOError:
        return b""


def _of_head(head: bytes, waiting: bytes) -> int:
    """Bytes of what has arrived that belong to the head."""
    end = END.search(head + waiting)
    return end.end() - len(head) if end else len(waiting)


@VANTAGES.add
def http_proxy(options: HttpProxy) -> Vantage:
    """Through an HTTP proxy."""
    return HttpProxyVantage(options)
