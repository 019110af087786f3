"""What pydantic finds wrong, in plain words and without the value: a value may be a secret."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic.fields import FieldInfo

from config.faults import meant

PLAIN = {
    "string_type": "must be a text in quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "list_type": "must be a list in square brackets",
    "tuple_type": "must be a list in square brackets",
    "set_type": "must be a list in square brackets",
    "frozen_set_type": "must be a list in square brackets",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "dataclass_type": "must be a table",
    "extra_forbidden": "is not known here",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
}
BOUNDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than_equal": lambda bound: f"must be at least {bound['ge']}",
    "greater_than": lambda bound: f"must be more than {bound['gt']}",
    "less_than_equal": lambda bound: f"must be at most {bound['le']}",
    "less_than": lambda bound: f"must be less than {bound['lt']}",
    "string_too_long": lambda bound: f"must not be longer than {bound['max_length']} letters",
    "too_long": lambda bound: f"must not have more than {bound['max_length']} members",
    "value_error": lambda bound: str(bound["error"]),
    "assertion_error": lambda bound: str(bound["error"]),
}


def words(detail: Mapping[str, Any], fields: Mapping[str, FieldInfo]) -> str:
    """One of pydantic's errors in plain words; `fields` are the model's, whose descriptions say what is missing."""
    kind = detail["type"]
    if kind == "missing":
        field = fields.get(str(detail["loc"][-1]))
        return f"is missing{f': {field.description}' if field and field.description else ''}"
    if kind in {"literal_error", "enum"}:
        return _closed(detail)
    if kind in BOUNDS:
        return BOUNDS[kind](detail.get("ctx", {}))
    return PLAIN.get(kind) or f"{detail['msg'][:1].lower()}{detail['msg'][1:]}"


def _closed(detail: Mapping[str, Any]) -> str:
    """A value off a closed list: the list, and the nearest on it."""
    expected = str(detail.get("ctx", {}).get("expected", ""))
    given = detail["input"]
    choices = [choice for choice in expected.split("'")[1::2] if choice]
    if not isinstance(given, str):
        return f"must be {expected}"
    return f"{given!r} is not {expected.replace(chr(39), '')}{meant(given, choices)}"
