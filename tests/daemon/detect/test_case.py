from daemon.detect.case import Case, Member
from probes.record import Series


def test_an_event_without_a_service_is_wide():
    assert Case("a", "vantage_outage", None, 0, ["ru1"]).wide
    assert not Case("a", "block", "whatsapp", 0, ["ru1"]).wide


def test_a_member_is_down_at_first():
    case = Case("a", "block", "whatsapp", 0, ["ru1"])
    case.members[Series("whatsapp", "chat", "g:1", "tcp", "ru1", "ipv4")] = Member("tcp.drop", "tcp", 1, 2, 3)
    assert [member.up for member in case.members.values()] == [0]
    assert (case.going, case.event, case.reopened) == (True, None, None)
