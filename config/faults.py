"""What is wrong with a configuration: values that name file, line and key, and say what to write instead."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """Where something was written: the file as the user named it, the line from 1, the dotted key."""

    file: str
    line: int
    path: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One mistake; as text `file:line: key.path: what is wrong`."""

    origin: Origin
    what: str

    def __str__(self) -> str:
        key = f"{self.origin.path}: " if self.origin.path else ""
        return f"{self.origin.file}:{self.origin.line}: {key}{self.what}"


class ConfigError(Exception):
    """All mistakes of a configuration; as text one line each, in the order of the files."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Each mistake once, however often it was met."""
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


def meant(word: str, choices: Iterable[str]) -> str:
    """The end of a message: `; did you mean ...` where a choice is close to the word, else nothing."""
    by_folded = {choice.casefold(): choice for choice in choices}
    close = get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return f"; did you mean {by_folded[close[0]]}" if close else ""


def listed(choices: Iterable[str]) -> str:
    """What there is, in a sentence: `a, b and c`."""
    words = list(choices)
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def one_of(choices: Iterable[str]) -> str:
    """A list of choices in a sentence: `a, b or c`."""
    words = list(choices)
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)
