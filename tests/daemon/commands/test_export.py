import csv
import io

import pytest

from daemon.commands.export import Choice, export
from daemon.rows import Event, PlanRow, State
from daemon.wire_in import row_of
from probes.record import Record


def rows(text):
    return [row_of(line, number) for number, line in enumerate(text.splitlines(), 1)]


def kinds(text):
    return [type(row.body) for row in rows(text)]


def test_plans_and_records_by_default(story, said):
    assert export(story) == 0
    text, complaints = said()
    assert complaints == ""
    assert kinds(text) == [PlanRow, *[Record] * 9]


def test_every_row_on_demand(story, said):
    assert export(story, choice=Choice(all_rows=True)) == 0
    assert kinds(said()[0]).count(Event) == 3
    assert export(story, choice=Choice(all_rows=True, service="max")) == 0
    assert {getattr(row.body, "service", "max") for row in rows(said()[0])} == {"max"}


@pytest.mark.parametrize(
    ("choice", "records"),
    [
        (Choice(service="whatsapp"), 7),
        (Choice(service="max"), 2),
        (Choice(vantage="nl1"), 1),
        (Choice(service="whatsapp", vantage="ru1"), 6),
        (Choice(service="nobody"), 0),
    ],
)
def test_only_what_was_asked_for(story, said, choice, records):
    assert export(story, choice=choice) == 0
    found = rows(said()[0])
    assert sum(isinstance(row.body, Record) for row in found) == records
    assert isinstance(found[0].body, PlanRow), "without a plan a record says little"


def test_a_period_begins_with_the_plan_that_held_then(story, said):
    assert export(story, choice=Choice(since="2026-02-11T20:01:00", until="2026-02-11T20:02:00")) == 0
    found = rows(said()[0])
    assert [type(row.body) for row in found] == [PlanRow, Record, Record, Record]


def test_csv_has_a_line_a_record(story, said):
    assert export(story, format="csv") == 0
    lines = list(csv.DictReader(io.StringIO(said()[0], newline="")))
    assert len(lines) == 9
    assert {line["result"] for line in lines} == {"ok", "failed", "local"}


def test_a_file_appears_whole(story, said, tmp_path):
    target = tmp_path / "out.jsonl"
    assert export(story, output=target) == 0
    assert said() == ("", "")
    assert len(rows(target.read_text(encoding="utf-8"))) == 10
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("out")) == ["out.jsonl"]


def test_a_file_is_replaced(story, tmp_path):
    target = tmp_path / "out.csv"
    target.write_text("old")
    assert export(story, format="csv", output=target) == 0
    assert target.read_bytes().startswith(b"at,id,due")
    assert b"\r\r\n" not in target.read_bytes()


def test_what_cannot_be_written_is_said_and_leaves_nothing(story, said, tmp_path):
    assert export(story, output=tmp_path / "no such folder" / "out.jsonl") == 2
    assert "no such folder" in said()[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"format": "parquet"}, "--format parquet comes later; now there are jsonl and csv"),
        ({"format": "ooni"}, "comes later"),
        ({"format": "xml"}, "--format xml: choose one of jsonl, csv"),
        ({"format": "csv", "choice": Choice(all_rows=True)}, "--all-rows needs --format jsonl"),
        ({"choice": Choice(since="soon")}, "--since soon: write a time"),
    ],
)
def test_what_cannot_be_is_refused_at_once(story, said, options, words):
    assert export(story, **options) == 2
    text, complaint = said()
    assert text == ""
    assert words in complaint


def test_without_a_journal_no_file_is_begun(tmp_path, said):
    target = tmp_path / "out.jsonl"
    assert export(tmp_path / "none.db", output=target) == 2
    assert "reachd run" in said()[1]
    assert list(tmp_path.iterdir()) == []


def test_all_kinds_of_rows_come_back(story, said):
    assert export(story, choice=Choice(all_rows=True)) == 0
    assert State in kinds(said()[0])
