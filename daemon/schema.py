"""JSON Schema of every line, made from the forms that read them: `python -m daemon.schema docs/schema` writes it."""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from daemon.wire_shapes import SHAPES


class Untitled(GenerateJsonSchema):
    """Without a title on each field: it would repeat the field's name."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002  the library's signature
        """Never."""
        return False


DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(word: str) -> dict[str, Any]:
    """The schema of the lines that begin with that word, as `record/1`."""
    made = SHAPES[word].model_json_schema(schema_generator=Untitled)
    made["properties"] = {"reachd": made["properties"].pop("reachd"), **made["properties"]}
    return {"$schema": DIALECT, "$id": file_of(word), **made, "title": word}


def file_of(word: str) -> str:
    """`record-1.json` for `record/1`."""
    return f"{word.replace('/', '-')}.json"


def texts() -> dict[str, str]:
    """File name to content, for every kind of line."""
    return {file_of(word): json.dumps(schema_of(word), indent=2, ensure_ascii=False) + "\n" for word in SHAPES}


def main(folder: Path) -> None:
    """Write all of them into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
