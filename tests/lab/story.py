"""Stories for detection: who measures what from where, what goes wrong when, told as the journal's rows in order."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from config.slots import due_of, offset_of, slot_at, stable, start_after_due
from daemon.detect.step import Detection, restore, step
from daemon.rows import Body, Change, Event, Gap, Heartbeat, Place, Planned, PlanRow, Row, State
from probes.record import Answer, Facts, Failure, Kind, Phase, Purpose, Record, Series, Timing

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60, 3600, 86_400
START = 1_770_840_000 * SECOND
"""2026-02-11T20:00:00Z; all times of a story are seconds after it."""


@dataclass(frozen=True, slots=True)
class How:
    """How an attempt fails: what the record says, and after how long (None: at the timeout)."""

    phase: Phase
    kind: Kind
    seconds: float | None = 0.05
    facts: Facts = field(default_factory=Facts)


def _answer(rcode: str, *addresses: str, flags: tuple[str, ...] = ("ra", "rd"), authority: int = 1) -> Answer:
    return Answer(0.02, rcode, flags, addresses, 60, authority)


NXDOMAIN = How(Phase.DNS, Kind.DNS_NXDOMAIN, facts=Facts(answers=(_answer("NXDOMAIN"),)))
REWRITE = How(Phase.DNS, Kind.DNS_NXDOMAIN, facts=Facts(answers=(_answer("NXDOMAIN", flags=("aa",), authority=0),)))
INJECTION = How(
    Phase.DNS, Kind.DNS_BOGON, facts=Facts(answers=(_answer("NOERROR", "10.0.0.1"), _answer("NOERROR", "192.0.2.1")))
)
SERVFAIL = How(Phase.DNS, Kind.DNS_SERVFAIL)
DNS_SILENCE = How(Phase.DNS, Kind.TIMEOUT, None)
DROP = How(Phase.TCP, Kind.TIMEOUT, None)
REFUSED = How(Phase.TCP, Kind.REFUSED, facts=Facts(refused_by="rst"))
UNREACHABLE = How(Phase.TCP, Kind.HOST_UNREACHABLE)
TLS_RESET = How(Phase.TLS, Kind.RESET)
TLS_DROP = How(Phase.TLS, Kind.TIMEOUT, None)
FALSE_CERTIFICATE = How(Phase.TLS, Kind.TLS_AUTHORITY, facts=Facts(verify=20))
BLOCKPAGE = How(Phase.HTTP, Kind.HTTP_BLOCKPAGE)
STATUS = How(Phase.HTTP, Kind.HTTP_STATUS, facts=Facts(status=503))
LOCAL = How(Phase.TCP, Kind.LOCAL, 0.0)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What is measured of a service, from every vantage or from those named."""

    service: str
    role: str
    target: str
    probe: str
    family: str = "ipv4"
    vantages: tuple[str, ...] = ()
    every: int | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong: how, for which series, from and until when (seconds), for which share of attempts."""

    how: How
    since: float
    until: float
    concerns: Callable[[Series], bool]
    share: float = 1.0


Cut = Callable[[Record], bool]


@dataclass(slots=True)
class Story:
    """A plan, its vantages, and what goes wrong. `rows(until)` tells it."""

    every: int = 60
    timeout: float = 10.0
    flash: float = 30.0
    seed: int = 1
    places: dict[str, Place] = field(default_factory=dict)
    sides: dict[str, str] = field(default_factory=dict)
    endpoints: list[Endpoint] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    silences: list[tuple[str, float, float]] = field(default_factory=list)
    heartbeats: bool = True
    version: str = "1"
    config: str = "c"

    def vantage(self, name: str, country: str = "", asn: int | None = None) -> "Story":
        """A place to measure from."""
        self.places[name] = Place(country, asn)
        return self

    def service(self, name: str, side: str, *endpoints: tuple[str, str, str]) -> "Story":
        """A service; each endpoint is (role, probe, target)."""
        self.sides[name] = side
        self.endpoints += [Endpoint(name, role, target, probe) for role, probe, target in endpoints]
        return self

    def also(self, *endpoints: Endpoint) -> "Story":
        """Endpoints with a family, places or an interval of their own."""
        self.endpoints += endpoints
        return self

    def fails(self, how: How, since: float, until: float = 1e9, *, share: float = 1.0, **where: str) -> "Story":
        """From `since` on, series whose fields are as named (`role="web"`, `vantage="ru1 ru2"`) fail."""
        wanted = {name: frozenset(words.split()) for name, words in where.items()}

        def concerns(series: Series) -> bool:
            return all(getattr(series, name) in words for name, words in wanted.items())

        self.troubles.append(Trouble(how, since, until, concerns, share))
        return self

    def silent(self, vantage: str, since: float, until: float = 1e9) -> "Story":
        """Nothing comes from a vantage, no record and no heartbeat."""
        self.silences.append((vantage, since, until))
        return self

    def series(self) -> list[Series]:
        """All series, in the plan's order."""
        return [
            Series(one.service, one.role, one.target, one.probe, vantage, one.family)
            for one in self.endpoints
            for vantage in self.places
            if not one.vantages or vantage in one.vantages
        ]

    def plan(self) -> PlanRow:
        """The plan of it all."""
        everies = {(one.service, one.role, one.target, one.probe, one.family): one.every for one in self.endpoints}
        planned = []
        for series in self.series():
            key = (series.service, series.role, series.endpoint, series.probe, series.family)
            every = everies[key] or self.every
            planned.append(Planned(series, every, offset_of(series, every), self.timeout, self.config))
        return PlanRow("plan", dict(self.places), dict(self.sides), tuple(planned), (), self.flash)

    def rows(self, until: float, since: float = 0.0) -> list[Row]:
        """The plan at `since`, then all records and heartbeats in the order in which they come in."""
        dice = random.Random(self.seed)
        plan = self.plan()
        told: list[tuple[int, Body]] = [(START + round(since * SECOND), plan)]
        for planned in plan.assignments:
            told += [(ended(record), record) for record in self._records(planned, since, until, dice)]
        if self.heartbeats:
            last = after(max(at for at, _body in told))
            told += self._heartbeats(since, last, min([10, *(planned.every for planned in plan.assignments)]))
        return numbered(told)

    def _records(self, planned: Planned, since: float, until: float, dice: random.Random) -> Iterator[Record]:
        series, every, offset = planned.series, planned.every, planned.offset
        seed = stable(series, "start")
        first = slot_at(START + round(since * SECOND), every, offset) + 1
        for slot in range(first, slot_at(START + round(until * SECOND), every, offset) + 1):
            due = due_of(slot, every, offset)
            began = due + round(start_after_due(seed, slot, every) * SECOND)
            if not self._is_silent(series.vantage, began):
                yield self.record(series, due, began, dice)

    def record(self, series: Series, due: int, began: int, dice: random.Random) -> Record:
        """One attempt, as the troubles of its moment will have it."""
        lasts = min(0.05 + 0.05 * dice.random(), self.timeout / 2)
        over = (began - START) / SECOND + lasts
        luck = dice.random()
        how = next(
            (
                one.how
                for one in self.troubles
                if one.since <= over and over - lasts < one.until and luck < one.share and one.concerns(series)
            ),
            None,
        )
        if how is None:
            return attempt(series, due, began, lasts, version=self.version)
        seconds = self.timeout if how.seconds is None else min(how.seconds, self.timeout)
        failure = Failure(how.phase, how.kind)
        return attempt(series, due, began, seconds, failure, how.facts, version=self.version)

    def _is_silent(self, vantage: str, moment: int) -> bool:
        after = (moment - START) / SECOND
        return any(name == vantage and since <= after < until for name, since, until in self.silences)

    def _heartbeats(self, since: float, until: float, beat: int) -> Iterator[tuple[int, Body]]:
        for number in range(int((until - since) / beat)):
            at = START + round(since * SECOND) + number * beat * SECOND + 123_456
            for vantage in self.places:
                if not self._is_silent(vantage, at):
                    yield at, Heartbeat(vantage, None, ("ipv4",))


def attempt(
    series: Series,
    due: int,
    began: int,
    seconds: float = 0.05,
    failure: Failure | None = None,
    facts: Facts | None = None,
    **more: object,
) -> Record:
    """A record with what matters."""
    timings = (Timing(failure.phase if failure else Phase.TCP, 0.0, seconds),)
    return Record(series, due, began, seconds, timings, failure, facts or Facts(), **more)  # type: ignore[arg-type]


def ended(record: Record) -> int:
    """When a record is complete: the journal's stamp."""
    return record.began + round(record.seconds * SECOND)


def numbered(told: Iterable[tuple[int, Body]]) -> list[Row]:
    """Rows in the order of their stamps."""
    return [Row(number, at, body) for number, (at, body) in enumerate(sorted(told, key=lambda pair: pair[0]), 1)]


def detect(rows: Iterable[Row], state: Detection | None = None) -> list[Body]:
    """All conclusions from rows."""
    state = Detection() if state is None else state
    return [body for row in rows for body in step(state, row)]


def events(rows: Iterable[Row]) -> list[Event]:
    """All event revisions."""
    return [body for body in detect(rows) if isinstance(body, Event)]


def changes(rows: Iterable[Row]) -> list[Change]:
    """All changes."""
    return [body for body in detect(rows) if isinstance(body, Change)]


def states(rows: Iterable[Row]) -> list[State]:
    """All states of services."""
    return [body for body in detect(rows) if isinstance(body, State)]


def last_of_each(revisions: Iterable[Event]) -> list[Event]:
    """The last revision of each event."""
    return list({event.id: event for event in revisions}.values())


def the_event(rows: Iterable[Row]) -> Event:
    """The one event of a story, as it was told last."""
    found = last_of_each(events(rows))
    assert len(found) == 1, [(one.kind, one.service, one.scope.vantages, one.state) for one in found]
    return found[0]


def after(moment: int | None) -> float:
    """Seconds of the story; a moment that did not come is told here."""
    assert moment is not None
    return (moment - START) / SECOND


def restarted(rows: Sequence[Row], cuts: Iterable[int]) -> list[Body]:
    """All conclusions when the state is saved and taken up again before each of the row numbers."""
    state, saved, made = Detection(), dict[str, bytes](), list[Body]()
    wanted = set(cuts)
    for number, row in enumerate(rows):
        if number in wanted:
            keep(saved, state)
            state = restore(saved)
        made += step(state, row)
    return made


def keep(saved: dict[str, bytes], state: Detection) -> None:
    """Save what changed, as the journal does."""
    for key, value in state.changes().items():
        if value is None:
            saved.pop(key, None)
        else:
            saved[key] = value


def confirmations(record: Record, *moments: float, good: bool = False) -> list[tuple[int, Body]]:
    """Repeats of a record so many seconds after it."""
    told: list[tuple[int, Body]] = []
    for number, moment in enumerate(moments, 1):
        again = replace(
            record,
            began=record.began + round(moment * SECOND),
            purpose=Purpose.CONFIRM,
            of=record.id,
            attempt=1 + number,
            failure=None if good else record.failure,
        )
        told.append((ended(again), again))
    return told


def gaps(story: Story, since: float, until: float, reason: str, at: float) -> list[tuple[int, Body]]:
    """Gap rows of all series for a stretch in which nothing was measured, written at a moment."""
    return [
        (
            START + round(at * SECOND),
            Gap(one.series, START + round(since * SECOND), START + round(until * SECOND), one.every, reason),
        )
        for one in story.plan().assignments
    ]


WHATSAPP = (
    ("web", "dns", "web.whatsapp.com/A@vantage"),
    ("web", "http", "https://web.whatsapp.com/"),
    ("chat", "tcp", "g.whatsapp.net:5222"),
    ("media", "tls", "mmg.whatsapp.net:443"),
)
MAX = (("web", "http", "https://web.max.ru/"), ("site", "tls", "max.ru:443"))
CONTROLS = (("site", "http", "https://www.wikipedia.org/"), ("site", "tls", "example.com:443"))


def february(**options: object) -> Story:
    """Two networks of Russia and one place abroad, WhatsApp beside MAX and controls; nothing wrong yet."""
    story = Story(**options)  # type: ignore[arg-type]
    story.vantage("ru1", "RU", 12389).vantage("ru2", "RU", 31133).vantage("nl1", "NL", 1103)
    return messengers(story)


def demo() -> Story:
    """The shape of `reachd demo`: two places, intervals of 1 s."""
    story = Story(every=1, timeout=0.9, flash=2.0).vantage("moscow", "RU", 64500).vantage("amsterdam", "NL", 64501)
    return messengers(story)


def messengers(story: Story) -> Story:
    """WhatsApp, MAX and controls."""
    story.service("whatsapp", "foreign", *WHATSAPP).service("max", "domestic", *MAX)
    return story.service("controls", "control", *CONTROLS)


def block(story: Story, vantages: str, since: float, until: float = 1e9) -> Story:
    """The block of February 2026: the web name is denied, chat and media are dropped."""
    story.fails(NXDOMAIN, since, until, service="whatsapp", role="web", vantage=vantages)
    return story.fails(DROP, since, until, service="whatsapp", role="chat media", vantage=vantages)
