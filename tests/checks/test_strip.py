"""The strip law: without a fact that a verdict rests on, it turns undecided and names the fact; it never passes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

import archlint
from archlint import Config, FileReport
from tests.conftest import ROOT
from tests.examples.stripping import Path as Keys
from tests.examples.stripping import dump, parse, spelt, unknown_when_absent, without

BAD = sorted(path for path in (ROOT / "rules").glob("*/bad*.yaml") if not path.parent.name.startswith("DOC"))
"""What the family DOC judges is the text itself: a mistake that is taken out is gone, and nothing is unknown."""

EXCEPTIONS: dict[tuple[str, str], str] = {}
"""Of a rule and a key, why the verdict may pass without the key: as few as can be."""

_EXPECT = re.compile(r"#\s*expect: ([A-Z0-9 ]+)$", re.MULTILINE)


def _name(path: Path) -> str:
    return f"{path.parent.name.partition('-')[0]}-{path.stem}"


def _check(text: str, path: Path, folder: Path) -> FileReport:
    """Check a text as if it stood in the place of an example, beside what that includes."""
    shutil.copytree(path.parent, folder, dirs_exist_ok=True)
    (folder / path.name).write_text(text, encoding="utf-8")
    report = archlint.check(folder / path.name, Config(ROOT))
    assert report.errors == ()
    return report.files[0]


def _hits(report: FileReport, rule: str) -> set[str]:
    return {finding.at for finding in report.findings if finding.rule == rule}


def _asks_for(report: FileReport, rule: str, keys: Keys) -> bool:
    """Whether an open question of a rule names a key, or the key above it that is missing as a whole."""
    needs = [need for question in report.undecided if question.rule == rule for need in question.needs]
    return any(spelt(keys) == need or spelt(keys).startswith(f"{need}.") for need in needs)


@pytest.mark.parametrize("path", BAD, ids=_name)
def test_without_a_fact_that_it_rests_on_a_finding_turns_undecided_and_names_it(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = parse(text)
    whole = _check(dump(tree), path, tmp_path)
    rules = {rule for said in _EXPECT.findall(text) for rule in said.split()}
    assert rules
    for keys in unknown_when_absent(tree):
        report = _check(dump(without(tree, keys)), path, tmp_path)
        for rule in rules:
            before, after = _hits(whole, rule), _hits(report, rule)
            assert before, f"{rule} is not violated once the file is written anew"
            if before <= after or (rule, str(keys[-1])) in EXCEPTIONS:
                continue
            other_proof = after - before
            asked = _asks_for(report, rule, keys)
            assert asked or other_proof, f"without {spelt(keys)}, {rule} no longer fires at {before - after}"


def test_every_exception_is_needed() -> None:
    """A rule and key of the table that no example needs would hide what it was not made for."""
    known = {pack.name.partition("-")[0] for pack in (ROOT / "rules").iterdir()}
    assert {rule for rule, _ in EXCEPTIONS} <= known
