"""Secrets: named in the configuration by `{ env = … }` or `{ file = … }`, read at load, never shown."""

import os
from pathlib import Path
from typing import Annotated

from pydantic import PlainValidator, ValidationInfo

FORM = 'write { env = "NAME" } or { file = "PATH" }'
LARGEST = 64 * 1024
"""Bytes; a larger file is no token, but a mistake in the path."""


class Secret:
    """A text that hides itself: only `reveal()` gives it, and neither repr, str nor pickle do."""

    __slots__ = ("_text", "source")

    def __init__(self, text: str, source: str) -> None:
        """`source` says where it comes from, for people: `env INFLUXDB_TOKEN`."""
        self._text = text
        self.source = source

    def reveal(self) -> str:
        """The secret itself."""
        return self._text

    def __repr__(self) -> str:
        return f"<secret from {self.source}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (self._text, self.source) == (other._text, other.source)

    def __hash__(self) -> int:
        return hash((self._text, self.source))

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written anywhere")


def read_secret(value: object, folder: Path) -> Secret:
    """Read the secret that `{ env = … }` or `{ file = … }` names, a file relative to `folder`. Raises ValueError."""
    if isinstance(value, str):
        raise ValueError(f"must not stand in the file itself; {FORM}")  # noqa: TRY004  pydantic reports ValueErrors
    if not isinstance(value, dict) or len(value) != 1 or not isinstance(next(iter(value.values())), str):
        raise ValueError(f"is no secret; {FORM}")
    [(way, name)] = value.items()
    if way == "env":
        return _from_environment(name)
    if way == "file":
        return _from_file(folder / Path(name).expanduser(), name)
    raise ValueError(f"{way} is no source of a secret; {FORM}")


def _from_environment(name: str) -> Secret:
    text = os.environ.get(name, "").strip()
    if not text:
        raise ValueError(f"the environment variable {name} is {'empty' if name in os.environ else 'not set'}")
    return Secret(text, f"env {name}")


def _from_file(path: Path, name: str) -> Secret:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as fault:
        raise ValueError(f"the file {name} cannot be read: {reason(fault)}") from None
    if len(data) > LARGEST:
        raise ValueError(f"the file {name} is too large for a secret")
    try:
        text = data.decode().strip()
    except UnicodeDecodeError:
        raise ValueError(f"the file {name} is not UTF-8 text") from None
    if not text:
        raise ValueError(f"the file {name} is empty")
    return Secret(text, f"file {name}")


def reason(fault: Exception) -> str:
    """Why the system refused, in its own words, without a path."""
    return (fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)).lower()


def _read(value: object, info: ValidationInfo[Path]) -> Secret:
    return read_secret(value, info.context)


SecretText = Annotated[Secret, PlainValidator(_read)]
"""A secret as a field of a section; the validation context is the folder of the file."""
