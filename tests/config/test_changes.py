import pytest

from config.changes import describe

HOME = '[vantages.home]\ntype = "direct"\nconsent = "mine"\ncountry = "RU"\n'
LINE = '[vantages.line]\ntype = "source"\nconsent = "mine"\ninterface = "x"\nresolver = "192.0.2.53"\n'
ONE = {"one": ["tcp a:1 1m", "tls a:2 1m"]}


@pytest.fixture
def changed(planned):
    """The words for a step from one configuration to another."""

    def words(before, after):
        return describe(planned(*before)[1], planned(*after)[1])

    return words


def test_nothing_changed_is_nothing_to_say(changed):
    assert changed((ONE, HOME), (ONE, "# moved\n" + HOME)) == ()


def test_a_service_that_comes_or_goes(changed):
    two = {**ONE, "two": ["tcp b:1 1m"]}
    assert changed((ONE, HOME), (two, HOME)) == ("service two added", "two from home: 1 series added")
    assert changed((two, HOME), (ONE, HOME)) == ("service two removed", "two from home: 1 series removed")


def test_a_vantage_that_comes_or_goes(changed):
    assert changed((ONE, HOME), (ONE, HOME + LINE)) == ("vantage line added", "one from line: 2 series added")
    assert changed((ONE, HOME + LINE), (ONE, HOME)) == ("vantage line removed", "one from line: 2 series removed")


def test_an_endpoint_that_is_replaced(changed):
    assert changed((ONE, HOME), ({"one": ["tcp a:1 1m", "tls a:3 1m"]}, HOME)) == (
        "one from home: 1 series added",
        "one from home: 1 series removed",
    )


def test_another_interval(changed):
    assert changed((ONE, HOME), ({"one": ["tcp a:1 30s", "tls a:2 30s"]}, HOME)) == (
        "one from home: 2 series every 30s instead of 1m",
    )


def test_another_way_of_measuring(changed):
    after = {"one": ["tcp a:1 1m", 'tls a:2 1m trust = "observe"']}
    assert changed((ONE, HOME), (after, HOME)) == ("one from home: 1 series measured differently",)
    assert changed((ONE, HOME), (ONE, HOME + 'resolver = "192.0.2.1"\n')) == (
        "one from home: 2 series measured differently",
    )


def test_another_place_and_another_side(changed, write, planned):
    assert changed((ONE, HOME), (ONE, HOME.replace("RU", "NL") + "asn = 1103\n")) == (
        "vantage home is in NL and AS1103 instead of RU and no network",
    )
    before = planned(ONE, HOME)[1]
    path = write({"one": ""}, HOME)
    from config.document import load  # noqa: PLC0415  beside its only use
    from config.plan import any_family, plan  # noqa: PLC0415  as above

    text = 'name = "one"\ntitle = "one"\nside = "domestic"\n'
    for probe, port in (("tcp", 1), ("tls", 2)):
        text += f'[[endpoints]]\nrole = "chat"\nprobe = "{probe}"\ntarget = "a:{port}"\nevery = "1m"\n'
    path.with_name("one.toml").write_text(text)
    document = load(path)
    assert describe(before, plan(document, any_family(document))) == ("service one is domestic instead of foreign",)


def test_many_changes_come_in_one_order(changed):
    before = ({"one": ["tcp a:1 1m"], "two": ["tcp b:1 1m"]}, HOME)
    after = ({"one": ["tcp a:1 2m"], "three": ["tcp c:1 1m"]}, HOME + LINE)
    assert changed(before, after) == (
        "vantage line added",
        "service three added",
        "service two removed",
        "one from line: 1 series added",
        "three from home: 1 series added",
        "three from line: 1 series added",
        "two from home: 1 series removed",
        "one from home: 1 series every 2m instead of 1m",
    )
