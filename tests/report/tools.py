"""Programs that some tests need beside Python: where they are, and what to install where they are not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT


def needed(found: Path | None, what: str, how: str) -> Path:
    """Return a program or file; where there is none, skip the test and say what to install.

    With ARCHLINT_REQUIRE_SERVERS=1 the test fails instead.
    """
    if found is not None:
        return found
    told = f"{what} is not there: {how}"
    if os.environ.get("ARCHLINT_REQUIRE_SERVERS") == "1":
        pytest.fail(told)
    pytest.skip(told)


def sarif_validator() -> Path:
    """Microsoft's SARIF validator, as `tests/run.py` installs it where npm is."""
    folders = [Path(os.environ.get("ARCHLINT_NPM", "")), ROOT / ".venv-tests" / "npm"]
    names = [
        "sarif-multitool-linux/Sarif.Multitool",
        "sarif-multitool-darwin/Sarif.Multitool",
        "sarif-multitool-win32/Sarif.Multitool.exe",
    ]
    paths = (folder / "node_modules" / "@microsoft" / name for folder in folders for name in names)
    found = next((path for path in paths if path.is_file()), None)
    return needed(found, "Microsoft's SARIF validator", "npm install --prefix .venv-tests/npm @microsoft/sarif-multitool")


def sarif_schema() -> Path:
    """The schema of SARIF 2.1.0 that OASIS publishes."""
    named = os.environ.get("ARCHLINT_SARIF_SCHEMA")
    places = [Path(named)] if named else []
    places.append(ROOT.parent / "shared" / "schemas" / "sarif-schema-2.1.0.json")
    found = next((path for path in places if path.is_file()), None)
    return needed(found, "the schema of SARIF 2.1.0", "download it from OASIS, and name it in ARCHLINT_SARIF_SCHEMA")


def chromium() -> Path:
    """A Chromium or Chrome for the tests of the HTML report."""
    named = os.environ.get("ARCHLINT_CHROMIUM")
    names = (named,) if named else ("chromium", "chromium-browser", "google-chrome")
    found = next((path for path in map(shutil.which, names) if path), None)
    return needed(Path(found) if found else None, "Chromium", "install it, or name it in ARCHLINT_CHROMIUM")
