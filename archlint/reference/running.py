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

DATA = Path("reference-data")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def start(implementation: Implementation, words: Sequence[str]) -> int:
    """Run an implementation in the foreground with the words of its own command line, and return its exit status.

    Its state goes to `reference-data/NAME` below the current folder unless `SERVE_DATA_DIR` says otherwise. On POSIX
    it takes the place of this process, so that signals reach it. Raises `UsageError` where its libraries are missing.
    """
    missing = [name for name in _needed_by(implementation) if not _installed(name)]
    if missing:
        raise UsageError(
            f"{implementation.name} needs libraries that are not installed: {', '.join(missing)}",
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
    """The distributions that it and what it shares with others name in their requirements."""
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
