"""A real daemon, in a process of its own or in this one, that measures servers on loopback, and what a test asks it."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from daemon import app
from daemon.journal.reader import open_reader
from daemon.journal.schema import JournalRefused
from daemon.journal.store import Journal
from daemon.orders import ask, socket_of
from daemon.parts import Daemon
from daemon.planned import prepare
from daemon.rows import Gap, Row
from probes.clock import SystemClock
from probes.record import Purpose, Record

COMMAND = (sys.executable, "-c", "from daemon.cli import main; main()")
"""As the script `reachd`, which a test run from a source tree may not have."""
TOP = """\
services = [{services}]
journal = "journal.db"

[vantages.here]
type = "direct"
country = "RU"
asn = 64500
consent = "loopback of this machine"
"""
OWN = """
[[limits]]
addresses = ["127.0.0.0/8", "::1"]
every = "0.1s"
burst = 200
consent = "loopback of this machine"
"""


def service(name: str, *targets: str, side: str = "foreign", every: str = "1s", timeout: str = "0.8s") -> str:
    """The file of a service whose endpoints are measured by tcp."""
    top = f'name = "{name}"\ntitle = "{name.title()}"\nside = "{side}"\n'
    timing = f'every = "{every}"\ntimeout = "{timeout}"\n'
    return top + "".join(
        f'\n[[endpoints]]\nrole = "site"\nprobe = "tcp"\ntarget = "{target}"\n{timing}' for target in targets
    )


def write_config(folder: Path, services: Mapping[str, str], more: str = "") -> Path:
    """Write reachd.toml and its services (name to the file's text) into a folder; `more` are further sections."""
    for name, text in services.items():
        _replace(folder / f"{name}.toml", text)
    path = folder / "reachd.toml"
    listed = ", ".join(f'"./{name}.toml"' for name in services)
    _replace(path, TOP.format(services=listed) + more + OWN)
    return path


def _replace(path: Path, text: str) -> None:
    """All of the text at once: a daemon may be reading the file, and half of one is a mistake in it."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.replace(path)


def one_service(folder: Path, *targets: str, more: str = "", **timing: str) -> Path:
    """The same with the one service `lab`."""
    return write_config(folder, {"lab": service("lab", *targets, **timing)}, more)


@contextmanager
def answering_port() -> Iterator[int]:
    """A port of loopback where the kernel accepts every connection, and nobody speaks."""
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as sock:
        yield sock.getsockname()[1]


def soon(true: Callable[[], object], seconds: float = 20.0) -> None:
    """Return as soon as the condition holds. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(0.02)


@dataclass(frozen=True, slots=True)
class Running:
    """A daemon that was started."""

    process: subprocess.Popen[bytes]
    journal: Path
    output: Path

    def said(self) -> str:
        """What it wrote to stderr so far."""
        return self.output.read_text()

    def rows(self, *kinds: str) -> list[Row]:
        """The durable rows of some kinds so far, or of all; none while there is no journal."""
        return rows_of(self.journal, *kinds)

    def ask(self, command: str, **more: object) -> dict[str, Any]:
        """Give an order over the socket."""
        return ask(socket_of(self.journal), {"command": command, **more}, 10.0)

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Send a signal and wait for the end; returns exit code and seconds."""
        begin = time.monotonic()
        self.send(number)
        return self.process.wait(15), time.monotonic() - begin

    def measures(self, count: int = 1, *, since: int = 0) -> None:
        """Wait until there are so many records behind a row number."""
        soon(lambda: sum(row.seq > since for row in self.rows("record")) >= count)


def rows_of(journal: Path, *kinds: str) -> list[Row]:
    """The durable rows of a journal, of some kinds or of all."""
    try:
        with open_reader(journal) as reader:
            return list(reader.rows(kinds=set(kinds) or None))
    except JournalRefused:
        return []


@contextmanager
def started(
    config: Path | None, *options: str, folder: Path, env: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Run the daemon in a folder, its journal there; killed at the end if it is still there."""
    named = ("--config", str(config)) if config else ()
    output = folder / f"stderr-{len(list(folder.glob('stderr-*')))}"
    with output.open("wb") as file, ExitStack() as closing:
        process = subprocess.Popen(
            [*COMMAND, "run", *named, *options], cwd=folder, env={**os.environ, **(env or {})}, stderr=file
        )
        closing.callback(process.wait)
        closing.callback(process.kill)
        yield Running(process, folder / "journal.db", output)


@contextmanager
def measuring(config: Path, *options: str, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """The same, once it has measured something and answers orders."""
    with started(config, *options, folder=config.parent, env=env) as daemon:
        before = max((row.seq for row in daemon.rows("record")), default=0)
        soon(lambda: "running:" in daemon.said() or daemon.process.poll() is not None)
        daemon.measures(since=before)
        yield daemon


def slots(rows: Iterable[Row]) -> dict[str, list[int]]:
    """Endpoint to the due times that its records and gaps account for, in order, each as often as it is told."""
    found: dict[str, list[int]] = {}
    for row in rows:
        body = row.body
        if isinstance(body, Record) and body.purpose is Purpose.SLOT:
            found.setdefault(body.series.endpoint, []).append(body.due)
        elif isinstance(body, Gap):
            told = range(body.first, body.last + 1, body.every * 1_000_000)
            found.setdefault(body.series.endpoint, []).extend(told)
    return {endpoint: sorted(told) for endpoint, told in found.items()}


def command(*arguments: str, folder: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run another command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def lines(text: str) -> list[dict[str, Any]]:
    """JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


@asynccontextmanager
async def put_together(config: Path) -> AsyncIterator[Daemon]:
    """The parts of a daemon in this process, its journal open; nothing is laid out or fed yet."""
    clock, now = SystemClock(), prepare(config)
    async with await Journal.open(now.document.journal, clock) as journal, asyncio.TaskGroup() as group:
        daemon = app._assemble(config, now, clock, journal, group)
        try:
            yield daemon
        finally:
            daemon.stop.set()
            await app._wind_down(daemon)


async def rows_in(daemon: Daemon, kind: type) -> list[Any]:
    """The bodies of one kind that are durable in its journal."""
    return [row.body for row in await daemon.journal.read(0, 10_000) if isinstance(row.body, kind)]
