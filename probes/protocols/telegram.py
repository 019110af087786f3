"""Does a data centre of Telegram answer a client's first question? Not a login: nothing of an account is said."""

import os
from typing import Literal

from probes.plugin import PROBES, HostPort
from probes.run import Run
from probes.steps.connect import connect
from probes.steps.resolve import resolve
from probes.steps.telegram_question import ask


class Telegram(HostPort):
    """Options of the telegram probe."""

    traffic = 1_200

    transport: Literal["obfuscated", "plain"] = "obfuscated"
    """An operator sets this when it is to be seen whether a filter knows MTProto by its plain words: apps obfuscate."""


@PROBES.add
async def telegram(run: Run, options: Telegram) -> None:
    """Resolve, connect, ask for the parts of a key, check the answer."""
    host, port = options.place
    address = await resolve(run, host)
    stream = await connect(run, address, port)
    await ask(run, stream, os.urandom(16), obfuscated=options.transport == "obfuscated")
