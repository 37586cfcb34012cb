"""The JSON Schemas of the two kinds of instrument files, for editors; they are written from the shapes."""

from __future__ import annotations

import json
from pathlib import Path

from assess.instruments.shape import InstrumentShape, LanguageShape, Shape

SCHEMAS: dict[str, type[Shape]] = {"instrument.schema.json": InstrumentShape, "text.schema.json": LanguageShape}


def schema_texts() -> dict[str, str]:
    """File name → text of each schema."""
    return {name: _schema_text(shape) for name, shape in SCHEMAS.items()}


def write_schemas(folder: Path) -> None:
    """Write both schemas into the instrument folder."""
    for name, text in schema_texts().items():
        (folder / name).write_text(text, encoding="utf-8")


def _schema_text(shape: type[Shape]) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **shape.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
