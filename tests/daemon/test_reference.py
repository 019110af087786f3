"""The page is complete: whatever a user may write, read or meet has its line."""

from dataclasses import fields
from pathlib import Path

import pytest

from daemon.cli import app
from daemon.reference import EXIT_CODES, page
from daemon.sinks.fields import TABLE
from daemon.spreadsheet import COLUMNS
from daemon.web.metrics import names
from daemon.wire_shapes import SHAPES
from probes.plugin import PROBES, VANTAGES
from probes.record import Facts, Kind, Phase, Purpose


@pytest.fixture(scope="module")
def text():
    return page()


@pytest.fixture(scope="module")
def sections(text):
    """The page cut at its headings of the second level."""
    return {part.splitlines()[0]: part for part in text.split("\n## ")[1:]}


def rows(section):
    """The first cell of each row of the tables of a section."""
    return [line.split(" | ")[0].strip("| `") for line in section.splitlines() if line.startswith("| ")]


def test_every_command_has_its_part(sections):
    names = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
    assert names
    for name in names:
        assert f"### reachd {name.replace('_', '-')}" in sections["Commands"]


def test_commands_of_a_group_have_theirs(sections):
    assert "### reachd alerts test\n\nSend a signed test message" in sections["Commands"]


def test_every_metric_has_its_row(sections):
    assert rows(sections["Metrics"])[2:] == [name for name, *_ in names()]
    assert all(meaning for *_, meaning in names())


def test_options_are_written_as_they_are_typed(sections):
    assert "--config" in rows(sections["Commands"])
    assert "--json" in rows(sections["Commands"])
    assert "--probe" in rows(sections["Commands"])
    assert "--probe-type" not in rows(sections["Commands"]), "the name of a parameter is not what is typed"


@pytest.mark.parametrize(
    "key",
    ["journal", "services", "consent", "country", "resolver", "token", "raw_days", "flash", "burst", "side", "every"],
)
def test_every_key_of_the_configuration_has_a_row(sections, key):
    assert key in rows(sections["Configuration"])


def test_every_key_and_option_has_a_meaning(sections):
    for title in ("Configuration", "Probe types", "Vantage types"):
        lines = [line for line in sections[title].splitlines() if line.startswith("| `")]
        assert lines
        assert [line for line in lines if line.endswith("|  |")] == []


def test_sections_are_named_as_they_are_written(sections):
    assert "### `[influxdb]`" in sections["Configuration"]
    assert "### `[[limits]]`" in sections["Configuration"]


@pytest.mark.parametrize(("registry", "title"), [(PROBES, "Probe types"), (VANTAGES, "Vantage types")])
def test_every_type_has_its_options(sections, registry, title):
    for plugin in registry:
        assert f"### {plugin.name}\n" in sections[title]
        assert set(plugin.options.model_fields) <= set(rows(sections[title]))


@pytest.mark.parametrize(("kind", "title"), [(Kind, "Failure kinds"), (Phase, "Phases"), (Purpose, "Purposes")])
def test_every_word_has_a_meaning(sections, kind, title):
    lines = [line for line in sections[title].splitlines() if line.startswith("| `")]
    assert len(lines) == len(kind)
    assert [line for line in lines if line.endswith("|  |")] == []


def test_every_fact_has_a_row(sections):
    assert {field.name for field in fields(Facts)} <= set(rows(sections["Facts of a record"]))


def test_every_line_points_to_its_schema(sections):
    schemas = Path(__file__).resolve().parents[2] / "docs" / "schema"
    for word in SHAPES:
        name = f"{word.replace('/', '-')}.json"
        assert f"(schema/{name})" in sections["Rows, one JSON line each"]
        assert (schemas / name).exists()


def test_every_column_of_csv_has_a_row(sections):
    assert {name for name, _meaning, _value in COLUMNS} <= set(rows(sections["CSV columns"]))


def test_every_measurement_has_its_fields(sections):
    part = sections["InfluxDB measurements"]
    for one in TABLE:
        assert f"### {one.name}\n" in part
        assert {field.name for field in one.fields} <= set(rows(part))


def test_every_exit_code_is_said(sections):
    assert rows(sections["Exit codes"]) == ["code", "---", *map(str, EXIT_CODES)]


def test_a_bar_does_not_break_a_table(text):
    tables = [line for line in text.splitlines() if line.startswith("| ")]
    assert all(line.endswith(" |") for line in tables)
    assert "SERVICE\\|TARGET" in text


def test_the_page_is_the_same_twice_and_holds_no_path_of_this_machine(text):
    assert page() == text
    assert str(Path.home()) not in text.replace("`~`", "")
    assert str(Path(__file__).resolve().parents[2]) not in text
