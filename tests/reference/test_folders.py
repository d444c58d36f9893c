"""Every reference implementation has the same form, a correct description, and a container that builds."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from runpy import run_module

import pytest

from archlint.about import install_command
from archlint.api import check_targets
from archlint.catalog.patterns import patterns
from archlint.linter import Options
from archlint.reference import Implementation, implementations
from archlint.verdicts import Severity
from tests.conftest import ROOT

IMPLEMENTATIONS = implementations()
ANTI_PATTERNS = {"online-bigsize": "SRV001", "all-in-one": "SRV002"}
SECTIONS = ("When to use it", "When not", "How it is built", "Start", "Try", "What to change first")
FILES = ("__init__.py", "__main__.py", "README.md", "arch.yaml", "Dockerfile", "compose.yaml", "requirements.txt")
RECOGNISED = {
    "batch", "web-single", "synchronous", "asynchronous", "prep-pred", "microservice-vertical",
    "microservice-horizontal", "prediction-cache", "data-cache", "prediction-circuit-break", "multiple-stage", "edge",
    "shadow-ab", "online-ab", "condition-based", "parameter-based", "model-in-image", "model-load", "prediction-log",
    "prediction-monitoring", "load-test", "continuous-batching", "streamed-answer",
    "llm-gateway", "model-cascade", "guardrail", "rag",
}  # fmt: skip

each = pytest.mark.parametrize("one", IMPLEMENTATIONS.values(), ids=list(IMPLEMENTATIONS))


def tool(name: str) -> str:
    return str(Path(sysconfig.get_path("scripts")) / name)


@each
def test_it_has_all_that_a_folder_needs(one: Implementation) -> None:
    assert [name for name in FILES if not (one.folder / name).is_file()] == []
    assert list(one.folder.glob("**/test_*.py")), "no tests"


@each
def test_its_readme_answers_what_a_new_user_asks(one: Implementation) -> None:
    text = (one.folder / "README.md").read_text()
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert tuple(s for s in sections if s in SECTIONS) == SECTIONS
    assert "```mermaid\n" in text
    assert f"archlint reference {one.name}" in text
    links = re.findall(r"\]\(([^)#]+)", text)
    assert [link for link in links if "://" not in link and not (one.folder / link).exists()] == []


@each
def test_its_readme_installs_it_from_a_clone_and_without_one(one: Implementation) -> None:
    start = (one.folder / "README.md").read_text().partition("## Start\n")[2].partition("\n## ")[0]
    steps = ("python3 -m venv .venv", ".venv/bin/pip install -q '.[reference]'", f".venv/bin/archlint reference {one.name}")
    assert start.startswith("\nFrom a clone of archlint, with Python 3.11 or later:\n\n```sh\n" + " && ".join(steps))
    assert f"Without a clone: `{install_command('reference')}`, then `archlint reference {one.name}`." in start


@each
def test_its_architecture_passes_or_fails_as_it_says(one: Implementation) -> None:
    report = check_targets([one.folder / "arch.yaml"], Options(patterns=True))
    assert not report.errors
    raised = [finding.rule for finding in report.at_least(Severity.WARNING)]
    assert raised == ([ANTI_PATTERNS[one.name]] if one.name in ANTI_PATTERNS else [])
    if one.name in RECOGNISED:
        assert one.name in {pattern.pattern for file in report.files for pattern in file.patterns}


def test_the_container_files_pass_their_linters() -> None:
    folders = [one.folder for one in IMPLEMENTATIONS.values()]
    linter = [tool("hadolint"), *(str(folder / "Dockerfile") for folder in folders)]
    lint = subprocess.run(linter, capture_output=True, text=True, check=False)
    assert lint.returncode == 0, lint.stdout + lint.stderr
    files = [str(folder / "compose.yaml") for folder in folders]
    compose = [tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", *files]
    checked = subprocess.run(compose, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_reference_of_the_catalogue_is_an_implementation() -> None:
    text = (ROOT / "rules" / "catalog.yaml").read_text()
    named = set(re.findall(r"reference: reference_impls/(\w+)", text))
    assert named <= {one.module for one in IMPLEMENTATIONS.values()}
    assert set(patterns()) & set(IMPLEMENTATIONS) >= RECOGNISED


def test_the_extra_installs_what_the_folders_need() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extra = {re.split(r"[><=; ]", need)[0] for need in project["optional-dependencies"]["reference"]}
    files = [*(ROOT / "reference_impls").glob("*/requirements.txt")]
    lines = [line.strip() for file in files for line in file.read_text().splitlines()]
    needed = {re.split(r"[><=; ]", line)[0] for line in lines if line and not line.startswith(("-r", "#"))}
    assert needed == extra


def test_a_missing_extra_is_reported_with_the_command_that_installs_it(tmp_path: Path) -> None:
    hide = (
        "import sys, importlib.metadata as m; real = m.version\n"
        "def version(name):\n    if name == 'skops': raise m.PackageNotFoundError(name)\n    return real(name)\n"
        "m.version = version; sys.argv = ['archlint', 'reference', 'web-single']\n"
        "from archlint.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", hide], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert "not installed: skops" in done.stderr and "pip install" in done.stderr


@each
def test_its_help_says_what_it_does_and_what_can_be_set(
    one: Implementation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(one.root)
    assert ended(one, "--help", monkeypatch) == 0
    shown = capsys.readouterr().out
    assert f"usage: {one.module}" in shown and "SERVE_PORT" in shown
    assert ended(one, "--no-such-word", monkeypatch) == 2
    assert "--no-such-word" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def ended(one: Implementation, word: str, monkeypatch: pytest.MonkeyPatch) -> object:
    """The exit status of `python -m MODULE WORD`, run in this process, which imports scikit-learn only once."""
    monkeypatch.setattr(sys, "argv", [one.module, word])
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(SystemExit) as end:
            run_module(one.module, run_name="__main__", alter_sys=True)
    finally:
        for number, handler in handlers.items():   # some set their own
            signal.signal(number, handler)
    return end.value.code


def test_the_command_passes_help_and_mistakes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "archlint", "reference", "web-single"]
    done = subprocess.run([*command, "--help"], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "usage: web_single" in done.stdout and "SERVE_PORT" in done.stdout
    wrong = subprocess.run([*command, "--no-such-word"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert wrong.returncode == 2 and "--no-such-word" in wrong.stderr
    assert not list(tmp_path.iterdir())
