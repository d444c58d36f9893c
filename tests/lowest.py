"""The core tests at the lowest versions that `pyproject.toml` allows: `python3 tests/lowest.py` (arguments go to pytest).

Makes an environment in `.venv-lowest` with each dependency of the plain install and of the extra `cel` at its lower bound,
and runs the tests of the packages that a check uses. The longest ones, which use no library, are left out.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv-lowest"
PYTHON = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin") / "python"
TOOLS = ("pytest>=8.2,<9.2", "pytest-xdist", "hypothesis", "jsonschema", "hatchling>=1.26")
ROOMS = ("source", "acceptance", "config", "packs", "topology", "examples", "rules", "catalog")
SAME = ("topology/test_large_graphs.py", "topology/test_random_flows.py", "source/test_git_ignores.py")
"""Long tests of code that uses no library; the main run has them."""
NOT_OURS = "ignore::ImportWarning"       # networkx 3.2 warns where pandas is not installed
_BOUND = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?>=([0-9.]+)")


def lowest() -> list[str]:
    """Each dependency of the plain install and of the extra `cel`, pinned at its lower bound.

    >>> [pin for pin in lowest() if pin.startswith("click==")]
    ['click==8.1.7']
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needs = [*project["dependencies"], *project["optional-dependencies"]["cel"]]
    found = {need: _BOUND.match(need) for need in needs}
    loose = [need for need, bound in found.items() if bound is None]
    if loose:
        raise SystemExit(f"tests/lowest.py: pyproject.toml gives no lower bound for {', '.join(loose)}")
    return [f"{bound[1]}=={bound[2]}" for bound in found.values() if bound is not None]


def run(what: str, *command: str) -> None:
    """Run one step from the project's root; a step that fails ends the run."""
    print(f"== {what}", flush=True)
    # Without bytecode, every process would compile all of its modules again.
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    if subprocess.run(command, cwd=ROOT, env=kept, check=False).returncode != 0:
        raise SystemExit(f"tests/lowest.py: {what} failed")


def main() -> None:
    """Install, then test."""
    pins = lowest()
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    # Compiled at once: old releases have texts that newer Pythons warn of whenever they compile them.
    install = [str(PYTHON), "-m", "pip", "install", "--quiet", "--compile", "--disable-pip-version-check"]
    run(f"install {' '.join(pins)}", *install, *pins, *TOOLS, "-e", ".")
    rooms = [f"tests/{room}" for room in ROOMS]
    ignored = [f"--ignore=tests/{path}" for path in SAME]
    options = ["-q", *ignored, "-n", str((os.cpu_count() or 1) + 1), "-p", "no:cacheprovider", "-W", NOT_OURS]
    run("core tests", str(PYTHON), "-m", "pytest", *options, *rooms, *sys.argv[1:])


if __name__ == "__main__":
    main()
