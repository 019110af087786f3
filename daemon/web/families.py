"""What the daemon tells Prometheus of itself: each name with its labels, its meaning, and its values."""

import platform
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from daemon.runner import outcome
from daemon.web.known import Known

SERIES_LIMIT = 5_000
"""Planned series up to which each has lines of its own; above, only totals by service and vantage are given."""
OUTCOMES = ("ok", "failed", "local", "none")
CONDITIONS = ("ok", "full", "failing", "damaged")
OPEN = ("suspected", "confirmed", "standing")
REASONS = ("suspend", "overload", "budget", "stop", "down", "clock", "bug", "disk", "pause")
"""Of gaps: each is told from the start, as zero, for a counter that appears with its first count shows no increase."""

Sample = tuple[tuple[str, ...], float]
"""The values of the labels in their order, and the number."""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: a counter's name ends in `_total`."""

    name: str
    labels: tuple[str, ...]
    meaning: str
    samples: Callable[[Known], Iterable[Sample]]

    @property
    def type(self) -> str:
        """`counter` or `gauge`."""
        return "counter" if self.name.endswith("_total") else "gauge"


def _one(value: Callable[[Known], float]) -> Callable[[Known], Iterable[Sample]]:
    """A metric without labels."""
    return lambda known: (((), value(known)),)


def _by_follower(value: Callable[[Known, str], float]) -> Callable[[Known], Iterable[Sample]]:
    return lambda known: (((name,), value(known, name)) for name in known.standings)


def _planned(known: Known) -> set[tuple[str, str]]:
    """Service and vantage of what is planned."""
    return {(item.series.service, item.series.vantage) for item in known.assignments}


def _slots(known: Known) -> Iterator[Sample]:
    found = known.tally.slots
    return (((*place, word), found[(*place, word)]) for place in sorted(_planned(known)) for word in OUTCOMES[:3])


def _failures(known: Known) -> Iterator[Sample]:
    """What left the plan is not told any more."""
    planned = _planned(known)
    return ((key, count) for key, count in known.tally.failures.items() if key[:2] in planned)


def _skipped(known: Known) -> Iterator[Sample]:
    found = known.tally.skipped
    return (((reason,), found[reason]) for reason in dict.fromkeys((*REASONS, *found)))


def _series_by_outcome(known: Known) -> Iterator[Sample]:
    """Each service and vantage with all outcomes, so that a sum never misses one."""
    found = Counter((record.series.service, record.series.vantage, outcome(record)) for record in known.lately())
    planned = Counter((item.series.service, item.series.vantage) for item in known.assignments)
    for (service, vantage), count in planned.items():
        seen = {word: found[service, vantage, word] for word in OUTCOMES}
        seen["none"] = count - sum(seen.values())
        yield from (((service, vantage, word), seen[word]) for word in OUTCOMES)


def _states(known: Known) -> Iterator[Sample]:
    planned = _planned(known)
    return ((place, state) for place, state in known.tally.states.items() if place in planned)


def _events(known: Known) -> Iterator[Sample]:
    found = Counter(known.tally.events.values())
    return (((state,), found[state]) for state in OPEN)


def _sink_figures(known: Known) -> Iterator[Sample]:
    for sink, figures in known.sinks.items():
        yield from (((sink, name.removeprefix(f"{sink}_")), value) for name, value in figures.items())


def _quarantined(known: Known) -> Iterator[Sample]:
    for sink, figures in known.sinks.items():
        value = figures.get(f"{sink}_quarantined_points")
        if value is not None:
            yield (sink,), value


def _condition(known: Known) -> Iterator[Sample]:
    word = known.journal.condition.partition(":")[0]
    return (((name,), float(name == word)) for name in CONDITIONS)


def _detector_seconds(known: Known) -> Iterable[Sample]:
    standing = known.standings.get("detect")
    return () if standing is None else (((), standing.busy),)


OWN = (
    Family(
        "reachd_build_info",
        ("version", "python"),
        "Always 1; the labels say which program runs.",
        lambda known: (((known.release, platform.python_version()), 1.0),),
    ),
    Family("reachd_paused", (), "1 while `reachd pause` holds the schedule.", _one(lambda known: known.paused)),
    # ---- measuring ----
    Family("reachd_planned_series", (), "Series in the plan.", _one(lambda known: len(known.assignments))),
    Family(
        "reachd_series_limited",
        (),
        f"1 if the plan has more than {SERIES_LIMIT} series: then no series has metrics of its own, and only totals by "
        "service and vantage are given.",
        _one(lambda known: len(known.assignments) > SERIES_LIMIT),
    ),
    Family(
        "reachd_series_last_outcome",
        ("service", "vantage", "outcome"),
        "Series by the outcome of their last slot: ok, failed, local (a fault of our own), none (no record lately).",
        _series_by_outcome,
    ),
    Family(
        "reachd_slots_total",
        ("service", "vantage", "outcome"),
        "Slots measured since the start, by outcome: ok, failed, local.",
        _slots,
    ),
    Family(
        "reachd_failures_total",
        ("service", "vantage", "phase", "kind"),
        "Slots that failed since the start, by phase and kind of failure.",
        _failures,
    ),
    Family(
        "reachd_skipped_slots_total",
        ("reason",),
        "Slots without a record since the start, by reason; `down` are those missed before it.",
        _skipped,
    ),
    Family("reachd_runs_in_flight", (), "Runs under way.", _one(lambda known: known.in_flight)),
    Family(
        "reachd_confirming_runs_total",
        (),
        "Runs since the start that repeated a slot whose outcome was news.",
        _one(lambda known: known.counts.get("confirmed", 0)),
    ),
    Family(
        "reachd_probe_bugs_total",
        (),
        "Runs since the start that ended in a bug of a probe: they have no record.",
        _one(lambda known: known.counts.get("bugs", 0)),
    ),
    Family(
        "reachd_event_loop_lag_seconds",
        (),
        "Seconds by which the event loop was late when it was looked at last, once a second.",
        _one(lambda known: known.lag),
    ),
    Family(
        "reachd_vantage_up",
        ("vantage",),
        "0 if most controls of a vantage fail, or it has no address family: what it measures says nothing then.",
        lambda known: (
            ((beat.vantage,), float(beat.control is not False and bool(beat.families))) for beat in known.vantages
        ),
    ),
    # ---- conclusions ----
    Family("reachd_open_events", ("state",), "Events that have not ended, by state.", _events),
    Family(
        "reachd_service_state",
        ("service", "vantage"),
        "State of a service at a vantage: 0 ok, 1 degraded, 2 blocked, 3 unknown.",
        _states,
    ),
    Family(
        "reachd_detector_seconds_total",
        (),
        "Seconds spent in detection since the start.",
        _detector_seconds,
    ),
    # ---- followers and sinks ----
    Family(
        "reachd_follower_backlog_rows",
        ("follower",),
        "Rows of the journal that a follower has not taken yet.",
        _by_follower(lambda known, name: max(0, known.journal.last - known.standings[name].cursor)),
    ),
    Family(
        "reachd_follower_backlog_seconds",
        ("follower",),
        "Age of the oldest row that a follower has before it and has not taken, 0 if it waits for none.",
        _by_follower(lambda known, name: known.standings[name].lag(known.now)),
    ),
    Family(
        "reachd_follower_seconds_total",
        ("follower",),
        "Seconds since the start in which a follower was taking rows, waits for its destination included.",
        _by_follower(lambda known, name: known.standings[name].busy),
    ),
    Family(
        "reachd_follower_failures_total",
        ("follower",),
        "Times since the start that a follower failed and was started again.",
        _by_follower(lambda known, name: known.standings[name].failures),
    ),
    Family(
        "reachd_follower_holding",
        ("follower",),
        "1 while the destination of a follower takes nothing, 2 if only a person can mend that.",
        _by_follower(lambda known, name: bool(known.standings[name].holding) + known.standings[name].alarm),
    ),
    Family(
        "reachd_quarantined_points_total",
        ("sink",),
        "Points that the destination of a sink refuses for good, since ever.",
        _quarantined,
    ),
    Family(
        "reachd_sink_figures",
        ("sink", "figure"),
        "What a sink or an alert counts by itself; the figure's name ends in its unit.",
        _sink_figures,
    ),
    # ---- journal ----
    Family(
        "reachd_journal_bytes",
        ("part",),
        "Bytes on disk of the journal's file and of its write-ahead log.",
        lambda known: ((("file",), known.journal.file), (("log",), known.journal.log)),
    ),
    Family("reachd_journal_condition", ("condition",), "1 for the condition that the journal is in.", _condition),
    Family("reachd_journal_last_row", (), "Number of the newest durable row.", _one(lambda known: known.journal.last)),
    Family(
        "reachd_journal_waiting_rows",
        (),
        "Rows in memory that are not on disk yet.",
        _one(lambda known: known.journal.figures.get("journal_waiting_rows", 0)),
    ),
    Family(
        "reachd_journal_dropped_rows_total",
        (),
        "Rows that were lost because the disk took none for too long, since the start.",
        _one(lambda known: known.journal.figures.get("journal_dropped_rows", 0)),
    ),
    Family(
        "reachd_journal_commits_total",
        (),
        "Transactions written since the start.",
        _one(lambda known: known.journal.figures.get("journal_commits", 0)),
    ),
)
"""All of them but the histogram `reachd_start_lateness_seconds`, in the order of the page."""
