"""Long ranges of a series from the daemon's own rollups: which there are, what is looked up, and their chart."""

from dataclasses import dataclass

from markupsafe import Markup

from daemon.journal.reader import Reader
from daemon.moments import SECOND
from daemon.rows import Rollup
from daemon.web.draw import TALL, figure, round_up, seconds_of, time_axis
from daemon.web.words import span
from probes.record import Series

REACH = 1_000_000
"""Rollups of all series that are looked through for one (0.2 s in a thread): with very many a range is shorter."""
FOOT = 26
"""Pixels of the stripe of failures under the chart."""
WHOLE = 1_000


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch of time up to now, in windows of one width."""

    name: str
    title: str
    windows: str
    """How wide they are, in words."""
    width: int
    """Seconds of a window."""
    length: int
    """Microseconds in all."""

    def begin(self, now: int, count: int) -> int:
        """The start of the first window, where so many series are measured."""
        step = self.width * SECOND
        return (now - min(self.length, REACH // max(1, count) * step)) // step * step


DAY = Range("24h", "24 h", "5 minutes", 300, 86_400 * SECOND)
MONTH = Range("30d", "30 d", "1 hour", 3_600, 30 * 86_400 * SECOND)
RANGES = {one.name: one for one in (DAY, MONTH)}


@dataclass(frozen=True, slots=True)
class Windows:
    """The rollups of a series in a range, one for each window that is over, oldest first."""

    range: Range
    begin: int
    end: int
    rollups: tuple[Rollup, ...]

    @property
    def title(self) -> str:
        """What it shows, in words."""
        whole = self.end - self.begin >= self.range.length
        return f"Last {self.range.title if whole else span(self.end - self.begin)}"

    @property
    def share(self) -> str:
        """How many slots failed, in words."""
        count = sum(one.n for one in self.rollups)
        failed = count - sum(one.ok for one in self.rollups)
        return f"{failed:,} of {count:,} failed"


def look(reader: Reader, series: Series, wanted: Range, now: int, count: int) -> Windows:
    """Look up a range of one of so many series; a window that was told again counts as it was told last."""
    begin = wanted.begin(now, count)
    found = {
        row.body.start: row.body
        for row in reader.rollups(series, wanted.width, begin, REACH)
        if isinstance(row.body, Rollup) and begin <= row.body.start < now
    }
    return Windows(wanted, begin, now, tuple(found[start] for start in sorted(found)))


def both(reader: Reader, series: Series, now: int, count: int) -> list[Windows]:
    """Every range that has a window."""
    return [found for wanted in RANGES.values() if (found := look(reader, series, wanted, now, count)).rollups]


def draw(windows: Windows) -> Markup:
    """For each window p50 as a line and up to p95 a column, below it the share that failed as a column of its own."""
    found = windows.rollups
    top = round_up(max((one.latency.p95 for one in found if one.latency), default=100_000) / 1e6)
    width = WHOLE * windows.range.width * SECOND / (windows.end - windows.begin)
    inner = _latency(windows, top, width)
    below = "".join(
        f"M{_place(windows, one):.1f} {WHOLE}h{width:.2f}v-{share:.0f}h-{width:.2f}z"
        for one in found
        if one.n and (share := (one.n - one.ok) / one.n * WHOLE)
    )
    drawn = (
        f'<svg width="100%" height="{TALL}" viewBox="0 0 {WHOLE} {WHOLE}" preserveAspectRatio="none">{inner}</svg>'
        f'<svg y="{TALL}" width="100%" height="{FOOT}" viewBox="0 0 {WHOLE} {WHOLE}" preserveAspectRatio="none">'
        f'<path class="bad" d="{below}"/></svg>'
        f'<line class="floor" x1="0" x2="100%" y1="{TALL}" y2="{TALL}"/>'
        f"{time_axis(windows.begin, windows.end, TALL + FOOT)}"
    )
    label = f"{windows.title}: {windows.share}, p95 up to {seconds_of(top)}"
    return figure(drawn, label, top, TALL + FOOT)


def _place(windows: Windows, one: Rollup) -> float:
    return (one.start - windows.begin) / (windows.end - windows.begin) * WHOLE


def _latency(windows: Windows, top: float, width: float) -> str:
    """Columns from p50 to p95, and the line of p50, broken where nothing answered."""
    band, line, before = [], [], None
    for one in windows.rollups:
        if one.latency is None:
            continue
        x = _place(windows, one)
        median, high = (WHOLE - value / 1e6 / top * WHOLE for value in (one.latency.p50, one.latency.p95))
        band.append(f"M{x:.1f} {median:.0f}h{width:.2f}V{high:.0f}h-{width:.2f}z")
        joined = before == one.start - one.width * SECOND
        line.append(f"{'L' if joined else 'M'}{x:.1f} {median:.0f}h{width:.2f}")
        before = one.start
    return f'<path class="band" d="{"".join(band)}"/><path class="median" d="{"".join(line)}"/>'
