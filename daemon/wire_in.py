"""What comes in: one JSON line back to its row, read strictly; every error names the place and the remedy."""

import re
from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from daemon.rows import Row
from daemon.wire_shapes import SHAPES, Shape

SHOWN = 3
"""Faults named of one bad line: a line of another program has dozens."""


class WireError(ValueError):
    """A line that cannot be read; the text says where, what is wrong and what to do."""


_ANY: Any = reduce(or_, SHAPES.values())
_LINE: TypeAdapter[Shape] = TypeAdapter(Annotated[_ANY, Field(discriminator="reachd")])


def row_of(line: str | bytes, number: int, source: str = "line ") -> Row:
    """Read one line; `number` becomes the row's. Raises WireError that begins with `source` and the number."""
    try:
        return _LINE.validate_json(line).row(number)
    except ValidationError as fault:
        raise WireError(f"{source}{number}: {_words(fault)}") from None
    except ValueError as fault:  # the id
        raise WireError(f"{source}{number}: {fault}") from None


def _words(fault: ValidationError) -> str:
    """Say all at once what is wrong, in the order of the line."""
    errors = fault.errors(include_url=False)
    said = "; ".join(_word(error) for error in errors[:SHOWN])
    return said if len(errors) <= SHOWN else f"{said}; and {len(errors) - SHOWN} more"


def _word(error: ErrorDetails) -> str:
    match error["type"]:
        case "json_invalid":
            return f"no JSON ({error['ctx']['error']}): one object a line is expected; was the file cut off?"
        case "union_tag_not_found":
            return 'no field "reachd": a line of reachd begins with one like "record/1"'
        case "union_tag_invalid":
            return _unknown(str(error["ctx"]["tag"]))
        case "extra_forbidden" | "unexpected_keyword_argument":
            return f"{_place(error)}: unknown field; correct its name or remove it"
        case "missing":
            return f"{_place(error)}: missing"
        case _ if not error["loc"]:
            return "no JSON object: one object a line is expected"
        case _:
            return f"{_place(error)}: {error['msg'].removeprefix('Value error, ')}"


def _place(error: ErrorDetails) -> str:
    """`series.family`; the first part of the location is the kind of line, which a reader does not write as a key."""
    return ".".join(str(part) for part in error["loc"][1:])


def _unknown(word: str) -> str:
    known = ", ".join(SHAPES)
    newer = re.fullmatch(r"(\w+)/(\d+)", word)
    if newer and f"{newer[1]}/1" in SHAPES:
        return f"{word} is newer than what this reachd reads ({newer[1]}/1): upgrade reachd, or export with the old one"
    return f"{word!r} is no kind of line that reachd knows ({known})"
