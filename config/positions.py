"""Where each key of a TOML text stands: tomllib gives no lines, and a message without a line helps nobody."""

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

Path = tuple[str | int, ...]
"""Keys and list indexes from the top of a document: `("endpoints", 2, "target")`."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*'""")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'  # up to two quotes may stand directly before the closing three (TOML 1.0, String)
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]+")


@dataclass(frozen=True, slots=True)
class Position:
    """Line and column, both from 1."""

    line: int
    column: int


class Lost(Exception):  # noqa: N818  no error of ours: the text is no TOML from here on
    """Ends a scan at text that is no TOML; tomllib has the words for it."""


def scan(text: str) -> dict[Path, Position]:
    """Map every key path of a TOML text to its first mention; of a broken text, what stands before the break."""
    scanner = _Scanner(text)
    with suppress(Lost, RecursionError):
        scanner.document()
    lines = [0, *(match.end() for match in re.finditer("\n", text))]
    return {path: _position(lines, offset) for path, offset in scanner.found.items()}


def nearest(positions: Mapping[Path, Position], path: Path) -> Position:
    """The place of a path, or of its closest parent that is written down; line 1 where there is none."""
    for length in range(len(path), 0, -1):
        if path[:length] in positions:
            return positions[path[:length]]
    return Position(1, 1)


def dotted(path: Path) -> str:
    """A path as people write it: `endpoints[2].target`, with quotes around a key that needs them."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            bare = re.fullmatch(r"[A-Za-z0-9_-]+", part)
            text += ("." if text else "") + (part if bare else f'"{part}"')
    return text


def paths(value: object, path: Path = ()) -> Iterator[Path]:
    """Every key path of a parsed document, those of lists and of their members included."""
    if isinstance(value, dict):
        members: list[tuple[str | int, object]] = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    else:
        return
    for name, member in members:
        yield (*path, name)
        yield from paths(member, (*path, name))


def _position(lines: list[int], offset: int) -> Position:
    line = bisect_right(lines, offset)
    return Position(line, offset - lines[line - 1] + 1)


@dataclass(slots=True)
class _Scanner:
    """A reader of keys that skips values; it accepts more than TOML does, for tomllib judges."""

    text: str
    at: int = 0
    found: dict[Path, int] = field(default_factory=dict)
    arrays: dict[Path, int] = field(default_factory=dict)
    """Arrays of tables, and how many members each has so far."""

    def document(self) -> None:
        """Read headers and keys to the end."""
        table: Path = ()
        self.take(_BLANK)
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self.header()
            else:
                self.pair(table)
            self.take(_BLANK)

    def header(self) -> Path:
        """Read `[a.b]` or `[[a.b]]`; the path that the keys below it belong to."""
        array = self.text.startswith("[[", self.at)
        start = self.at
        self.at += 2 if array else 1
        names = [name for name, _offset in self.key()]
        self.expect("]]" if array else "]")
        path: Path = ()
        for name in names[:-1]:
            path = self.member(self.mark((*path, name), start))
        path = self.mark((*path, names[-1]), start)
        return self.mark(self.grown(path), start) if array else self.member(path)

    def grown(self, array: Path) -> Path:
        """The path of one more member of an array of tables."""
        self.arrays[array] = self.arrays.get(array, 0) + 1
        return self.member(array)

    def member(self, path: Path) -> Path:
        """What a header means by a path: of an array of tables, its last member."""
        return (*path, self.arrays[path] - 1) if path in self.arrays else path

    def pair(self, table: Path) -> None:
        """Read `a.b = value` below a table."""
        path = table
        for name, offset in self.key():
            path = self.mark((*path, name), offset)
        self.expect("=")
        self.value(path)

    def key(self) -> list[tuple[str, int]]:
        """Read a dotted key: its names, unquoted, and where each begins."""
        names = [self.name()]
        while self.skipped().startswith(".", self.at):
            self.at += 1
            names.append(self.name())
        return names

    def name(self) -> tuple[str, int]:
        """Read one part of a key."""
        self.take(_SPACE)
        start = self.at
        raw = self.take(_KEY)
        return (_unquoted(raw) if raw[0] in "\"'" else raw), start

    def value(self, path: Path) -> None:
        """Skip a value, marking what has keys inside."""
        opening = self.skipped()[self.at : self.at + 1]
        if opening == "[":
            self.members(path)
        elif opening == "{":
            self.inline(path)
        else:
            self.take(_STRING if opening and opening in "\"'" else _SCALAR)

    def members(self, path: Path) -> None:
        """Read an array."""
        self.at += 1
        index = 0
        while not self.ended("]"):
            self.value(self.mark((*path, index), self.at))
            index += 1
            self.comma("]")

    def inline(self, path: Path) -> None:
        """Read an inline table."""
        self.at += 1
        while not self.ended("}"):
            self.pair(path)
            self.comma("}")

    def comma(self, bracket: str) -> None:
        """Skip a comma. Raises Lost where neither it nor the closing bracket is."""
        self.take(_BLANK)
        if self.text.startswith(",", self.at):
            self.at += 1
        elif not self.text.startswith(bracket, self.at):
            raise Lost

    def ended(self, bracket: str) -> bool:
        """Skip blanks and the closing bracket, if it is there. Raises Lost at the end of the text."""
        self.take(_BLANK)
        if self.at == len(self.text):
            raise Lost
        found = self.text.startswith(bracket, self.at)
        self.at += found
        return found

    def mark(self, path: Path, offset: int) -> Path:
        """Keep where a path is mentioned first."""
        self.found.setdefault(path, offset)
        return path

    def skipped(self) -> str:
        """The text, with the place moved over spaces."""
        self.take(_SPACE)
        return self.text

    def expect(self, token: str) -> None:
        """Skip a token. Raises Lost where it is not."""
        if not self.skipped().startswith(token, self.at):
            raise Lost
        self.at += len(token)

    def take(self, pattern: re.Pattern[str]) -> str:
        """Read what matches here. Raises Lost where nothing does."""
        match = pattern.match(self.text, self.at)
        if match is None:
            raise Lost
        self.at = match.end()
        return match.group()


def _unquoted(raw: str) -> str:
    """The name that a quoted key stands for; tomllib knows the escapes."""
    try:
        return str(tomllib.loads(f"name = {raw}")["name"])
    except tomllib.TOMLDecodeError as fault:
        raise Lost from fault
