"""The one time axis of an event: when it was still good, when bad, when told, and each record beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from daemon.moments import SECOND
from daemon.rows import Event
from daemon.web.draw import share, time_axis
from probes.record import Record, Series

BEFORE, AFTER = 900 * SECOND, 600 * SECOND
"""What is shown around an event."""
LONGEST = 6 * 3_600 * SECOND
"""After its onset; what is longer is cut, or its beginning could not be seen."""
TOP, LANE = 34, 20


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of time on an axis, microseconds."""

    begin: int
    end: int

    def at(self, moment: int) -> str:
        """Where a moment is, in per cent."""
        return share(moment - self.begin, self.end - self.begin)


def window(event: Event, now: int) -> Window:
    """What the axis of an event shows."""
    begin = event.onset[0] or event.onset[1]
    end = event.ended or now
    margin = min(AFTER, max(5 * SECOND, (end - begin) // 4))
    return Window(
        begin - min(BEFORE, margin * 2), max(begin + margin, min(end, begin + LONGEST) + (margin if event.ended else 0))
    )


def draw(event: Event, revisions: Sequence[Event], records: Mapping[Series, Sequence[Record]], shown: Window) -> Markup:
    """Lanes of records under the bracket of the onset; red over the stretch of the event."""
    lanes = order(records)
    tall = TOP + LANE * len(lanes)
    drawn = [_span(event, shown, tall), time_axis(shown.begin, shown.end, tall)]
    drawn += [_lane(records[one], TOP + LANE * row, shown) for row, one in enumerate(lanes)]
    drawn += [_bracket(event, shown), _tellings(event, revisions, shown)]
    label = escape(f"time axis of the event with {len(lanes)} series")
    return Markup(  # noqa: S704  every text in it is escaped
        f'<svg class="axis" width="100%" height="{tall + 20}" role="img" aria-label="{label}">{"".join(drawn)}</svg>'
    )


def order(lanes: Iterable[Series]) -> list[Series]:
    """The lanes from top to bottom."""
    return sorted(lanes, key=lambda one: (one.vantage, one.role, one.endpoint))


def _span(event: Event, shown: Window, tall: int) -> str:
    begin, end = event.onset[1], event.ended or shown.end
    width = share(max(0, min(end, shown.end) - begin), shown.end - shown.begin)
    return f'<rect class="during" x="{shown.at(begin)}" width="{width}" y="0" height="{tall}"/>'


def _bracket(event: Event, shown: Window) -> str:
    """Between the last good and the first bad record: somewhere here it began."""
    earliest, latest = event.onset
    left, right = shown.at(earliest), shown.at(latest)
    return (
        f'<line class="onset" x1="{left}" x2="{right}" y1="14" y2="14"/>'
        f'<line class="onset" x1="{left}" x2="{left}" y1="8" y2="20"/>'
        f'<line class="onset" x1="{right}" x2="{right}" y1="8" y2="20"/>'
        f'<text x="{left}" y="10" dx="-6" text-anchor="end">onset</text>'
    )


def _tellings(event: Event, revisions: Sequence[Event], shown: Window) -> str:
    """A mark for each new state of the event."""
    drawn, before, free = [], "", 0.0
    for one in revisions:
        if one.state == before or not shown.begin <= one.at <= shown.end:
            continue
        before = one.state
        x = shown.at(one.at)
        place = float(x.rstrip("%"))
        words = f'<text x="{x}" y="27" dx="5">{escape(one.state)}</text>' if place >= free and place < 88 else ""
        free = place + 22 if words else free
        drawn.append(f'<circle class="told" cx="{x}" cy="23" r="3.5"/>{words}')
    if event.ended is not None:
        drawn.append(
            f'<line class="ended" x1="{shown.at(event.ended)}" x2="{shown.at(event.ended)}" y1="4" y2="{TOP}"/>'
        )
    return "".join(drawn)


def _lane(records: Sequence[Record], y: int, shown: Window) -> str:
    """The records of a series: low and light where good, high and full where failed."""
    good: list[float] = []
    bad: list[float] = []
    for record in records:
        if shown.begin <= record.began <= shown.end:
            x = (record.began - shown.begin) / (shown.end - shown.begin) * 1_000
            (bad if record.failure else good).append(x)
    marks = (
        f'<path class="good" d="{"".join(f"M{x:.1f} 8h2v4h-2z" for x in good)}"/>'
        f'<path class="bad" d="{"".join(f"M{x:.1f} 2h3v16h-3z" for x in bad)}"/>'
    )
    return f'<svg y="{y}" width="100%" height="{LANE}" viewBox="0 0 1000 20" preserveAspectRatio="none">{marks}</svg>'
