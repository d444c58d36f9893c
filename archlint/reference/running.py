"""Start a reference implementation as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from archlint.errors import UsageError
from archlint.reference.folders import Implementation

DATA = Path("reference-data")
_NEEDED = ("fastapi", "uvicorn", "pydantic_settings", "sklearn", "skops", "structlog", "prometheus_client", "httpx",
           "sqlalchemy", "faststream", "redis", "apscheduler", "cachetools", "onnxruntime", "PIL",
           "purgatory")  # fmt: skip


def start(implementation: Implementation, words: Sequence[str]) -> int:
    """Run an implementation in the foreground with the words of its own command line, and return its exit status.

    Its state goes to `reference-data/NAME` below the current folder unless `SERVE_DATA_DIR` says otherwise. On POSIX
    it takes the place of this process, so that signals reach it. Raises `UsageError` where its libraries are missing.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the reference implementations need libraries that are not installed: {', '.join(missing)}",
            "pip install 'archlint[reference]', or from a checkout: pip install '.[reference]'",
        )
    path = os.pathsep.join(filter(None, (str(implementation.root), os.environ.get("PYTHONPATH"))))
    environment = {"SERVE_DATA_DIR": str(DATA / implementation.name), **os.environ, "PYTHONPATH": path}
    command = [sys.executable, "-m", implementation.module, *words]
    if os.name == "posix":
        sys.stdout.flush()
        os.execve(sys.executable, command, environment)
    return subprocess.run(command, env=environment, check=False).returncode
