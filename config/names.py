"""The closed lists and the forms of names in a configuration."""

import re
from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

Role = Literal["chat", "web", "registration", "media", "call", "push", "site", "status"]
Side = Literal["foreign", "domestic", "control"]
FamilyName = Literal["ipv4", "ipv6"]

BOTH: frozenset[str] = frozenset({"ipv4", "ipv6"})
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.IGNORECASE)
_COUNTRY = re.compile(r"[A-Z]{2}")


def plain_name(name: str) -> str:
    """A name that can stand in a path and in `agent/name`. Raises ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError("must be 1 to 64 letters, digits, - or _, beginning with a letter or digit")
    return name


def _shown(name: str) -> str:
    # A backslash at the end or a control character would not survive as an InfluxDB tag.
    if not name.isprintable() or name.endswith("\\") or not 0 < len(name) <= 200:
        raise ValueError("must be 1 to 200 printable characters, and not end in a backslash")
    return name


def _country(code: str) -> str:
    if not _COUNTRY.fullmatch(code):
        upper = code.upper()
        raise ValueError(
            f"must be a country as two capital letters{f'; did you mean {upper}' if _COUNTRY.fullmatch(upper) else ''}"
        )
    return code


def _once(items: tuple[str, ...]) -> tuple[str, ...]:
    for index, item in enumerate(items):
        if item in items[:index]:
            raise ValueError(f"{item} is named twice")
    return items


def family_of(host: str) -> str | None:
    """The family of a literal address; None for a name."""
    try:
        return f"ipv{ip_address(host).version}"
    except ValueError:
        return None


Name = Annotated[str, AfterValidator(plain_name)]
"""Of a service or a vantage: it stands in paths, tags and `agent/name`."""
Shown = Annotated[str, AfterValidator(_shown)]
"""Of an endpoint: for people, in a tag."""
Country = Annotated[str, AfterValidator(_country)]
Asn = Annotated[int, Field(ge=1, le=4_294_967_295)]
Names = Annotated[tuple[str, ...], AfterValidator(_once)]
Families = Annotated[tuple[FamilyName, ...], Field(min_length=1), AfterValidator(_once)]
