"""The world's servers over UDP beside its resolvers: STUN with an echo peer, and QUIC."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from aioquic.asyncio.server import serve
from aioquic.quic.configuration import QuicConfiguration
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificates

from tests.lab.net.addresses import ECHO, QUIC, SPARE, STUN, ZONE
from tests.lab.udp_servers import Answering, Say, echo, stun

Close = Callable[[], None]


async def open_calls() -> None:
    """The STUN server and its echo peer, for ever."""
    for port, say in ((STUN, stun), (ECHO, echo)):
        await _answer(ZONE["stun.example.org"][0], port, say)


async def _answer(address: str, port: int, say: Say) -> None:
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: Answering(say), (address, port))


async def quic(address: str, pem: bytes) -> Close:
    """A QUIC server on UDP 443 that shows a certificate; gives how to close it."""
    made = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
    made.private_key = load_pem_private_key(pem, None)
    made.certificate, *made.certificate_chain = load_pem_x509_certificates(pem)
    server: Any = await serve(address, 443, configuration=made)
    close: Close = server.close
    return close


def quic_places() -> Iterable[tuple[str, str]]:
    """Name and address of each QUIC server."""
    return ((name, address) for name in QUIC for address in (*ZONE[name], *SPARE.get(name, ())))
