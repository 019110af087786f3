import json
from pathlib import Path

import pytest

from daemon.schema import file_of, main, schema_of, texts
from daemon.wire_shapes import SHAPES

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT / "docs" / "schema"
GOLDEN = ROOT / "tests" / "golden"


def test_what_is_published_is_what_is_read():
    found = {path.name: path.read_text(encoding="utf-8") for path in PUBLISHED.glob("*.json")}
    assert found == texts(), "stale: python -m daemon.schema docs/schema"


def test_files_are_written_to_a_new_folder(tmp_path):
    main(tmp_path / "schema")
    assert {path.name for path in (tmp_path / "schema").iterdir()} == set(texts())


@pytest.mark.parametrize("word", list(SHAPES))
def test_a_schema_names_its_line_and_forbids_unknown_fields(word):
    schema = schema_of(word)
    assert schema["properties"]["reachd"]["const"] == word
    assert next(iter(schema["properties"])) == "reachd"
    assert schema["additionalProperties"] is False
    assert "reachd" in schema["required"]
    assert schema["$id"] == file_of(word)


@pytest.mark.parametrize("kind", ["record", "plan", "event"])
def test_golden_lines_have_the_fields_of_the_schema(kind):
    schema = schema_of(f"{kind}/1")
    for line in (GOLDEN / f"{kind}.jsonl").read_text(encoding="utf-8").splitlines():
        found = set(json.loads(line))
        assert set(schema["required"]) <= found <= set(schema["properties"])


def test_moments_are_published_as_date_times():
    assert schema_of("record/1")["properties"]["due"] == {"format": "date-time", "type": "string"}


def test_every_failure_kind_is_listed():
    kinds = schema_of("record/1")["$defs"]["Kind"]["enum"]
    assert "connection_reset" in kinds
    assert "tls_junk" in kinds


def test_facts_explain_themselves():
    facts = schema_of("record/1")["$defs"]["Facts"]["properties"]
    assert "RFC 8446" in facts["alert"]["description"]
