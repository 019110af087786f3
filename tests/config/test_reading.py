from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, model_validator

from config.faults import Fault
from config.positions import Position
from config.reading import Part, Source, Unreadable, fill, members, parse, read, tables
from probes.plugin import Options


class Keys(Options):
    name: str = Field(description="give a name")
    few: tuple[int, ...] = ()
    low: int = 0
    high: int = 1

    @model_validator(mode="after")
    def _ordered(self):
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


def parsed(text):
    faults: list[Fault] = []
    return parse(text, Path("folder"), "x.toml", faults), [str(fault) for fault in faults]


def filled(text, *path, beside=()):
    source, none = parsed(text)
    assert source is not None
    assert none == []
    table = source.data
    for part in path:
        table = table[part]
    faults: list[Fault] = []
    keys = fill(Keys, Part(source, path, table, frozenset(beside)), faults)
    return keys, [str(fault) for fault in faults]


# ---- from bytes to a source ----


def test_a_file_is_read_with_its_places_and_its_folder(tmp_path):
    (tmp_path / "x.toml").write_text("\n[a]\nb = 1\n")
    faults: list[Fault] = []
    source = read(tmp_path / "x.toml", "shown.toml", faults)
    assert source is not None
    assert (source.file, source.folder, source.data) == ("shown.toml", tmp_path, {"a": {"b": 1}})
    assert source.places["a", "b"] == Position(3, 1)
    assert str(source.fault("is wrong", "a", "b")) == "shown.toml:3: a.b: is wrong"
    assert faults == []


def test_a_file_that_is_not_there_says_why(tmp_path):
    with pytest.raises(Unreadable, match=r"^cannot be read: no such file or directory$"):
        read(tmp_path / "absent", "absent", [])


@given(st.binary(max_size=80))
def test_no_bytes_raise_anything_but_faults(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "x.toml"
    path.write_bytes(data)
    faults: list[Fault] = []
    source = read(path, "x.toml", faults)
    assert (source is None) == bool(faults)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a = b", "x.toml:1: is no TOML: invalid value (a text stands in quotes)"),
        ('\na = "b', "x.toml:2: is no TOML: unterminated string"),
        ('a = "b\n', "x.toml:1: is no TOML: a text in quotes must end on its line"),
        ("a = 1\na = 2\n", "x.toml:2: a: stands here for the second time"),
        ("[a.b]\n[a.b]\n", "x.toml:2: a.b: stands here for the second time"),
        ("a = 1\n\n[a]\n", "x.toml:3: stands here for the second time"),
        ("a = {b = 1}\n[a.c]\n", "x.toml:2: a.c: stands here for the second time"),
        ("a 1", "x.toml:1: is no TOML: expected '=' after a key in a key/value pair"),
        ("a = 1 b = 2", "x.toml:1: is no TOML: expected newline or end of document after a statement"),
        ("a = [1,\n2", "x.toml:2: is no TOML: unclosed array"),
    ],
)
def test_what_is_no_toml_is_told_with_its_line(text, fault):
    source, faults = parsed(text)
    assert source is None
    assert faults == [fault]


def test_the_value_of_a_key_given_twice_is_not_shown():
    _source, (fault,) = parsed('token = "a"\ntoken = "hunter2=in-the-open"\n')
    assert fault == "x.toml:2: token: stands here for the second time"


# ---- from a table to a model ----


def test_a_right_table_fills_the_model():
    keys, faults = filled('[a]\nname = " n "\nfew = [1, 2]\n', "a")
    assert keys == Keys(name="n", few=(1, 2))
    assert faults == []


def test_every_fault_of_a_table_is_told_at_its_own_key():
    keys, faults = filled('[a]\nlow = "1"\nfew = [1,\n  "2"]\n', "a")
    assert keys is None
    assert faults == [
        "x.toml:1: a.name: is missing: give a name",
        "x.toml:4: a.few[1]: must be a whole number",
        "x.toml:2: a.low: must be a whole number",
    ]


def test_an_unknown_key_hides_nothing_that_the_model_says_of_the_others():
    keys, faults = filled('name = "n"\nlow = 3\nhihg = 2\n')
    assert keys is None
    assert faults == ["x.toml:3: hihg: is not known here; did you mean high", "x.toml:1: low is above high"]


def test_a_key_that_belongs_beside_the_model_is_offered_too():
    assert filled('name = "n"\nrollle = 3\n', beside=["role"])[1] == [
        "x.toml:2: rollle: is not known here; did you mean role"
    ]


def test_a_number_in_quotes_and_a_date_are_no_numbers():
    assert filled('name = "n"\nlow = "3"\nhigh = 2026-02-11\n')[1] == [
        "x.toml:2: low: must be a whole number",
        "x.toml:3: high: must be a whole number",
    ]


@pytest.mark.parametrize("odd", ["inf", "nan", "-inf", "2026-02-11T20:00:00Z", "20:00:00", "1e400", "9" * 40])
def test_odd_values_are_faults_like_others(odd):
    keys, faults = filled(f'name = "n"\nlow = {odd}\n')
    assert keys is None or keys.low == int(odd)
    assert bool(faults) == (keys is None)


# ---- tables and their members ----


def collected(iterate, text, key):
    source, _none = parsed(text)
    assert source is not None
    faults: list[Fault] = []
    return list(iterate(source, key, faults)), [str(fault) for fault in faults]


def test_named_tables():
    found, faults = collected(tables, "[v.a]\nx = 1\n[v.b]\n", "v")
    assert [(name, part.path, part.table) for name, part in found] == [
        ("a", ("v", "a"), {"x": 1}),
        ("b", ("v", "b"), {}),
    ]
    assert faults == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("v = 1", "x.toml:1: v: must be tables: [v.NAME]"),
        ("[[v]]", "x.toml:1: v: must be tables: [v.NAME]"),
        ("[v]\na = 1", "x.toml:2: v.a: must be a table: [v.a]"),
    ],
)
def test_what_should_be_named_tables(text, fault):
    assert collected(tables, text, "v") == ([], [fault])


def test_members_of_an_array_of_tables():
    found, faults = collected(members, "[[l]]\nx = 1\n[[l]]\n", "l")
    assert [(part.path, part.table) for part in found] == [(("l", 0), {"x": 1}), (("l", 1), {})]
    assert faults == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[l]", "x.toml:1: l: must be an array of tables: [[l]]"),
        ("l = [1]", "x.toml:1: l[0]: must be a table: [[l]]"),
    ],
)
def test_what_should_be_an_array_of_tables(text, fault):
    assert collected(members, text, "l") == ([], [fault])


def test_absent_tables_are_none():
    assert collected(tables, "", "v") == ([], [])
    assert collected(members, "", "l") == ([], [])


def test_a_source_points_to_the_nearest_key_above_one_that_is_absent():
    source = Source("x.toml", Path(), {}, {("a",): Position(4, 1)})
    assert str(source.fault("is missing", "a", "b", 0)) == "x.toml:4: a.b[0]: is missing"
    assert str(source.fault("is missing", "c")) == "x.toml:1: c: is missing"
