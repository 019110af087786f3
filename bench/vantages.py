"""What a namespace or a proxy adds to a probe: processor time and delay of one run beside the same run sent directly.

Servers and honest proxies are on a thread of their own whose time is not counted; the runs of all vantages have a batch
each, in turns, and so has the proxy's own conversation over a bare socket, which no client can save. Goal: less that
conversation, under 20 % more processor time than direct. A namespace needs root: without it that vantage is left out,
and the output says so.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from functools import partial
from statistics import median

from bench import _stage as stage
from bench.overhead import BATCH, ROUNDS, Once, Places, batch, serving, whole
from config.slots import SECOND
from probes.plugin import VANTAGES, Vantage
from probes.vantages.socks5 import CONNECT, request
from tests.lab.proxies import HonestConnect, HonestSocks
from tests.lab.runs import direct, plugin
from tests.lab.servers import serve

IP = shutil.which("ip") or ""
LIMIT = 1.2
KINDS = ("tcp", "tls", "http", "whatsapp", "websocket")


async def proxies(stack: AsyncExitStack) -> Places:
    """One of each type."""
    made = {"socks5": HonestSocks().server, "http_proxy": HonestConnect().server}
    return {name: ("127.0.0.1", await stack.enter_async_context(serve(one))) for name, one in made.items()}


@contextmanager
def own_namespace() -> Iterator[str]:
    """A name for the namespace that this runs in, so that loopback is the same one."""
    name = f"reachd-{os.getpid()}-self"
    subprocess.run([IP, "netns", "attach", name, str(os.getpid())], check=True)
    try:
        yield name
    finally:
        subprocess.run([IP, "netns", "delete", name], check=True)


def vantages(at: Places, stack: ExitStack) -> dict[str, Vantage]:
    """Direct first, then what is compared with it."""
    found = {"direct": direct()}
    if os.geteuid() == 0 and IP:
        found["netns"] = _made("netns", netns=stack.enter_context(own_namespace()))
    for name in ("socks5", "http_proxy"):
        found[name] = _made(name, address="{}:{}".format(*at[name]))
    return found


def _made(kind: str, **options: str) -> Vantage:
    one = plugin(kind, VANTAGES)
    made: Vantage = one.function(one.options(**options))
    return made


# ---- the conversation itself -----------------------------------------------------------------------------------------


async def _connect(_said: tuple[bytes, ...], at: tuple[str, int]) -> None:
    with socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as sock:
        await asyncio.get_running_loop().sock_connect(sock, at)


async def _converse(said: tuple[bytes, ...], at: tuple[str, int]) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as sock:
        await loop.sock_connect(sock, at)
        for one in said:
            await loop.sock_sendall(sock, one)
            await loop.sock_recv(sock, 4096)


def conversations(target: tuple[str, int]) -> dict[str, tuple[bytes, ...]]:
    """What a client says to each proxy that is to connect it with a target."""
    place = "{}:{}".format(*target)
    head = f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode()
    return {"socks5": (b"\x05\x01\x00", request(CONNECT, *target)), "http_proxy": (head,)}


def bare_runs(target: tuple[str, int], at: Places) -> dict[str, Once]:
    """A bare connection to each proxy, and one with its conversation."""
    runs: dict[str, Once] = {}
    for name, said in conversations(target).items():
        runs[f"{name} connect"] = partial(_connect, said, at[name])
        runs[f"{name} talk"] = partial(_converse, said, at[name])
    return runs


# ---- measured --------------------------------------------------------------------------------------------------------

Cost = tuple[float, float]
"""Processor seconds of a run among many, and seconds that one alone takes."""


async def costs(runs: dict[str, Once]) -> dict[str, Cost]:
    """Each run has a batch and one alone in turn; medians of the rounds, the first warms up."""
    found: dict[str, list[Cost]] = {name: [] for name in runs}
    for _ in range(ROUNDS + 1):
        for name, once in runs.items():
            spent = await batch(once)
            begin = time.perf_counter()
            await once()
            found[name].append((spent, time.perf_counter() - begin))
    return {
        name: (median(cpu for cpu, _ in seen[1:]), median(wall for _, wall in seen[1:])) for name, seen in found.items()
    }


def measure(servers: Places, at: Places) -> dict[str, dict[str, Cost]]:
    """Each probe type from each vantage, and the bare conversations beside it."""
    with ExitStack() as stack:
        places = vantages(at, stack)
        return {
            kind: asyncio.run(
                costs(
                    {name: whole(kind, servers[kind], one) for name, one in places.items()}
                    | bare_runs(servers["tcp"], at)
                )
            )
            for kind in KINDS
        }


def compare(seen: dict[str, Cost], name: str) -> tuple[float, float, float, float]:
    """Of a vantage: processor seconds, seconds alone, processor seconds of a proxy's conversation, ratio less that."""
    cpu, wall = seen[name]
    talk = seen[f"{name} talk"][0] - seen[f"{name} connect"][0] if f"{name} talk" in seen else 0.0
    return cpu, wall, talk, (cpu - talk) / seen["direct"][0]


def main() -> int:
    """Measure, print, judge."""
    with serving(proxies) as at, serving() as servers:
        found = measure(servers, at)
    rows, claims = [], {}
    for kind, seen in found.items():
        for name in [name for name in seen if " " not in name]:
            cpu, wall, talk, ratio = compare(seen, name)
            beside = cpu / seen["direct"][0]
            rows.append(
                (
                    kind,
                    name,
                    f"{cpu * SECOND:.0f}",
                    f"{beside:.2f}",
                    f"{talk * SECOND:.0f}",
                    f"{ratio:.2f}",
                    f"{wall * 1000:.2f}",
                )
            )
            if name != "direct":
                claims[f"{kind} over {name}: {ratio:.2f} times direct, at most {LIMIT}"] = ratio <= LIMIT
    stage.table(("probe", "vantage", "cpu us", "of direct", "its talk us", "less that", "ms alone"), rows)
    print(
        f"medians of {ROUNDS} batches of {BATCH}" + ("" if "netns" in found["tcp"] else "; netns needs root: left out")
    )
    return stage.verdict(claims)


if __name__ == "__main__":
    sys.exit(main())
