"""Adding one thing touches one place: a new file in its folder is found, checked and run, with no edit elsewhere."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from tests.lab.daemons import answering_port, write_config

ROOT = Path(__file__).resolve().parent.parent
MAIN = "from daemon.cli import main; main()"

PROBE = '''
"""Counts the letters of a host's greeting; a probe type of a test's own."""

from probes.plugin import PROBES, HostPort
from probes.record import Phase
from probes.run import Run
from probes.steps.connect import connect
from probes.steps.resolve import resolve


class Greeting(HostPort):
    """Options of the greeting probe."""

    letters: int = 3
    """How many letters are enough."""


@PROBES.add
async def greeting(run: Run, options: Greeting) -> None:
    """Resolve, connect, and note what was asked for."""
    host, port = options.place
    await connect(run, await resolve(run, host), port)
    async with run.phase(Phase.APP):
        run.note(extra={"letters": str(options.letters)})
'''
VANTAGE = '''
"""A vantage that sends from where it is told to, for a test."""

from probes.plugin import VANTAGES, Vantage, VantageOptions
from probes.vantages.direct import DirectVantage


class Elsewhere(VantageOptions):
    """Options of the vantage."""

    planet: str
    """Where it is."""


@VANTAGES.add
def elsewhere(options: Elsewhere) -> Vantage:
    """Direct, after all."""
    return DirectVantage()
'''
SINK = '''
"""Appends what it is given to a file: a sink of a test's own."""

from contextlib import asynccontextmanager

from daemon.fitness import Finding
from daemon.follower import Taken
from daemon.outlets import Outlet


class Paper:
    name, batch = "paper", 100

    async def resume(self, saved):
        pass

    async def take(self, rows):
        return Taken()

    def measured(self):
        return {}


def outlets(document):
    @asynccontextmanager
    async def connect(clock):
        yield Paper()

    async def look(clock):
        return Finding("paper", "good", "is white")

    return [Outlet("paper", "", connect, look)]
'''
SERVICE = """
name = "hello"
title = "Hello"
side = "foreign"

[[endpoints]]
role = "chat"
probe = "greeting"
target = "127.0.0.1:{port}"
letters = 7
every = "1s"
timeout = "0.5s"
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the three packages with three new files, and nothing edited."""
    folder = tmp_path_factory.mktemp("tree")
    for package in ("probes", "config", "daemon"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    new = {
        "probes/protocols/greeting.py": PROBE,
        "probes/vantages/elsewhere.py": VANTAGE,
        "daemon/sinks/paper.py": SINK,
    }
    for name, text in new.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def port() -> Iterator[int]:
    with answering_port() as number:
        yield number


def reachd(tree: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command of the copy: the folder where python starts comes first on its path."""
    code = f"import sys; sys.path.insert(0, {str(tree)!r}); {MAIN}"
    return subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, cwd=folder, timeout=30, check=False
    )


def configured(folder: Path, service: str) -> Path:
    path = write_config(folder, {"hello": dedent(service)})
    path.write_text(path.read_text().replace('type = "direct"', 'type = "elsewhere"\nplanet = "mars"'))
    path.write_text(path.read_text().replace("asn = 64500\n", 'asn = 64500\nresolver = "127.0.0.53"\n'))
    return path


def test_check_accepts_the_new_probe_and_the_new_vantage(tree: Path, tmp_path: Path, port: int) -> None:
    found = reachd(tree, tmp_path, "check", "--config", str(configured(tmp_path, SERVICE.format(port=port))))
    assert found.returncode == 0, found.stderr
    assert "1 series from 1 vantage" in found.stdout


def test_its_options_are_checked_as_those_of_any_other(tree: Path, tmp_path: Path, port: int) -> None:
    wrong = SERVICE.format(port=port).replace("letters", "leters")
    found = reachd(tree, tmp_path, "check", "--config", str(configured(tmp_path, wrong)))
    assert found.returncode == 2
    assert "endpoints[0].leters" in found.stderr
    assert "did you mean letters" in found.stderr


def test_probe_measures_with_it(tree: Path, tmp_path: Path, port: int) -> None:
    config = configured(tmp_path, SERVICE.format(port=port))
    found = reachd(tree, tmp_path, "probe", "hello", "--json", "--config", str(config))
    assert found.returncode == 0, found.stderr
    assert '"probe": "greeting"' in found.stdout
    assert '"letters": "7"' in found.stdout
    assert '"version": "greeting/1"' in found.stdout


def test_the_doctor_looks_at_the_new_sink(tree: Path, tmp_path: Path, port: int) -> None:
    config = configured(tmp_path, SERVICE.format(port=port))
    found = reachd(tree, tmp_path, "doctor", "--json", "--config", str(config))
    assert '{"name": "paper", "verdict": "good", "what": "is white", "remedy": ""}' in found.stdout.splitlines()


def test_without_the_files_none_of_it_exists(tmp_path: Path, port: int) -> None:
    found = reachd(ROOT, tmp_path, "check", "--config", str(configured(tmp_path, SERVICE.format(port=port))))
    assert found.returncode == 2
    assert "greeting" in found.stderr
    assert "elsewhere" in found.stderr
