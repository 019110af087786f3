from tests.lab.story import DROP, HOUR, NXDOMAIN, STATUS, Story, block, demo, events, february, messengers


def said(story, until=2 * HOUR):
    return events(story.rows(until))[-1]


def test_a_block():
    assert said(block(february(), "ru1", HOUR)).summary == (
        "whatsapp chat and media: no TCP connection from RU (1 of 2 vantages) since 21:00 UTC; "
        "web: the name does not exist at its resolver; max and controls reachable; consistent with blocking"
    )


def test_its_end():
    assert said(block(demo(), "moscow", 12, 30), 45).summary.endswith("consistent with blocking; ended 20:00 UTC")


def test_an_outage_of_the_service():
    assert said(february().fails(STATUS, HOUR, service="whatsapp")).summary == (
        "whatsapp chat, media and web: an unexpected HTTP status from NL and RU (3 of 3 vantages) since 21:00 UTC; "
        "max and controls reachable; down from every country that looks: an outage of the service"
    )


def test_what_can_not_be_told_apart():
    story = messengers(Story().vantage("home"))
    told = said(story.fails(NXDOMAIN, HOUR, service="whatsapp"))
    assert told.summary == (
        "whatsapp chat, media and web: the name does not exist at its resolver from home (1 of 1 vantages) "
        "since 21:00 UTC; "
        "max and controls reachable; block or outage cannot be told apart from here"
    )


def test_places():
    assert said(february().fails(DROP, HOUR, vantage="ru1")).summary == (
        "ru1: nothing answers since 21:00 UTC; says nothing of the services"
    )
    assert said(february().fails(DROP, HOUR, vantage="ru1 ru2")).summary == (
        "RU: most services are unreachable at ru1 and ru2 since 21:00 UTC; consistent with an outage of the network"
    )
    assert said(february().silent("ru1", HOUR)).summary.startswith("ru1: nothing is heard of it since 2")


def test_what_speaks_against():
    one = said(february().fails(DROP, HOUR, role="chat", vantage="ru1"))
    assert one.against == "one series only; media and web of the same service answer there"
    assert said(block(february(), "ru1 ru2", HOUR)).against == ""
    assert "it failed from the first look on" in said(february().fails(DROP, 0, role="chat", vantage="ru1")).against
