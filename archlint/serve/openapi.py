"""The OpenAPI description: that of FastAPI, with the JSON Schemas of what `check`, `analyze` and others write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from archlint import __version__
from archlint.compare.json import difference_schema
from archlint.explore.whatif_json import whatif_schema
from archlint.report.json import report_schema
from archlint.report.numbers.json import numbers_schema

REPORTS: Final = {
    "Report": report_schema, "Numbers": numbers_schema, "WhatIf": whatif_schema, "Difference": difference_schema,
}  # fmt: skip
"""Schemas of responses, by the names that routes have for them."""


def reported(name: str, description: str) -> dict[int | str, dict[str, Any]]:
    """Return the description of a response with one of these schemas, for a route."""
    reference = {"$ref": f"#/components/schemas/{name}"}
    return {200: {"description": description, "content": {"application/json": {"schema": reference}}}}


def describe(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """Return the description of an application."""
    described = get_openapi(
        title="archlint serve", version=__version__, routes=routes,
        description="Check, draw and compare systems that serve machine-learning models.",
    )  # fmt: skip
    schemas = described["components"]["schemas"]
    for name, make in REPORTS.items():
        whole = make()
        parts: Any = whole.get("$defs", {})
        schemas.update({f"{name}.{part}": _moved(schema, name) for part, schema in parts.items()})
        kept = {key: value for key, value in whole.items() if key not in {"$defs", "$schema"}}
        schemas[name] = _moved(kept, name)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return described


def _moved(schema: Any, name: str) -> Any:
    """Return a part of a schema whose references lead to the components of the description."""
    if isinstance(schema, dict):
        return {
            key: value.replace("#/$defs/", f"#/components/schemas/{name}.") if key == "$ref" else _moved(value, name)
            for key, value in schema.items()
        }
    return [_moved(part, name) for part in schema] if isinstance(schema, list) else schema
