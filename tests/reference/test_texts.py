"""The texts of a new project are about the project: its links, its commands and its libraries exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path, PurePosixPath

import pytest

from archlint.about import TREE
from archlint.reference import implementation_named, implementations
from archlint.reference.needs import normalised, read_requirements
from archlint.reference.project import write_project
from archlint.reference.texts import aligned, for_project
from tests.conftest import ROOT

HOME = ROOT / "reference_impls"
LIBRARIES = {
    one.distribution for file in HOME.rglob("requirements*.txt") for one in read_requirements(file.read_text())
}  # fmt: skip


@pytest.fixture(scope="module", params=list(implementations()))
def name(request: pytest.FixtureRequest) -> str:
    """Each pattern; its project is written once for all tests."""
    return str(request.param)


@pytest.fixture(scope="module")
def project(name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("new") / "project"
    write_project(implementation_named(name), target)
    return target


def pages(project: Path) -> dict[Path, str]:
    return {path: path.read_text() for path in project.rglob("*.md")}


def test_every_link_of_a_project_resolves(project: Path) -> None:
    for page, text in pages(project).items():
        for link in re.findall(r"\]\(([^)#\s]+)", text):
            if link.startswith(f"{TREE}/"):
                assert (ROOT / link.removeprefix(f"{TREE}/")).exists(), f"{page}: {link}"
            elif "://" not in link:
                assert (page.parent / link).exists(), f"{page}: {link}"


def test_the_pages_of_a_project_start_it_in_the_project(project: Path, name: str) -> None:
    module = name.replace("-", "_")
    start = (project / module / "README.md").read_text().partition("## Start\n")[2].partition("\n## ")[0]
    assert "pip install -q -c requirements.lock -e '.[dev]'\n.venv/bin/python -m " + module in start
    for text in pages(project).values():
        local = text.replace(f"{TREE}/reference_impls", "")
        for foreign in ("a clone", "reference_impls", ".venv/bin/archlint", "'.[reference]'", "../.venv"):
            assert foreign not in local
        assert not re.search(r"(?<!\[reference\]' )archlint reference", local)
        for started in re.findall(r"python -m (\w[\w.]*)", local):
            path = project.joinpath(*started.split("."))
            assert started in {"venv", "pytest"} or path.is_dir() or path.with_suffix(".py").is_file(), started
        assert aligned(text) == text


def test_no_file_of_a_project_refers_to_the_folder_of_the_implementations(project: Path) -> None:
    for path in project.rglob("*"):
        if path.is_file() and path.suffix != ".md":
            assert b"reference_impls" not in path.read_bytes(), path


def test_the_requirements_of_a_project_name_only_libraries_that_it_installs(project: Path) -> None:
    pins = {normalised(line) for line in (project / "requirements.lock").read_text().splitlines()}
    declared = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    wanted = [*declared["dependencies"], *declared["optional-dependencies"]["dev"]]
    assert {normalised(line) for line in wanted} <= pins
    for file in project.rglob("requirements*.txt"):
        words = {normalised(word) for word in re.findall(r"[A-Za-z0-9][\w.-]*", file.read_text())}
        assert words & LIBRARIES <= pins, file


def test_a_project_has_only_the_server_configurations_that_it_uses(project: Path) -> None:
    files = [path for path in project.rglob("*") if path.is_file()]
    for config in (project / "kit").rglob("*.conf"):
        assert any(config.name.encode() in path.read_bytes() for path in files), config


def test_links_to_other_patterns_lead_to_the_repository() -> None:
    files = [PurePosixPath("a/README.md"), PurePosixPath("kit/inputs.py")]
    text = "[b](../b/README.md#start) [kit](../kit/inputs.py) [rule](../../docs/rules/X.md) [site](https://example.org)"
    assert for_project(text, files[0], files) == (
        f"[b]({TREE}/reference_impls/b/README.md#start) [kit](../kit/inputs.py) [rule]({TREE}/docs/rules/X.md) "
        "[site](https://example.org)"
    )


def test_a_command_of_a_pattern_that_the_project_lacks_runs_without_an_installation() -> None:
    files = [PurePosixPath("a_b/README.md")]
    text = "`.venv/bin/archlint reference a-b --x 1` and `.venv/bin/archlint reference load-test`"
    assert for_project(text, files[0], files) == (
        "`.venv/bin/python -m a_b --x 1` and `pipx run --spec 'archlint-ml[reference]' archlint reference load-test`"
    )
