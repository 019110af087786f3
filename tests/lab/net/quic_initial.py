"""The name in a client's first QUIC packet: anyone on the path can read it (RFC 9001 section 5.2), and censors do."""

from functools import lru_cache

from aioquic._buffer import Buffer, BufferReadError
from aioquic._crypto import CryptoError
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.packet import QuicFrameType, pull_quic_header

from tests.lab.net.packets import hello_name, is_quic


@lru_cache(maxsize=256)
def quic_name(payload: bytes) -> str | None:
    """The SNI of an Initial; None for what is none, or holds no whole hello."""
    if not is_quic(payload):
        return None
    try:
        hello = _crypto(_opened(payload))
    except (CryptoError, BufferReadError, ValueError):
        return None
    return hello_name(b"\x16\x03\x01" + len(hello).to_bytes(2) + hello)


def _opened(payload: bytes) -> bytes:
    """The frames of an Initial: its keys come of the connection id in its header."""
    buffer = Buffer(data=payload)
    header = pull_quic_header(buffer, host_cid_length=8)
    keys = CryptoPair()
    keys.setup_initial(cid=header.destination_cid, is_client=False, version=header.version or 0)
    _head, frames, _number = keys.decrypt_packet(payload[: header.packet_length], buffer.tell(), 0)
    return frames


def _crypto(frames: bytes) -> bytes:
    """What the CRYPTO frames say, put in order; padding and pings are passed over."""
    buffer, said = Buffer(data=frames), dict[int, bytes]()
    while not buffer.eof():
        kind = buffer.pull_uint_var()
        if kind == QuicFrameType.CRYPTO:
            offset = buffer.pull_uint_var()
            said[offset] = buffer.pull_bytes(buffer.pull_uint_var())
        elif kind not in {QuicFrameType.PADDING, QuicFrameType.PING}:
            break
    return b"".join(said[offset] for offset in sorted(said))
