"""When a closer look at a failure is worth it: the runner's own policy at the rim, never commanded by detection."""

from dataclasses import dataclass, field

from config.plan import Assignment, Plan
from config.slots import SECOND
from daemon.confirm import AGAIN, Outcome, outcome_of
from daemon.diagnose_arms import Try, tries
from daemon.diagnose_ground import Control, Ground, place_of
from probes.record import Kind, Record, Series
from probes.run import Attempt

AGREE = 3
"""Attempts in a row that fail: the slot and its repeats, or slots alone where repeats had no room."""
AFRESH = 1800
"""Seconds until a series that recovered and fails again is looked into again: one that flaps must not be paid twice."""
COOL_DOWN = 180.0
"""Seconds between two looks that show one name from one vantage: what a name sets off may stay for a while."""
SHARE = 16
"""Slots to one cell of a standing block: with the repeats that confirm it, a tenth more connections than without."""
FRESH = 900
"""Seconds within which a control was well, to be compared with."""


@dataclass(slots=True)
class Diagnoses:
    """What the runner remembers for closer looks, in memory; `done` is rebuilt at start."""

    plan: Plan | None = None
    agreed: dict[Series, int] = field(default_factory=dict)
    """For how many attempts in a row a series fails: not in which phase, which a block that stays may change."""
    done: dict[Series, tuple[Outcome, int]] = field(default_factory=dict)
    """The outcome that was looked into last, and when (microseconds); empty once the series was well again."""
    shown: dict[tuple[str, str], float] = field(default_factory=dict)
    """Vantage and name to the monotonic moment of the last look."""
    busy: set[str] = field(default_factory=set)
    """Vantages with a look under way: one at a time, so that the budget stays with measuring."""
    well: dict[Series, Record] = field(default_factory=dict)
    """The last record of each control, while it is good."""

    def take(self, record: Record) -> None:
        """Take note of an attempt, confirming ones too."""
        if record.failure is not None and record.failure.kind is Kind.LOCAL:
            return
        if record.failure is None:
            self._recovered(record)
        else:
            self.agreed[record.series] = self.agreed.get(record.series, 0) + 1
            self.well.pop(record.series, None)

    def _recovered(self, record: Record) -> None:
        series = record.series
        self.agreed.pop(series, None)
        if series in self.done:
            self.done[series] = ("ok", self.done[series][1])
        if self._side(series) == "control" and record.facts.address:
            self.well[series] = record

    def begin(self, record: Record, assignment: Assignment, base: Attempt, now: float) -> tuple[Try, ...]:
        """The cells to measure, if a look is due now (monotonic seconds); whoever takes them calls `end`."""
        if self.agreed.get(record.series, 0) < AGREE or record.failure is None or record.series.vantage in self.busy:
            return ()
        outcome = outcome_of(record)
        name = (record.series.vantage, place_of(assignment.options)[0])
        if now - self.shown.get(name, -COOL_DOWN) < COOL_DOWN:
            return ()
        if not self._is_due(record, outcome):
            return ()
        found = tries(record, base, self.ground(record))
        if not found or not self._is_due(record, outcome, dear=assignment.every * len(found) * SHARE):
            return ()
        self.busy.add(record.series.vantage)
        self.shown = {key: moment for key, moment in self.shown.items() if now - moment < COOL_DOWN} | {name: now}
        self.done[record.series] = (outcome, record.began)
        return found

    def end(self, vantage: str) -> None:
        """The look of a vantage is over."""
        self.busy.discard(vantage)

    def _is_due(self, record: Record, outcome: Outcome, dear: int = 0) -> bool:
        """`dear`: seconds after which the look costs no more than its share of the slots."""
        if record.series not in self.done:
            return True
        before, when = self.done[record.series]
        return record.began - when > (max(AGAIN, dear) if before == outcome else AFRESH) * SECOND

    def ground(self, record: Record) -> Ground:
        """What a failing record can be compared with."""
        if self.plan is None:
            return Ground()
        series = record.series
        others = [item for item in self.plan.assignments if _beside(item.series, series)]
        controls = [
            Control(item, seen.facts.address or "")
            for item in self.plan.assignments
            if (seen := self.well.get(item.series)) is not None
            and (item.series.vantage, item.series.family) == (series.vantage, series.family)
            and item.series != series
            and abs(record.began - seen.began) <= max(FRESH, 3 * item.every) * SECOND
        ]
        return Ground(tuple(controls), tuple(others))

    def keep(self, plan: Plan) -> None:
        """Another plan: forget the series that it does not have."""
        self.plan = plan
        planned = {item.series for item in plan.assignments}
        for memory in (self.agreed, self.done, self.well):
            for series in memory.keys() - planned:
                del memory[series]

    def remember(self, record: Record) -> None:
        """A look of an earlier run of the daemon."""
        if record.facts.diagnosis is not None and record.failure is not None:
            self.done[record.series] = (outcome_of(record), record.began)

    def is_control(self, item: Assignment) -> bool:
        """Whether an assignment is one of a control."""
        return self._side(item.series) == "control"

    def _side(self, series: Series) -> str:
        service = self.plan.services.get(series.service) if self.plan else None
        return service.side if service else ""


def _beside(one: Series, series: Series) -> bool:
    return one != series and (one.service, one.vantage) == (series.service, series.vantage)
