"""From the bytes of a TOML file to validated values; every fault carries the place where its key stands."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from config import positions
from config.faults import Fault, Origin, meant
from config.positions import Position
from config.secrets import reason
from config.words import words

Model = TypeVar("Model", bound=BaseModel)
Table = dict[str, Any]

_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
_KEY = re.compile(r"\s*([A-Za-z0-9_.-]+)\s*=")
_SAID = {
    "Invalid value": "invalid value (a text stands in quotes)",
    "Illegal character '\\n'": "a text in quotes must end on its line",
}
_TWICE = re.compile(r"Cannot (?:overwrite a value|declare \((?P<keys>.*)\) twice|mutate immutable namespace .*)")


@dataclass(frozen=True, slots=True)
class Source:
    """One file as read: its data, where each key stands, and the folder that its relative paths start from."""

    file: str
    """As the user named it."""
    folder: Path
    data: Table
    places: Mapping[positions.Path, Position]

    def origin(self, *path: str | int) -> Origin:
        """Where a key stands, or the nearest thing above it that is written down."""
        return Origin(self.file, positions.nearest(self.places, path).line, positions.dotted(path))

    def fault(self, what: str, *path: str | int) -> Fault:
        """A fault at a key."""
        return Fault(self.origin(*path), what)


class Unreadable(Exception):  # noqa: N818  a fault of the file, not of ours
    """The file cannot be opened; the text says why."""


def read(path: Path, shown: str, faults: list[Fault]) -> Source | None:
    """Read a file; None with a fault where it is no TOML. Raises Unreadable."""
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as fault:
        raise Unreadable(f"cannot be read: {reason(fault)}") from None
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        faults.append(
            Fault(Origin(shown, line), f"is not UTF-8 text: byte 0x{data[fault.start]:02x}; save it as UTF-8")
        )
        return None
    return parse(text, path.parent, shown, faults)


def parse(text: str, folder: Path, shown: str, faults: list[Fault]) -> Source | None:
    """Parse the text of a file; None with a fault where it is no TOML."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        faults.append(_syntax(str(fault), text, shown))
        return None
    except RecursionError:
        faults.append(Fault(Origin(shown, 1), "is nested too deeply"))
        return None
    return Source(shown, folder, data, positions.scan(text))


def _syntax(message: str, text: str, shown: str) -> Fault:
    """What tomllib says, in our words where ours are plainer."""
    place = _PLACE.search(message)
    line = int(place["line"]) if place and place["line"] else text.rstrip().count("\n") + 1
    said = _PLACE.sub("", message)
    twice = _TWICE.fullmatch(said)
    if twice is None:
        return Fault(Origin(shown, line), f"is no TOML: {_SAID.get(said, said[:1].lower() + said[1:])}")
    key = _KEY.match(text.splitlines()[line - 1])
    keys = ".".join(re.findall(r"'([^']*)'", twice["keys"] or "")) or (key[1] if key else "")
    return Fault(Origin(shown, line, keys), "stands here for the second time")


@dataclass(frozen=True, slots=True)
class Part:
    """A table that is read into one model: its file, its path, and the keys that stand beside the model's."""

    source: Source
    path: positions.Path
    table: Table
    beside: frozenset[str] = frozenset()

    def fault(self, what: str, *path: str | int) -> Fault:
        """A fault at a key of this table."""
        return self.source.fault(what, *self.path, *path)


def fill(model: type[Model], part: Part, faults: list[Fault]) -> Model | None:
    """Validate a table as a model; None with all its faults where it does not fit."""
    before = len(faults)
    known = [*model.model_fields, *part.beside]
    # Unknown keys are told here and left out: to pydantic they would hide what the model itself says of the rest.
    mine = {key: value for key, value in part.table.items() if key in model.model_fields}
    faults.extend(part.fault(f"is not known here{meant(key, known)}", key) for key in part.table if key not in mine)
    # As JSON, because strict mode then takes a list for a tuple and a text for an enum, yet "5" still is no number.
    text = json.dumps(mine, default=lambda value: {"date": str(value)})
    try:
        filled = model.model_validate_json(text, strict=True, context=part.source.folder)
    except ValidationError as error:
        details = error.errors(include_url=False)
        faults.extend(part.fault(words(detail, model.model_fields), *detail["loc"]) for detail in details)
        return None
    return filled if len(faults) == before else None


def tables(source: Source, key: str, faults: list[Fault]) -> Iterable[tuple[str, Part]]:
    """The named tables below a key of a file: `[vantages.home]`."""
    found = source.data.get(key, {})
    if not isinstance(found, dict):
        faults.append(source.fault(f"must be tables: [{key}.NAME]", key))
        return
    for name, table in found.items():
        if isinstance(table, dict):
            yield name, Part(source, (key, name), table)
        else:
            faults.append(source.fault(f"must be a table: [{key}.{name}]", key, name))


def members(source: Source, key: str, faults: list[Fault]) -> Iterable[Part]:
    """The members of an array of tables: `[[endpoints]]`."""
    found = source.data.get(key, [])
    if not isinstance(found, list):
        faults.append(source.fault(f"must be an array of tables: [[{key}]]", key))
        return
    for index, table in enumerate(found):
        if isinstance(table, dict):
            yield Part(source, (key, index), table)
        else:
            faults.append(source.fault(f"must be a table: [[{key}]]", key, index))
