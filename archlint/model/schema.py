"""The JSON Schema of `arch.yaml`, made from the vocabulary that the reader reads by."""

from __future__ import annotations

from archlint.model.records import ACCEPT_RECORD, COMPONENT_RECORD, SYSTEM_RECORD
from archlint.model.types import Definitions, Schema
from archlint.model.vocabulary import FORMAT_VERSION, MODEL_RECORD, WORKLOAD

_NAME_PATTERN = r"^\S{1,200}$"


def architecture_schema() -> dict[str, object]:
    """The schema, in JSON Schema draft 2020-12, with descriptions that an editor shows.

    It accepts every file that the reader understands. What no schema can say (references, contradictions, the
    calendar) only the reader checks.

    >>> architecture_schema()["title"]
    'archlint architecture'
    """
    defs: Definitions = {}
    sections = {
        "workloads": _section(
            WORKLOAD.schema(defs), "Demand: streams of prediction requests, and what the product asks of them."
        ),
        "models": _section(
            {"anyOf": [MODEL_RECORD.schema(defs), {"type": "null"}]}, "The learned artefacts that are served."
        ),
        "components": _section(
            COMPONENT_RECORD.schema(defs), "The parts of the system, each with the relations that it starts."
        ),
    }
    acceptance = ACCEPT_RECORD.schema(defs)
    properties: dict[str, Schema] = {
        "archlint": {"description": "The version of the format.", "enum": [int(FORMAT_VERSION), FORMAT_VERSION]},
        **{key: field.schema(defs) for key, field in SYSTEM_RECORD.fields.items()},
        **sections,
        "accept": {
            "description": "Findings taken on purpose, each with a reason.",
            "anyOf": [{"type": "array", "items": acceptance}, acceptance, {"type": "null"}],
        },
        "include": {
            "description": "Further files of this system, relative to this one.",
            "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}, {"type": "null"}],
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "archlint architecture",
        "description": "A system that serves machine-learning models, as archlint reads it from arch.yaml.",
        "type": "object",
        "properties": properties,
        "patternProperties": {"^x-": {"description": "Yours: archlint does not read it. A place for anchors."}},
        "additionalProperties": False,
        "$defs": dict(sorted(defs.items())),
    }


def _section(item: Schema, description: str) -> Schema:
    return {
        "description": description,
        "type": ["object", "null"],
        "propertyNames": {"pattern": _NAME_PATTERN},
        "additionalProperties": item,
    }
