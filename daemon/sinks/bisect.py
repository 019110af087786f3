"""Finding the lines that a server refuses, without losing or condemning a good one."""

from collections import deque
from dataclasses import dataclass, field

from daemon.sinks.answers import Answer
from daemon.sinks.protocol import Line, measurement_of

REQUESTS = 200
"""Requests a minute that a search may use: a server that is in trouble must not be hammered."""
WINDOW = 60.0


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that the server refused, and its answer."""

    line: Line
    answer: Answer


@dataclass(slots=True)
class Work:
    """Lines on their way: parts still to be sent (the next one last), and what the server refused so far."""

    parts: list[list[Line]]
    searching: bool = False
    """A part was refused: what is sent now serves to find the bad lines."""
    bad: list[Bad] = field(default_factory=list)

    def split(self) -> None:
        """Put two halves in the place of the next part, earlier lines first."""
        part = self.parts.pop()
        self.parts += reversed(halves(part))

    def search(self) -> None:
        """Look closer at the next part, which was refused."""
        self.searching = True
        self.parts[-1] = arranged(self.parts[-1])
        self.split()

    def cut(self, size: int) -> None:
        """Make the next part no longer than so many lines."""
        part = self.parts[-1]
        if len(part) > size:
            self.parts[-1:] = [part[size:], part[:size]]


def halves(part: list[Line]) -> tuple[list[Line], list[Line]]:
    """Two halves; measurements are parted first, for what is wrong with a line is often wrong with all of its kind."""
    middle = len(part) // 2
    if measurement_of(part[0].text) != measurement_of(part[-1].text):
        kinds = [measurement_of(line.text) for line in part]
        middle = next(place for place in range(1, len(part)) if kinds[place] != kinds[place - 1])
    return part[:middle], part[middle:]


def arranged(part: list[Line]) -> list[Line]:
    """Sorted by measurement and time; lines that overwrite each other keep their order, so the last still stands."""
    return sorted(part, key=lambda line: (measurement_of(line.text), line.time))


@dataclass(slots=True)
class Budget:
    """The requests of the last minute (monotonic seconds)."""

    limit: int = REQUESTS
    sent: deque[float] = field(default_factory=deque)

    def wait(self, now: float) -> float:
        """Seconds until two more are allowed (a line and the proof that it is to blame), 0 if it is now."""
        while self.sent and self.sent[0] <= now - WINDOW:
            self.sent.popleft()
        excess = len(self.sent) + 2 - self.limit
        return self.sent[excess - 1] + WINDOW - now if excess > 0 else 0.0

    def spend(self, now: float) -> None:
        """Count a request."""
        self.sent.append(now)
