"""The JSON Schema of `rule.yaml`, for editors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from archlint.about import docs_url
from archlint.catalog.patterns import Pattern
from archlint.model.percentiles import DURATION
from archlint.model.types import Definitions, Parsed, Schema
from archlint.model.values import BANDWIDTH, COUNT, RATE, SHARE, SIZE
from archlint.model.words import FACT_FAMILIES
from archlint.packs.proofs import PARTS
from archlint.packs.reading import STATUSES
from archlint.packs.records import Pack
from archlint.schemas import DRAFT
from archlint.verdicts import Severity

_TEXT: Final[Schema] = {"not": {"type": ["array", "object", "null"]}}
_OPTIONAL_TEXT: Final[Schema] = {"not": {"type": ["array", "object"]}}
_FLOAT: Final = r"^\s*[+-]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
_NUMBER: Final[Schema] = {
    "anyOf": [
        {"type": "number", "errorMessage": "Write a number, such as 3 or 1.5."},
        {"type": "string", "pattern": _FLOAT, "errorMessage": "Write a number, such as 3 or 1.5."},
    ]
}
_FLAG: Final[Schema] = {"enum": [True, False, "true", "false"], "errorMessage": "Write true or false."}
_UNITS: Final[dict[str, tuple[str, Schema | Parsed[float] | Parsed[int]]]] = {
    "s": ("a duration", DURATION),
    "B": ("a size in bytes", SIZE),
    "/s": ("a rate", RATE),
    "B/s": ("a bandwidth", BANDWIDTH),
    "share": ("a share, such as 10%", SHARE),
    "count": ("a count", COUNT),
    "": ("a number", _NUMBER),
    "text": ("a text", _TEXT),
    "flag": ("true or false", _FLAG),
}
_OWN_CHECKS: Final = {
    "expression": "evaluates the expressions in `params`, without Python",
    "./check.py": "Python in the rule's own folder",
}


def rule_schema(packs: Iterable[Pack], patterns: Iterable[Pattern]) -> Schema:
    """Return the schema, in JSON Schema draft 2020-12. Editors offer the checks of `packs`, and `patterns` as fixes.

    It accepts every file that the reader accepts. Only the reader checks what a schema cannot express: whether a
    check exists, and which parameters it has.

    >>> rule_schema((), ())["required"]
    ['title', 'check', 'severity', 'summary']
    """
    checks = {pack.check: pack.title for pack in packs if pack.check != "reader_problem"}
    fixes = {pattern.name: pattern.title for pattern in patterns}
    defs: Definitions = {}
    properties: dict[str, Schema] = {
        "title": _text("What the rule finds, in one line.", required=True),
        "check": _offered("The code that decides: one of archlint, or your own.", _OWN_CHECKS | checks),
        "severity": {"description": "How serious a finding is. Required.", "enum": [level.value for level in Severity]},
        "status": {"description": "`preview` while the rule may still change.", "enum": [*STATUSES, None]},
        "summary": _text("What is wrong, in one sentence.", required=True),
        "what": _text("When exactly the rule fires."),
        "why": _text("Why it matters, with facts."),
        "place": _text("The line where the finding appears."),
        "fix": _text("What to do, in short."),
        "params": {
            "description": "The parameters of the check. `archlint.toml` can set other values.",
            "type": ["object", "null"],
            "additionalProperties": _param(defs),
        },
        "terms": {
            "description": "The names of the finding's terms, each with its meaning. An acceptance can refer to them.",
            "type": ["object", "null"],
            "additionalProperties": _TEXT,
        },
        "cures": {
            "description": "The patterns that help, best first.",
            "type": ["array", "null"],
            "items": _record({
                "pattern": _offered("The name of a pattern; `archlint patterns` lists them.", fixes),
                "text": _text("How it helps.", required=True),
                "when": _text("When it helps."),
            }, "pattern", "text"),
        },
        "sources": {
            "description": "Where the rule's claims come from.",
            "type": ["array", "null"],
            "items": _record({"title": _text("The source.", required=True), "url": _text("Its address.")}, "title"),
        },
        "facts": {
            "description": "The family of facts whose absence it reports. It is undecided in files that describe none.",
            "enum": [*(word for word in FACT_FAMILIES if word != "all"), None],
        },
        "needs": {
            "description": "Keys and kinds that a file must mention, separated by spaces; `|` separates alternatives.",
            "type": ["string", "null"],
            "pattern": r"^[a-z_.| -]*$",
        },
        "imported": {
            "description": "The highest severity of its findings in systems that are read from deployment files.",
            "enum": [*(level.value for level in Severity), None],
        },
        "proven_unless": {
            "description": "What could overturn a finding that is called proven: facts that the file leaves out.",
            "type": ["array", "null"],
            "items": _overturn(),
        },
    }  # fmt: skip
    return {
        "$schema": DRAFT,
        "$id": docs_url("schema/rule.schema.json"),
        "title": "archlint rule",
        "description": "A rule of archlint: the file rule.yaml in the rule's folder.",
        **_record(properties, "title", "check", "severity", "summary"),
        "$defs": dict(sorted(defs.items())),
    }


def _text(description: str, required: bool = False) -> Schema:
    if required:
        return {"description": f"{description} Required.", **_TEXT}
    return {"description": description, **_OPTIONAL_TEXT}


def _offered(description: str, words: Mapping[str, str]) -> Schema:
    """Return the schema of a required text for which editors suggest some words."""
    choice: list[Schema] = [{"enum": list(words), "enumDescriptions": list(words.values())}] if words else []
    return {"description": f"{description} Required.", "anyOf": [*choice, _TEXT]}


def _record(properties: dict[str, Schema], *required: str) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _overturn() -> Schema:
    """An entry of `proven_unless`."""
    parts = "|".join(PARTS)
    name: Schema = {
        "type": "string",
        "pattern": f"^({parts})\\.[a-z_]+(\\.[a-z_]+)*$",
        "errorMessage": "Write PART.KEY, such as relation.fallback or queue.dead_letter.",
    }
    facts: Schema = {"type": ["array", "null"], "items": name}
    sets: Schema = {
        "description": "Facts that overturn it, each with an example. `@queue` stands for the name of a queue.",
        "type": ["object", "null"],
        "propertyNames": name,
        "additionalProperties": _TEXT,
    }
    record = _record({
        "text": _text("What could overturn it.", required=True),
        "sets": sets,
        "removes": {"description": "Facts that the proof needs: a file without them proves nothing.", **facts},
        "given": {"description": "It applies to files that state these facts.", **facts},
        "unless": {"description": "It applies to files that state none of these facts.", **facts},
    }, "text")  # fmt: skip
    filled = {"properties": {"sets": {"type": "object", "minProperties": 1}}, "required": ["sets"]}
    listed = {"properties": {"removes": {"type": "array", "minItems": 1}}, "required": ["removes"]}
    return record | {"anyOf": [filled, listed], "errorMessage": "Name a fact under `sets` or `removes`."}


def _param(defs: Definitions) -> Schema:
    """Return the schema of a parameter; the allowed values depend on its unit."""
    units: Schema = {
        "description": "The unit of the value. Omitted: the value is a number.",
        "enum": [*_UNITS, None],
        "enumDescriptions": [*(meaning for meaning, _value in _UNITS.values()), "a number"],
    }
    properties: dict[str, Schema] = {
        "value": _text("The default.", required=True),
        "unit": units,
        "reason": _text("Why this default."),
        "source": _text("Where the default comes from."),
    }
    return {
        "title": "a parameter",
        **_record(properties, "value"),
        "allOf": [
            _value_of(unit, value.schema(defs) if isinstance(value, Parsed) else value)
            for unit, (_meaning, value) in _UNITS.items()
        ],
    }


def _value_of(unit: str, value: Schema) -> Schema:
    if unit:
        condition: Schema = {"properties": {"unit": {"enum": [unit]}}, "required": ["unit"]}
    else:
        condition = {"properties": {"unit": {"enum": ["", None]}}}
    return {"if": condition, "then": {"properties": {"value": value}}}
