from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from config.words import words

SECRET = "hunter2-in-the-open"


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    x: int = 0


class Keys(BaseModel):
    must: str = Field(description="say who agreed")
    bare: str
    text: str = ""
    number: int = 0
    part: float = 0.0
    yes: bool = False
    several: tuple[str, ...] = ("a",)
    filled: Annotated[str, Field(min_length=1)] = "a"
    few: Annotated[tuple[int, ...], Field(min_length=1, max_length=2)] = (1,)
    short: Annotated[str, Field(max_length=3)] = ""
    low: Annotated[int, Field(ge=1, le=5)] = 1
    open: Annotated[float, Field(gt=0, lt=1)] = 0.5
    side: Literal["foreign", "domestic", "control"] = "foreign"
    only: Literal["webhook"] = "webhook"
    colour: Colour = Colour.RED
    inner: Inner = Inner()
    table: dict[str, int] = {}
    day: date | None = None
    own: str = ""

    @field_validator("own")
    @classmethod
    def _refuse(cls, own):
        if own:
            raise ValueError("must be something else")
        return own


def said(json):
    with pytest.raises(ValidationError) as caught:
        Keys.model_validate_json(json, strict=True)
    return {".".join(map(str, detail["loc"])): words(detail, Keys.model_fields) for detail in caught.value.errors()}


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("text", "3", "must be a text in quotes"),
        ("number", '"3"', "must be a whole number"),
        ("number", "3.5", "must be a whole number"),
        ("number", "true", "must be a whole number"),
        ("part", '"3"', "must be a number"),
        ("yes", '"yes"', "must be true or false"),
        ("several", '"a"', "must be a list in square brackets"),
        ("filled", '""', "must not be empty"),
        ("few", "[]", "must not be empty"),
        ("few", "[1, 2, 3]", "must not have more than 2 members"),
        ("short", '"abcd"', "must not be longer than 3 letters"),
        ("low", "0", "must be at least 1"),
        ("low", "6", "must be at most 5"),
        ("open", "0.0", "must be more than 0.0"),
        ("open", "1.0", "must be less than 1.0"),
        ("side", '"foreing-"', "'foreing-' is not foreign, domestic or control; did you mean foreign"),
        ("side", '"x"', "'x' is not foreign, domestic or control"),
        ("side", "3", "must be 'foreign', 'domestic' or 'control'"),
        ("only", '"webhooks"', "'webhooks' is not webhook; did you mean webhook"),
        ("colour", '"rad"', "'rad' is not red or green; did you mean red"),
        ("inner", "3", "must be a table"),
        ("table", "3", "must be a table"),
        ("own", '"x"', "must be something else"),
    ],
)
def test_what_is_wrong_in_plain_words(key, value, what):
    assert said(f'{{"must": "", "bare": "", "{key}": {value}}}') == {key: what}


def test_what_is_missing_is_explained_where_the_model_explains_it():
    assert said("{}") == {"must": "is missing: say who agreed", "bare": "is missing"}


def test_an_unknown_key_of_a_table_inside():
    assert said('{"must": "", "bare": "", "inner": {"y": 1}}') == {"inner.y": "is not known here"}


def test_what_has_no_words_of_ours_keeps_pydantics_without_the_value():
    (what,) = said(f'{{"must": "", "bare": "", "day": "{SECRET}"}}').values()
    assert what.startswith("input should be a valid date")
    assert SECRET not in what


@pytest.mark.parametrize("key", ["number", "part", "yes", "several", "short", "inner", "table", "day", "own", "low"])
def test_a_value_off_no_closed_list_is_never_shown(key):
    """It may be a secret that was put under the wrong key."""
    assert SECRET not in "".join(said(f'{{"must": "", "bare": "", "{key}": "{SECRET}"}}').values())
