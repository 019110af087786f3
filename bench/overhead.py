"""What a probe costs beside the same exchange over a bare socket: processor time of one run, for each probe type.

Both run on one thread in turns, a batch each, against honest servers on another thread whose time is not counted; the
whole path is `perform`: phases, deadline, facts, classification, the record. Goal: it costs at most 1.5 times the
bare exchange. What the daemon adds around it (schedule, journal, detection) is bench/cost.py.
"""

import asyncio
import ssl
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from queue import SimpleQueue
from statistics import median

from aioquic.quic.configuration import QuicConfiguration

from bench import _stage as stage
from bench._bare import BARE, NAME, Bare, bare_quic
from config.slots import SECOND
from probes.plugin import PROBES, Vantage
from probes.run import Attempt, perform
from tests.lab.certificates import authority
from tests.lab.chat_servers import echoing_over_tls, honest_chat
from tests.lab.dns_servers import answer, lying_resolver
from tests.lab.runs import attempt, direct, plugin, world
from tests.lab.servers import Conn, Leaving, Server, accepting, good_tls, meets, serve
from tests.lab.telegram_servers import honest
from tests.lab.udp_servers import answering, quic, stun

ROUNDS, BATCH = 24, 40
GOAL = 1.5


@meets("http", "good")
async def page(conn: Conn) -> None:
    """A short page."""
    await conn.read()
    await conn.send(stage.REPLY)
    await conn.stay()


def leaving(server: Server) -> Server:
    """The same server, which does not outstay its clients."""
    return replace(server, behave=lambda conn: server.behave(Leaving(conn.reader, conn.writer)))


Places = dict[str, tuple[str, int]]


async def honest_servers(stack: AsyncExitStack) -> Places:
    """An honest server for each probe type."""
    over_tcp = {
        "tcp": accepting,
        "tls": good_tls,
        "http": page,
        "signal": page,
        "websocket": echoing_over_tls,
        "whatsapp": honest_chat,
        "telegram": honest,
    }
    places = {
        name: ("127.0.0.1", await stack.enter_async_context(serve(leaving(one)))) for name, one in over_tcp.items()
    }
    others = {
        "dns": await stack.enter_async_context(lying_resolver(answer("157.240.205.60"))),
        "stun": await stack.enter_async_context(answering(stun)),
        "quic": await stack.enter_async_context(quic()),
    }
    return places | {name: _place(text) for name, text in others.items()}


def _place(text: str) -> tuple[str, int]:
    host, _colon, port = text.rpartition(":")
    return host, int(port)


Opening = Callable[[AsyncExitStack], Awaitable[Places]]


@contextmanager
def serving(opening: Opening = honest_servers) -> Iterator[Places]:
    """Servers on a thread of their own."""
    found: SimpleQueue[Places] = SimpleQueue()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def run() -> None:
        async with AsyncExitStack() as stack:
            found.put(await opening(stack))
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        yield found.get()
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


# ---- measured --------------------------------------------------------------------------------------------------------

Once = Callable[[], Awaitable[object]]


def whole(name: str, place: tuple[str, int], vantage: Vantage) -> Once:
    """One run of a probe type as the runner has it."""
    targets = {"http": "https://{}:{}/", "signal": "https://{}:{}/", "websocket": "wss://{}:{}/"}
    if name == "dns":
        return _asked(place, vantage)
    return once_of(attempt(name, targets.get(name, "{}:{}").format(*place)), vantage)


def _asked(place: tuple[str, int], vantage: Vantage) -> Once:
    tried = attempt("dns", NAME, resolvers=("{}:{}".format(*place),))
    endpoint, options = next(iter(tried.options.variants("ipv4")))
    return once_of(replace(tried, options=options, series=replace(tried.series, endpoint=str(endpoint))), vantage)


def once_of(tried: Attempt, vantage: Vantage) -> Once:
    """One good run. Raises AssertionError for one that is not: a figure of failures would be none."""
    probe, around = plugin(tried.series.probe), world()

    async def once() -> None:
        record = await perform(probe, tried, vantage, around)
        assert record.failure is None, record.failure

    return once


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor seconds of a run, the median of the rounds."""

    whole: float
    bare: float


async def costs(one: Once, other: Once) -> Cost:
    """Both in turns, a batch each; the first round warms up."""
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS + 1):
        for kept, once in zip(found, (one, other), strict=True):
            spent = await batch(once)
            if number:
                kept.append(spent)
    return Cost(*map(median, found))


async def batch(once: Once) -> float:
    """Processor seconds of this thread for one run of many that go on together."""
    before = time.thread_time()
    await asyncio.gather(*(once() for _ in range(BATCH)))
    return (time.thread_time() - before) / BATCH


def trusting() -> ssl.SSLContext:
    """What a bare client holds certificates against."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority().configure_trust(context)
    context.set_alpn_protocols(["http/1.1"])
    return context


def bare(name: str, place: tuple[str, int], context: ssl.SSLContext, bares: dict[str, Bare]) -> Once:
    """One bare exchange within the deadline that every probe has."""

    async def once() -> None:
        async with asyncio.timeout(5.0):
            await bares[name](place, context)

    return once


def quic_client() -> QuicConfiguration:
    """As the probe sets it up."""
    made = QuicConfiguration(is_client=True, alpn_protocols=["h3"], server_name="127.0.0.1")
    made.load_verify_locations(cadata=authority().cert_pem.bytes())
    return made


async def measure(places: Places) -> dict[str, Cost]:
    """Each probe type."""
    context, vantage = trusting(), direct()
    bares = BARE | {"quic": bare_quic(quic_client())}
    return {
        name: await costs(whole(name, place, vantage), bare(name, place, context, bares))
        for name, place in places.items()
    }


def main() -> int:
    """Measure, print, judge."""
    with serving() as places:
        found = asyncio.run(measure(places))
    ratios = {name: cost.whole / cost.bare for name, cost in found.items()}
    rows = [
        (name, f"{it.whole * SECOND:.0f}", f"{it.bare * SECOND:.0f}", f"{ratios[name]:.2f}")
        for name, it in found.items()
    ]
    stage.table(("probe", "whole us", "bare us", "ratio"), rows)
    unmeasured = sorted({one.name for one in PROBES} - set(found))
    print(f"not measured here: {', '.join(unmeasured) or 'none'}")
    return stage.verdict(
        {
            f"{name} costs {ratio:.2f} times the bare exchange, at most {GOAL}": ratio <= GOAL
            for name, ratio in ratios.items()
        }
    )


if __name__ == "__main__":
    sys.exit(main())
