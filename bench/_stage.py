"""What the benches share: servers in a process of their own, a configuration for them, a daemon that is measured."""

import asyncio
import ipaddress
import logging
import os
import resource
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config.slots import SECOND, slot_at, stable, start_after_due
from daemon.app import serve
from daemon.fitness import raise_file_limit
from daemon.heartbeat import rss
from daemon.journal.store import Journal
from daemon.planned import prepare
from daemon.rows import Gap, Row
from probes.clock import SystemClock
from probes.record import Purpose, Record

T = TypeVar("T")
SPAWN = get_context("spawn")
REPLY = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"
PORTS = 300
"""Listeners of a server process; each answers on every loopback address."""
HOSTS = tuple(f"127.0.0.{number}" for number in range(1, 11))


def apart(work: Callable[..., T], *args: object) -> T:
    """Run a function in a fresh interpreter and return what it returns: its processor time is its own."""
    with ProcessPoolExecutor(1, mp_context=SPAWN) as process:
        return process.submit(work, *args).result()


# ---- servers ---------------------------------------------------------------------------------------------------------


@contextmanager
def servers(kind: str, folder: Path) -> Iterator[list[int]]:
    """Serve `tcp`, `tls` or `https` on many ports until the end; writes ca.pem into the folder, gives the ports."""
    here, there = SPAWN.Pipe()
    process = SPAWN.Process(target=_serve, args=(kind, folder, there), daemon=True)
    process.start()
    there.close()
    try:
        yield here.recv()
    finally:
        here.close()
        process.terminate()
        process.join()


def _serve(kind: str, folder: Path, ready: Connection) -> None:
    asyncio.run(_serve_all(kind, folder, ready))


async def _serve_all(kind: str, folder: Path, ready: Connection) -> None:
    raise_file_limit()
    context = None if kind == "tcp" else certificate(folder)
    answer = _page if kind == "https" else _silent
    ports = []
    for _ in range(PORTS):
        server = await asyncio.start_server(_quietly(answer), "0.0.0.0", 0, ssl=context, backlog=512)  # noqa: S104
        ports.append(server.sockets[0].getsockname()[1])
    ready.send(ports)
    await asyncio.Event().wait()


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def _quietly(answer: Answer) -> Answer:
    """A client may go whenever it likes."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            await answer(reader, writer)
        writer.close()

    return talk


async def _silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(REPLY)
    await writer.drain()


def certificate(folder: Path) -> ssl.SSLContext:
    """A server context for HOSTS, TLS 1.3; whoever comes first writes its P-256 certificate and ca.pem."""
    if not (folder / "pair.pem").exists():
        _write_certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(folder / "pair.pem")
    return context


def _write_certificates(folder: Path) -> None:
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _unsigned("bench authority", ca_key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    owner = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host)) for host in HOSTS])
    leaf = _unsigned("bench", key).add_extension(owner, critical=False)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(pem))
    (folder / "pair.pem").write_bytes(secret + leaf.sign(ca_key, hashes.SHA256()).public_bytes(pem))


def _unsigned(subject: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    name, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in (subject, "bench authority"))
    now = datetime.fromtimestamp(SystemClock().wall() / SECOND, UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


@contextmanager
def black_holes(hosts: list[str]) -> Iterator[list[str]]:
    """Targets that swallow each SYN: listeners of backlog 0 whose one place is taken; gives host:port."""
    sockets: list[socket.socket] = []
    targets = []
    try:
        for host in hosts:
            listener, first = socket.socket(), socket.socket()
            sockets += [listener, first]
            listener.bind((host, 0))
            listener.listen(0)
            first.connect(listener.getsockname())
            targets.append("{}:{}".format(*listener.getsockname()))
        yield targets
    finally:
        for sock in sockets:
            sock.close()


# ---- the daemon ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of the configuration: probe type (`tcp`, `tls`, `http`) and target."""

    probe: str
    target: str


@dataclass(frozen=True, slots=True)
class Load:
    """What runs: each endpoint every `every` seconds, for `seconds` after `warm` seconds."""

    endpoints: tuple[Endpoint, ...]
    every: int
    timeout: float
    warm: float
    seconds: float


def endpoints(kind: str, ports: list[int], count: int) -> tuple[Endpoint, ...]:
    """So many endpoints on these ports, each with a target of its own."""
    places = [f"{host}:{port}" for host in HOSTS for port in ports][:count]
    return tuple(
        Endpoint("http", f"https://{place}/") if kind == "https" else Endpoint(kind, place) for place in places
    )


def configure(folder: Path, load: Load) -> Path:
    """Write reachd.toml, with a journal that does not exist yet, and its service; returns the former's path."""
    journal = f"journal{len(list(folder.glob('journal*.db')))}.db"
    text = ['name = "bench"\ntitle = "Bench"\nside = "foreign"\n']
    for endpoint in load.endpoints:
        trust = "" if endpoint.probe == "tcp" else 'trust = "./ca.pem"\n'
        text.append(
            f'[[endpoints]]\nrole = "site"\nprobe = "{endpoint.probe}"\ntarget = "{endpoint.target}"\n'
            f'every = "{load.every}s"\ntimeout = "{load.timeout}s"\n{trust}'
        )
    (folder / "bench.toml").write_text("\n".join(text), encoding="utf-8")
    path = folder / "reachd.toml"
    path.write_text(
        f'services = ["./bench.toml"]\njournal = "{journal}"\n[vantages.here]\ntype = "direct"\ncountry = "NL"\n'
        'consent = "loopback of this machine"\n[[limits]]\naddresses = ["127.0.0.0/8"]\nevery = "0.001s"\n'
        'burst = 10000\nconsent = "loopback of this machine"\n',
        encoding="utf-8",
    )
    return path


@dataclass(frozen=True, slots=True)
class Measured:
    """What a daemon did in its window."""

    observed: Any
    """What `observe` returned."""
    ends: tuple[int, ...]
    """When the runs ended (wall time in microseconds), sorted."""
    bad: int
    """Records of failures."""
    gaps: Mapping[str, int]
    """Slots without a record by reason."""
    late: tuple[float, ...]
    """Seconds by which each run started after due and start offset, sorted."""
    rss: int
    laid: float
    """Seconds from `serve` to the laid schedule."""

    def lateness(self, share: float) -> float:
        """A quantile of the lateness."""
        return self.late[min(len(self.late) - 1, int(len(self.late) * share))]


Observe = Callable[[], Awaitable[object]]


def run_daemon(folder: Path, load: Load, observe: Observe | None = None) -> Measured:
    """Run the whole daemon in this process and measure it while it is observed, or for the seconds of the load."""
    return asyncio.run(_run_daemon(configure(folder, load), load, observe))


async def _run_daemon(path: Path, load: Load, observe: Observe | None) -> Measured:
    clock, stop = SystemClock(), asyncio.Event()
    now = prepare(path)
    async with asyncio.TaskGroup() as group:
        began = clock.monotonic()
        group.create_task(serve(path, now, clock, stop=stop))
        laid = await _laid(began)
        await asyncio.sleep(load.warm)
        begin = clock.wall()
        observed = await (observe() if observe else asyncio.sleep(load.seconds))
        end, memory = clock.wall(), rss()
        stop.set()
    rows = [row for row in await all_rows(now.document.journal) if begin <= row.at < end]
    return _judge(rows, load, observed, memory, laid)


async def _laid(began: float) -> float:
    """Seconds until the daemon says that it runs."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[float] = loop.create_future()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage().startswith("running:") and not arrived.done():
                arrived.set_result(loop.time() - began)

    listener = Listener()
    logger = logging.getLogger("reachd.app")
    logger.addHandler(listener)
    logger.setLevel(logging.INFO)
    try:
        return await arrived
    finally:
        logger.removeHandler(listener)


async def all_rows(path: Path) -> list[Row]:
    """Every row of a journal that nobody has open."""
    rows: list[Row] = []
    async with await Journal.open(path, SystemClock()) as journal:
        while more := await journal.read(rows[-1].seq if rows else 0, 5_000):
            rows += more
    return rows


def _judge(rows: list[Row], load: Load, observed: object, memory: int, laid: float) -> Measured:
    records = [row.body for row in rows if isinstance(row.body, Record) and row.body.purpose is Purpose.SLOT]
    ends = sorted(record.began + round(record.seconds * SECOND) for record in records)
    bad = sum(record.failure is not None for record in records)
    late = sorted(_lateness(record, load.every) for record in records)
    gaps = Counter(row.body.reason for row in rows if isinstance(row.body, Gap))
    return Measured(observed, tuple(ends), bad, gaps, tuple(late), memory, laid)


def _lateness(record: Record, every: int) -> float:
    seed = stable(record.series, "start")
    offset = record.due // SECOND % every
    planned = start_after_due(seed, slot_at(record.due, every, offset), every)
    return (record.began - record.due) / SECOND - planned


def processor() -> float:
    """Processor seconds of this process, its threads included."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


# ---- figures ---------------------------------------------------------------------------------------------------------


def table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    """Print rows under a head, columns aligned."""
    lines = [head, *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def verdict(claims: dict[str, bool]) -> int:
    """Print each claim with its truth; returns the exit code."""
    for claim, true in claims.items():
        print(f"{'ok  ' if true else 'FAIL'}  {claim}")
    return os.EX_OK if all(claims.values()) else 1
