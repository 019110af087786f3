"""The policy after each answer, played against a store that says whatever the test wants, on a clock moved by hand."""

import json
from collections.abc import Callable

import pytest

from daemon.follower import Hold
from daemon.sinks.answers import Answer
from daemon.sinks.bisect import REQUESTS, Work
from daemon.sinks.delivery import PROBE, Delivery, Figures
from daemon.sinks.pace import RETRY_AFTER_CAP, Pace
from daemon.sinks.parcel import LINES
from daemon.sinks.protocol import Line
from tests.lab.hand_clock import HandClock

DONE = Answer(204)
HOUR = 3600 * 10**9


class Store:
    """Keeps each point by its line; `say` decides the answer to a request, or leaves it to the store (None)."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.say: Callable[[list[Line]], Answer | None] = lambda _: None
        self.requests: list[list[Line]] = []
        self.when: list[float] = []
        self.held: list[Hold] = []
        self.points: dict[bytes, int] = {}
        busy, refused = Pace(1.0, 60.0, lambda: 1.0), Pace(10.0, 300.0, lambda: 1.0)
        self.delivery = Delivery(self.post, self.clock, busy, refused)

    async def post(self, part: list[Line]) -> Answer:
        self.requests.append(part)
        self.when.append(self.clock.monotonic())
        self.clock.pass_(0.001)
        answer = self.say(part)
        if answer is None:
            for line in part:
                self.points[line.text] = self.points.get(line.text, 0) + 1
        return answer or DONE

    async def deliver(self, many: list[Line], tries: int = 100_000) -> Work:
        """As the follower loop does: after a Hold, wait and offer the rest again."""
        work = Work([many])
        for _ in range(tries):
            try:
                await self.delivery.deliver(work)
            except Hold as hold:
                self.held.append(hold)
                self.clock.pass_(hold.seconds)
            else:
                return work
        raise AssertionError("not delivered")

    def sizes(self) -> list[int]:
        return [len(part) for part in self.requests]

    @property
    def figures(self) -> Figures:
        return self.delivery.figures


@pytest.fixture
def store() -> Store:
    return Store()


def lines(count: int, measurement: str = "probe_result", age: int = 0) -> list[Line]:
    time = HandClock().wall() * 1000 - age
    return [Line(n, time + n, f"{measurement},a={n} x=1i {time + n}".encode()) for n in range(count)]


def once(*answers: Answer) -> Callable[[list[Line]], Answer | None]:
    """These answers first, then the store's own."""
    left = list(answers)
    return lambda _: left.pop(0) if left else None


def partial(bad: set[int], part: list[Line]) -> Answer | None:
    """A field type conflict as InfluxDB words it: the number, not the lines."""
    dropped = sum(line.seq in bad for line in part if b"sink_check" not in line.text)
    message = f"partial write: field type conflict: x is type float dropped={dropped}"
    return Answer(422, json.dumps({"message": message})) if dropped else None


def unparsable(bad: set[int], part: list[Line]) -> Answer | None:
    found = [line for line in part if line.seq in bad and b"sink_check" not in line.text]
    return Answer(400, f"unable to parse '{found[0].text.decode()}'") if found else None


async def test_a_batch_is_one_request(store: Store) -> None:
    await store.deliver(lines(LINES))
    assert store.sizes() == [LINES]
    assert (store.figures.points, store.figures.requests, store.figures.refusals) == (LINES, 1, 0)


async def test_nothing_to_send_is_no_request(store: Store) -> None:
    await store.deliver([])
    assert store.requests == []


@pytest.mark.parametrize("status", [0, 408, 429, 500, 502, 503, 504])
async def test_trouble_keeps_everything_and_waits_longer_each_time(store: Store, status: int) -> None:
    store.say = once(*[Answer(status)] * 4)
    work = await store.deliver(lines(10))
    assert [hold.seconds for hold in store.held] == [1, 2, 4, 8]
    assert not any(hold.alarm for hold in store.held)
    assert len(store.points) == 10
    assert work.bad == []


@pytest.mark.parametrize(("asked", "waited"), [(17.0, 17.0), (99_999.0, RETRY_AFTER_CAP)])
async def test_retry_after_is_heeded_up_to_five_minutes(store: Store, asked: float, waited: float) -> None:
    store.say = once(Answer(429, retry_after=asked))
    await store.deliver(lines(3))
    assert [hold.seconds for hold in store.held] == [waited]


async def test_after_trouble_one_small_batch_shows_whether_it_is_over(store: Store) -> None:
    store.say = once(Answer(503), Answer(503))
    await store.deliver(lines(LINES))
    assert store.sizes() == [LINES, PROBE, PROBE, LINES - PROBE]
    assert list(store.points.values()) == [1] * LINES


@pytest.mark.parametrize("answer", [Answer(401), Answer(403), Answer(404), Answer(200, page=True), Answer(302)])
async def test_a_refusal_alarms_and_is_tried_again_slowly(store: Store, answer: Answer) -> None:
    store.say = once(answer, answer)
    work = await store.deliver(lines(10))
    assert [hold.seconds for hold in store.held] == [10, 20]
    assert all(hold.alarm for hold in store.held)
    assert len(store.points) == 10
    assert work.bad == []


async def test_what_is_too_large_is_halved_until_it_fits(store: Store) -> None:
    store.say = lambda part: Answer(413) if len(part) > 700 else None
    await store.deliver(lines(LINES))
    assert list(store.points.values()) == [1] * LINES
    assert [line for part in store.requests if len(part) <= 700 for line in part] == lines(LINES)
    assert store.sizes()[:4] == [5000, 2500, 1250, 625]
    assert store.delivery.limit == 625


async def test_the_size_that_fits_is_remembered_and_tried_larger_after_a_while(store: Store) -> None:
    store.say = once(Answer(413))
    await store.deliver(lines(LINES))
    for _ in range(20):
        await store.deliver(lines(1))
    assert store.delivery.limit == LINES


async def test_one_line_that_is_too_large_is_bad(store: Store) -> None:
    store.say = lambda part: Answer(413) if any(line.seq == 3 for line in part) else None
    work = await store.deliver(lines(8))
    assert [bad.line.seq for bad in work.bad] == [3]
    assert len(store.points) == 7 + 1  # and the plain point that proved the store right


@pytest.mark.parametrize("refuse", [partial, unparsable])
@pytest.mark.parametrize("bad", [{0}, {4999}, {1234}, {1, 2, 4000}])
async def test_bad_lines_are_found_and_every_good_one_is_stored(store: Store, refuse: Callable, bad: set[int]) -> None:
    store.say = lambda part: refuse(bad, part)
    work = await store.deliver(lines(LINES))
    assert {one.line.seq for one in work.bad} == bad
    assert all(one.answer.status in {400, 422} for one in work.bad)
    good = {line.text for line in lines(LINES) if line.seq not in bad}
    assert good <= set(store.points)
    assert not {line.text for line in lines(LINES) if line.seq in bad} & set(store.points)
    assert store.held == []
    assert len(store.requests) <= 1 + 27 * len(bad)


async def test_when_the_server_says_that_all_were_dropped_no_search_is_needed(store: Store) -> None:
    store.say = lambda part: partial(set(range(LINES)), part)
    work = await store.deliver(lines(LINES))
    assert len(work.bad) == LINES
    assert store.sizes() == [LINES, 1]


async def test_one_measurement_that_conflicts_is_set_apart_at_once(store: Store) -> None:
    """Interleaved by time, but what another writer spoiled is one measurement."""
    spoiled = lines(500, "service_state")
    many = sorted(spoiled + lines(500, "daemon_health"), key=lambda line: line.time)
    store.say = lambda part: partial(set(range(500)), [line for line in part if b"service_state" in line.text])
    work = await store.deliver(many)
    assert {bad.line.text for bad in work.bad} == {line.text for line in spoiled}
    assert len(store.requests) <= 5


async def test_a_gatekeeper_that_refuses_everything_condemns_nothing(store: Store) -> None:
    """A proxy that answers 400 to all (plain HTTP to a TLS port, say) is no verdict on a line."""
    store.say = once(*[Answer(400, "Bad Request")] * 40)
    work = await store.deliver(lines(LINES))
    assert work.bad == []
    assert any(hold.alarm for hold in store.held)
    assert {line.text for line in lines(LINES)} <= set(store.points)


async def test_a_store_that_fails_during_the_proof_condemns_nothing(store: Store) -> None:
    store.say = lambda part: Answer(503) if b"sink_check" in part[0].text else unparsable({0}, part)
    with pytest.raises(AssertionError, match="not delivered"):
        await store.deliver(lines(2), tries=5)
    store.say = lambda part: unparsable({0}, part)
    work = await store.deliver(lines(2))
    assert [bad.line.seq for bad in work.bad] == [0]


async def test_a_search_keeps_to_its_budget_and_loses_nothing_it_found(store: Store) -> None:
    bad = set(range(0, 400, 2))
    store.say = lambda part: unparsable(bad, part)
    work = await store.deliver(lines(400))
    assert {one.line.seq for one in work.bad} == bad
    assert len(store.points) == 200 + len({part[0].text for part in store.requests if b"sink_check" in part[0].text})
    busiest = max(sum(1 for other in store.when if 0 <= other - one < 60) for one in store.when)
    assert busiest <= REQUESTS
    assert {hold.reason.split(",")[0] for hold in store.held} == {"looks for the lines that the store refuses"}
    assert len(store.requests) < 4 * 400


async def test_trouble_in_the_middle_of_a_search_does_not_begin_it_anew(store: Store) -> None:
    trouble = iter([False] * 9 + [True] * 3 + [False] * 1000)
    store.say = lambda part: Answer(503) if next(trouble) else unparsable({77}, part)
    work = await store.deliver(lines(LINES))
    assert [bad.line.seq for bad in work.bad] == [77]
    assert len(store.requests) < 60


async def test_points_older_than_the_retention_are_not_sent_but_counted(store: Store) -> None:
    store.delivery.retention = HOUR
    await store.deliver(lines(5, age=2 * HOUR) + lines(3))
    assert store.sizes() == [3]
    assert store.figures.clipped == 5


async def test_the_retention_is_learned_from_the_servers_words(store: Store) -> None:
    words = "partial write: dropped 9 points outside retention policy of duration 1h0m0s - oldest point"

    def say(part: list[Line]) -> Answer | None:
        old = sum(line.time < store.clock.wall() * 1000 - HOUR for line in part)
        return Answer(422, json.dumps({"message": f"{words} dropped={old}"})) if old else None

    store.say = say
    work = await store.deliver(lines(100, age=2 * HOUR) + lines(100))
    assert work.bad == []
    assert store.sizes() == [200, 100]
    assert store.figures.clipped == 100
    await store.deliver(lines(50, age=2 * HOUR))
    assert store.sizes() == [200, 100]


async def test_a_retention_that_the_words_do_not_tell_is_found_by_searching(store: Store) -> None:
    def say(part: list[Line]) -> Answer | None:
        old = sum(line.time < store.clock.wall() * 1000 - HOUR for line in part)
        return Answer(422, f"points beyond retention policy dropped={old}") if old else None

    store.say = say
    work = await store.deliver(lines(64, age=2 * HOUR) + lines(64))
    assert work.bad == []
    assert store.figures.clipped == 64
    assert {line.text for line in lines(64)} == set(store.points)


async def test_a_bound_that_clips_nothing_is_not_believed(store: Store) -> None:
    """Our clock and the server's differ, or its words do: a loop that only asks again would never end."""
    words = "outside retention policy of duration 9000h0m0s dropped=1"
    store.say = lambda part: Answer(422, words) if any(line.seq == 1 for line in part) else None
    work = await store.deliver(lines(4))
    assert work.bad == []
    assert store.figures.clipped == 1
    assert len(store.points) == 3


def test_figures_have_names() -> None:
    named = Figures(points=3, quarantined=1).named("influx_5m")
    assert named["influx_5m_points"] == 3
    assert all(name.startswith("influx_5m_") for name in named)
