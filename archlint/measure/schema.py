"""The JSON Schema of a measurement, as `archlint measure -o json` prints it."""

from __future__ import annotations

from archlint.measure.endpoint import MeasuredEndpoint
from archlint.measure.models import MeasuredModel
from archlint.schemas import schema_of


def measurement_schema() -> dict[str, object]:
    """Return the schema of both kinds of measurement."""
    return schema_of(MeasuredModel | MeasuredEndpoint, "A measurement of archlint")
