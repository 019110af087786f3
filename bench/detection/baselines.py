"""The rules of neighbouring tools, re-written: what each would have said of the same stream."""

from collections import Counter, deque
from dataclasses import dataclass, field
from statistics import median

from bench.detection.found import Found
from bench.detection.world import SECOND
from daemon.rows import PlanRow, Row
from probes.record import Kind, Record, Series

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND


@dataclass(slots=True)
class Alert:
    """What a rule says while it fires."""

    service: str
    vantages: set[str]
    onset: int
    detected: int
    phases: Counter[str] = field(default_factory=Counter)

    def told(self, ended: int | None) -> Found:
        """As a finding; the mechanism is the phase that failed most."""
        phase = self.phases.most_common(1)[0][0] if self.phases else ""
        return Found("", self.service, phase, frozenset(self.vantages), self.onset, self.detected, ended)


@dataclass(slots=True)
class Rule:
    """A rule over the records of slots; what fires is told by key."""

    firing: dict[object, Alert] = field(default_factory=dict)
    over: list[Found] = field(default_factory=list)
    plan: PlanRow | None = None

    def take(self, row: Row) -> None:
        """Read one row."""
        if isinstance(row.body, Record):
            failure = row.body.failure
            if failure is None or failure.kind is not Kind.LOCAL:
                self.record(row.at, row.body)
        elif isinstance(row.body, PlanRow):
            self.plan = row.body

    def record(self, at: int, record: Record) -> None:
        """Read one outcome."""
        raise NotImplementedError

    def found(self) -> list[Found]:
        """What was said, with what still fires."""
        return self.over + [alert.told(None) for alert in self.firing.values()]

    def fire(self, key: object, alert: Alert) -> Alert:
        """Say it, or say it of more places."""
        known = self.firing.setdefault(key, alert)
        known.vantages |= alert.vantages
        return known

    def rest(self, key: object, at: int) -> None:
        """Fire no more."""
        alert = self.firing.pop(key, None)
        if alert is not None:
            self.over.append(alert.told(at))

    def country(self, vantage: str) -> str:
        """Where a vantage is."""
        return self.plan.vantages[vantage].country if self.plan else ""


def phase_of(record: Record) -> str:
    """The phase that failed, empty if none did."""
    return str(record.failure.phase) if record.failure else ""


@dataclass(slots=True)
class ThreeInARow(Rule):
    """gatus: three failures of a series in a row; the first success ends it."""

    runs: dict[Series, list[int]] = field(default_factory=dict)

    def record(self, at: int, record: Record) -> None:
        """Count the run."""
        run = self.runs.setdefault(record.series, [])
        if record.failure is None:
            run.clear()
            self.rest(record.series, record.began)
            return
        if len(run) < 3:
            run.append(record.began)
        if len(run) == 3:
            alert = Alert(record.series.service, {record.series.vantage}, run[0], at)
            self.fire(record.series, alert).phases[phase_of(record)] += 1


@dataclass(slots=True)
class Ratio(Rule):
    """Prometheus and Alertmanager: half of five minutes failed at a vantage, `wait` long; one alert a service."""

    wait: int = 0
    windows: dict[tuple[str, str], deque[tuple[int, bool]]] = field(default_factory=dict)
    since: dict[tuple[str, str], int] = field(default_factory=dict)
    places: dict[str, set[str]] = field(default_factory=dict)

    def record(self, at: int, record: Record) -> None:
        """Look at the window of this service here."""
        service, vantage = key = record.series.service, record.series.vantage
        window = self.windows.setdefault(key, deque())
        window.append((at, record.failure is not None))
        while window[0][0] <= at - 5 * MINUTE:
            window.popleft()
        here = self.places.setdefault(service, set())
        if len(window) >= 2 and 2 * sum(bad for _at, bad in window) > len(window):
            since = self.since.setdefault(key, at)
            if at - since >= self.wait:
                here.add(vantage)
                alert = self.fire(service, Alert(service, {vantage}, since, at))
                alert.phases[phase_of(record)] += record.failure is not None
            return
        self.since.pop(key, None)
        here.discard(vantage)
        if not here:
            self.rest(service, at)


@dataclass(slots=True)
class Median(Rule):
    """IODA: the share that answers in ten minutes of a country is under 80 % of its median of seven days."""

    bin: int = 0
    counts: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    past: dict[tuple[str, str], deque[float]] = field(default_factory=dict)
    phases: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)

    def record(self, at: int, record: Record) -> None:
        """Count; judge all countries when a bin is over."""
        number = at // (10 * MINUTE)
        if number != self.bin:
            self._judge(number * 10 * MINUTE)
            self.bin = number
        key = record.series.service, self.country(record.series.vantage)
        count = self.counts.setdefault(key, [0, 0])
        count[0] += record.failure is None
        count[1] += 1
        self.phases.setdefault(key, Counter())[phase_of(record)] += record.failure is not None

    def _judge(self, at: int) -> None:
        for key, (good, every) in self.counts.items():
            past = self.past.setdefault(key, deque(maxlen=1008))
            usual = median(past) if len(past) >= 12 else 0.0
            if good / every < 0.8 * usual:
                alert = Alert(key[0], self._places(key[1]), at - 10 * MINUTE, at, self.phases[key])
                self.fire(key, alert)
            else:
                self.rest(key, at - 10 * MINUTE)
            past.append(good / every)
        self.counts, self.phases = {}, {}

    def _places(self, country: str) -> set[str]:
        return {name for name, place in self.plan.vantages.items() if place.country == country} if self.plan else set()


@dataclass(slots=True)
class Hourly(Rule):
    """OONI: a cumulative sum over hourly medians of a network's outcomes (drift .35, height 3.5)."""

    hour: int = 0
    scores: dict[tuple[str, str, int], list[int]] = field(default_factory=dict)
    sums: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    onsets: dict[tuple[str, str, int], int] = field(default_factory=dict)
    phases: dict[tuple[str, str, int], Counter[str]] = field(default_factory=dict)

    def record(self, at: int, record: Record) -> None:
        """Note the outcome; judge all networks when an hour is over."""
        number = at // HOUR
        if number != self.hour:
            self._judge(number * HOUR)
            self.hour = number
        place = self.plan.vantages[record.series.vantage] if self.plan else None
        key = record.series.service, place.country if place else "", (place.asn if place else 0) or 0
        self.scores.setdefault(key, []).append(record.failure is not None)
        self.phases.setdefault(key, Counter())[phase_of(record)] += record.failure is not None

    def _judge(self, at: int) -> None:
        for key, scores in self.scores.items():
            value = median(scores)
            total = max(0.0, self.sums[key] + value - 0.35)
            self.sums[key] = min(total, 7.0)  # type: ignore[assignment]
            if not total:
                self.onsets.pop(key, None)
            else:
                self.onsets.setdefault(key, at - HOUR)
            if total >= 3.5 and value:
                self.fire(key, Alert(key[0], self._places(key), self.onsets[key], at, self.phases[key]))
            elif not value:
                self.rest(key, at - HOUR)
        self.scores, self.phases = {}, {}

    def _places(self, key: tuple[str, str, int]) -> set[str]:
        vantages = self.plan.vantages if self.plan else {}
        return {name for name, place in vantages.items() if (place.country, place.asn) == key[1:]}


@dataclass(slots=True)
class Careful(Rule):
    """An operator's own rule: three in a row at two vantages of a country whose other services mostly answer."""

    runs: dict[Series, list[int]] = field(default_factory=dict)
    down: dict[tuple[str, str], dict[Series, None]] = field(default_factory=dict)
    """(Service, country) to the series that are down."""
    living: dict[str, dict[Series, bool]] = field(default_factory=dict)
    """Vantage to the last outcome of each of its series."""

    def record(self, at: int, record: Record) -> None:
        """Count the run, then look at the country."""
        series = record.series
        key = series.service, self.country(series.vantage)
        run, down = self.runs.setdefault(series, []), self.down.setdefault(key, {})
        self.living.setdefault(series.vantage, {})[series] = record.failure is None
        if record.failure is None:
            run.clear()
            down.pop(series, None)
            if len({one.vantage for one in down}) < 2:
                self.rest(key, record.began)
            return
        if len(run) < 3:
            run.append(record.began)
        if len(run) == 3:
            down[series] = None
            self._look(at, key, record)

    def _look(self, at: int, key: tuple[str, str], record: Record) -> None:
        down = self.down[key]
        places = {one.vantage for one in down if self._answers(one.vantage, key[0])}
        if len(places) >= 2:
            onset = min(self.runs[one][0] for one in down if one.vantage in places)
            self.fire(key, Alert(key[0], places, onset, at)).phases[phase_of(record)] += 1

    def _answers(self, vantage: str, service: str) -> bool:
        others = [good for series, good in self.living[vantage].items() if series.service != service]
        return 2 * sum(others) > len(others)


def rules() -> dict[str, Rule]:
    """All of them, by the words of the table."""
    return {
        "3 in a row": ThreeInARow(),
        "ratio 5m": Ratio(),
        "ratio for 5m": Ratio(wait=5 * MINUTE),
        "median 7d": Median(),
        "hourly CUSUM": Hourly(),
        "3 at 2 places": Careful(),
    }
