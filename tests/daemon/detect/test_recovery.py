from daemon.detect.recovery import came_back, member_of, refresh
from daemon.detect.step import Detection
from tests.lab.story import DROP, HOUR, MINUTE, block, detect, february


def case_after(story, until):
    state = Detection()
    detect(story.rows(until), state)
    return state, state.open_cases()[0]


def test_a_member_is_what_its_series_went_through():
    state, case = case_after(block(february(), "ru1", HOUR), HOUR + 20 * MINUTE)
    chat = next(series for series in case.members if series.role == "chat")
    member = member_of(state.tracks[chat])
    assert case.members[chat] == member
    assert (member.mechanism, member.phase, member.artefact, member.up) == ("tcp.drop", "tcp", False, 0)
    assert member.before < member.first_bad < member.last_bad


def test_it_goes_on_while_a_member_is_down():
    story = block(february(), "ru1", HOUR, 2 * HOUR).fails(DROP, HOUR, service="whatsapp", role="chat", vantage="ru1")
    state, case = case_after(story, 3 * HOUR)
    assert came_back(state, case) is None
    assert case.recovering
    assert [series.role for series, member in case.members.items() if not member.up] == ["chat"]


def test_members_that_are_no_longer_planned_leave():
    state, case = case_after(block(february(), "ru1", HOUR), HOUR + 20 * MINUTE)
    gone = next(iter(case.members))
    del state.tracks[gone]
    refresh(state, case)
    assert gone not in case.members
    assert came_back(state, case) is None
    state.tracks.clear()
    refresh(state, case)
    assert came_back(state, case) == state.now


def test_a_suspect_vantage_adds_nothing_to_its_event():
    state, case = case_after(block(february(), "ru1", HOUR), HOUR + 20 * MINUTE)
    before = dict(case.members)
    state.watches["ru1"].lines[""].suspect = True
    for series in case.members:
        state.tracks[series].bads.append(state.now)
    refresh(state, case)
    assert case.members == before


def test_a_place_is_back_with_its_controls():
    story = february().fails(DROP, HOUR, 2 * HOUR, vantage="ru1").fails(DROP, HOUR, service="whatsapp", vantage="ru1")
    state, case = case_after(story, 90 * MINUTE)
    assert came_back(state, case) is None
    detect([row for row in story.rows(2 * HOUR + 3 * MINUTE) if row.at > state.now], state)
    assert case.kind == "vantage_outage"
    assert not case.going
    assert case.event.ended >= case.onset[1] + HOUR * 900_000


def test_a_place_that_is_no_longer_planned_is_over():
    state, case = case_after(february().silent("ru1", HOUR), HOUR + 5 * MINUTE)
    assert came_back(state, case) is None
    del state.watches["ru1"]
    assert came_back(state, case) == state.now
