"""Telegram's first question over a stream: what is sent, and what the answer makes of the run."""

from probes.failure import Fault
from probes.record import Kind, Phase
from probes.run import Run
from probes.steps.mtproto import (
    TAG,
    Change,
    Refused,
    ciphers,
    fingerprints,
    framed,
    length_of,
    opening,
    question,
    shown,
)
from probes.steps.stream import Stream


async def ask(run: Run, stream: Stream, nonce: bytes, *, obfuscated: bool) -> None:
    """Ask and check the answer; facts: first_byte, bytes_out, bytes_in, extra `telegram_keys`, `telegram_error`."""
    async with run.phase(Phase.APP):
        said, decrypt = _flight(framed(question(nonce, run.world.clock.wall())), obfuscated=obfuscated)
        run.note(bytes_out=len(said))
        await stream.send(said)
        try:
            found = fingerprints(await _message(run, stream, decrypt), nonce)
        except Refused as error:
            raise Fault(Kind.APP_JUNK, str(error), extra={"telegram_error": str(error.code)}) from error
        except ValueError as error:
            raise Fault(Kind.APP_JUNK, str(error)) from error
        run.note(extra={"telegram_keys": str(len(found))})


def _flight(frame: bytes, *, obfuscated: bool) -> tuple[bytes, Change]:
    """All that is sent, and how the answer is read."""
    if not obfuscated:
        return TAG + frame, bytes
    begun = opening()
    encrypt, decrypt = ciphers(begun)
    return shown(begun, encrypt) + encrypt(frame), decrypt


async def _message(run: Run, stream: Stream, decrypt: Change) -> bytes:
    """The message of the first frame. Raises EOFError, OSError, ValueError."""
    got = b""
    while (length := length_of(got)) is None or len(got) < 4 + length:
        data = await stream.receive()
        if not data:
            raise EOFError
        if not got:
            run.note(first_byte=round(run.elapsed(), 6))
        got += decrypt(data)
        run.note(bytes_in=len(got))
    return got[4 : 4 + length]
