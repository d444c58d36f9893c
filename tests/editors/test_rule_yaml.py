"""Editor support for `rule.yaml`; the schema comes from the editor's settings."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from archlint.catalog.patterns import patterns
from archlint.packs import shipped_packs
from archlint.packs.params import UNITS
from tests.conftest import ROOT, command
from tests.editors.conftest import Editor
from tests.editors.language_server import Completion

pytestmark = pytest.mark.xdist_group("yaml-language-server")

RULE_FILES = sorted(path for folder in ("rules", "examples") for path in (ROOT / folder).rglob("rule.yaml"))
RULE = "title: A rule\ncheck: expression\nseverity: info\nsummary: It finds something.\n"


@pytest.fixture(scope="module", autouse=True)
def _schema(editor: Editor) -> None:
    schema = subprocess.run([command(), "schema", "rule"], check=True, capture_output=True, timeout=120).stdout
    (editor.folder / ".archlint" / "rule.schema.json").write_bytes(schema)


def rule_file(editor: Editor) -> Path:
    """A new file with a name that the editor's settings map to the schema."""
    return editor.file.with_suffix("") / "rule.yaml"


def complete(editor: Editor, text: str) -> dict[str, Completion]:
    return editor.server.complete(rule_file(editor), text)


def test_severities_checks_patterns_and_units_are_offered(editor: Editor) -> None:
    assert set(complete(editor, "severity: ‸\n")) == {"error", "warning", "info"}
    checks = complete(editor, "check: ‸\n")
    assert {"expression", "./check.py"} <= set(checks)
    shipped = next(pack for pack in shipped_packs() if pack.check == "online_bigsize")
    assert checks["online_bigsize"].about == shipped.title
    fixes = complete(editor, RULE + "cures:\n  - pattern: ‸\n")
    assert {name: shown.about for name, shown in fixes.items()} == {name: known.title for name, known in patterns().items()}
    units = complete(editor, RULE + "params:\n  most:\n    value: 2s\n    unit: ‸\n")
    assert units["s"].about == "a duration"
    assert {unit.strip('"') for unit in units} == {*UNITS, "null"}


@pytest.mark.parametrize("text", [
    "title: ‸\n", "check: ‸\n", "summary: ‸\n", RULE + "what: ‸\n", RULE + "terms:\n  wait: ‸\n",
    RULE + "params:\n  most:\n    reason: ‸\n", RULE + "cures:\n  - pattern: ‸\n", RULE + "sources:\n  - title: ‸\n",
])  # fmt: skip
def test_no_text_is_offered_as_true_or_false(editor: Editor, text: str) -> None:
    assert not {"true", "false"} & set(complete(editor, text))


def test_hover_shows_the_description(editor: Editor) -> None:
    assert "An acceptance can refer to them." in editor.server.hover(rule_file(editor), RULE + "ter‸ms: {wait: how long}\n")


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.parent.name)
def test_the_rules_of_this_project_have_no_problems(editor: Editor, path: Path) -> None:
    assert editor.server.diagnose(rule_file(editor), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(("text", "problem"), [
    ("sumary: x", "Property sumary is not allowed."),
    ("params: {most: {value: 2, unit: s}}", "Write a duration, such as 850ms."),
    ("params: {most: {value: much}}", "Write a number, such as 3 or 1.5."),
    ("params: {most: {value: maybe, unit: flag}}", "Write true or false."),
    ("params: {most: {value: 2s, unit: s, reson: x}}", "Property reson is not allowed."),
    ("cures: [{pattern: batch}]", 'Missing property "text".'),
])  # fmt: skip
def test_a_mistake_is_shown_at_its_line_in_words(editor: Editor, text: str, problem: str) -> None:
    assert editor.server.diagnose(rule_file(editor), f"{RULE}{text}\n") == [f"5: {problem}"]
