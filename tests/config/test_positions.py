import tomllib
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.positions import Position, dotted, nearest, paths, scan

# ---- documents that hypothesis writes: every way that TOML has to write a key ----

bare_names = st.text("abcXYZ019_-", min_size=1, max_size=6)
odd_names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=5)
spaces = st.sampled_from(["", " ", "\t", "   "])
breaks = st.sampled_from(["", "\n", "  \n\n", ' # a = [1] "\n', "\r\n"])


def quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def name_texts(name: str) -> st.SearchStrategy[str]:
    ways = [quoted(name), quoted(name).replace("a", "\\u0061")]
    if name and all(letter in "abcXYZ019_-" for letter in name):
        ways.append(name)
    if "'" not in name:
        ways.append(f"'{name}'")
    return st.sampled_from(ways)


scalars = st.one_of(
    st.integers(-(10**9), 10**9).map(str),
    st.sampled_from(
        ["true", "false", "1.5e3", "inf", "0xff", "1_000", "2026-02-11", "2026-02-11 20:00:00Z", "07:32:00.5"]
    ),
    odd_names.map(quoted),
    st.sampled_from(
        [
            "'a # b'",
            "'[x]\"'",
            '"""a\n"b" = 1\n[no]\n"""',
            '"""quotes at the end"""""',
            "'''it''s\n#no'''''",
            '"\\""',
            '"a\\\\"',
            '"""\\""""',
        ]
    ),
)


def arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = st.tuples(breaks, values, breaks).map("".join)
    return st.tuples(st.lists(member, max_size=3), st.booleans(), breaks).map(
        lambda parts: "[" + ",".join(parts[0]) + ("," if parts[1] and parts[0] else "") + parts[2] + "]"
    )


@st.composite
def inline_tables(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    names = draw(st.lists(bare_names | odd_names, max_size=3, unique=True))
    pairs = [f"{draw(name_texts(name))}{draw(spaces)}={draw(spaces)}{draw(values)}" for name in names]
    return "{" + draw(spaces) + ", ".join(pairs) + draw(spaces) + "}"


values = st.recursive(scalars, lambda inner: arrays(inner) | inline_tables(inner), max_leaves=6)


@st.composite
def keys(draw: st.DrawFn) -> str:
    names = draw(st.lists(bare_names | odd_names, min_size=1, max_size=3))
    dot = draw(spaces) + "." + draw(spaces)
    return dot.join(draw(name_texts(name)) for name in names)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Lines in any order; one that tomllib refuses after those before it (a key twice) is left out."""
    text = ""
    for _ in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(["pair", "pair", "table", "array"]))
        key = draw(keys())
        line = {"pair": f"{key} = {draw(values)}", "table": f"[ {key} ]", "array": f"[[{key}]]"}[kind]
        longer = text + draw(spaces) + line + draw(spaces) + draw(st.sampled_from(["\n", " # [[x]]\n", "\r\n\n"]))
        try:
            tomllib.loads(longer)
        except tomllib.TOMLDecodeError:
            continue
        text = longer
    return text


@settings(max_examples=60)
@given(documents())
def test_the_scanner_finds_the_key_paths_that_tomllib_finds(text):
    assert set(scan(text)) == set(paths(tomllib.loads(text)))


@settings(max_examples=60)
@given(documents())
def test_every_position_lies_inside_the_text(text):
    lines = text.split("\n")
    for position in scan(text).values():
        assert 1 <= position.line <= len(lines)
        assert 1 <= position.column <= len(lines[position.line - 1])


@settings(max_examples=60)
@given(documents(), st.data())
def test_a_broken_text_is_scanned_up_to_the_break(text, data):
    cut = data.draw(st.integers(0, len(text)))
    whole, complete = scan(text), text.count("\n", 0, cut)
    for path, position in scan(text[:cut]).items():
        # On the line of the break itself a key may be cut short, and be called as another one is.
        assert position.line > complete or path not in whole or whole[path] == position


@given(st.text(max_size=60))
def test_no_text_makes_the_scanner_fail_or_hang(text):
    scan(text)


# ---- examples that a person can check by eye ----

SERVICE = '''\
name = "whatsapp"
note = """
[[endpoints]]
role = "not a key"
"""

[[endpoints]]
role = "chat"
target = "g.whatsapp.net:5222"

  [[endpoints]]
  role = "web"
  expect = [
    200,   # fine
    302,
  ]
  [endpoints.inner]
  deep = { a.b = 1, "c d" = [ { e = 2 } ] }

[owner.names]
"first one".'x' = 3
'''


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (("name",), 1, 1),
        (("note",), 2, 1),
        (("endpoints",), 7, 1),
        (("endpoints", 0), 7, 1),
        (("endpoints", 0, "target"), 9, 1),
        (("endpoints", 1), 11, 3),
        (("endpoints", 1, "role"), 12, 3),
        (("endpoints", 1, "expect", 1), 15, 5),
        (("endpoints", 1, "inner"), 17, 3),
        (("endpoints", 1, "inner", "deep", "a", "b"), 18, 14),
        (("endpoints", 1, "inner", "deep", "c d", 0, "e"), 18, 33),
        (("owner",), 20, 1),
        (("owner", "names", "first one", "x"), 21, 13),
    ],
)
def test_where_a_key_stands(path, line, column):
    assert scan(SERVICE)[path] == Position(line, column)


def test_the_nearest_key_stands_for_one_that_is_missing():
    positions = scan(SERVICE)
    assert nearest(positions, ("endpoints", 0, "every")) == Position(7, 1)
    assert nearest(positions, ("endpoints", 9, "every")) == Position(7, 1)
    assert nearest(positions, ("title",)) == Position(1, 1)
    assert nearest({}, ()) == Position(1, 1)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("endpoints", 2, "target"), "endpoints[2].target"),
        (("vantages", "my place", "asn"), 'vantages."my place".asn'),
        (("matrix", 0, 1), "matrix[0][1]"),
        ((), ""),
    ],
)
def test_a_path_is_shown_as_people_write_it(path, text):
    assert dotted(path) == text


def test_paths_name_lists_and_their_members():
    value = {"a": [1, {"b": date(2026, 2, 11)}], "c": {"d": time(7), "e": datetime(2026, 2, 11, tzinfo=UTC)}}
    assert set(paths(value)) == {("a",), ("a", 0), ("a", 1), ("a", 1, "b"), ("c",), ("c", "d"), ("c", "e")}


def test_a_text_nested_without_end_is_given_up_quietly():
    assert ("a",) in scan("a = " + "[" * 100_000)
