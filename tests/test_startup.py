"""What a plain `check` may import: start-up is designed in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

HEAVY = {
    "pydantic", "networkx", "numpy", "rich", "email", "importlib.metadata", "rustworkx", "jsonschema", "fastapi",
    "sklearn", "statistics", "pathspec", "difflib", "tomllib", "asyncio", "http", "concurrent.futures", "multiprocessing",
    "archlint.report.json", "archlint.report.sarif", "archlint.report.junit", "archlint.report.github",
    "archlint.report.gitlab", "archlint.report.markdown", "archlint.report.markup", "archlint.report.html", "xml", "html",
    "archlint.model.schema", "archlint.analysis.patterns", "archlint.cli.explain",
    "archlint.compare", "archlint.differ", "archlint.diagram", "archlint.cli.pictures", "subprocess",
}  # fmt: skip
SCRIPT = """
import sys
sys.argv = ["archlint", "check", sys.argv[1]]
from archlint.cli import main
try:
    main()
except SystemExit:
    pass
print("\\nLOADED", *sys.modules)
"""


def loaded_by(path: Path, cwd: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)], capture_output=True, text=True, check=True, cwd=cwd, timeout=60
    )
    return set(done.stdout.rsplit("LOADED", 1)[1].split())


def test_a_check_imports_only_what_it_uses(tmp_path: Path) -> None:
    for path in sorted((ROOT / "examples" / "passing").glob("*.yaml")):
        loaded = loaded_by(path, tmp_path)
        assert not (HEAVY - {"statistics"}) & loaded, path    # for an objective between two stated percentiles
        assert "yaml" in loaded


def test_findings_need_little_more(tmp_path: Path) -> None:
    for path in sorted((ROOT / "examples" / "failing").glob("*.yaml")):
        assert not (HEAVY - {"difflib", "statistics"}) & loaded_by(path, tmp_path), path


def test_callers_that_wait_in_a_circle_do_not_need_networkx(tmp_path: Path) -> None:
    """A cycle is what `check` asks of the graph beyond walking it; networkx takes longer to import than the check."""
    paths = sorted((ROOT / "rules").glob("REL007-*/bad-*.yaml"))
    assert paths
    for path in paths:
        assert not {"networkx", "rustworkx", "numpy"} & loaded_by(path, tmp_path), path
