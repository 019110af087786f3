"""Runs a story through detection and holds the events against those that must come."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from daemon.detect.step import Detection, step
from daemon.rows import Event, Row
from daemon.stories.shape import ExpectKeys, Story, seconds
from daemon.stories.telling import SECOND, START, rows

SENT = frozenset({"confirmed", "standing"})
GRACE = 3
"""Intervals by which onset and end may be off."""


@dataclass(frozen=True, slots=True)
class Life:
    """The revisions of one event."""

    revisions: tuple[Event, ...]

    @property
    def last(self) -> Event:
        """As it was told last."""
        return self.revisions[-1]

    @property
    def sent(self) -> bool:
        """Whether anybody was told of it."""
        return any(event.state in SENT for event in self.revisions)

    def told(self) -> str:
        """In one line."""
        event = self.last
        where = ", ".join(event.scope.vantages)
        ended = "still on" if event.ended is None else f"until {_after(event.ended)}"
        return (
            f"{event.state} {event.kind} of {event.service or 'everything'} by {event.mechanism} at {where}"
            f" since {_after(event.onset[1])} {ended}, first told {_after(event.detected)}"
        )


def lives(stream: Iterable[Row]) -> list[Life]:
    """All events that detection makes of rows."""
    state, found = Detection(), dict[str, list[Event]]()
    for row in stream:
        for body in step(state, row):
            if isinstance(body, Event):
                found.setdefault(body.id, []).append(body)
    return [Life(tuple(revisions)) for revisions in found.values()]


def judge(story: Story) -> list[str]:
    """What is not as the story expects, in words; nothing where all is."""
    return verdict(story, lives(rows(story)))


def verdict(story: Story, found: list[Life]) -> list[str]:
    """What events are missing, wrong or too many."""
    wrong, left = list[str](), list(found)
    for expect in story.expected:
        life = next((one for one in left if _is_about(one, expect)), None)
        if life is None:
            wrong.append(f"no {expect.kind} of {expect.service or 'everything'} since {expect.since}")
            continue
        left.remove(life)
        wrong += [f"{what}: {life.told()}" for what in _faults(story, expect, life.last)]
    return wrong + [f"not expected: {one.told()}" for one in left if one.sent]


def _is_about(life: Life, expect: ExpectKeys) -> bool:
    return life.last.kind == expect.kind and life.last.service == expect.service


def _faults(story: Story, expect: ExpectKeys, event: Event) -> Iterator[str]:
    grace = GRACE * round(seconds(story.head.every, 60)) * SECOND
    since = START + round(seconds(expect.since, 0) * SECOND)
    if not event.mechanism.startswith(expect.mechanism):
        yield f"mechanism is not {expect.mechanism}"
    if expect.vantages and set(expect.vantages) != set(event.scope.vantages):
        yield f"places are not {', '.join(expect.vantages)}"
    if not event.onset[0] - grace <= since <= event.onset[1] + grace:
        yield f"onset is not {expect.since}"
    if event.detected > since + seconds(expect.within, 600) * SECOND:
        yield f"told later than {expect.within} after it began"
    yield from _end_faults(expect, event, grace)


def _end_faults(expect: ExpectKeys, event: Event, grace: int) -> Iterator[str]:
    if expect.until is None:
        if event.ended is not None:
            yield "has ended"
        return
    until = START + round(seconds(expect.until, 0) * SECOND)
    if event.ended is None or abs(event.ended - until) > grace:
        yield f"end is not {expect.until}"


def _after(moment: int) -> str:
    """A moment as hours, minutes and seconds of the story."""
    passed = (moment - START) // SECOND
    return f"{passed // 3600}:{passed // 60 % 60:02}:{passed % 60:02}"
