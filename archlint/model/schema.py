"""The JSON Schema of `arch.yaml`, made from the same vocabulary as the reader."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from archlint.about import docs_url
from archlint.model.records import ACCEPT_RECORD, COMPONENT_RECORD, SYSTEM_RECORD
from archlint.model.types import Definitions, Schema
from archlint.model.vocabulary import FORMAT_VERSION, MODEL_RECORD, WORKLOAD
from archlint.schemas import DRAFT

_NAME_PATTERN = r"^\S{1,200}$"
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


def architecture_schema(
    technologies: Mapping[str, str] = _NONE, rules: Mapping[str, str] = _NONE, accelerators: Mapping[str, str] = _NONE
) -> dict[str, object]:
    """The schema, in JSON Schema draft 2020-12, with descriptions that an editor shows.

    It accepts every file that the reader accepts. Only the reader checks what no schema can express: references,
    contradictions, the calendar. Editors offer the words in `technologies`, `rules` and `accelerators`, each with its
    meaning; other words are valid too.

    >>> architecture_schema()["title"]
    'archlint architecture'
    """
    defs: Definitions = {}
    sections = {
        "workloads": _section(
            WORKLOAD.schema(defs), "Demand: streams of prediction requests, with their objectives."
        ),
        "models": _section(
            {"anyOf": [MODEL_RECORD.schema(defs), {"type": "null"}]}, "The trained models that are served."
        ),
        "components": _section(
            COMPONENT_RECORD.schema(defs), "The parts of the system, each with its outgoing relations."
        ),
    }
    acceptance = ACCEPT_RECORD.schema(defs)
    _offer(defs, "technology", technologies, "a name, such as kafka")
    _offer(defs, "rule-id", rules, "a rule id, such as SRV001")
    _offer(defs, "accelerator", accelerators, "a name, such as l4")
    properties: dict[str, Schema] = {
        "archlint": {"description": "The version of the format.", "enum": [int(FORMAT_VERSION), FORMAT_VERSION]},
        **{key: field.schema(defs) for key, field in SYSTEM_RECORD.fields.items()},
        **sections,
        "accept": {
            "description": "Accepted findings, each with a reason.",
            "anyOf": [{"type": "array", "items": acceptance}, acceptance, {"type": "null"}],
        },
        "include": {
            "description": "More files of this system, relative to this one.",
            "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}, {"type": "null"}],
        },
    }
    some_components = {"description": "At least one component.", "type": "object", "minProperties": 1}
    return {
        "$schema": DRAFT,
        "$id": docs_url("schema/arch.schema.json"),
        "title": "archlint architecture",
        "description": "An ML-serving system, as described in arch.yaml.",
        "type": "object",
        "required": ["archlint"],
        "properties": properties,
        "patternProperties": {"^x-": {"description": "Your own data, such as YAML anchors. archlint only keeps it."}},
        "additionalProperties": False,
        "if": {"not": {"required": ["include"]}},
        "then": {"required": ["components"], "properties": {"components": some_components}},
        "$defs": dict(sorted(defs.items())),
    }


def _offer(defs: Definitions, name: str, words: Mapping[str, str], wanted: str) -> None:
    """Let editors offer some words for a definition, which accepts others too."""
    if words:
        offered = sorted(words)
        choice: Schema = {
            "enum": offered,
            "enumDescriptions": [words[word] for word in offered],
            "errorMessage": f"Write {wanted}.",
        }
        defs[name] = {"anyOf": [choice, defs[name]]}


def _section(item: Schema, description: str) -> Schema:
    return {
        "description": description,
        "type": ["object", "null"],
        "propertyNames": {
            "pattern": _NAME_PATTERN,
            "patternErrorMessage": "A name has no spaces, and at most 200 characters.",
        },
        "additionalProperties": item,
    }
