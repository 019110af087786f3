"""All servers of the lab's world in one process: resolvers with their lies, web servers with certificates of the lab.

It runs inside the namespace `world`: `python -m tests.lab.net.world FILE`, where FILE is the key and certificate of the
lab's authority (PEM). Each line of its standard input is a JSON object with what differs from the normal
world (`{}`) and replaces the one before; it answers `ok` as soon as that holds. Keys:

- `down`: names whose servers do not listen; `dead`: names whose servers accept and never say anything;
- `certificate`: name to `expired`, `wrong`, `stranger`; `status`: name to a status;
- `geo`: name to networks that get 403 (or `geo_status`); `portal`: client networks that get a portal's certificate;
- `moved`: name to addresses; `rate`: name to connections that one client may open in 10 s, reset beyond;
- `lies`: resolver to name glob to `nxdomain`, `servfail`, `refused`, `silence` or an address;
- `refuses`: name to the status that a request for a web socket gets; `no_quic`: names without QUIC;
- `junk`: names whose servers answer whatever is said with a page;
- `proxy`: `down`, or `blind` (it connects nobody).

`{"told": true}` changes nothing and is answered by one line: what was asked and who connected since the last change.
"""

import asyncio
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.net.addresses import DNS_NAME, ZONE
from tests.lab.net.datagrams import Close, open_calls, quic, quic_places
from tests.lab.net.names import open_resolvers
from tests.lab.net.papers import load, pem
from tests.lab.net.process import say
from tests.lab.net.services import listen, listen_proxies
from tests.lab.net.state import World


@dataclass(slots=True)
class Open:
    """What listens now, each by what it would be opened for again."""

    tcp: dict[tuple[str, int], asyncio.Server] = field(default_factory=dict)
    quic: dict[tuple[str, str], Close] = field(default_factory=dict)
    proxies: dict[int, asyncio.Server] = field(default_factory=dict)


async def listen_quic(world: World, closers: dict[tuple[str, str], Close]) -> None:
    """Have QUIC servers with the certificates that are shown now, and none where it is down."""
    wanted = {
        (address, world.says("certificate", name) or "good"): name
        for name, address in quic_places()
        if not world.says("down", name) and not world.says("no_quic", name)
    }
    for place in closers.keys() - wanted.keys():
        closers.pop(place)()
    await asyncio.sleep(0.01)  # the sockets close in the next turns of the loop
    for address, kind in wanted.keys() - closers.keys():
        shown = pem(load(world.authority), wanted[address, kind], kind)
        closers[address, kind] = await quic(address, shown)


async def change(world: World, open_: Open) -> None:
    """Make what holds now hold for all servers."""
    await listen(world, open_.tcp)
    await listen_quic(world, open_.quic)
    await listen_proxies(world, open_.proxies)
    for name in ZONE:
        world.context(name)


async def run(world: World) -> None:
    """Open everything, then take a line at a time until the input ends."""
    world.context(DNS_NAME)
    await open_resolvers(world)
    await open_calls()
    opened = Open()
    await change(world, opened)
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    say("ready")
    while line := await lines.readline():
        told = json.loads(line)
        if "told" in told:
            say(json.dumps(world.told))
            continue
        world.now, world.calls, world.told = told, {}, []
        await change(world, opened)
        say("ok")


def main() -> None:
    """Serve until standard input ends."""
    asyncio.run(run(World(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
