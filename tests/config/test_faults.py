import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.faults import ConfigError, Fault, Origin, listed, meant, one_of


def test_a_fault_reads_file_line_key_and_what():
    fault = Fault(Origin("reachd.toml", 7, "vantages.home.consent"), "is missing")
    assert str(fault) == "reachd.toml:7: vantages.home.consent: is missing"


def test_a_fault_of_a_whole_file_has_no_key():
    assert str(Fault(Origin("mine.toml", 1), "is no TOML")) == "mine.toml:1: is no TOML"


def test_an_error_holds_each_fault_once_in_the_order_of_files_and_lines():
    second = Fault(Origin("a.toml", 10, "x"), "is wrong")
    first = Fault(Origin("a.toml", 9, "y"), "is wrong")
    other = Fault(Origin("b.toml", 1, "z"), "is wrong")
    error = ConfigError([other, second, first, second])
    assert error.faults == (first, second, other)
    assert str(error) == "a.toml:9: y: is wrong\na.toml:10: x: is wrong\nb.toml:1: z: is wrong"


@pytest.mark.parametrize(
    ("word", "ending"),
    [
        ("whatsap", "; did you mean whatsapp"),
        ("WhatsApp", "; did you mean whatsapp"),
        ("telegram_", "; did you mean telegram"),
        ("facebook", ""),
        ("", ""),
    ],
)
def test_the_nearest_choice_is_offered_if_it_is_near(word, ending):
    assert meant(word, ["whatsapp", "telegram", "signal"]) == ending


@given(st.text(max_size=10), st.lists(st.text(min_size=1, max_size=10), max_size=5))
def test_only_a_choice_is_ever_offered(word, choices):
    offered = meant(word, choices)
    assert offered == "" or offered.removeprefix("; did you mean ") in choices


@pytest.mark.parametrize(
    ("words", "both", "either"),
    [((), "", ""), (("a",), "a", "a"), (("a", "b"), "a and b", "a or b"), (("a", "b", "c"), "a, b and c", "a, b or c")],
)
def test_lists_in_a_sentence(words, both, either):
    assert listed(words) == both
    assert one_of(words) == either
