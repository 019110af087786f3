"""The http phase of a transfer: part of an object down, or an own one up, watched while it runs."""

import asyncio
import socket
from ipaddress import ip_address

import h11

from probes.failure import Fault
from probes.record import Kind, Phase
from probes.run import Run
from probes.steps.request import USER_AGENT, Exchange
from probes.steps.stream import Plain, Stream
from probes.steps.transfer_verdict import Ending, Sample, curve, judge, shape_of
from probes.steps.url import Url
from probes.tcpinfo import Growth, read_growth

EVERY = 0.05
"""Seconds between two samples at the beginning."""
MOST = 256
"""Samples that are kept: where there are more, every second one goes, and the next ones come half as often."""
NOTHING = Growth(0, 0, 0, 0, 0, 0)


class Watch:
    """Samples of a connection while a transfer runs. Costs one timer, no task."""

    __slots__ = ("base", "begin", "every", "run", "samples", "sock", "timer", "up")

    def __init__(self, run: Run, sock: socket.socket, *, up: bool) -> None:
        """Begin now; what has passed before is no part of the transfer."""
        self.run = run
        self.sock = sock
        self.up = up
        self.base = read_growth(sock) or NOTHING
        self.begin = run.elapsed()
        self.every = EVERY
        self.samples: list[Sample] = []
        self.timer: asyncio.TimerHandle | None = None
        self.look()

    def look(self) -> None:
        """Take a sample, and set the timer for the next one."""
        self.take()
        if len(self.samples) >= MOST:
            del self.samples[::2]
            self.every *= 2
        self.timer = asyncio.get_running_loop().call_later(self.every, self.look)

    def take(self) -> None:
        """Take a sample."""
        now, base = read_growth(self.sock) or self.base, self.base
        at = self.run.elapsed() - self.begin
        if self.up:
            said = (now.acked - base.acked, now.segments_out - base.segments_out, now.resent - base.resent)
        else:
            said = (now.received - base.received, now.segments_in - base.segments_in, now.disordered - base.disordered)
        self.samples.append(Sample(at, *said))

    def end(self, ending: Ending) -> None:
        """Take the last sample and note what all of them show; facts: in `extra` transfer and transfer_*."""
        if self.timer is not None:
            self.timer.cancel()
        self.take()
        shape = shape_of(self.samples)
        figures = {
            "transfer": str(judge(self.samples, ending)),
            "transfer_bytes": str(shape.octets),
            "transfer_segments": str(shape.segments),
            "transfer_lost": str(shape.lost),
            "transfer_rate": f"{shape.rate:.0f}",
            "transfer_spread": f"{shape.spread:.2f}",
            "transfer_burst": f"{shape.burst:.1f}",
            "transfer_silence": f"{shape.silence:.2f}",
            "transfer_curve": curve(self.samples),
        }
        self.run.note(extra=figures)


async def transfer(run: Run, plain: Stream, stream: Stream, question: h11.Request, body: bytes, most: int) -> None:
    """Ask over `stream`, watched at the socket of `plain`; facts: those of a request, and in `extra` transfer_*."""
    async with run.phase(Phase.HTTP):
        run.note(first_byte=None)
        exchange = Exchange(run, stream)
        watch = Watch(run, plain.sock, up=bool(body)) if isinstance(plain, Plain) and _is_told(run) else None
        ending = Ending.SILENT
        try:
            await exchange.ask(question, body)
            await exchange.reply(_authority(question), most=most)
            ending = Ending.DONE
        except Fault as fault:
            ending = Ending.DONE if fault.kind in {Kind.HTTP_STATUS, Kind.HTTP_BLOCKPAGE} else Ending.BROKEN
            raise
        except (OSError, EOFError):
            ending = Ending.BROKEN
            raise
        finally:
            if watch is not None:
                watch.end(ending)


def _is_told(run: Run) -> bool:
    """True where the kernel's account is that of the connection to the target."""
    return "tcp_info" in run.vantage.carries


def _authority(question: h11.Request) -> str:
    return next(value.decode() for name, value in question.headers if name == b"host")


def download(url: Url, size: int) -> h11.Request:
    """A request for the beginning of an object (RFC 9110 section 14.2)."""
    return h11.Request(method="GET", target=url.path, headers=[*_headers(url), ("Range", f"bytes=0-{size - 1}")])


def upload(url: Url, size: int) -> h11.Request:
    """A request that brings an object."""
    return h11.Request(method="POST", target=url.path, headers=[*_headers(url), ("Content-Length", str(size))])


def _headers(url: Url) -> list[tuple[str, str]]:
    # Not compressed: how many bytes come is what is measured.
    return [
        ("Host", url.authority),
        ("User-Agent", USER_AGENT),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]


async def check_owned(run: Run, address: str) -> None:
    """An upload goes to a server of the operator's own and to nobody else; else the run ends as a fault of ours."""
    async with run.phase(Phase.HTTP):
        if not _is_owned(run, address):
            raise Fault(Kind.LOCAL, f"an upload goes to an own server only: list {address} under [[limits]]")


def _is_owned(run: Run, address: str) -> bool:
    try:
        return run.world.owned(str(ip_address(address)))
    except ValueError:  # a name that a far end looks up: nobody can say whose it is
        return False
