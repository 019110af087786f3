import pytest

from daemon.detect.infer import (
    ABSENT,
    FAILS,
    PENDING,
    STATUS,
    WORKS,
    Elsewhere,
    counts,
    elsewhere,
    kind_of,
    status,
    twins,
    undecided,
)
from daemon.detect.step import Detection
from tests.lab.story import (
    DROP,
    HOUR,
    INJECTION,
    MINUTE,
    NXDOMAIN,
    SECOND,
    Endpoint,
    block,
    detect,
    events,
    february,
    the_event,
)


def after(story, until):
    state = Detection()
    detect(story.rows(until), state)
    return state


def of(story, vantage, role="chat"):
    return next(one for one in story.series() if (one.vantage, one.role, one.service) == (vantage, role, "whatsapp"))


def test_only_what_is_down_fresh_and_allowed_to_speak_counts():
    story = block(february(), "ru1", HOUR)
    state = after(story, HOUR + 10 * MINUTE)
    assert counts(state, of(story, "ru1"))
    assert not counts(state, of(story, "nl1"))
    state.tracks[of(story, "ru1")].fresh = False
    assert not counts(state, of(story, "ru1"))


def test_what_is_recovering_counts_no_more():
    story = block(february(), "ru1", HOUR, HOUR + 10 * MINUTE)
    state = after(story, HOUR + 11 * MINUTE + 30)
    assert not counts(state, of(story, "ru1"))


def test_twins_are_the_same_endpoint_at_other_places():
    story = february()
    assert twins(after(story, 0), of(story, "ru1")) == [of(story, "ru2"), of(story, "nl1")]


def test_where_the_endpoint_is_not_measured_the_role_speaks_then_the_service():
    story = february()
    story.also(Endpoint("whatsapp", "chat", "e1:443", "tcp", vantages=("ru1",)))
    story.also(Endpoint("whatsapp", "call", "stun:3478", "tcp", vantages=("ru1",)))
    state = after(story, 0)
    e1 = next(one for one in story.series() if one.endpoint == "e1:443")
    call = next(one for one in story.series() if one.role == "call")
    assert {one.role for one in twins(state, e1)} == {"chat"}
    assert {one.vantage for one in twins(state, call)} == {"ru2", "nl1"}


@pytest.mark.parametrize(
    ("elsewhere_fails", "said"),
    [(None, WORKS), (HOUR, FAILS)],
)
def test_how_a_twin_does(elsewhere_fails, said):
    story = block(february(), "ru1", HOUR)
    if elsewhere_fails:
        block(story, "nl1", elsewhere_fails)
    state = after(story, HOUR + 10 * MINUTE)
    assert status(state, state.tracks[of(story, "ru1")], of(story, "nl1")) == said


def test_a_twin_that_was_not_asked_since_is_pending_and_then_absent():
    story = block(february(heartbeats=False), "ru1", HOUR).silent("nl1", HOUR - 1)
    state = after(story, HOUR + 10 * MINUTE)
    state.tracks[of(story, "nl1")].last = state.now - 180 * SECOND
    assert status(state, state.tracks[of(story, "ru1")], of(story, "nl1")) == PENDING
    state.tracks[of(story, "nl1")].last = state.now - 200 * SECOND
    assert status(state, state.tracks[of(story, "ru1")], of(story, "nl1")) == ABSENT


def test_a_place_speaks_by_its_majority():
    said = Elsewhere()
    for vantage, words in {
        "a": [WORKS, WORKS, FAILS],
        "b": [WORKS, FAILS],
        "c": [ABSENT, FAILS],
        "d": [ABSENT],
    }.items():
        for word in words:
            said.add(vantage, word)
    assert said.saying(WORKS) == ["a"]
    assert said.saying(FAILS) == ["c"]
    assert not said.pending()


def test_kinds():
    story = block(february(), "ru1 ru2", HOUR)
    state = after(story, HOUR + 10 * MINUTE)
    members = [of(story, "ru1"), of(story, "ru2")]

    def kind(**words):
        said = Elsewhere()
        for vantage, word in words.items():
            said.add(vantage, word)
        return kind_of(state, members, said)

    assert kind(nl1=WORKS) == "block"
    assert kind(nl1=FAILS) == "service_outage"
    assert kind(nl1=ABSENT) == "unreachable"
    assert kind() == "unreachable"


def test_it_waits_for_other_places_but_not_for_ever():
    story = block(february(), "ru1", HOUR)
    state = after(story, HOUR + 10 * MINUTE)
    members = [of(story, "ru1")]
    said = Elsewhere()
    said.add("nl1", PENDING)
    assert not undecided(state, members, Elsewhere())
    assert not undecided(state, members, said)
    state.now = state.tracks[members[0]].second_end
    assert undecided(state, members, said)


def test_others_are_asked_about_what_fails():
    story = block(february(), "ru1", HOUR).fails(DROP, HOUR, vantage="ru2", role="chat")
    state = after(story, HOUR + 10 * MINUTE)
    said = elsewhere(state, [of(story, "ru1"), of(story, "ru1", "web")])
    assert said.saying(WORKS) == ["nl1"]
    assert said.counts["ru2"] == {FAILS: 1, WORKS: 1}


@pytest.mark.parametrize("how", [NXDOMAIN, INJECTION], ids=["denied", "forged"])
def test_what_a_service_says_of_itself_makes_no_event_and_joins_none(how):
    """A name such as uptime.signal.org is a hint for people: the lie itself confirms alone anywhere else."""

    def told(role):
        story = february().also(Endpoint("whatsapp", role, "uptime.example/A@vantage", "dns"))
        return story.fails(how, HOUR, endpoint="uptime.example/A@vantage", vantage="ru1 ru2")

    assert events(told("web").rows(2 * HOUR))
    assert events(told(STATUS).rows(2 * HOUR)) == []
    beside = the_event(block(told(STATUS), "ru1 ru2", HOUR + 10 * MINUTE).rows(2 * HOUR))
    assert STATUS not in beside.roles
    assert "uptime.example/A@vantage" not in beside.scope.endpoints


def test_a_role_that_is_down_everywhere_is_no_block_because_another_role_lives_where_it_is_not_measured():
    """nl1 does not measure calls; that its other roles answer says nothing of calls, which fail in two countries."""
    story = february().vantage("de1", "DE")
    story.also(Endpoint("whatsapp", "call", "stun:3478", "tcp", vantages=("ru1", "ru2", "de1")))
    event = the_event(story.fails(DROP, HOUR, role="call").rows(3 * HOUR))
    assert (event.kind, event.scope.vantages) == ("service_outage", ("de1", "ru1", "ru2"))


def test_in_one_country_a_service_that_lives_abroad_in_another_role_is_blocked():
    story = february()
    story.also(Endpoint("whatsapp", "call", "stun:3478", "tcp", vantages=("ru1", "ru2")))
    assert the_event(story.fails(DROP, HOUR, role="call").rows(3 * HOUR)).kind == "block"


NSDI = "web.whatsapp.com/A@195.208.4.1/udp"


def test_a_national_resolver_that_denies_a_name_to_the_free_line_too_blocks_nobody_there():
    """February 2026 as a researcher abroad sees it: the same denial at nl1, while all else of the service is well."""
    story = block(february(), "ru1 ru2", HOUR)
    story.also(Endpoint("whatsapp", "web", NSDI, "dns"))
    event = the_event(story.fails(NXDOMAIN, HOUR, endpoint=NSDI).rows(3 * HOUR))
    assert (event.kind, event.scope.vantages) == ("block", ("ru1", "ru2"))


def test_a_resolver_that_is_down_for_all_takes_no_service_with_it():
    story = february()
    story.also(Endpoint("whatsapp", "web", NSDI, "dns"))
    assert events(story.fails(DROP, HOUR, endpoint=NSDI).rows(3 * HOUR)) == []


def test_a_resolver_that_answers_elsewhere_is_held_against_the_path():
    story = february()
    story.also(Endpoint("whatsapp", "web", NSDI, "dns"))
    event = the_event(story.fails(NXDOMAIN, HOUR, endpoint=NSDI, vantage="ru1 ru2").rows(3 * HOUR))
    assert (event.kind, event.scope.vantages) == ("block", ("ru1", "ru2"))


def test_a_registry_that_removed_a_name_says_so_to_the_free_line_too():
    story = block(february(), "ru1 ru2", HOUR)
    story.also(Endpoint("whatsapp", "site", "whatsapp.com", "registry"))
    event = the_event(story.fails(NXDOMAIN, HOUR, probe="registry").rows(3 * HOUR))
    assert (event.kind, event.scope.vantages) == ("block", ("ru1", "ru2"))
    assert "site" in event.roles
