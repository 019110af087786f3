"""How commands speak: results on stdout, complaints and progress on stderr, and nothing that a terminal would obey."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress, TextColumn

T = TypeVar("T")
REFRESH = 1_000
"""Items between two looks at the count."""


def out() -> Console:
    """Standard output; text is taken as it is, without markup, and lines are not broken where no person looks."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 200
    return Console(file=sys.stdout, markup=False, highlight=False, emoji=False, width=width)


def err() -> Console:
    """Standard error."""
    return Console(file=sys.stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)


def complain(what: object, code: int = 2) -> int:
    """Say what is wrong on stderr; returns the exit code."""
    if isinstance(what, OSError) and what.filename:
        what = f"{what.filename}: {(what.strerror or str(what)).lower()}"
    err().print(f"reachd: {what}", style="red", soft_wrap=True)
    return code


def printable(text: str) -> str:
    """Text of a stranger (a server's name, a message) without what moves a cursor or colours a terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def write_lines(lines: Iterable[str]) -> None:
    """Write lines to stdout as they come, for a program that reads them."""
    for line in lines:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def quietly(work: Callable[[], int]) -> int:
    """Run a command that writes much: a closed pipe (`| head`) or Ctrl-C ends it without a traceback."""
    try:
        code = work()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains when it flushes
        return 0
    except KeyboardInterrupt:
        return 130
    return code


def watched(items: Iterable[T], what: str) -> Iterator[T]:
    """Pass items through and count them on stderr, if a person waits there and the results go elsewhere."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield from items
        return
    with Progress(TextColumn("{task.description} {task.completed:,.0f}"), console=err(), transient=True) as progress:
        task = progress.add_task(what, total=None)
        for number, item in enumerate(items, 1):
            if number % REFRESH == 0:
                progress.update(task, completed=number)
            yield item
