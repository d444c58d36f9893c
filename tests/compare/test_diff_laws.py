"""Laws for the difference of any two versions."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compare.trees import Rename, parts_of, renamed, renames, respelt, shuffled, styled
from tests.compare.versions import difference
from tests.conftest import ROOT
from tests.strategies import Tree, architectures, dump, parse

EXAMPLES = [path for path in sorted(ROOT.glob("examples/*/*.yaml")) if path.parent.name in {"passing", "failing"}]
EXAMPLES += sorted(ROOT.glob("rules/*/*.yaml"))
SYSTEMS = [path for path in EXAMPLES if path.name != "rule.yaml" and "archlint:" in path.read_text(encoding="utf-8")]


@settings(max_examples=60)
@given(st.data(), architectures())
def test_other_order_units_and_style_make_no_difference(data: st.DataObject, tree: Tree) -> None:
    again = data.draw(styled(data.draw(respelt(data.draw(shuffled(tree))))))
    found = difference(dump(tree), again)
    assert found.is_empty, (found.parts, found.derived, found.found, found.healed)


@pytest.mark.parametrize("path", SYSTEMS, ids=lambda path: path.stem)
def test_an_example_written_again_is_the_same(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert difference(text, text).is_empty
    if "\n---" not in text and path.parent.name in {"passing", "failing"}:
        assert difference(text, dump(parse(text))).is_empty


@settings(max_examples=60)
@given(st.data(), architectures())
def test_a_rename_is_reported_as_one_and_nothing_else(data: st.DataObject, tree: Tree) -> None:
    rename = data.draw(renames(tree))
    found = difference(dump(tree), dump(renamed(tree, rename)))
    told = [(part.section, part.was, part.name, part.changes) for part in found.parts]
    assert told == [(rename.section, rename.old, rename.new, ())]
    assert not (found.derived or found.found or found.healed or found.undecided)


@settings(max_examples=30)
@given(architectures(), architectures())
def test_what_is_new_one_way_is_resolved_the_other(one: Tree, other: Tree) -> None:
    forth, back = difference(dump(one), dump(other)), difference(dump(other), dump(one))
    assert {part.name for part in forth.parts if part.state == "added"} == {
        part.name for part in back.parts if part.state == "removed"
    }
    stand = forth.unchanged + len(forth.found) + len(forth.regraded)
    stood = back.unchanged + len(back.healed) + len(back.regraded) + len(back.undecided)
    # A decision about several places may be unchanged at some of them, and new or resolved at others.
    partly = sum(bool(one.group) for one in (*forth.found, *forth.healed, *back.found, *back.healed))
    assert abs(stand - stood) <= partly


@settings(max_examples=40)
@given(architectures())
def test_all_components_under_other_names_are_renamed(tree: Tree) -> None:
    other = tree
    for section, name in list(parts_of(tree)):
        if section == "components":
            other = renamed(other, Rename(section, name, f"shop-{name}"))
    found = difference(dump(tree), dump(other))
    assert {part.state for part in found.parts} == {"renamed"}
    assert not (found.found or found.healed or found.undecided or found.derived)
