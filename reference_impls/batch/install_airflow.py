"""`python install_airflow.py`: create `.venv-airflow` at the project's root from `airflow.lock`, once.

A stamp file in it records the lock file and the Python version. If both are unchanged, a call does nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCK = HERE / "airflow.lock"
ROOT = next((folder for folder in HERE.parents if (folder / "pyproject.toml").is_file()), HERE.parent)
ENVIRONMENT = ROOT / ".venv-airflow"
_STAMP = ENVIRONMENT / "installed"


def program() -> Path | None:
    """Return Airflow's command, or None if the environment is incomplete or outdated."""
    found = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin") / "airflow"
    return found if _STAMP.is_file() and _STAMP.read_text() == _state() and found.is_file() else None


def install() -> int:
    """Create the environment if needed, and return the exit status of pip."""
    if program() is not None:
        return 0
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    python = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check"]
    status = subprocess.run([*pip, "-r", str(LOCK)], check=False).returncode
    if status == 0:
        _STAMP.write_text(_state())
    return status


def _state() -> str:
    version = f"{sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}"
    return sha256(LOCK.read_bytes() + version.encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(install())
