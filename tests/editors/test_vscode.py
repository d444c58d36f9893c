"""The extension for VS Code: its compiler, its packager, and how it finds the command; npm packages as its lock says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from archlint.about import REPOSITORY, install_command
from tests.conftest import ROOT
from tests.tools import vscode_packages

EXTENSION = ROOT / "editors" / "vscode"
SOURCES = ("package.json", "tsconfig.json", ".vscodeignore", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension, compiled in a folder of its own."""
    packages, folder = vscode_packages(), tmp_path_factory.mktemp("vscode")
    for name in SOURCES:
        shutil.copy(EXTENSION / name, folder / name)
    shutil.copytree(EXTENSION / "src", folder / "src")
    (folder / "node_modules").symlink_to(packages)
    run(folder, "node_modules/typescript/bin/tsc", "--project", ".")
    return folder


def run(folder: Path, *words: str) -> str:
    node = shutil.which("node")
    assert node is not None
    done = subprocess.run([node, *words], cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_compiles_and_is_packaged(built: Path) -> None:
    run(built, "node_modules/@vscode/vsce/vsce", "package", "--no-dependencies", "--out", "archlint.vsix")
    with zipfile.ZipFile(built / "archlint.vsix") as package:
        names = set(package.namelist())
        manifest = json.loads(package.read("extension/package.json"))
    assert {"extension/out/extension.js", "extension/out/command.js", "extension/readme.md"} <= names
    assert not [name for name in names if name.endswith((".ts", "package-lock.json"))]
    assert f"extension/{manifest['main'].removeprefix('./')}" in names


def found(built: Path, setting: str, folders: list[str], search: str) -> Any:
    """What the compiled function returns."""
    script = "console.log(JSON.stringify(require('./out/command.js').findCommand(...JSON.parse(process.argv[1])) ?? null))"
    return json.loads(run(built, "-e", script, json.dumps([setting, folders, search])))


def test_it_finds_the_command_of_the_settings_the_environment_or_the_path(built: Path, tmp_path: Path) -> None:
    name, scripts = ("archlint.exe", "Scripts") if os.name == "nt" else ("archlint", "bin")
    own, other = tmp_path / "project" / ".venv" / scripts / name, tmp_path / "path" / name
    for program in (own, other):
        program.parent.mkdir(parents=True)
        program.write_text("")
        program.chmod(0o755)
    folders, search = [str(tmp_path / "project")], f"{tmp_path}{os.pathsep}{other.parent}"
    assert found(built, "", folders, search) == str(own)
    assert found(built, "", [], search) == str(other)
    assert found(built, "", [], str(tmp_path)) is None
    assert found(built, "${workspaceFolder}/x/archlint", folders, search) == f"{folders[0]}/x/archlint"
    own.chmod(0o644)
    assert found(built, "", folders, search) == str(other)


def test_its_texts_name_the_distribution_and_its_home() -> None:
    install = install_command("lsp")
    for name in ("src/extension.ts", "README.md"):
        assert install in (EXTENSION / name).read_text(encoding="utf-8")
    manifest = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    assert manifest["repository"]["url"] == f"{REPOSITORY}.git"
    lock = json.loads((EXTENSION / "package-lock.json").read_text(encoding="utf-8"))
    assert lock["packages"][""]["dependencies"] == manifest["dependencies"]
    assert lock["packages"][""]["devDependencies"] == manifest["devDependencies"]
