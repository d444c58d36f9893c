"""A project made from the serving template stands on its own: it starts, passes its tests, and checks clean."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from archlint.api import check_targets
from archlint.linter import Options
from archlint.reference import implementation_named
from archlint.verdicts import Severity
from tests.conftest import ROOT
from tests.reference.test_folders import tool


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_project_of_the_template_passes_its_own_tests(tmp_path: Path) -> None:
    target = tmp_path / "My service"
    out = run(ROOT, sys.executable, "-m", "archlint", "new", "serving-template", str(target))
    assert "serving_template" in out and ".github/" in out
    assert tomllib.loads((target / "pyproject.toml").read_text())["project"]["name"] == "my-service"
    passed = run(target, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "serving_template")
    assert "passed" in passed and "skipped" not in passed
    report = check_targets([target / "serving_template" / "arch.yaml"], Options())
    assert not report.errors and not report.at_least(Severity.WARNING)
    assert (target / "serving_template" / "RUNBOOK.md").is_file()
    workflow = target / ".github" / "workflows" / "ci.yaml"
    run(target, tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", str(workflow))
    assert not (target / "serving_template" / "ci.yaml").exists()


def test_the_template_is_the_cure_of_a_missing_owner() -> None:
    assert implementation_named("ownership").name == "serving-template"
