"""The built script of the workbench: current, small, with the licences of what it contains."""

from __future__ import annotations

import gzip
import json
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.tools import program

SOURCES = ROOT / "editors" / "workbench"
BUILT = ROOT / "archlint" / "serve" / "static"


def test_the_script_was_built_from_the_sources_that_are_here() -> None:
    names = ["build.mjs", "package-lock.json", *sorted(f"src/{path.name}" for path in (SOURCES / "src").iterdir())]
    data = b"".join((SOURCES / name).read_bytes() for name in names)
    assert (BUILT / "sources.sha256").read_text().strip() == sha256(data).hexdigest(), \
        "run `npm ci && npm run build` in editors/workbench"


def test_building_again_makes_the_same_script(tmp_path: Path) -> None:
    if not (SOURCES / "node_modules").is_dir():
        pytest.skip("npm's packages are not there: run `npm ci` in editors/workbench")
    subprocess.run([program("node"), str(SOURCES / "build.mjs"), str(tmp_path)], check=True)
    built = gzip.decompress((tmp_path / "workbench.js.gz").read_bytes())
    assert built == gzip.decompress((BUILT / "workbench.js.gz").read_bytes())


def test_the_page_is_small_and_names_its_licences() -> None:
    assert sum(path.stat().st_size for path in BUILT.iterdir()) < 250_000
    said = (BUILT / "licences.txt").read_text()
    direct = json.loads((SOURCES / "package.json").read_text())["dependencies"]
    assert all(f"{name} " in said for name in direct if not name.startswith("@lezer/common"))
    assert "(MIT)" in said and "GPL" not in said
