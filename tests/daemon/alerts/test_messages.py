"""Messages: an id says what is told to whom, an equal id has an equal body, and a digest leaves nothing unsaid."""

import json

from hypothesis import given
from hypothesis import strategies as st

from daemon.alerts.messages import NAMED, Message, digest, page, trial, unpack
from daemon.alerts.news import Transition
from daemon.wire import object_of
from tests.lab.journal_rows import events
from tests.lab.samples import EVENT, SECOND
from tests.lab.story_of_events import event

OPENED = Transition.OPENED


def some(count: int, name: str = "E", first: int = 1) -> list[Message]:
    return [page("desk", event(f"{name}{number}"), OPENED, number) for number in range(first, first + count)]


def test_a_page_carries_the_event_as_every_other_contract_does() -> None:
    body = json.loads(page("desk", event(), OPENED, 7).body)
    assert list(body) == ["reachd", "id", "channel", "transition", "at", "event"]
    assert body["reachd"] == "alert/1"
    assert (body["channel"], body["transition"]) == ("desk", "opened")
    assert body["event"] == json.loads(json.dumps(object_of(event(), event().at)))


def test_the_id_is_of_event_revision_transition_and_channel() -> None:
    first = page("desk", event(), OPENED, 7)
    assert page("desk", event(), OPENED, 99).id == first.id == json.loads(first.body)["id"]
    others = {
        page("phone", event(), OPENED, 7).id,
        page("desk", event("E2"), OPENED, 7).id,
        page("desk", event(revision=2), OPENED, 7).id,
        page("desk", event(), Transition.CHANGED, 7).id,
    }
    assert len(others | {first.id}) == 5


@given(st.builds(page, st.sampled_from(["desk", "ж"]), events, st.sampled_from(Transition), st.integers(1, 2**40)))
def test_a_message_comes_back_from_where_it_was_saved(message: Message) -> None:
    assert unpack(message.pack()) == message


def test_a_digest_names_every_transition_and_the_last_of_each_event() -> None:
    pages = [
        page("desk", event("E1", 1), OPENED, 1),
        page("desk", event("E2", 1), OPENED, 2),
        page("desk", event("E1", 2, kind="throttle"), Transition.CHANGED, 3),
    ]
    made = digest("desk", pages)
    body = json.loads(made.body)
    assert body["transition"] == "digest"
    assert [(part["event"], part["revision"], part["transition"]) for part in body["transitions"]] == [
        ("E1", 1, "opened"),
        ("E2", 1, "opened"),
        ("E1", 2, "changed"),
    ]
    assert [part["id"] for part in body["transitions"]] == [one.id for one in pages]
    assert [(told["id"], told["revision"]) for told in body["events"]] == [("E2", 1), ("E1", 2)]
    assert body["left_out"] == 0
    assert made.place == 3
    assert made.at == max(one.at for one in pages)
    assert unpack(made.pack()) == made


def test_a_digest_of_digests_is_that_of_all_its_pages() -> None:
    first, second, third = some(3), some(2, first=4), some(1, first=6)
    nested = digest("desk", [digest("desk", [digest("desk", first), *second]), *third])
    assert json.loads(nested.body) == json.loads(digest("desk", [*first, *second, *third]).body)
    assert nested.id == digest("desk", [*first, *second, *third]).id


def test_a_digest_has_a_bound_and_says_what_it_left_out() -> None:
    made = digest("desk", [digest("desk", some(NAMED)), *some(30, "later", NAMED + 1)])
    body = json.loads(made.body)
    assert len(body["transitions"]) == len(body["events"]) == len(made.parts) == NAMED
    assert body["left_out"] == 30
    assert made.parts[-1].event == f"later{NAMED + 30}"
    again = json.loads(digest("desk", [made, *some(1, "last", 999)]).body)
    assert again["left_out"] == 31


def test_a_test_says_that_nothing_happened() -> None:
    message = trial("desk", EVENT.at)
    body = json.loads(message.body)
    assert (body["transition"], message.parts) == ("test", ())
    assert "nothing happened" in body["text"]
    assert trial("desk", EVENT.at + SECOND).id != message.id
