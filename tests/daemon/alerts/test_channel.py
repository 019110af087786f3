"""The follower of an alert, by hand and clock: what is durable when, what holds it, what is given up."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from daemon.alerts.channel import GIVE_UP, LONGEST, Channel
from daemon.alerts.messages import Message
from daemon.alerts.outbox import DIGEST_AFTER
from daemon.follower import Taken
from daemon.rows import Delivery, Event
from daemon.sinks.answers import Answer
from tests.lab.hand_clock import HandClock
from tests.lab.samples import EVENT
from tests.lab.story_of_events import event, life, news, rows

OK = Answer(200)


@dataclass
class Desk:
    """A channel whose receiver answers as it is told, and whose journal keeps what is saved."""

    clock: HandClock = field(default_factory=lambda: HandClock(EVENT.at))
    answers: list[Answer] = field(default_factory=list)
    came: list[Message] = field(default_factory=list)
    saved: dict[str, bytes] = field(default_factory=dict)
    outcomes: list[Delivery] = field(default_factory=list)
    seq: int = 0

    def __post_init__(self) -> None:
        self.channel = Channel("desk", self.send, self.clock, lambda: 1.0)

    async def send(self, message: Message) -> Answer:
        assert f"m/{message.place}" in self.saved, "it is durable before it is sent"
        self.came.append(message)
        return self.answers.pop(0) if self.answers else OK

    async def take(self, *events: Event) -> Taken:
        taken = await self.channel.take(rows(list(events), self.seq))
        self.seq += len(events)
        for key, value in taken.saved.items():
            if value is None:
                self.saved.pop(key, None)
            else:
                self.saved[key] = value
        self.outcomes += [row for row in taken.rows if isinstance(row, Delivery)]
        return taken

    async def crash(self) -> None:
        """Begin anew with what the journal keeps."""
        self.channel = Channel("desk", self.send, self.clock, lambda: 1.0)
        await self.channel.resume(self.saved)

    async def settle(self, rounds: int = 200) -> Taken:
        """Go on as the loop would until nothing waits."""
        taken = await self.take()
        for _ in range(rounds):
            if taken.again is None:
                return taken
            self.clock.pass_(taken.again)
            taken = await self.take()
        raise AssertionError(f"something waits for ever: {taken.holding}")

    def told(self) -> list[tuple[str, int, str]]:
        return [(part.event, part.revision, part.transition) for message in self.came for part in message.parts]


async def test_a_message_is_durable_before_it_is_sent() -> None:
    desk = Desk()
    taken = await desk.take(event())
    assert (desk.came, taken.again) == ([], 0.0)
    taken = await desk.take()
    assert (len(desk.came), taken.again, set(desk.saved)) == (1, None, {"e/E1"})


async def test_what_became_of_it_is_a_row_of_the_journal() -> None:
    desk = Desk()
    await desk.take(event())
    await desk.settle()
    assert desk.outcomes == [Delivery(desk.came[0].id, "E1", 1, "opened", "desk", 1, "delivered", 200)]


async def test_order_holds_though_the_receiver_fails_in_between() -> None:
    desk = Desk(answers=[OK, Answer(500), Answer(0, "TimeoutError"), Answer(429), OK, Answer(503)])
    await desk.take(*life("E1"), *life("E2"))
    await desk.settle()
    assert list(dict.fromkeys(desk.told())) == news("E1", "E2")
    assert [row.attempts for row in desk.outcomes] == [1, 4, 2, 1, 1, 1, 1, 1]


async def test_a_receiver_that_is_away_holds_no_row_up_and_is_seen() -> None:
    desk = Desk(answers=[Answer(503, "back soon")])
    await desk.take(event("E1"))
    taken = await desk.take(event("E2"))
    assert taken.cursor is None, "the rows are taken"
    assert taken.holding == "the receiver takes nothing now: 503 back soon"
    assert not taken.alarm
    assert taken.again == 1.0
    assert "m/2" in desk.saved
    taken = await desk.settle()
    assert (taken.holding, taken.alarm) == ("", False)


async def test_it_waits_longer_and_longer_but_never_for_ever() -> None:
    desk = Desk(answers=[Answer(500)] * 12)
    await desk.take(event())
    waits = []
    taken = await desk.take()
    while taken.again:
        waits.append(taken.again)
        desk.clock.pass_(taken.again)
        taken = await desk.take()
    assert waits[:7] == [1, 2, 4, 8, 16, 32, 60]
    assert max(waits) == LONGEST


async def test_the_receiver_may_ask_for_a_pause_but_not_for_a_week() -> None:
    desk = Desk(answers=[Answer(429, retry_after=30.0), Answer(503, retry_after=7 * 86_400.0)])
    await desk.take(event())
    taken = await desk.take()
    assert taken.again == 30.0
    desk.clock.pass_(30.0)
    taken = await desk.take()
    assert taken.again == 300.0


async def test_before_its_time_nothing_is_tried_whatever_comes() -> None:
    desk = Desk(answers=[Answer(500)])
    await desk.take(event("E1"))
    await desk.take()
    for number in range(2, 6):
        await desk.take(event(f"E{number}"))
    assert len(desk.came) == 1


async def test_a_message_that_is_refused_again_and_again_is_given_up_and_the_next_one_goes() -> None:
    desk = Desk(answers=[Answer(410, "gone")] * GIVE_UP)
    await desk.take(event("E1"), event("E2"))
    await desk.settle()
    assert [(row.event, row.outcome, row.attempts, row.status, row.detail) for row in desk.outcomes] == [
        ("E1", "given_up", GIVE_UP, 410, "410 gone"),
        ("E2", "delivered", 1, 200, ""),
    ]


async def test_a_refusal_is_an_alarm_and_trouble_on_the_way_gives_nothing_up() -> None:
    desk = Desk(answers=[Answer(0, "TimeoutError")] * 3 * GIVE_UP + [Answer(401)] * (GIVE_UP - 1))
    await desk.take(event())
    alarms = [(await desk.take()).alarm]
    while desk.answers:
        desk.clock.pass_(60.0)
        alarms.append((await desk.take()).alarm)
    assert alarms == [False] * 3 * GIVE_UP + [True] * (GIVE_UP - 1)
    desk.clock.pass_(60.0)
    assert (await desk.take()).again is None
    assert [row.outcome for row in desk.outcomes] == ["delivered"]


async def test_attempts_are_counted_over_restarts() -> None:
    desk = Desk(answers=[Answer(404)] * GIVE_UP)
    await desk.take(event())
    for _ in range(GIVE_UP):
        await desk.take()
        await desk.crash()
    assert [(row.outcome, row.attempts) for row in desk.outcomes] == [("given_up", GIVE_UP)]


async def test_a_crash_after_the_answer_repeats_the_same_id_and_body() -> None:
    desk = Desk()
    await desk.take(*life())
    await desk.channel.take([])  # sent, and never committed
    await desk.crash()
    await desk.settle()
    assert desk.told() == [news("E1")[0], *news("E1")], "only what was under way comes again"
    assert len({message.id for message in desk.came}) == len({message.body for message in desk.came}) == 4


async def test_after_an_outage_one_digest_comes_first_and_is_durable_before_it_is_sent() -> None:
    desk = Desk()
    await desk.take(*life("E1"), *life("E2"))
    await desk.crash()
    desk.clock.pass_(DIGEST_AFTER / 1e6 + 60)
    taken = await desk.take(event("E3", at=desk.clock.wall()))
    assert (desk.came, taken.again) == ([], 0.0)
    await desk.settle()
    assert [len(message.parts) for message in desk.came] == [8, 1]
    assert [(row.event, row.revision, row.transition) for row in desk.outcomes[:8]] == news("E1", "E2")
    assert len({row.message for row in desk.outcomes}) == 2


async def test_it_counts_what_it_did() -> None:
    desk = Desk(answers=[Answer(500), OK, *[Answer(400)] * GIVE_UP])
    await desk.take(event("E1"), event("E2"), event("E3"))
    assert desk.channel.measured()["alert_desk_waiting_messages"] == 3
    await desk.settle()
    figures = desk.channel.measured()
    assert figures.pop("alert_desk_request_seconds") == 0.0
    assert figures == {
        "alert_desk_sent_messages": 2,
        "alert_desk_requests": 13,
        "alert_desk_failed_requests": 11,
        "alert_desk_given_up_messages": 1,
        "alert_desk_waiting_messages": 0,
    }


STATUSES = (200, 200, 200, 500, 0, 429, 410)
STEPS = ("event", "event", "ask", "later", "crash", "lost")


@given(st.lists(st.sampled_from(STEPS), max_size=60), st.lists(st.sampled_from(STATUSES), max_size=30))
def test_whatever_happens_every_transition_is_settled_once_and_told_in_order(
    steps: list[str], statuses: list[int]
) -> None:
    asyncio.run(_ordeal(steps, [Answer(status) for status in statuses]))


async def _ordeal(steps: list[str], answers: list[Answer]) -> None:
    """Events come one by one; in between it is asked, time passes, it dies, or it dies before it could commit."""
    desk = Desk(answers=answers)
    stories = [one for pair in zip(life("E1"), life("E2"), strict=True) for one in pair]
    for step in steps:
        match step:
            case "event" if stories:
                await desk.take(stories.pop(0))
            case "later":
                desk.clock.pass_(30.0)
            case "crash":
                await desk.crash()
            case "lost":
                await desk.channel.take(rows(stories[:1], desk.seq))
                await desk.crash()
            case _:
                await desk.take()
    await desk.take(*stories)
    await desk.settle()
    settled = [(row.event, row.revision, row.transition) for row in desk.outcomes]
    assert sorted(settled) == sorted(news("E1", "E2")), "each is settled, and once"
    for name in ("E1", "E2"):
        assert [told for told in dict.fromkeys(desk.told()) if told[0] == name] == news(name)
    bodies = {message.id: message.body for message in desk.came}
    assert all(bodies[message.id] == message.body for message in desk.came)
