"""Everything that must hold, in one command: `python3 tests/run.py` (words behind it go to pytest).

Needs Python 3.11 or later and nothing else: it makes an environment in `.venv-tests`, installs archlint with its
development tools there, and runs the linter, the type checker, the layers contract, the check that generated files
are current, and all tests with the doctests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv-tests"
BIN = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")


def install() -> None:
    """Make the environment; again only where the project's requirements changed."""
    stamp = ENVIRONMENT / "installed"
    state = sha256((ROOT / "pyproject.toml").read_bytes() + sys.version.encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == state:
        return
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    run(
        "install", str(BIN / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", ".[dev]"
    )
    stamp.write_text(state)


def run(what: str, *command: str) -> None:
    """Run one step from the project's root; a step that fails ends the run."""
    print(f"== {what}", flush=True)
    environment = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "VIRTUAL_ENV": str(ENVIRONMENT),
    }
    environment.pop("PYTHONPATH", None)
    if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode != 0:
        raise SystemExit(f"tests/run.py: {what} failed")


def main() -> None:
    """Install, then run every step."""
    if sys.version_info < (3, 11):  # noqa: UP036 - it is run by whatever Python is there
        raise SystemExit("tests/run.py needs Python 3.11 or later")
    os.environ.setdefault("PYTHONUTF8", "1")
    install()
    run("ruff", str(BIN / "ruff"), "check", ".")
    run("mypy", str(BIN / "mypy"))
    run("layers", str(BIN / "lint-imports"))
    run("generated files", str(BIN / "python"), "docs/generate.py", "--check")
    run("tests", str(BIN / "python"), "-m", "pytest", "-q", "-n", "auto", *sys.argv[1:])


if __name__ == "__main__":
    main()
