"""Files of JSON lines, plain or gzipped, from a path or standard input, as rows in the order of the file."""

import gzip
import sys
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, cast

from daemon.rows import Row
from daemon.wire_in import WireError, row_of

STDIN = Path("-")
_GZIP = b"\x1f\x8b"
_SQLITE = b"SQLite format 3\0"
_BOM = b"\xef\xbb\xbf"


def is_journal(path: Path) -> bool:
    """Whether a file is a journal (SQLite) and not lines. Raises OSError where it cannot be read."""
    if path == STDIN:
        return False
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def read_lines(path: Path) -> Generator[Row, None, None]:
    """Rows of a file, numbered by line; `-` is standard input. Raises WireError (`file:line: what`) and OSError."""
    source = "stdin:" if path == STDIN else f"{path}:"
    number = 0
    with _opened(path) as file:
        try:
            for number, line in enumerate(file, 1):
                text = line.removeprefix(_BOM) if number == 1 else line
                if not text.isspace() and text:
                    yield row_of(text, number, source)
        except (EOFError, zlib.error, gzip.BadGzipFile) as fault:
            raise WireError(f"{source}{number + 1}: the gzip stream is damaged or cut off here ({fault})") from None


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The plain bytes of a file. What it is shows in its first bytes, since standard input has no name."""
    if path == STDIN:
        yield _plain(cast("BufferedReader", sys.stdin.buffer))
        return
    with path.open("rb") as file:
        yield _plain(file)


def _plain(file: BufferedReader) -> IO[bytes]:
    if file.peek(2)[:2] != _GZIP:
        return file
    return cast("IO[bytes]", gzip.GzipFile(fileobj=file))
