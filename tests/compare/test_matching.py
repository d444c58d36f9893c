"""Findings matched with entries: counts, groups, renames that are sure and those that are not."""

from __future__ import annotations

import pytest

from archlint.compare.baseline import Applied, freeze, settle
from archlint.compare.entries import Baseline
from archlint.verdicts import FileReport
from tests.compare.versions import snapshot
from tests.conftest import ROOT

EMPTY = Baseline(ROOT / "archlint-baseline.jsonl")
HEAD = "archlint: 1\nsystem: s\nworkloads: {w: {from: page, rate: 1/s}}\nmodels: {m: {}}\n"


def components(*rows: str) -> str:
    return HEAD + "described: all\ncomponents:\n" + "".join(f"  {row}\n" for row in rows)


def report(text: str) -> FileReport:
    found = snapshot(text).report
    wanted = {"REL001", "REL003", "REL007", "DOC014"}
    return FileReport(
        found.file, found.system, tuple(one for one in found.findings if one.rule in wanted), found.undecided,
        found.accepted, rules=tuple(rule for rule in found.rules if rule.id in wanted), signatures=found.signatures,
    )  # fmt: skip


def after(old: str, new: str) -> Applied:
    before = report(old)
    assert before.findings, "the old text has findings to freeze"
    return settle(Baseline(EMPTY.file, freeze(EMPTY, [before]).entries), [report(new)])


def new(applied: Applied) -> list[str]:
    return [f"{one.rule} {one.at}" for one in applied.files[0].findings]


def healed(applied: Applied) -> list[str]:
    return [f"{one.rule} {one.at}" for one in applied.healed]


PAGE = "page: {kind: client, calls: [{to: a, timeout: 1s}, {to: b, timeout: 1s}]}"
A = "a: {kind: service, replicas: 1}"
B = "b: {kind: service, replicas: 1}"


def test_one_that_is_gone_and_one_alike_that_has_come_is_a_rename() -> None:
    applied = after(components(PAGE, A, B), components(PAGE.replace("to: b", "to: c"), A, B.replace("b:", "c:")))
    assert (new(applied), healed(applied)) == ([], [])
    assert {one.was for one in applied.files[0].baselined} == {"", "components.b"}
    assert {entry.path for entry in applied.kept} == {("components", "a"), ("components", "c")}


def test_a_part_that_is_still_there_was_not_renamed() -> None:
    more = components(PAGE.replace("]}", ", {to: c, timeout: 1s}]}"), A, "b: {kind: service, replicas: 2, zones: [x, y]}",
                      B.replace("b:", "c:"))  # fmt: skip
    applied = after(components(PAGE, A, B), more)
    assert (new(applied), healed(applied)) == (["REL001 components.c.replicas"], ["REL001 components.b"])


def test_two_gone_and_two_alike_come_are_both_renamed() -> None:
    other = components(PAGE.replace("to: a", "to: x").replace("to: b", "to: y"), A.replace("a:", "x:"), B.replace("b:", "y:"))
    applied = after(components(PAGE, A, B), other)
    assert (new(applied), healed(applied)) == ([], [])


def test_two_gone_and_one_alike_come_are_no_rename() -> None:
    other = components("page: {kind: client, calls: [{to: x, timeout: 1s}]}", A.replace("a:", "x:"))
    applied = after(components(PAGE, A, B), other)
    assert (new(applied), healed(applied)) == (["REL001 components.x.replicas"], ["REL001 components.a", "REL001 components.b"])


CHANGED = "c: {kind: service, replicas: 1, calls: [{to: a, timeout: 1s}]}"


def test_a_part_that_is_renamed_and_changed_keeps_its_entries() -> None:
    applied = after(components(PAGE, A, B), components(PAGE.replace("to: b", "to: c"), A, CHANGED))
    assert (new(applied), healed(applied)) == ([], [])
    assert [one.was for one in applied.files[0].baselined if one.was] == ["components.b"]


def test_what_the_change_adds_is_new() -> None:
    """One more call, without a timeout; the part is as lone as before."""
    old = components(PAGE, A, "b: {kind: service, replicas: 1, calls: [a]}")
    both = "c: {kind: service, replicas: 1, calls: [a, d]}"
    applied = after(old, components(PAGE.replace("to: b", "to: c"), A, both, "d: {kind: service, replicas: 2, zones: [x, y]}"))
    assert [one for one in new(applied) if "components.c" in one] == ["REL003 components.c.calls[1]"]
    assert healed(applied) == []


@pytest.mark.parametrize("rows", [
    [PAGE.replace("to: b", "to: c"), A, CHANGED.replace("service", "gateway")],                         # another kind
    [PAGE, A, "b: {kind: service, replicas: 2, zones: [x, y], calls: [{to: c, timeout: 1s}]}", CHANGED],  # b is still there
    [PAGE.replace("to: b", "to: c"), A, "d: {kind: service}",                                           # little in common
     "c: {kind: service, replicas: 1, calls: [{to: a, timeout: 1s}, {to: d, timeout: 1s}, {to: d, timeout: 2s, when: x}]}"],
    [PAGE.replace("to: b", "to: c").replace("]}", ", {to: d, timeout: 1s}]}"), A, CHANGED, CHANGED.replace("c:", "d:")],  # two fit
])  # fmt: skip
def test_a_part_that_is_really_new_is_not_taken_for_one_that_is_gone(rows: list[str]) -> None:
    applied = after(components(PAGE, A, B), components(*rows))
    assert "REL001 components.c.replicas" in new(applied)


def test_a_part_with_a_known_finding_is_not_the_new_name_of_another() -> None:
    page = "page: {kind: client, calls: [{to: a, timeout: 1s}, {to: b, timeout: 1s}, {to: c}]}"
    old = components(page, A, B, "c: {kind: service, replicas: 2, zones: [x, y], uses: own-1}")
    applied = after(old, components(page.replace("{to: b, timeout: 1s}, ", ""), A, "c: {kind: service, replicas: 1, uses: own-1}"))
    assert "REL001 components.c.replicas" in new(applied)
    assert "REL001 components.b" in healed(applied)


def test_another_kind_is_no_rename() -> None:
    other = components(PAGE.replace("to: b", "to: c"), A, "c: {kind: gateway, replicas: 1}")
    applied = after(components(PAGE, A, B), other)
    assert (new(applied), healed(applied)) == (["REL001 components.c.replicas"], ["REL001 components.b"])


def test_a_rename_that_one_entry_makes_sure_carries_the_others() -> None:
    """The database of `a` was removed, so its call looks different; the technology is still unknown."""
    page = "page: {kind: client, calls: [{to: %s, timeout: 1s}]}"
    old = components(page % "a", "a: {kind: service, uses: own-1, replicas: 1, calls: [b]}", B)
    other = components(page % "z", "z: {kind: service, uses: own-1, replicas: 1, calls: [b]}", B)
    applied = after(old, other)
    assert (new(applied), healed(applied)) == ([], [])
    assert {one.was for one in applied.files[0].baselined} == {"", "components.a", "components.a.calls.b", "components.a.uses"}


def test_a_circle_is_known_as_long_as_one_of_it_is() -> None:
    page = "page: {kind: client, calls: [{to: a, timeout: 1s}]}"
    old = components(page, "a: {kind: service, calls: [{to: b, timeout: 1s}]}", "b: {kind: service, calls: [{to: a, timeout: 1s}]}")
    wider = components(page, "a: {kind: service, calls: [{to: b, timeout: 1s}]}", "b: {kind: service, calls: [{to: c, timeout: 1s}]}",
                       "c: {kind: service, calls: [{to: a, timeout: 1s}]}")  # fmt: skip
    applied = after(old, wider)
    assert (new(applied), healed(applied)) == ([], [])


def test_each_call_without_a_timeout_counts_by_itself() -> None:
    old = components("page: {kind: client, calls: [a, {to: b, timeout: 1s}]}", A, B)
    swapped = components("page: {kind: client, calls: [{to: a, timeout: 1s}, b]}", A, B)
    applied = after(old, swapped)
    assert new(applied) == ["REL003 components.page.calls[1]"]
    assert healed(applied) == ["REL003 components.page.calls.a"]


def test_an_undecided_rule_keeps_its_entry_aside() -> None:
    applied = after(components(PAGE, A, B), components(PAGE, A, "b: {kind: service}"))
    assert healed(applied) == []
    assert [entry.path for entry in applied.aside] == [("components", "b")]


@pytest.mark.parametrize("count", [1, 3])
def test_many_of_the_same_are_counted(count: int) -> None:
    calls = ", ".join(["{to: a, when: x}"] * count)
    old = components(f"page: {{kind: client, calls: [{calls}]}}", A)
    entries = freeze(EMPTY, [report(old)]).entries
    assert [entry.count for entry in entries if entry.rule == "REL003"] == [count]
    fewer = components("page: {kind: client, calls: [{to: a, when: x}]}", A)
    applied = settle(Baseline(EMPTY.file, entries), [report(fewer)])
    assert [one.count for one in applied.healed] == ([count - 1] if count > 1 else [])
    assert not applied.files[0].findings
