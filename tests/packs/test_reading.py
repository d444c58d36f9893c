"""Reading rule folders, and every mistake in one at its place."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from archlint.errors import PackError
from archlint.packs import CureRule, Pack, Param, Source, read_packs, shipped_packs
from archlint.packs.index import FILE, index_of
from archlint.packs.reading import read_pack
from archlint.verdicts import Severity
from tests.packs.help import RULE, rule

WHOLE = """\
title: A wait that is too long
check: ./check.py
severity: warning
status: preview
summary: Somebody waits.
what: >-
  Violated where
  somebody waits.
why: It hurts.
place: At the wait.
fix: Wait less.
params:
  slow: {value: 1.5s, unit: s, reason: people notice, source: a study}
  strict: {value: "true", unit: flag}
terms: {wait: how long}
cures:
  - {pattern: batch, text: Score ahead., when: inputs are known}
  - {pattern: asynchronous, text: Answer later.}
sources:
  - {title: A study, url: "https://example.org/"}
"""


def mistakes(folder: Path, text: str, name: str = "ACME001-some-rule") -> list[str]:
    """The lines of the error, without the folder."""
    here = rule(folder, name, text)
    with pytest.raises(PackError) as raised:
        read_pack(here)
    return raised.value.full_text.replace(f"{folder}/", "").splitlines()


def test_all_that_a_rule_can_say(tmp_path: Path) -> None:
    pack = read_pack(rule(tmp_path, "ACME001-wait-too-long", WHOLE))
    where = f"{tmp_path}/ACME001-wait-too-long/rule.yaml"
    assert (pack.id, pack.name, pack.family, pack.check) == ("ACME001", "wait-too-long", "ACME", "./check.py")
    assert (pack.severity, pack.status, pack.title) == (Severity.WARNING, "preview", "A wait that is too long")
    assert (pack.summary, pack.what, pack.why) == ("Somebody waits.", "Violated where somebody waits.", "It hurts.")
    assert (pack.place, pack.fix, pack.terms) == ("At the wait.", "Wait less.", {"wait": "how long"})
    assert pack.params == {
        "slow": Param("slow", 1.5, "1.5s", "s", "people notice", "a study", f"{where}:13:17"),
        "strict": Param("strict", True, "true", "flag", "", "", f"{where}:14:19"),
    }
    assert pack.cures == (
        CureRule("batch", "Score ahead.", "inputs are known"), CureRule("asynchronous", "Answer later."),
    )  # fmt: skip
    assert pack.sources == (Source("A study", "https://example.org/"),)
    assert pack.docs == "docs/rules/ACME001-wait-too-long.md"


def test_examples_are_found_by_their_names(tmp_path: Path) -> None:
    here = rule(tmp_path, "ACME001-some-rule")
    for name in ("bad-b.yaml", "bad-a.yaml", "good-a.yaml", "other.yaml"):
        (here / name).write_text("")
    pack = read_pack(here)
    assert [path.name for path in pack.examples("bad")] == ["bad-a.yaml", "bad-b.yaml"]
    assert [path.name for path in pack.examples("good")] == ["good-a.yaml"]


def test_all_mistakes_of_a_rule_at_once(tmp_path: Path) -> None:
    text = """\
title: [a, b]
severity: eror
status: stabel
sumary: It is misspelt.
params:
  slow: {value: 2, unit: s}
  fast: {unit: s}
  odd: {value: 2, unit: parsec}
  near: {value: 2s, unit: s, reson: none}
  list: [1]
cures: batch
sources:
  - {title: A study, link: x}
terms: {wait: }
"""
    assert mistakes(tmp_path, text) == [
        "ACME001-some-rule/rule.yaml:1:1: a rule needs `check` (add `check:`)",
        "ACME001-some-rule/rule.yaml:1:1: a rule needs `summary` (add `summary:`)",
        "ACME001-some-rule/rule.yaml:1:1: `terms` needs `wait` (add `wait:`)",
        "ACME001-some-rule/rule.yaml:1:8: `title` needs a text",
        "ACME001-some-rule/rule.yaml:2:11: `eror` is no severity (did you mean `error`?)",
        "ACME001-some-rule/rule.yaml:3:9: `stabel` is no status (did you mean `stable`?)",
        "ACME001-some-rule/rule.yaml:4:1: a rule has no key `sumary` (did you mean `summary`?)",
        "ACME001-some-rule/rule.yaml:6:17: `2` has no unit (did you mean 2ms or 2s?)",
        "ACME001-some-rule/rule.yaml:7:9: the parameter `fast` needs `value` (add `value:`)",
        "ACME001-some-rule/rule.yaml:8:16: `parsec` is no unit of a parameter "
        "(known: `s`, `B`, `/s`, `B/s`, `share`, `count`, ``, `text`, `flag`)",
        "ACME001-some-rule/rule.yaml:9:30: the parameter `near` has no key `reson` (did you mean `reason`?)",
        "ACME001-some-rule/rule.yaml:10:9: the parameter `list` needs a mapping "
        "(write {value: 2s, unit: s, reason: why})",
        "ACME001-some-rule/rule.yaml:11:8: `cures` needs a list (write `cures: [...]`)",
        "ACME001-some-rule/rule.yaml:13:22: a source has no key `link` (known: title, url)",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RULE + "title: again\n", "ACME001-some-rule/rule.yaml:5:1: the key `title` is repeated in this mapping"),
        ("just words\n", "ACME001-some-rule/rule.yaml:1:1: a rule needs a mapping"),
        ("a: [\n", "ACME001-some-rule/rule.yaml:2:1: not YAML: "),
        ("", "ACME001-some-rule/rule.yaml:1:1: a rule needs `severity`"),
    ],
)
def test_an_invalid_rule_is_reported_at_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert mistakes(tmp_path, text)[0].startswith(said)


@pytest.mark.parametrize("name", ["acme-no-friday", "ACME01-x", "ACME001", "ACME001-No-Friday", "A001-x", "ACME001-"])
def test_the_folder_names_the_rule(tmp_path: Path, name: str) -> None:
    lines = mistakes(tmp_path, RULE, name)
    assert lines[0] == f"{name}: `{name}` does not name a rule"
    assert lines[1].startswith("  hint: name it like SRV001-online-bigsize")


def test_no_family_stands_for_all(tmp_path: Path) -> None:
    assert mistakes(tmp_path, RULE, "ALL001-everything")[0].endswith("ALL stands for every rule, not for a family")


# --- folders of rules


def test_a_folder_of_rules_is_read_in_order(tmp_path: Path) -> None:
    rule(tmp_path, "ACME002-second")
    rule(tmp_path, "ACME001-first")
    (tmp_path / "ACME003-only-notes").mkdir()
    (tmp_path / "README.md").write_text("notes")
    assert [pack.id for pack in read_packs(tmp_path)] == ["ACME001", "ACME002"]


def test_the_mistakes_of_all_rules_come_together(tmp_path: Path) -> None:
    rule(tmp_path, "ACME001-first", RULE + "sevrity: info\n")
    rule(tmp_path, "ACME002-second", RULE + "params: {a: {value: 1, unit: s}}\n")
    rule(tmp_path, "acme3")
    with pytest.raises(PackError) as raised:
        read_packs(tmp_path)
    starts = [line.replace(f"{tmp_path}/", "").split(": ")[0] for line in raised.value.message.splitlines()]
    assert starts == ["ACME001-first/rule.yaml:5:1", "ACME002-second/rule.yaml:5:21", "acme3"]


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (lambda folder: None, "holds no rule\n  hint: a rule is a folder such as ACME001-no-friday with a rule.yaml"),
        (lambda folder: (folder / "rule.yaml").write_text(RULE), "holds no rule\n  hint: it is a rule folder itself"),
        (lambda folder: folder.rmdir(), "there is no such folder"),
    ],
)
def test_a_folder_without_rules_is_an_error(tmp_path: Path, prepare: object, said: str) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    assert callable(prepare)
    prepare(folder)
    with pytest.raises(PackError) as raised:
        read_packs(folder)
    assert said in raised.value.full_text


# --- the rules that ship are read from their index


@pytest.mark.parametrize("pack", shipped_packs(), ids=lambda pack: pack.id)
def test_the_index_has_what_the_file_says(pack: Pack) -> None:
    found = next(p for p in shipped_packs() if p == pack)
    whole = read_pack(found.folder)
    assert found.shipped
    assert "text" not in vars(found)
    assert msgspec.structs.replace(found, read_text=whole.read_text, shipped=False) == whole
    assert found.cures == whole.cures
    assert found.text == whole.text


def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("archlint.packs.sources.shipped_folder", lambda name: tmp_path / name)
    return tmp_path / "rules"


def test_without_an_index_the_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shelf(tmp_path, monkeypatch)
    here = rule(folder, "SRV001-online-bigsize", RULE)
    assert shipped_packs() == [read_pack(here)]
    (here / "rule.yaml").write_text(RULE + "params:\n  slow: {value: 2, unit: s}\n", encoding="utf-8")
    with pytest.raises(PackError, match=r"SRV001-online-bigsize/rule\.yaml:6:17: `2` has no unit"):
        shipped_packs()


def test_an_index_of_other_rules_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shelf(tmp_path, monkeypatch)
    rule(folder, "SRV001-online-bigsize", RULE)
    (folder / FILE).write_bytes(index_of(shipped_packs()))
    assert [pack.shipped for pack in shipped_packs()] == [True]
    rule(folder, "SRV002-all-in-one", RULE)
    assert [(pack.id, pack.shipped) for pack in shipped_packs()] == [("SRV001", False), ("SRV002", False)]


def test_what_could_overturn_a_proof_is_read_and_its_facts_are_checked(tmp_path: Path) -> None:
    entry = "{text: the caller has a fallback, sets: {relation.fallback: a default}, given: [queue.uses]}"
    pack = read_pack(rule(tmp_path, "ACME001-some-rule", f"{RULE}proven_unless: [{entry}]\n"))
    (found,) = pack.proven_unless
    assert (found.text, found.sets) == ("the caller has a fallback", {"relation.fallback": "a default"})
    assert (found.facts, found.given) == (("relation.fallback",), ("queue.uses",))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{text: a}", "names no fact"),
        ("{sets: {relation.fallback: a}}", "needs `text`"),
        ("{text: a, sets: {relation.falback: a}}", "`relation` has no key `falback`"),
        ("{text: a, removes: [fallback]}", "`fallback` names no fact"),
        ("{text: a, removes: [toaster.uses]}", "`toaster.uses` names no fact"),
        ("{text: a, removes: relation.fallback}", "`removes` needs a list"),
        ("{text: a, removes: [workload.slo.fresh]}", "`slo` has no key `fresh`"),
        ("{text: a, adds: [relation.fallback]}", "has no key `adds`"),
        ("a", "needs a mapping"),
    ],
)
def test_mistakes_in_what_could_overturn_a_proof_are_reported(tmp_path: Path, entry: str, words: str) -> None:
    assert any(words in line for line in mistakes(tmp_path, f"{RULE}proven_unless: [{entry}]\n"))
