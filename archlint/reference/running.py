"""Start a reference implementation as a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from archlint.about import install_command
from archlint.errors import UsageError
from archlint.reference.folders import SHARED, Implementation

_MOST_NAMED = 3
DATA = Path("reference-data")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def start(implementation: Implementation, words: Sequence[str]) -> int:
    """Run an implementation in the foreground with its own arguments, and return its exit status.

    Its state is in `reference-data/NAME` in the current folder, or in `SERVE_DATA_DIR`. On POSIX, it replaces this
    process, so that it receives signals. Raises `UsageError` if its libraries are missing.
    """
    missing = [name for name in _needed_by(implementation) if not _installed(name)]
    if missing:
        more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
        raise UsageError(
            f"{implementation.name} needs libraries that are not installed: {', '.join(missing[:_MOST_NAMED])}{more}",
            f"{install_command('reference')}, or from a checkout: pip install '.[reference]'",
        )
    path = os.pathsep.join(filter(None, (str(implementation.root), os.environ.get("PYTHONPATH"))))
    environment = {"SERVE_DATA_DIR": str(DATA / implementation.name), **os.environ, "PYTHONPATH": path}
    command = [sys.executable, "-m", implementation.module, *words]
    if os.name == "posix":
        sys.stdout.flush()
        os.execve(sys.executable, command, environment)
    return subprocess.run(command, env=environment, check=False).returncode


def _needed_by(implementation: Implementation) -> list[str]:
    """Return the distributions in its own requirements and in those of the shared code."""
    files = (implementation.root / SHARED / "requirements.txt", implementation.folder / "requirements.txt")
    lines = (line for file in files for line in file.read_text(encoding="utf-8").splitlines())
    needed = [line for line in lines if line and not line.startswith(("-r", "#"))]
    posix_only = "os_name == 'posix'"
    return [name for line in needed if os.name == "posix" or posix_only not in line for name in _NAME.findall(line)[:1]]


def _installed(distribution: str) -> bool:
    from importlib.metadata import PackageNotFoundError, version

    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True
