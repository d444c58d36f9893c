"""Every key that states a quantity is read: in some file, a rule says something else without it.

The keys come from the vocabulary, the files are the examples of the rules and of the project. What the family DOC says
does not count, because it judges the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from archlint.config import Config
from archlint.linter import Linter, Options
from archlint.model.fields import Field, Rec
from archlint.model.percentiles import LatencyType, ServiceTimeType
from archlint.model.quantities import Money
from archlint.model.records import COMPONENT_RECORD, RELATION_RECORD, SYSTEM_RECORD
from archlint.model.types import Parsed
from archlint.model.values import AMOUNTS
from archlint.model.vocabulary import MODEL_RECORD, WORKLOAD
from archlint.model.words import VERBS
from archlint.source.parser import parse as parse_document
from archlint.verdicts import FileReport
from tests.conftest import ROOT
from tests.examples.stripping import Tree, dump, parse

DISTRIBUTIONS = (LatencyType, ServiceTimeType, type(AMOUNTS))
ROOTS: dict[str, Rec[object]] = {
    "system": SYSTEM_RECORD, "workload": WORKLOAD, "model": MODEL_RECORD, "component": COMPONENT_RECORD,
    "relation": RELATION_RECORD,
}  # fmt: skip
SECTIONS = {"workload": "workloads", "model": "models", "component": "components"}
FILES = sorted(
    path for path in
    [*ROOT.glob("rules/*/*-*.yaml"), *ROOT.glob("rules/*/good.yaml"), *ROOT.glob("rules/*/bad.yaml"),
     *ROOT.glob("examples/*/*.yaml"), *ROOT.glob("reference_impls/*/arch.yaml"), *ROOT.glob("tests/checks/keys/*.yaml")]
    if not path.parent.name.startswith("DOC")
)  # fmt: skip


def is_quantity(field: Field[object]) -> bool:
    """Whether a value of the field is a number with a unit, a distribution of these, or an amount of money."""
    kind: object = field.type
    if isinstance(kind, Rec):
        kind = kind.scalar
    if isinstance(kind, DISTRIBUTIONS):
        return True
    return isinstance(kind, Parsed) and isinstance(kind.parse(kind.example), float | int | Money)


def keys(record: Rec[object], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, field in record.fields.items():
        if is_quantity(field):
            yield (*above, key)
        if isinstance(field.type, Rec):
            yield from keys(field.type, (*above, key))


KEYS = [key for name, record in ROOTS.items() for key in keys(record, (name,))]


@cache
def linter() -> Linter:
    return Linter(Config(ROOT), Options(today="2026-06-30"))


def said(text: str) -> object:
    """All that rules say about a file, except for the family DOC."""
    report: FileReport = linter().lint(parse_document("arch.yaml", text), None)[0]
    findings = {(f.rule, f.at, f.message, f.terms, f.certainty) for f in report.findings if not f.rule.startswith("DOC")}
    return findings, {(q.rule, q.at, q.needs) for q in report.undecided}


@cache
def before(path: Path) -> tuple[str, object]:
    text = dump(parse(path.read_text(encoding="utf-8")))
    return text, said(text)


def records(tree: Tree, part: str) -> Iterator[dict[str, Tree]]:
    assert isinstance(tree, dict)
    if part == "system":
        yield tree
        return
    section = tree.get(SECTIONS.get(part, "components"), {})
    assert isinstance(section, dict)
    for record in section.values():
        if isinstance(record, dict):
            if part == "relation":
                for verb in VERBS:
                    stated = record.get(verb, [])
                    listed = stated if isinstance(stated, list) else [stated]
                    yield from (each for each in listed if isinstance(each, dict))
            else:
                yield record


def without(text: str, key: tuple[str, ...]) -> str | None:
    """The file without a key; None if it does not state it."""
    tree, changed = parse(text), False
    for record in records(tree, key[0]):
        inner: Tree | None = record
        for step in key[1:-1]:
            inner = inner.get(step) if isinstance(inner, dict) else None
        if isinstance(inner, dict) and inner.pop(key[-1], None) is not None:
            changed = True
    return dump(tree) if changed else None


def reader(key: tuple[str, ...]) -> Path | None:
    """The first file in which a rule says something else without the key."""
    for path in FILES:
        if f"{key[-1]}:" in path.read_text(encoding="utf-8"):
            text, original = before(path)
            changed = without(text, key)
            if changed is not None and said(changed) != original:
                return path
    return None


@pytest.mark.parametrize("key", KEYS, ids=".".join)
def test_a_rule_reads_each_key_that_states_a_quantity(key: tuple[str, ...]) -> None:
    assert reader(key) is not None
