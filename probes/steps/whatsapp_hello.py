"""The first flight of WhatsApp's chat: a hello in Noise, and the server's answer checked; never a login."""

from collections.abc import Mapping

from probes.failure import Fault
from probes.record import Kind, Phase
from probes.run import Run
from probes.steps.noise import KEY, Handshake
from probes.steps.stream import Stream

HEADER = b"WA\x06\x03"
"""Protocol 6, dictionary 3: what the clients of the web say."""
TAG = 16
"""Bytes by which AES-GCM makes a text longer."""
LONGEST = 16_384
"""Bytes of an answer; a true one has a few hundred."""
CLIENT_HELLO = 2
SERVER_HELLO = 3
EPHEMERAL, STATIC, PAYLOAD = 1, 2, 3
"""Fields of both hellos."""


async def hello(run: Run, stream: Stream) -> None:
    """Say hello and check the answer; facts: first_byte, bytes_out, bytes_in."""
    async with run.phase(Phase.APP):
        handshake = Handshake(HEADER)
        handshake.hear(handshake.public)
        said = first_flight(handshake.public)
        run.note(first_byte=None, bytes_out=len(said))
        await stream.send(said)
        answer = await _frame(run, stream)
        try:
            handshake.answered(*server_hello(answer))
        except ValueError as error:
            raise Fault(Kind.APP_JUNK, str(error)) from error


def first_flight(public: bytes) -> bytes:
    """The header and the framed hello with a client's ephemeral key."""
    return HEADER + framed(written({CLIENT_HELLO: written({EPHEMERAL: public})}))


def framed(message: bytes) -> bytes:
    """A message behind its length in three bytes."""
    return len(message).to_bytes(3) + message


def server_hello(message: bytes) -> tuple[bytes, bytes, bytes]:
    """Ephemeral key, static key and payload (both encrypted) of the server's hello. Raises ValueError."""
    inner = fields(fields(message).get(SERVER_HELLO, b""))
    ephemeral, static, payload = (inner.get(number, b"") for number in (EPHEMERAL, STATIC, PAYLOAD))
    if len(ephemeral) != KEY or len(static) != KEY + TAG or len(payload) < TAG:
        raise ValueError("no hello of a server")
    return ephemeral, static, payload


def written(texts: Mapping[int, bytes]) -> bytes:
    """A protobuf message of fields that hold bytes, by number."""
    return b"".join(_varint(number << 3 | 2) + _varint(len(text)) + text for number, text in texts.items())


def fields(message: bytes) -> dict[int, bytes]:
    """The fields of a protobuf message that hold bytes, the last of each number. Raises ValueError."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(message):
        tag, at = _number(message, at)
        begin, at = _value(message, at, tag & 7)
        if at > len(message):
            raise ValueError("a field that does not end")
        if tag & 7 == 2:
            found[tag >> 3] = message[begin:at]
    return found


def _value(message: bytes, at: int, wire_type: int) -> tuple[int, int]:
    """Begin and end of a value."""
    if wire_type == 0:
        return at, _number(message, at)[1]
    if wire_type == 2:
        length, begin = _number(message, at)
        return begin, begin + length
    if wire_type in {1, 5}:
        return at, at + (8 if wire_type == 1 else 4)
    raise ValueError("no protobuf message")


def _varint(number: int) -> bytes:
    """Seven bits to a byte, the lowest first."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _number(message: bytes, at: int) -> tuple[int, int]:
    """The number at a place, and the place behind it; ten bytes at most."""
    number = 0
    for index, byte in enumerate(message[at : at + 10]):
        number |= (byte & 127) << 7 * index
        if byte < 128:
            return number, at + index + 1
    raise ValueError("a number that does not end")


async def _frame(run: Run, stream: Stream) -> bytes:
    """The first frame. Raises EOFError, OSError, and Fault for a length that no hello has."""
    got = bytearray()
    while len(got) < 3 or len(got) < 3 + int.from_bytes(got[:3]):
        data = await stream.receive()
        if not data:
            raise EOFError
        if not got:
            run.note(first_byte=round(run.elapsed(), 6))
        got += data
        run.note(bytes_in=len(got))
        if len(got) >= 3 and not 0 < int.from_bytes(got[:3]) <= LONGEST:
            raise Fault(Kind.APP_JUNK, ascii(bytes(got[:24]))[2:-1])
    return bytes(got[3 : 3 + int.from_bytes(got[:3])])
