"""The JSON Schema of `archlint.toml`, and of `[tool.archlint]` in `pyproject.toml`, for editors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from archlint.about import docs_url
from archlint.config.keys import PER_PATH, PRICE, RULE, TOP, Key, Kind
from archlint.config.records import ALL
from archlint.packs import Pack
from archlint.schemas import DRAFT

Schema = dict[str, object]
_TEXT: Schema = {"type": "string", "pattern": r"\S"}
_NUMBERS = frozenset({"s", "B", "/s", "B/s", "share", "count", ""})


def config_schema(packs: Iterable[Pack]) -> Schema:
    """Return the schema, in JSON Schema draft 2020-12; `packs` are the rules that it names.

    It accepts every file that the reader accepts. Only the reader checks what a schema cannot express: whether a file
    exists, what a unit means, which rules your packs add.

    >>> config_schema(())["title"]
    'archlint configuration'
    """
    writer = _Writer(list(packs))
    return {
        "$schema": DRAFT,
        "$id": docs_url("schema/config.schema.json"),
        "title": "archlint configuration",
        "description": "What archlint.toml, or the table [tool.archlint] of pyproject.toml, says.",
        **writer.table(TOP),
        "$defs": {"rules": writer.rules(), "rule": writer.table(RULE), "selector": writer.selector()},
    }


class _Writer:
    def __init__(self, packs: list[Pack]) -> None:
        self.packs = packs

    def table(self, keys: Mapping[str, Key]) -> Schema:
        """Return the schema of a table with these keys and no others."""
        required = [name for name, key in keys.items() if key.required]
        return {
            "type": "object",
            "properties": {
                name: {"description": key.about, **self.value(key)} for name, key in keys.items()
            },
            **({"required": required} if required else {}),
            "additionalProperties": False,
        }  # fmt: skip

    def value(self, key: Key) -> Schema:
        """Return the schema of a key's value."""
        match key.kind:
            case Kind.TEXTS | Kind.PATTERNS:
                return {"type": "array", "items": _TEXT, **({"minItems": 1} if key.required else {})}
            case Kind.RULES:
                return {"type": "array", "items": {"$ref": "#/$defs/selector"}}
            case Kind.FILE | Kind.PRICE:
                return dict(_TEXT)
            case Kind.WORD:
                return {"enum": list(key.words)}
            case Kind.SWITCH:
                return {"type": "boolean"}
            case Kind.FAMILIES:
                return {"anyOf": [{"type": "boolean"}, {"type": "array", "items": {"enum": list(key.words)}}]}
            case Kind.TEXT | Kind.DATE:
                return {"type": "string"}
            case Kind.RULE_TABLE:
                return {"$ref": "#/$defs/rules"}
            case Kind.PRICE_TABLE:
                return {"type": "object", "additionalProperties": {"anyOf": [dict(_TEXT), self.table(PRICE)]}}
            case Kind.PARAMS:
                return {"type": "object"}
            case Kind.LAYERS:
                return {"type": "array", "items": self.table(PER_PATH)}

    def selector(self) -> Schema:
        """Return the schema of a rule selector; any word is allowed, for custom rules."""
        words = dict.fromkeys((ALL, *(word for pack in self.packs for word in (pack.family, pack.id, pack.name))))
        return {"anyOf": [{"enum": list(words)}, _TEXT]}

    def rules(self) -> Schema:
        """Return the schema of the tables of rules, by id or name; custom rules may have any parameters."""
        known = {word: self._rule(pack) for pack in self.packs for word in (pack.id, pack.name)}
        return {"type": "object", "properties": known, "additionalProperties": {"$ref": "#/$defs/rule"}}

    def _rule(self, pack: Pack) -> Schema:
        params = {} if pack.check == "reader_problem" else pack.params
        properties: Schema = {
            name: {"description": f"{param.reason} Default: {param.text}.".strip(), **_param(param.unit)}
            for name, param in params.items()
        }
        own = {"description": RULE["params"].about, "type": "object", "properties": properties}
        keys: Schema = {
            name: {**own, "additionalProperties": False} if key.kind is Kind.PARAMS
            else {"description": key.about, **self.value(key)}
            for name, key in RULE.items()
        }  # fmt: skip
        return {**self.table(RULE), "description": pack.title, "properties": keys}


def _param(unit: str) -> Schema:
    if unit == "flag":
        return {"type": "boolean"}
    return {"type": ["string", "number"]} if unit in _NUMBERS else {"type": "string"}
