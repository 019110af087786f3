"""A story told as rows: in order, the same each time, and wrong only where and when it says."""

from daemon.rows import Heartbeat, PlanRow, Row
from daemon.stories.shape import ExpectKeys, Head, PlaceKeys, ServiceKeys, SpanKeys, Story
from daemon.stories.telling import SECOND, START, plan_of, rows
from probes.record import Kind, Record

EXPECT: tuple[ExpectKeys, ...] = ()


def story(*spans: SpanKeys, loss: float = 0.0, lasts: str = "1h") -> Story:
    """Two places, one service of two endpoints."""
    endpoints = ("chat tcp chat.example:5222", "web http https://web.example/")
    services = {"whatsapp": ServiceKeys(side="foreign", endpoints=endpoints)}
    vantages = {"ru1": PlaceKeys(country="RU", asn=12389), "nl1": PlaceKeys(country="NL", asn=1103)}
    return Story("test", Head(title="t", lasts=lasts, usual_loss=loss), vantages, services, spans, EXPECT)


def records(told: Story) -> list[Record]:
    return [row.body for row in rows(told) if isinstance(row.body, Record)]


def minutes(record: Record) -> float:
    return (record.began - START) / SECOND / 60


def test_the_plan_comes_first_and_rows_are_in_order() -> None:
    told: list[Row] = list(rows(story()))
    assert isinstance(told[0].body, PlanRow)
    assert [row.seq for row in told] == list(range(1, len(told) + 1))
    assert [row.at for row in told] == sorted(row.at for row in told)
    assert len(told) - 1 == 4 * 60


def test_a_story_is_the_same_each_time() -> None:
    assert list(rows(story(loss=0.3))) == list(rows(story(loss=0.3)))


def test_a_span_hits_only_what_it_names() -> None:
    span = SpanKeys(since="20m", until="40m", what="connection dropped", roles=("chat",), vantages=("ru1",))
    failed = [record for record in records(story(span)) if record.failure]
    assert len(failed) == 20
    assert {(one.series.vantage, one.series.role) for one in failed} == {("ru1", "chat")}
    assert all(20 <= minutes(one) < 40 and one.seconds == 10.0 for one in failed)


def test_probes_that_do_not_get_as_far_are_not_hit() -> None:
    failed = [record for record in records(story(SpanKeys(since="0s", what="handshake reset"))) if record.failure]
    assert {record.series.probe for record in failed} == {"http"}


def test_a_share_is_about_kept() -> None:
    told = records(story(SpanKeys(since="0s", what="error page", share=0.5), lasts="10h"))
    pages = [record.failure is not None for record in told if record.series.probe == "http"]
    assert 0.42 < sum(pages) / len(pages) < 0.58


def test_the_usual_loss_is_silence_of_the_network() -> None:
    told = records(story(loss=0.1, lasts="10h"))
    lost = [record for record in told if record.failure]
    assert 0.07 < len(lost) / len(told) < 0.13
    assert {record.failure.kind for record in lost if record.failure} == {Kind.TIMEOUT}


def test_slower_and_elsewhere() -> None:
    spans = SpanKeys(since="0s", what="slower", times=5.0), SpanKeys(since="0s", what="other addresses")
    usual, moved = records(story()), records(story(*spans))
    assert {record.facts.address for record in usual} != {record.facts.address for record in moved}
    assert sum(one.seconds for one in moved) > 4.5 * sum(one.seconds for one in usual)


def test_a_silent_place_says_nothing_at_all() -> None:
    told = list(rows(story(SpanKeys(since="20m", until="30m", what="silent", vantages=("ru1",)))))
    here = [row.body for row in told if 20 * 60 <= (row.at - START) / SECOND - 5 < 30 * 60 - 25]
    assert {body.vantage for body in here if isinstance(body, Heartbeat)} == {"nl1"}
    assert {body.series.vantage for body in here if isinstance(body, Record)} == {"nl1"}


def test_a_plan_says_sides_and_places() -> None:
    plan = plan_of(story())
    assert plan.services == {"whatsapp": "foreign"}
    assert plan.vantages["ru1"].asn == 12389
