"""What the code says of itself: the text under each field of a class, and what a user may write there."""

import ast
import inspect
import textwrap
from dataclasses import MISSING, Field, dataclass, fields
from enum import Enum
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

WORDS = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    dict: "table",
    object: "anything",
    SecretStr: "secret",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One field: its name, what may stand there, what stands there otherwise, what it means."""

    name: str
    type: str
    default: str
    meaning: str


def headline(thing: object) -> str:
    """The docstring of a class, function or module in one line, or nothing."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


def meanings(kind: type) -> dict[str, str]:
    """The text under each field or member of a class, inherited ones included."""
    found: dict[str, str] = {}
    for owner in reversed(kind.__mro__):
        if owner.__module__.split(".")[0] in {"probes", "config", "daemon"}:
            found |= _own(owner)
    return found


def _own(kind: type) -> dict[str, str]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    return {
        name: " ".join(text.value.value.split())
        for field, text in pairwise(body)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
        for name in _names(field)
    }


def _names(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case _:
            return []


def entries(kind: type) -> list[Entry]:
    """The fields of a model or dataclass in their order, or the members of an enumeration."""
    said = meanings(kind)
    if issubclass(kind, BaseModel):
        return [_entry(name, info, said) for name, info in kind.model_fields.items()]
    if issubclass(kind, Enum):
        return [Entry(str(member.value), "", "", said.get(member.name, "")) for member in kind]
    return [Entry(f.name, type_words(f.type), _default(f), said.get(f.name, "")) for f in fields(cast("Any", kind))]


def _entry(name: str, info: FieldInfo, said: dict[str, str]) -> Entry:
    shown = type_words(info.annotation, tuple(info.metadata))
    meaning = said.get(name) or info.description or ""
    return Entry(name, shown, "required" if info.is_required() else _written(_settled(info)), meaning)


def _settled(info: FieldInfo) -> object:
    made = info.get_default(call_default_factory=True, validated_data={})
    return None if made is PydanticUndefined else made


def _default(field: Field[Any]) -> str:
    if field.default is not MISSING:
        return _written(field.default)
    return "required" if field.default_factory is MISSING else ""


def _written(value: object) -> str:
    """A default as a user would write it; nothing where leaving it out says the same."""
    match value:
        case None | "" | () | dict():
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case float() if value.is_integer():
            return f"`{int(value)}`"
        case _:
            return f"`{value}`"


def type_words(annotation: object, metadata: tuple[object, ...] = ()) -> str:
    """A type in the words of a user; one that is read by a function of its own is named by that function."""
    for extra in metadata:
        if isinstance(extra, BeforeValidator):
            return getattr(extra.func, "__name__", "text").strip("_").replace("_", " ")
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_words(args[0], args[1:])
    if origin is Literal:
        return ", ".join(f"`{arg}`" for arg in args)
    if origin in {Union, UnionType}:
        return " or ".join(dict.fromkeys(type_words(arg) for arg in args if arg is not NoneType))
    if origin in {tuple, list}:
        return f"list of {type_words(args[0])}"
    return _plain(annotation, origin)


def _plain(annotation: object, origin: object) -> str:
    kind = origin or annotation
    if isinstance(kind, type) and issubclass(kind, Enum):
        word = kind.__name__.lower()
        return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"
    if isinstance(kind, type):
        return WORDS.get(kind, kind.__name__.lower())
    return str(kind)
