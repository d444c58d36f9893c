"""What could overturn a proof, as each rule says it: set in its examples, nothing stays proven."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from archlint.config import Config
from archlint.linter import Linter, Options
from archlint.model.words import VERBS
from archlint.packs import Pack, shipped_packs
from archlint.packs.proofs import PARTS
from archlint.packs.records import Overturn
from archlint.source.parser import parse
from archlint.verdicts import FileReport
from tests.conftest import ROOT
from tests.examples.stripping import Tree
from tests.examples.stripping import dump as dumped
from tests.examples.stripping import parse as parsed

PACKS = [pack for pack in shipped_packs() if pack.family != "DOC"]
CASES = [(pack, number, path) for pack in PACKS for number in range(len(pack.proven_unless)) for path in pack.examples("bad")]
"""What the family DOC judges is the text itself, of which nothing is left unsaid."""


@cache
def linter() -> Linter:
    return Linter(Config(ROOT), Options(today="2026-06-30"))


def check(tree: Tree, path: Path) -> FileReport:
    return linter().lint(parse(str(path), dumped(tree)), path)[0]


@cache
def before(path: Path) -> FileReport:
    return check(parsed(path.read_text(encoding="utf-8")), path)


def proven(report: FileReport, pack: Pack) -> list[str]:
    """Where a rule has proven findings; those that are only informative do not count."""
    return [
        finding.at for finding in report.findings
        if finding.rule == pack.id and finding.certainty == "proven"
    ]  # fmt: skip


def parts(tree: Tree, part: str) -> Iterator[dict[str, Tree]]:
    """Yield the records of a part: `system`, `workload`, `model`, `relation`, `component`, or a kind of component."""
    assert isinstance(tree, dict)
    if part == "system":
        yield tree
        return
    section = {"workload": "workloads", "model": "models"}.get(part, "components")
    records = tree.get(section, {})
    assert isinstance(records, dict)
    for record in records.values():
        if not isinstance(record, dict):
            continue
        if part == "relation":
            yield from (relation for verb in VERBS for relation in relations(record, verb))
        elif part in {"workload", "model", "component", record.get("kind")}:
            yield record


def relations(record: dict[str, Tree], verb: str) -> list[dict[str, Tree]]:
    """The relations of a verb, each as a mapping, which the record holds from now on."""
    value = record.get(verb, [])
    found: list[Tree] = [{"to": each} if isinstance(each, str) else each for each in _listed(value)]
    if found:
        record[verb] = found
    return [each for each in found if isinstance(each, dict)]


def _listed(value: Tree) -> list[Tree]:
    return value if isinstance(value, list) else [value]


def states(tree: Tree, fact: str) -> bool:
    part, key = fact.split(".", 1)
    return any(key in record for record in parts(tree, part))


def applied(tree: Tree, entry: Overturn) -> Tree | None:
    """The file with what overturns it in each place; None if the entry is not about it."""
    if not all(states(tree, fact) for fact in entry.given) or any(states(tree, fact) for fact in entry.unless):
        return None
    changed = False
    for fact in entry.removes:
        part, key = fact.split(".", 1)
        for record in parts(tree, part):
            changed = record.pop(key, None) is not None or changed
    for fact, text in entry.sets.items():
        part, key = fact.split(".", 1)
        value = named(tree, text.removeprefix("@")) if text.startswith("@") else yaml.load(text, yaml.BaseLoader)
        for record in list(parts(tree, part)):
            record[key] = value
            changed = True
    return tree if changed else None


def named(tree: Tree, kind: str) -> str:
    """The name of a component of a kind, which the file has from now on."""
    assert isinstance(tree, dict)
    components = tree["components"]
    assert isinstance(components, dict)
    name = f"another-{kind}"
    components[name] = {"kind": kind}
    return name


def name_of(case: object) -> str:
    if isinstance(case, Pack):
        return case.id
    return case.stem if isinstance(case, Path) else str(case)


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.id)
def test_a_rule_that_may_prove_names_what_could_overturn_it(pack: Pack) -> None:
    may_prove = any(proven(before(path), pack) for path in pack.examples("bad"))
    assert bool(pack.proven_unless) or not may_prove
    for entry in pack.proven_unless:
        assert not entry.text.endswith(".")


@pytest.mark.parametrize(("pack", "number", "path"), CASES, ids=name_of)
def test_what_could_overturn_a_proof_leaves_none(pack: Pack, number: int, path: Path) -> None:
    if not proven(before(path), pack):
        return
    tree = applied(parsed(path.read_text(encoding="utf-8")), pack.proven_unless[number])
    if tree is not None:
        assert proven(check(tree, path), pack) == [], dumped(tree)


SAID_OTHERWISE = {("REL016", "relation.fails")}
"""Facts that the examples state in another way: an `optional` call fails open."""


@pytest.mark.parametrize("pack", [pack for pack in PACKS if pack.proven_unless], ids=lambda pack: pack.id)
def test_no_proof_rests_on_a_fact_that_is_only_unsaid(pack: Pack) -> None:
    """A fact that overturns a proof is one that a file replaces, or one whose absence means that there is none."""
    said = [fact for entry in pack.proven_unless for fact in entry.sets.items()]
    facts = {fact: text for fact, text in said if is_unknown_without(fact) and (pack.id, fact) not in SAID_OTHERWISE}
    for path in pack.examples("bad") if facts else ():
        held = proven(before(path), pack)
        for fact, text in facts.items():
            part, key = fact.split(".", 1)
            tree = parsed(path.read_text(encoding="utf-8"))
            silent = [record for record in parts(tree, part) if key not in record]
            for record in silent:
                record[key] = yaml.load(text, yaml.BaseLoader)
            if held and silent:
                report = check(tree, path)
                contradicts = any(finding.rule.startswith("DOC0") for finding in report.findings)
                assert contradicts or set(held) <= set(proven(report, pack)), f"{path.name}: {fact}"


def is_unknown_without(fact: str) -> bool:
    part, key = fact.split(".", 1)
    field = PARTS[part].get(key)
    return field is not None and field.absent.startswith("unknown")


@pytest.mark.parametrize("pack", [pack for pack in PACKS if pack.proven_unless], ids=lambda pack: pack.id)
def test_each_entry_overturns_an_example(pack: Pack) -> None:
    for entry in pack.proven_unless:
        trees = [parsed(path.read_text(encoding="utf-8")) for path in pack.examples("bad") if proven(before(path), pack)]
        assert any(applied(tree, entry) is not None for tree in trees), entry.text
