"""JSON Schemas (draft 2020-12) of what commands write as JSON, made from the records that they write."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any, Final

import msgspec

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema_of(kind: Any, title: str) -> dict[str, object]:
    """Return the schema of a record, or of a union of records, with its title."""
    (schema,), definitions = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    whole = {"$schema": DRAFT, "title": title, **schema, "$defs": definitions}
    return {key: _plain(value) for key, value in whole.items()}


def _plain(value: Any) -> object:
    """Return a part of a schema whose descriptions have no indent: some versions of msgspec keep that of the code."""
    if isinstance(value, dict):
        text = value.get("description")
        cleaned = {"description": cleandoc(text)} if isinstance(text, str) else {}
        return {key: _plain(part) for key, part in {**value, **cleaned}.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value
