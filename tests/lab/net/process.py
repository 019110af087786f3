"""A program of the lab inside a namespace, told by JSON lines what holds from now on."""

import json
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
ANSWER = 20.0
"""Seconds within which a program answers a line."""


@dataclass(frozen=True, slots=True)
class Program:
    """A running program; `tell` returns when it says that what it was told holds."""

    name: str
    process: "subprocess.Popen[bytes]"
    errors: Any

    def tell(self, what: Any) -> None:
        """Send one line and wait for its `ok`."""
        self._say(what)
        self.hear("ok")

    def ask(self, what: Any) -> Any:
        """Send one line and wait for what it answers."""
        self._say(what)
        return json.loads(self._line())

    def _say(self, what: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        self.process.stdin.flush()

    def _line(self) -> str:
        assert self.process.stdout
        with selectors.DefaultSelector() as watch:
            watch.register(self.process.stdout, selectors.EVENT_READ)
            return self.process.stdout.readline().decode().strip() if watch.select(ANSWER) else "nothing"

    def hear(self, word: str) -> None:
        """Wait for a word."""
        said = self._line()
        assert said == word, f"{self.name} said {said!r}, not {word!r}:\n{self.complaints()}"

    def complaints(self) -> str:
        """What it wrote to its standard error."""
        self.errors.seek(0)
        text: str = self.errors.read().decode()
        return text


def say(word: str) -> None:
    """The other end of `hear`: what a program tells who runs it."""
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


@contextmanager
def running(space: str, module: str, *arguments: str) -> Iterator[Program]:
    """Run a module inside a namespace until the block ends; its end is its input's end, or a kill after that."""
    command = ["ip", "netns", "exec", space, sys.executable, "-m", module, *arguments]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            bufsize=0,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        program = Program(module, process, errors)
        try:
            program.hear("ready")
            yield program
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin
    assert process.stdout
    process.stdin.close()
    try:
        process.wait(5.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
