"""The outbox: order, what is saved, what is remembered, and when pages become a digest."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from daemon.alerts.outbox import DIGEST_AFTER, STORM, Outbox, load
from daemon.rows import Annotation, Row
from tests.lab.samples import EVENT, SECOND, record
from tests.lab.story_of_events import event, life, news, rows

NOW = EVENT.at + 10 * SECOND


@dataclass
class Store:
    """What a journal keeps of an outbox."""

    box: Outbox = field(default_factory=lambda: Outbox("desk"))
    saved: dict[str, bytes] = field(default_factory=dict)

    def take(self, *events) -> None:
        for row in rows(list(events), after=len(self.saved) * 1000):
            self.box.absorb(row)
        self.commit()

    def commit(self) -> None:
        for key, value in self.box.changes().items():
            if value is None:
                self.saved.pop(key, None)
            else:
                self.saved[key] = value

    def restart(self) -> None:
        self.box = load("desk", self.saved)


def told(box: Outbox) -> list[tuple[str, int, str]]:
    return [(part.event, part.revision, part.transition) for message in box.waiting for part in message.parts]


def test_events_become_messages_in_the_order_of_the_journal() -> None:
    store = Store()
    store.take(*life("E1"), *life("E2"))
    assert told(store.box) == news("E1", "E2")


def test_other_rows_are_passed_over() -> None:
    box = Outbox("desk")
    box.absorb(Row(1, NOW, record()))
    box.absorb(Row(2, NOW, Annotation("a remark")))
    assert (box.waiting, box.changes()) == ([], {})


@given(st.lists(st.sampled_from("abcd"), max_size=40), st.integers(0, 3))
def test_after_any_restart_it_is_what_it_was(names: list[str], every: int) -> None:
    """Whether it is loaded anew after each revision or never, the same waits and the same is remembered."""
    straight, broken = Store(), Store()
    stories = {name: iter(life(name) * 9) for name in "abcd"}
    for seq, name in enumerate(names, 1):
        row = Row(seq, NOW, next(stories[name]))
        for store in (straight, broken):
            store.box.absorb(row)
            store.commit()
        if every and seq % every == 0:
            broken.restart()
    assert broken.box.waiting == straight.box.waiting
    assert broken.box.told == straight.box.told
    assert load("desk", straight.saved).waiting == straight.box.waiting


def test_what_is_done_is_forgotten_and_what_failed_waits_with_its_count() -> None:
    store = Store()
    store.take(event("E1"), event("E2"))
    first, second = store.box.waiting
    tried = store.box.failed(first, refused=False)
    tried = store.box.failed(tried, refused=True)
    store.box.done(second)
    store.commit()
    store.restart()
    assert store.box.waiting == [tried]
    assert (tried.attempts, tried.refusals, tried.id, tried.body) == (2, 1, first.id, first.body)


def test_what_comes_in_time_is_sent_page_by_page() -> None:
    store = Store()
    store.take(*life("E1"))
    assert not store.box.collapse(NOW)
    assert len(store.box.waiting) == 4


def test_after_an_outage_of_ours_there_is_one_digest_instead_of_old_pages() -> None:
    store = Store()
    store.take(*life("E1"), *life("E2"))
    assert store.box.collapse(NOW + DIGEST_AFTER)
    store.commit()
    (only,) = store.box.waiting
    assert told(store.box) == news("E1", "E2")
    assert not store.box.collapse(NOW + 2 * DIGEST_AFTER), "once is enough"
    store.restart()
    assert store.box.waiting == [only]


def test_what_is_new_follows_the_digest_as_pages_of_its_own() -> None:
    store = Store()
    store.take(*life("E1"))
    late = event("E9", at=NOW + DIGEST_AFTER)
    store.take(late)
    assert store.box.collapse(NOW + DIGEST_AFTER)
    assert [len(message.parts) for message in store.box.waiting] == [4, 1]
    store.commit()
    store.restart()
    assert told(store.box) == [*news("E1"), ("E9", 1, "opened")]


def test_one_old_page_alone_stays_what_it_was() -> None:
    store = Store()
    store.take(event("E1"))
    (only,) = store.box.waiting
    assert not store.box.collapse(NOW + 100 * DIGEST_AFTER)
    assert store.box.waiting == [only]


def test_a_storm_becomes_one_digest() -> None:
    store = Store()
    store.take(*(event(f"E{number}") for number in range(STORM)))
    assert not store.box.collapse(NOW)
    store.take(event("E99"))
    assert store.box.collapse(NOW)
    assert [len(message.parts) for message in store.box.waiting] == [STORM + 1]


def test_only_open_events_are_remembered() -> None:
    store = Store()
    store.take(event("open"))
    for number in range(9):
        store.take(*life(f"E{number}"))
    assert list(store.box.told) == ["open"]
    store.restart()
    assert list(store.box.told) == ["open"]
