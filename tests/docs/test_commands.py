"""Every command in the README and the docs runs as it is written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from archlint.cli.app import COMMANDS
from tests.conftest import ROOT, command
from tests.tools import needed

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", ROOT / "examples" / "README.md",
         ROOT / "reference_impls" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]  # fmt: skip
BLOCK = re.compile(r"```(?:sh|bash|shell|console)\n(.*?)```", re.S)
INLINE = re.compile(r"`(archlint [a-z][^`\n]*)`")
ELSEWHERE = {
    r"python3 -m venv|python3 tests/run\.py|\.venv/bin/": "tests/bare.py types them on a bare machine",
    r"(pip|pipx|uv|uvx) ": "tests/reference/test_wheel.py installs the wheel",
    r"docker ": "needs a Docker engine; the Dockerfile is linted",
    r"(.* && )?(gh|reviewdog) ": "needs GitHub, or a program that no registry has",
    r"archlint reference [a-z-]+$": "the tests of each implementation start it",
    r"terraform |archlint check infra": "tests/importers/test_terraform.py reads configurations and plans",
    r"cd editors/vscode|npm ci|code --install-extension": "tests/editors/test_vscode.py compiles and packages it",
    r"(ARCHLINT_TOKEN=\S+ .*)?archlint (serve|check --record postgresql)|curl -s localhost:8765": "tests/serve",
    r"archlint measure (model|endpoint) ": "tests/measure measures files and services",
}
"""Lines that this test does not run, and what tests them instead. A pattern that matches no line is an error."""


def lines_of(page: Path) -> list[list[str]]:
    """The commands of each block of a page, without comments and prompts."""
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    return [[line for raw in block.splitlines() if (line := raw.removeprefix("$ ").split("  #")[0].strip())
             and not line.startswith("#")] for block in BLOCK.findall(text)]  # fmt: skip


def is_elsewhere(line: str) -> bool:
    return any(re.match(pattern, line) for pattern in ELSEWHERE)


JUDGES = ("check", "baseline", "diff", "drift", "whatif")
"""Commands that end with 1 if they find something; all others must end with 0."""
NEXT = re.compile(r"Save this one as `([^`]+)`:\n\n```yaml\n(.*?)```|```sh\n(.*?)```", re.S)
BLOCKS = [(page, number, lines) for page in PAGES if page.name != "README.md" or page.parent != ROOT
          for number, lines in enumerate(lines_of(page), 1)
          if any(not is_elsewhere(line) for line in lines)]  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A repository for the commands of the pages: a system, two versions, two releases, a team's folder, a remote."""
    git = str(needed(Path(found) if (found := shutil.which("git")) else None, "git", "install git"))
    folder = tmp_path / "work"
    for name, source in {
        "arch.yaml": "passing/car-photo-classification", "before.yaml": "failing/online-bigsize",
        "after.yaml": "passing/text-translation", "release-1/arch.yaml": "failing/single-balancer",
        "release-2/arch.yaml": "passing/car-photo-classification", "teams/risk/arch.yaml": "passing/bank-fraud",
        "docs/arch.yaml": "passing/cat-or-dog",
    }.items():  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "examples" / f"{source}.yaml", folder / name)
    (folder / "deploy").mkdir()
    shutil.copy(ROOT / "reference_impls" / "asynchronous" / "compose.yaml", folder / "deploy")
    identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], [*identity, "commit", "-qm", "first"],
                  [*identity, "commit", "-q", "--allow-empty", "-m", "second"],
                  ["update-ref", "refs/remotes/origin/main", "HEAD~1"]):  # fmt: skip
        subprocess.run([git, *words], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize(("page", "number", "lines"), BLOCKS,
                         ids=[f"{page.relative_to(ROOT)}-{number}" for page, number, _ in BLOCKS])  # fmt: skip
def test_the_commands_of_a_page_run(page: Path, number: int, lines: list[str], workspace: Path) -> None:
    if "archlint init" in lines:
        (workspace / "arch.yaml").unlink()
    for line in lines:
        if is_elsewhere(line):
            continue
        if script := re.match(r"python (benchmarks|docs)/\w+\.py", line):
            assert_options_exist(line, script[0].split()[1])
            continue
        assert_makes_sense(line, run(line, workspace), f"{page.relative_to(ROOT)}, block {number}")


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a line in a shell, with this archlint."""
    bash = needed(Path(found) if (found := shutil.which("bash")) else None, "bash", "install bash")
    path = os.pathsep.join([str(Path(command()).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "HOME": str(folder.parent), "COLUMNS": "100"}
    return subprocess.run([str(bash), "-c", line], cwd=folder, env=environment, check=False, capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, timeout=120)  # fmt: skip


def assert_makes_sense(line: str, done: subprocess.CompletedProcess[str], where: str) -> None:
    """A command ends well, changes something if it says so, and changes no fact to one that contradicts another."""
    what = f"{where}: {line}\n{done.stdout}{done.stderr}"
    name = line.removeprefix("archlint ").split()[0]
    assert done.returncode == 0 or (done.returncode == 1 and any(f"archlint {one}" in line for one in JUDGES)), what
    assert "Traceback" not in done.stderr and "error: " not in done.stderr, what
    if name in {"whatif", "sweep", "simulate"}:
        assert "DOC0" not in done.stdout and "Nothing differs" not in done.stdout, what


def test_a_reader_types_the_commands_of_the_readme_in_order(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for line in ("git init -q -b main", "git -c user.name=n -c user.email=e@example.org commit -q --allow-empty -m first"):
        assert run(line, folder).returncode == 0
    typed = []
    for name, text, block in NEXT.findall((ROOT / "README.md").read_text(encoding="utf-8")):
        if name:
            (folder / name).write_text(text, encoding="utf-8")
        for raw in block.splitlines():
            line, _, comment = raw.partition("  #")
            if is_elsewhere(line.strip()):
                continue
            done = run(line, folder)
            typed.append(line.split()[1])
            assert_makes_sense(line.strip(), done, "README.md")
            for rule in re.findall(r"[A-Z]{3}[0-9]{3}", comment):
                assert rule in done.stdout, (line, rule, done.stdout)
    assert {"init", "check", "explain", "render", "analyze", "whatif", "simulate", "baseline", "diff"} <= set(typed)
    assert {path.name for path in folder.iterdir()} >= {"arch.yaml", "car.yaml", "arch.svg", "archlint-baseline.jsonl"}


def assert_options_exist(line: str, script: str) -> None:
    """A benchmark takes minutes, so this only tests that its options exist."""
    done = subprocess.run([sys.executable, script, "--help"], cwd=ROOT, check=True, capture_output=True, text=True)
    for option in re.findall(r"(--[a-z-]+)", line):
        assert option in done.stdout, f"{line}: {script} has no {option}"


def test_each_exception_is_still_used() -> None:
    lines = [line for page in PAGES for block in lines_of(page) for line in block]
    assert [pattern for pattern in ELSEWHERE if not any(re.match(pattern, line) for line in lines)] == []


def options_of(name: str) -> set[str]:
    module = {"import": "importing"}.get(name, name)                    # `import` is no name of a module
    found: click.Command = import_module(f"archlint.cli.{module}").command
    commands = [found, *(found.commands.values() if isinstance(found, click.Group) else ())]
    params = [parameter for one in commands for parameter in one.params]
    return {option for parameter in params for option in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}


@pytest.mark.parametrize("page", [page for page in PAGES if page.is_file()], ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_that_a_text_names_exist(page: Path) -> None:
    for found in INLINE.findall(page.read_text(encoding="utf-8")):
        name, *words = found.split()[1:]
        if name.startswith("-") or not name.isalpha() or name.isupper():
            continue
        assert name in COMMANDS, found
        for option in (word.split("=")[0] for word in words if re.match(r"--[a-z]", word)):
            assert option in options_of(name), found


@pytest.mark.parametrize("page", [page for page in PAGES if page.is_file()], ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    local = [link.partition("#")[0] for link in links if "://" not in link and not link.startswith(("#", "mailto:"))]
    assert [link for link in local if link and not (page.parent / link).exists()] == []
