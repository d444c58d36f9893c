"""The strip law: without a fact that a verdict needs, it becomes undecided and names the fact; it never passes."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from archlint.config import Config
from archlint.linter import Linter, Options
from archlint.source.parser import parse as parse_yaml
from archlint.verdicts import FileReport
from tests.conftest import ROOT
from tests.examples.stripping import Path as Keys
from tests.examples.stripping import Tree, dump, parse, spelt, unknown_when_absent, without

BAD = sorted(path for path in (ROOT / "rules").glob("*/bad*.yaml") if not path.parent.name.startswith("DOC"))
"""The family DOC judges the text itself: without the mistake, there is nothing to report and nothing unknown."""

INSTEAD = {("REL012", "uses"): "persistent", ("REL017", "uses"): "redelivery_after"}
"""From a rule and a key to the key that is requested instead: a technology decides only by its default.

That key may belong to another part: a queue has a default for all that consume it, and each of them may state its own.
"""

DECIDED = {("CAP002", "max_sequences"), ("SRV007", "rate_limit"), ("SRV007", "requests")}
"""Facts that others replace: the memory for keys and values limits the sequences too, and workers limit a run."""

_EXPECT = re.compile(r"#\s*expect: ([A-Z0-9 ]+)$", re.MULTILINE)


@cache
def _linter() -> Linter:
    return Linter(Config(ROOT), Options(today="2026-06-30"))


def _check(tree: Tree, path: Path) -> FileReport:
    """Check a tree in the place of an example."""
    return _linter().lint(parse_yaml(str(path), dump(tree)), path)[0]


def _name(path: Path) -> str:
    return f"{path.parent.name.partition('-')[0]}-{path.stem}"


def _hits(report: FileReport, rule: str) -> set[str]:
    return {finding.at for finding in report.findings if finding.rule == rule}


def _asks_for(report: FileReport, rule: str, keys: Keys) -> bool:
    """Whether an open question of a rule names a key, or the key above it that is missing as a whole."""
    key, instead = spelt(keys), INSTEAD.get((rule, str(keys[-1])))
    asked = [question for question in report.undecided if question.rule == rule]
    needs = [need for question in asked for need in (*question.needs, *chain(*question.instead))]
    if instead is not None:
        return any(need.endswith(f".{instead}") for need in needs)
    return any(key == need or key.startswith(f"{need}.") for need in needs)


@pytest.mark.parametrize("path", BAD, ids=_name)
def test_without_a_fact_that_it_rests_on_a_finding_turns_undecided_and_names_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = parse(text)
    whole = _check(tree, path)
    rules = {rule for said in _EXPECT.findall(text) for rule in said.split()}
    assert rules
    assert all(_hits(whole, rule) for rule in rules), "once it is written anew, the file is not violated"
    for keys in unknown_when_absent(tree):
        report = _check(without(tree, keys), path)
        for rule in rules:
            before, after = _hits(whole, rule), _hits(report, rule)
            # A finding may move to the place of another proof of the same violation.
            kept = before <= after or bool(after - before) or (rule, keys[-1]) in DECIDED
            assert kept or _asks_for(report, rule, keys), f"without {spelt(keys)}, {rule} leaves {before - after}"


def test_what_is_asked_for_instead_is_needed() -> None:
    """An unneeded entry of the table could hide other failures."""
    used = set()
    for path in BAD:
        for keys in unknown_when_absent(parse(path.read_text(encoding="utf-8"))):
            used.add((path.parent.name.partition("-")[0], str(keys[-1])))
    assert {*INSTEAD, *DECIDED} <= used
