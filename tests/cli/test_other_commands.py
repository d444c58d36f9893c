"""The other commands, as processes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from archlint.cli.app import app, run_app
from archlint.errors import UsageError
from archlint.listing import find_pack
from archlint.model.records import ACCEPT_RECORD, COMPONENT_RECORD, RELATION_RECORD, SYSTEM_RECORD
from archlint.model.vocabulary import MODEL_RECORD, WORKLOAD
from tests.cli.systems import FAILING
from tests.conftest import ROOT, Run


def test_init_writes_a_file_that_checks_clean(archlint: Run, tmp_path: Path) -> None:
    done = archlint("init")
    assert done.returncode == 0, done.stderr
    checked = archlint("check", "arch.yaml", "--fail-on", "info", "--output-format", "json")
    assert checked.returncode == 0, checked.stdout
    assert json.loads(checked.stdout)["undecided"] == []
    text = (tmp_path / "arch.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=.archlint/schema.json\n")
    assert json.loads((tmp_path / ".archlint" / "schema.json").read_text())["type"] == "object"


def test_init_overwrites_nothing(archlint: Run, tmp_path: Path) -> None:
    (tmp_path / "arch.yaml").write_text("mine\n")
    done = archlint("init")
    assert done.returncode == 2
    assert (tmp_path / "arch.yaml").read_text() == "mine\n"


@pytest.mark.parametrize("word", ["SRV001", "srv001", "online-bigsize"])
def test_explain_shows_both_examples(archlint: Run, word: str) -> None:
    done = archlint("explain", word)
    assert done.returncode == 0
    assert "online-bigsize" in done.stdout
    assert done.stdout.count("archlint: 1") == 2


@pytest.mark.parametrize("part", ["component", "workload", "model", "relation", "system", "acceptance", "keys"])
def test_explain_lists_the_keys_that_a_hint_sends_to(part: str) -> None:
    done = CliRunner().invoke(app, ["explain", part], env={"COLUMNS": "80"})
    assert done.exit_code == 0
    assert max(map(len, done.output.splitlines())) <= 80
    records = {"component": COMPONENT_RECORD, "workload": WORKLOAD, "model": MODEL_RECORD, "relation": RELATION_RECORD,
               "acceptance": ACCEPT_RECORD, "system": SYSTEM_RECORD}  # fmt: skip
    for key in (key for name, record in records.items() if part in (name, "keys") for key in record.fields):
        assert f"\n  {key} " in done.output


@pytest.mark.parametrize("word", ["SRV01", "srv1", "SRV0001"])
def test_a_rule_whose_number_has_other_zeros_is_found(word: str) -> None:
    with pytest.raises(UsageError) as raised:
        find_pack(word)
    assert raised.value.hint == "did you mean `SRV001`?"


@pytest.mark.parametrize(("option", "hint"), [
    ("--nope", "see `archlint check --help`"), ("--x", "see `archlint check --help`"),
    ("--undecidd", "did you mean `--undecided`?"), ("--ouptut", "did you mean `--output`?"),
])  # fmt: skip
def test_an_unknown_option_gets_a_near_suggestion_or_none(option: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        run_app(["check", option])
    assert raised.value.hint == hint


def test_explain_of_an_unknown_rule_suggests_one(archlint: Run) -> None:
    done = archlint("explain", "online-bigsiz")
    assert done.returncode == 2
    assert "online-bigsize" in done.stderr


def test_rules_as_table_and_json(archlint: Run) -> None:
    rules = json.loads(archlint("rules", "--json").stdout)
    ids = {rule["id"] for rule in rules}
    assert {"SRV001", "SRV012", "REL001", "REL012", "OPS004", "DOC001"} <= ids
    table = archlint("rules").stdout
    assert all(rule_id in table for rule_id in ids)


def test_patterns_and_one_of_them(archlint: Run) -> None:
    names = {pattern["name"] for pattern in json.loads(archlint("patterns", "--json").stdout)}
    assert {"batch", "web-single", "synchronous", "asynchronous"} <= names
    page = archlint("patterns", "asynchronous").stdout
    assert "queue" in page
    assert "Name: `asynchronous`. Group: serving." in page
    assert "`archlint new asynchronous FOLDER`" in page
    assert archlint("patterns", "asynchronos").returncode == 2


@pytest.mark.parametrize("words", ["patterns asynchronous", "explain SRV001"])
def test_a_page_that_is_printed_has_no_link_relative_to_this_repository(archlint: Run, words: str) -> None:
    page = archlint(*words.split(), "--markdown").stdout
    assert "](" in page
    assert "](.." not in page
    assert "reference_impls" not in archlint(*words.split()).stdout


def test_every_command_of_a_pattern_page_exists() -> None:
    from archlint.catalog.patterns import patterns
    from archlint.reference import implementation_named
    from archlint.report.pages import pattern_page

    for pattern in patterns().values():
        for name in re.findall(r"`archlint (?:new|reference) ([\w-]+)", pattern_page(pattern, ())):
            assert implementation_named(name).name == name


def test_technologies(archlint: Run) -> None:
    names = {t["name"] for t in json.loads(archlint("technologies", "--json").stdout)}
    assert {"kafka", "nginx", "fastapi", "airflow"} <= names
    assert "kafka" in archlint("technologies").stdout


def test_schema_is_the_committed_one(archlint: Run) -> None:
    assert archlint("schema").stdout == (ROOT / "docs" / "schema" / "arch.schema.json").read_text()
    assert archlint("schema", "--of", "report").stdout == (ROOT / "docs" / "schema" / "report.schema.json").read_text()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(archlint: Run, shell: str) -> None:
    assert "_ARCHLINT_COMPLETE" in archlint("completion", shell).stdout


def test_completion_completes(archlint: Run) -> None:
    env = {"_ARCHLINT_COMPLETE": "bash_complete", "COMP_WORDS": "archlint ch", "COMP_CWORD": "1"}
    assert "check" in archlint(env=env).stdout


def test_version_and_a_misspelt_command(archlint: Run) -> None:
    assert archlint("--version").stdout.startswith("archlint ")
    done = archlint("chek")
    assert done.returncode == 2
    assert "`check`" in done.stderr


def test_the_module_is_the_command() -> None:
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-m", "archlint", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("archlint ")


def test_init_overwrites_its_own_schema_and_no_other_file(archlint: Run, tmp_path: Path) -> None:
    assert archlint("init").returncode == 0
    assert archlint("init", "second.yaml").returncode == 0
    schema = tmp_path / ".archlint" / "schema.json"
    schema.unlink()
    (tmp_path / "mine.json").write_text("{}\n")
    schema.hardlink_to(tmp_path / "mine.json")
    done = archlint("init", "third.yaml")
    assert (done.returncode, "exists, and is not the schema: it is not overwritten" in done.stderr) == (2, True)
    assert (tmp_path / "mine.json").read_text() == "{}\n"
    assert not (tmp_path / "third.yaml").exists()


@pytest.mark.parametrize("value", ["nan", "inf", "1", "x"])
def test_a_factor_that_is_no_usable_number_is_refused(in_process: Run, tmp_path: Path, value: str) -> None:
    (tmp_path / "arch.yaml").write_text(FAILING)
    done = in_process("sensitivity", "arch.yaml", "--factor", value)
    assert (done.returncode, done.stdout) == (2, "") and "--factor" in done.stderr


def test_a_failed_init_leaves_nothing_behind(archlint: Run, tmp_path: Path) -> None:
    """The schema can be written, but the name of the file is too long for the file system."""
    done = archlint("init", f"{'x' * 300}.yaml")
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("error: ")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".archlint").mkdir()
    assert archlint("init", f"{'x' * 300}.yaml").returncode == 2
    assert (tmp_path / ".archlint").is_dir()


def test_a_family_of_rules_is_explained_by_its_list(archlint: Run) -> None:
    done = archlint("explain", "srv")
    assert (done.returncode, done.stderr) == (
        2, "error: there is no rule or key `srv`\n  hint: it is a family of rules: archlint rules SRV\n"
    )  # fmt: skip
