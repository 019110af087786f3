from dataclasses import replace

import pytest

from daemon.detect.revision import EVIDENCE, STANDING, revise, scope_of, settle_onset
from daemon.detect.step import Detection
from tests.lab.story import DROP, HOUR, MINUTE, block, detect, february


@pytest.fixture
def blocked():
    state = Detection()
    detect(block(february(), "ru1 ru2", HOUR).rows(2 * HOUR), state)
    return state, state.open_cases()[0]


def test_nothing_new_is_no_revision(blocked):
    state, case = blocked
    assert revise(state, case, None) is None


def test_other_comparators_alone_are_no_news(blocked):
    state, case = blocked
    for series, track in state.tracks.items():
        if series.service == "max":
            track.fails, track.good = 5, 0
    assert revise(state, case, None) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("kind", "service_outage"), ("vantages", ["nl1", "ru1", "ru2"]), ("onset", (1, 2)), ("reopened", 7)],
)
def test_what_matters_is_a_revision(blocked, field, value):
    state, case = blocked
    setattr(case, field, value)
    event = revise(state, case, None)
    assert event.revision == case.event.revision + 1
    assert event.id == case.event.id
    assert event.at == state.now


def test_its_end_is_a_revision(blocked):
    state, case = blocked
    event = revise(state, case, state.now)
    assert (event.state, event.ended) == ("ended", state.now)
    assert "; ended 22:0" in event.summary


def test_it_stands_after_a_week_until_something_changes(blocked):
    state, case = blocked
    state.now += STANDING
    event = revise(state, case, None)
    assert event.state == "standing"
    case.event, case.changed = event, state.now
    assert revise(state, case, None) is None
    case.vantages.append("zz")
    assert revise(state, case, None).state == "confirmed"


def test_evidence_is_bounded_and_shared(blocked):
    state, case = blocked
    assert len(case.members) == 8
    assert len(case.event.evidence) <= EVIDENCE
    ended = revise(state, case, state.now)
    assert len(ended.evidence) == len(set(ended.evidence)) <= EVIDENCE
    for member in case.members.values():
        assert set(member.ids) & set(ended.evidence)


def test_the_onset_moves_only_back(blocked):
    _state, case = blocked
    before = case.onset
    series = next(iter(case.members))
    case.members[series] = replace(case.members[series], first_bad=before[1] - 10, before=before[0])
    settle_onset(case)
    assert case.onset == (before[0], before[1] - 10)
    case.members = {series: replace(case.members[series], first_bad=before[1] + 10)}
    settle_onset(case)
    assert case.onset == (before[0], before[1] - 10)


def test_a_tighter_bracket_is_taken(blocked):
    _state, case = blocked
    series = next(one for one, member in case.members.items() if member.first_bad == case.onset[1])
    case.members[series] = replace(case.members[series], before=case.onset[1] - 5)
    settle_onset(case)
    assert case.onset[0] == case.onset[1] - 5


def test_the_scope_names_places_and_endpoints(blocked):
    state, case = blocked
    scope = scope_of(state, case)
    assert scope.vantages == ("ru1", "ru2")
    assert scope.countries == ("RU",)
    assert scope.asns == (12389, 31133)
    assert len(scope.endpoints) == 4


def test_a_place_has_no_endpoints():
    state = Detection()
    detect(february().fails(DROP, HOUR, vantage="ru1").rows(HOUR + 10 * MINUTE), state)
    assert scope_of(state, state.open_cases()[0]).endpoints == ()
