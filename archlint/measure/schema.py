"""The JSON Schema of a measurement, as `archlint measure -o json` prints it."""

from __future__ import annotations

from typing import Any

import msgspec

from archlint.measure.endpoint import MeasuredEndpoint
from archlint.measure.models import MeasuredModel


def measurement_schema() -> dict[str, Any]:
    """Return the schema of both kinds of measurement."""
    kinds = [MeasuredModel | MeasuredEndpoint]
    (schema,), definitions = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A measurement of archlint", **schema,
        "$defs": definitions,
    }  # fmt: skip
