import copy
import pickle
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from config.secrets import LARGEST, Secret, SecretText, read_secret


class Section(BaseModel):
    token: SecretText


def section(text, folder):
    return Section.model_validate_json(text, strict=True, context=folder)


def test_a_secret_shows_itself_only_when_asked(tmp_path):
    (tmp_path / "token").write_text("  s3cret\n")
    found = section('{"token": {"file": "token"}}', tmp_path)
    assert found.token.reveal() == "s3cret"
    for shown in (str(found.token), repr(found), f"{found.token}", str(found.model_dump()), repr([found.token])):
        assert "s3cret" not in shown
        assert "<secret from file token>" in shown or "Section" in shown


def test_a_secret_is_read_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("REACHD_TEST_TOKEN", "abc")
    found = read_secret({"env": "REACHD_TEST_TOKEN"}, tmp_path)
    assert (found.reveal(), found.source) == ("abc", "env REACHD_TEST_TOKEN")


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("literal-value", "must not stand in the file itself"),
        ({}, "is no secret"),
        ({"env": 3}, "is no secret"),
        ({"env": "A", "file": "B"}, "is no secret"),
        (["literal-value"], "is no secret"),
        (42, "is no secret"),
        ({"value": "literal-value"}, "value is no source of a secret"),
    ],
)
def test_anything_but_a_source_is_refused_without_being_shown(tmp_path, value, what):
    with pytest.raises(ValueError, match=what) as caught:
        read_secret(value, tmp_path)
    assert "literal-value" not in str(caught.value)
    assert 'write { env = "NAME" } or { file = "PATH" }' in str(caught.value)


@pytest.mark.parametrize(("setting", "what"), [(None, "is not set"), ("", "is empty"), ("  ", "is empty")])
def test_an_environment_variable_that_holds_nothing(tmp_path, monkeypatch, setting, what):
    if setting is None:
        monkeypatch.delenv("REACHD_TEST_TOKEN", raising=False)
    else:
        monkeypatch.setenv("REACHD_TEST_TOKEN", setting)
    with pytest.raises(ValueError, match=f"REACHD_TEST_TOKEN {what}"):
        read_secret({"env": "REACHD_TEST_TOKEN"}, tmp_path)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "cannot be read: no such file or directory"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"x" * (LARGEST + 1), "is too large"),
    ],
)
def test_a_file_that_holds_no_secret(tmp_path, content, what):
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    with pytest.raises(ValueError, match=f"the file token {what}"):
        read_secret({"file": "token"}, tmp_path)


def test_a_path_with_a_null_byte_is_a_fault_too(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        read_secret({"file": "a\0b"}, tmp_path)


def test_an_absolute_path_is_taken_as_it_is(tmp_path):
    (tmp_path / "token").write_text("abc")
    assert read_secret({"file": str(tmp_path / "token")}, Path("elsewhere")).reveal() == "abc"


def test_the_fault_is_pydantics_and_carries_no_value(tmp_path):
    with pytest.raises(ValidationError) as caught:
        section('{"token": "literal-value"}', tmp_path)
    (detail,) = caught.value.errors(include_input=False)
    assert detail["loc"] == ("token",)
    assert "literal-value" not in detail["msg"]


def test_secrets_are_equal_by_text_and_source():
    assert Secret("a", "env X") == Secret("a", "env X")
    assert hash(Secret("a", "env X")) == hash(Secret("a", "env X"))
    assert Secret("a", "env X") != Secret("b", "env X")
    assert Secret("a", "env X") != "a"


def test_a_secret_is_not_written_anywhere():
    for write in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="not written"):
            write(Secret("a", "env X"))
