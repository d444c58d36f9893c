"""Laws for every system: with a baseline it has no findings, and changes without a meaning add none."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.compare.baseline import freeze, settle
from archlint.compare.entries import Baseline, baseline_text, read_baseline
from archlint.config import Config
from archlint.linter import Linter, Options
from archlint.source.parser import parse
from archlint.verdicts import FileReport
from tests.compare.trees import Rename, parts_of, renamed, renames, respelt, shuffled
from tests.conftest import ROOT
from tests.strategies import Tree, architectures, dump

LINTER = Linter(Config(ROOT), Options(today="2026-11-22", signatures=True))
EMPTY = Baseline(ROOT / "archlint-baseline.jsonl")


def checked(tree: Tree) -> FileReport:
    return LINTER.lint(parse("arch.yaml", dump(tree)), None)[0]


def frozen(tree: Tree) -> Baseline:
    return Baseline(EMPTY.file, freeze(EMPTY, [checked(tree)]).entries)


def assert_clean(baseline: Baseline, tree: Tree) -> None:
    applied = settle(baseline, [checked(tree)])
    assert not applied.files[0].findings
    assert not applied.healed
    assert sum(entry.count for entry in applied.kept) == sum(entry.count for entry in baseline.entries)


@settings(max_examples=60)
@given(architectures())
def test_after_a_baseline_a_check_is_clean(tree: Tree) -> None:
    assert_clean(frozen(tree), tree)


@settings(max_examples=60)
@given(st.data(), architectures())
def test_another_order_and_other_units_change_nothing(data: st.DataObject, tree: Tree) -> None:
    assert_clean(frozen(tree), data.draw(respelt(data.draw(shuffled(tree)))))


@settings(max_examples=60)
@given(st.data(), architectures())
def test_a_rename_of_any_part_changes_nothing(data: st.DataObject, tree: Tree) -> None:
    assert_clean(frozen(tree), renamed(tree, data.draw(renames(tree))))


@settings(max_examples=60)
@given(st.data(), architectures())
def test_a_baseline_survives_writing_and_reading(data: st.DataObject, tree: Tree) -> None:
    baseline = frozen(tree)
    head, *lines = baseline_text(baseline.entries).splitlines(keepends=True)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "archlint-baseline.jsonl"
        file.write_text(head + "".join(data.draw(st.permutations(lines))), encoding="utf-8")
        again = read_baseline(file)
    assert sorted(again.entries, key=str) == sorted(baseline.entries, key=str)


@settings(max_examples=40)
@given(architectures())
def test_all_components_under_other_names_change_nothing(tree: Tree) -> None:
    baseline = frozen(tree)
    for section, name in list(parts_of(tree)):
        if section == "components":
            tree = renamed(tree, Rename(section, name, f"shop-{name}"))
    assert_clean(baseline, tree)
