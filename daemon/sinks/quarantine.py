"""Lines that a server refused, kept beside the cursor with the server's words: bounded in number, every one counted."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from daemon.sinks.answers import words
from daemon.sinks.bisect import Bad

PREFIX = "quarantine/"
KEPT = 1000
"""Lines that are kept; beyond, the oldest go, and only their number stays."""


@dataclass(slots=True)
class Quarantine:
    """The keys of the lines kept, oldest first."""

    keys: list[str] = field(default_factory=list)

    def add(self, bad: Iterable[Bad], at: int) -> dict[str, bytes | None]:
        """What to save under `quarantine/<seq>/<n>` for these lines (None deletes the oldest); `at` in microseconds."""
        numbers = {seq: number + 1 for seq, number in sorted(map(_place, self.keys))}
        changes: dict[str, bytes | None] = {}
        for one in bad:
            number = numbers.get(one.line.seq, 0)
            numbers[one.line.seq] = number + 1
            key = f"{PREFIX}{one.line.seq}/{number}"
            changes[key] = _packed(one, at)
            self.keys.append(key)
        excess = max(0, len(self.keys) - KEPT)
        changes |= dict.fromkeys(self.keys[:excess])
        del self.keys[:excess]
        return changes


def load(saved: Mapping[str, bytes]) -> Quarantine:
    """Take up what was saved, in the order of the journal."""
    return Quarantine(sorted((key for key in saved if key.startswith(PREFIX)), key=_place))


def _place(key: str) -> tuple[int, int]:
    seq, number = key.removeprefix(PREFIX).split("/")
    return int(seq), int(number)


def _packed(one: Bad, at: int) -> bytes:
    """The line, the status, the server's words, when."""
    text = one.line.text.decode(errors="replace")
    return json.dumps({"at": at, "status": one.answer.status, "words": words(one.answer), "line": text}).encode()
