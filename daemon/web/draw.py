"""Charts as SVG, made here: no script draws, and nothing depends on colour alone. Widths are shares of the page's."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from markupsafe import Markup, escape

from daemon.moments import SECOND, text_of
from daemon.web.strip import CELLS, NOTHING, WORDS, runs
from probes.record import Phase, Record

TALL = 140
STEPS = (1, 2, 5)
NICE = (60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400)
"""Seconds between the marks of a time axis."""


def strip(levels: Sequence[int], *, named: bool = True) -> Markup:
    """A day in cells: one line for each level, whose thickness the style sheet knows; `named` says it in words too."""
    lines: dict[int, str] = {}
    for level, at, length in runs(list(levels)):
        if level != NOTHING:
            lines[level] = f"{lines.get(level, '')}M{at} 0h{length}"
    shapes = "".join(f'<path class="l{level}" d="{line}"/>' for level, line in sorted(lines.items()))
    # Without a name and without text a screen reader passes over it: no byte for saying so.
    words = f' role="img" aria-label="{escape(told(levels))}"' if named else ""
    return Markup(  # noqa: S704  every text in it is escaped
        f'<svg class="strip" viewBox="0 0 {CELLS} 1" preserveAspectRatio="none"{words}>{shapes}</svg>'
    )


def told(levels: Sequence[int]) -> str:
    """A strip in words."""
    hours = {word: levels.count(level) / 4 for level, word in enumerate(WORDS)}
    return "last 24 h: " + ", ".join(f"{word} {count:g} h" for word, count in hours.items() if count)


def bars(record: Record, longest: float) -> Markup:
    """The phases of a record, one behind the other on one scale of seconds."""
    drawn = [
        f'<rect class="p-{timing.phase}{_broken(record, timing.phase)}" x="{share(timing.begin, longest)}" y="2" '
        f'width="{share(max(timing.seconds, longest / 250), longest)}" height="10">'
        f"<title>{timing.phase} {timing.seconds * 1e3:.1f} ms</title></rect>"
        for timing in record.timings
    ]
    words = ", ".join(f"{timing.phase} {timing.seconds * 1e3:.0f} ms" for timing in record.timings)
    return Markup(  # noqa: S704  every text in it is ours
        f'<svg class="bars" width="100%" height="14" role="img" aria-label="{words}">{"".join(drawn)}</svg>'
    )


def _broken(record: Record, phase: Phase) -> str:
    """A phase that failed is marked."""
    return " broken" if record.failure and record.failure.phase is phase else ""


def share(part: float, whole: float) -> str:
    """A share in per cent for SVG."""
    return f"{min(1.0, max(0.0, part / whole)):.2%}" if whole else "0%"


def ticks(begin: int, end: int, most: int = 5) -> list[int]:
    """Round moments of an axis, at most so many."""
    seconds = max(1, (end - begin) // SECOND)
    step = next((nice for nice in NICE if seconds / nice <= most), -(-seconds // (most * 86_400)) * 86_400) * SECOND
    return list(range(-(-begin // step) * step, end + 1, step))


def time_axis(begin: int, end: int, y: int) -> str:
    """Marks and moments (UTC, which the script may turn to local time) under a chart."""
    drawn = []
    for moment in ticks(begin, end):
        x = share(moment - begin, end - begin)
        whole = text_of(moment)
        shown = whole[11:16] if moment % (86_400 * SECOND) else whole[5:10]
        near = (moment - begin) / max(1, end - begin)
        anchor = "start" if near < 0.06 else "end" if near > 0.94 else "middle"
        drawn.append(
            f'<line class="grid" x1="{x}" x2="{x}" y1="0" y2="{y}"/>'
            f'<text x="{x}" y="{y + 14}" text-anchor="{anchor}" data-time="{whole}" data-form="clock">{shown}</text>'
        )
    return "".join(drawn)


def latency(records: Sequence[Record]) -> Markup:
    """Seconds by phase, one column a record, oldest first; a failed one is a mark at the top over the whole height."""
    if not records:
        return Markup("")
    begin, end = records[0].began, records[-1].began
    width = _column(records)
    top = round_up(max((record.seconds for record in records if record.failure is None), default=0.1))
    phases: dict[Phase, list[str]] = {}
    failed = []
    for record in records:
        x = (record.began - begin) / max(1, end - begin) * (1_000 - width)
        if record.failure is None:
            _stack(record, x, width, top, phases)
        else:
            failed.append(f"M{x:.1f} 0h{width:.1f}v1000h-{width:.1f}z")
    columns = "".join(f'<path class="p-{phase}" d="{"".join(drawn)}"/>' for phase, drawn in phases.items())
    inner = f'<path class="failed" d="{"".join(failed)}"/>{columns}' if failed else columns
    count = sum(record.failure is not None for record in records)
    label = f"{len(records)} records, {count} failed, up to {seconds_of(top)}"
    drawn = f'<svg width="100%" height="{TALL}" viewBox="0 0 1000 1000" preserveAspectRatio="none">{inner}</svg>'
    return figure(drawn + (time_axis(begin, end, TALL) if end > begin else ""), label, top, TALL)


def figure(drawn: str, label: str, top: float, tall: int) -> Markup:
    """A chart of so many pixels with its scale of seconds beside it, where it hides nothing."""
    lines = "".join(f'<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/>' for y in (0, TALL // 2))
    scale = "".join(f"<li>{seconds_of(value)}</li>" for value in (top, top / 2, 0))
    return Markup(  # noqa: S704  every text in it is ours
        f'<div class="plot"><ol aria-hidden="true">{scale}</ol>'
        f'<svg class="chart" width="100%" height="{tall + 20}" role="img" aria-label="{label}">{lines}{drawn}</svg>'
        "</div>"
    )


def _column(records: Sequence[Record]) -> float:
    """The width of a column in thousandths: most of the usual distance."""
    whole = records[-1].began - records[0].began
    apart = sorted(after.began - before.began for before, after in pairwise(records))
    usual = apart[len(apart) // 2] if apart else whole
    return max(1.5, min(60.0, 800 * usual / whole)) if whole else 60.0


def _stack(record: Record, x: float, width: float, top: float, phases: dict[Phase, list[str]]) -> None:
    floor = 1_000.0
    for timing in record.timings:
        tall = min(floor, timing.seconds / top * 1_000)
        floor -= tall
        phases.setdefault(timing.phase, []).append(f"M{x:.1f} {floor:.0f}h{width:.1f}v{tall:.0f}h-{width:.1f}z")


def round_up(seconds: float) -> float:
    """The next round figure: 1, 2 or 5 of a unit."""
    unit = 0.001
    while True:
        for step in STEPS:
            if seconds <= step * unit:
                return step * unit
        unit *= 10


def seconds_of(seconds: float) -> str:
    """A figure of a scale: `50 ms`, `2 s`."""
    return f"{seconds:g} s" if seconds >= 1 or not seconds else f"{seconds * 1e3:g} ms"


def legend(phases: Iterable[str]) -> Markup:
    """What the colours of the phases mean."""
    key = '<svg width="12" height="12" aria-hidden="true"><rect class="p-{}" width="12" height="12"/></svg>'
    each = Markup(f'<span class="key">{key} {{}}</span> ')  # noqa: S704  a form without any text yet
    return Markup("").join(each.format(phase, phase) for phase in phases)
