from dataclasses import replace

from daemon.sinks.destination import Destination

WHERE = Destination("http://h:8086", "org", "bucket", "t0ken", "http://user:p%40ss@proxy:3128")


def test_no_secret_is_in_the_repr() -> None:
    assert "t0ken" not in repr(WHERE)
    assert "p%40ss" not in repr(WHERE)
    assert "http://h:8086" in repr(WHERE)


def test_secrets_are_scrubbed_from_what_others_say() -> None:
    assert WHERE.scrub("Token t0ken by p%40ss, p@ss") == "Token *** by ***, ***"
    assert replace(WHERE, token="", proxy="").scrub("nothing to hide") == "nothing to hide"


def test_a_store_is_named_by_what_it_is_and_not_by_the_way_to_it() -> None:
    assert replace(WHERE, token="other", proxy="", ca="f", url="http://h:8086/").mark() == WHERE.mark()
    assert len({replace(WHERE, **{name: "x"}).mark() for name in ("url", "org", "bucket")} | {WHERE.mark()}) == 4
