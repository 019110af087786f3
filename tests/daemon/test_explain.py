from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, BeforeValidator, Field

from config.quantities import Duration
from daemon.explain import Entry, entries, headline, meanings, type_words
from daemon.wire_shapes import RecordShape
from probes.plugin import HostPort
from probes.protocols.tcp import Tcp
from probes.record import Answer, Facts, Kind, Phase, Purpose, TcpInfo


def span(value):
    return value


class Keys(BaseModel):
    """Keys."""

    every: Annotated[float, BeforeValidator(span)] = 30.0
    names: tuple[str, ...] = ()
    side: Literal["left", "right"] | None = None
    port: int = Field(description="where it listens")
    on: bool = True


@dataclass
class Value:
    """A value
    over two lines.

    And more of it.
    """

    first: int
    second: str = "x"
    third: dict[str, str] = field(default_factory=dict)


class Plain(StrEnum):
    ONE = "one"


def test_a_headline_is_the_first_paragraph_in_one_line():
    assert headline(Value) == "A value over two lines."
    assert headline(Plain.ONE.__class__.__init__) != ""
    assert headline(lambda: None) == ""


def test_the_text_under_a_field_is_its_meaning():
    assert meanings(Facts)["alert"] == "The TLS alert's number (RFC 8446 section 6)."
    assert meanings(Kind)["LOCAL"].startswith("A fault of our own machine")


def test_meanings_are_inherited():
    assert meanings(Tcp)["target"] == meanings(HostPort)["target"]
    assert "version" in meanings(RecordShape) or "at" in meanings(RecordShape)


def test_fields_of_a_model():
    assert entries(Keys) == [
        Entry("every", "span", "`30`", ""),
        Entry("names", "list of text", "", ""),
        Entry("side", "`left`, `right`", "", ""),
        Entry("port", "whole number", "required", "where it listens"),
        Entry("on", "true or false", "`true`", ""),
    ]


def test_fields_of_a_dataclass():
    assert entries(Value) == [
        Entry("first", "whole number", "required", ""),
        Entry("second", "text", "`x`", ""),
        Entry("third", "table", "", ""),
    ]


def test_members_of_an_enumeration():
    assert [entry.name for entry in entries(Phase)] == ["dns", "proxy", "tcp", "tls", "quic", "http", "app"]
    assert entries(Plain) == [Entry("one", "", "", "")]


@pytest.mark.parametrize("kind", [Kind, Phase, Purpose, Facts, Answer, TcpInfo])
def test_the_vocabulary_of_a_record_is_explained(kind):
    assert [entry.name for entry in entries(kind) if not entry.meaning] == []


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (str | None, "text"),
        (int | str, "whole number or text"),
        (tuple[str, ...], "list of text"),
        (list[int] | None, "list of whole number"),
        (dict[str, int], "table"),
        (Phase, "a phase"),
        (Value, "value"),
        (Duration, "duration"),
        (Duration | None, "duration"),
        (object, "anything"),
        ("str", "str"),
    ],
)
def test_types_are_said_in_words_of_a_user(annotation, words):
    assert type_words(annotation) == words
