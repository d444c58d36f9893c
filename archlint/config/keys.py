"""Every key of a configuration: the kind of its value, and its effect. Both the reader and the JSON Schema use this."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from archlint.model.words import FACT_FAMILIES

SEVERITIES: Final = ("error", "warning", "info")
LEVELS: Final = (*SEVERITIES, "never")


class Kind(Enum):
    """The kind of a key's value."""

    TEXTS = "a list of texts"
    RULES = "a list of rules, by id, name or family"
    PATTERNS = "a list of patterns, in .gitignore syntax"
    FILE = "the path of a file"
    WORD = "one of a few words"
    SWITCH = "true or false"
    FAMILIES = "true, or a list of families of facts"
    TEXT = "a text"
    PRICE = "a price for a time"
    DATE = "a date"
    RULE_TABLE = "a table for each rule"
    PRICE_TABLE = "a price for each name"
    PARAMS = "a value for each parameter of the rule"
    LAYERS = "a list of tables"


class Key(NamedTuple):
    """A key: the kind of its value, its effect, and an example value in TOML."""

    kind: Kind
    about: str
    example: str
    words: tuple[str, ...] = ()
    required: bool = False


_SELECT: Final = Key(Kind.RULES, "The rules to run: ids, names, families or ALL.", '["SRV", "REL001"]')
_IGNORE: Final = Key(
    Kind.RULES, "The rules to leave out; the more specific selector wins.", '["OPS", "no-monitoring"]'
)
_RULES: Final = Key(
    Kind.RULE_TABLE, "Severity and parameters of single rules.", '[rules.SRV005] with severity = "warning"'
)

TOP: Final = {
    "extend": Key(
        Kind.FILE, "A configuration that this one builds on, relative to this file's folder.", '"../archlint.toml"'
    ),
    "select": _SELECT,
    "ignore": _IGNORE,
    "exclude": Key(
        Kind.PATTERNS, "Files and folders that a search leaves out, relative to this file's folder.", '["experiments/"]'
    ),
    "packs": Key(
        Kind.TEXTS, "Further rules: folders, relative to this file's folder, or installed distributions.",
        '["house-rules"]',
    ),
    "technologies": Key(
        Kind.TEXTS, "Files with your own technologies, relative to this file's folder.", '["technologies.yaml"]'
    ),
    "fail-on": Key(Kind.WORD, "The least severity that fails the check.", '"warning"', LEVELS),
    "baseline": Key(
        Kind.FILE, "The file of known findings, relative to this file's folder.", '"archlint-baseline.jsonl"'
    ),
    "baseline-strict": Key(Kind.SWITCH, "Fail if the baseline holds findings that are gone.", "true"),
    "require_described": Key(
        Kind.FAMILIES, "Families of facts in which an omitted value means none, in every file; `true` means all.",
        '["timeouts", "owners"]', tuple(FACT_FAMILIES),
    ),
    "prices": Key(
        Kind.PRICE_TABLE, "Prices of accelerators, technologies, or `cpu`, for components that state none.",
        '[prices] with l4 = "0.75 USD per h"',
    ),
    "rules": _RULES,
    "per-path": Key(
        Kind.LAYERS, "Selection, severities and parameters for some paths; the last match wins.",
        '[[per-path]] with paths = ["teams/risk/**"]',
    ),
}  # fmt: skip
PER_PATH: Final = {
    "paths": Key(
        Kind.PATTERNS, "The files that this table applies to, relative to this file's folder.", '["teams/risk/**"]',
        required=True,
    ),
    "select": _SELECT,
    "ignore": _IGNORE,
    "rules": _RULES,
}  # fmt: skip
RULE: Final = {
    "severity": Key(Kind.WORD, "The severity of the rule's findings.", '"warning"', SEVERITIES),
    "params": Key(Kind.PARAMS, "Parameters of the rule; `archlint explain RULE` lists them.", '{slow = "2s"}'),
}
PRICE: Final = {
    "amount": Key(Kind.PRICE, "What it costs for a time.", '"0.75 USD per h"', required=True),
    "source": Key(Kind.TEXT, "Where the price comes from.", '"price list of the provider"'),
    "date": Key(Kind.DATE, "When the price was looked up.", "2026-11-01"),
}
