"""What all tests share: the installed command, run as a process."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No test is timed: a busy machine makes examples slowly, and that is no failure.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parent.parent
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def command() -> str:
    """The installed `archlint`, of the environment that runs the tests."""
    name = "archlint.exe" if os.name == "nt" else "archlint"
    path = Path(sysconfig.get_path("scripts")) / name
    assert path.is_file(), f"archlint is not installed beside this Python: no {path} (pip install -e .)"
    return str(path)


@pytest.fixture
def archlint(tmp_path: Path) -> Run:
    """Run the installed command in a folder of its own; a run that hangs fails."""

    def run(
        *words: str, cwd: Path | None = None, stdin: str | bytes | None = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONPATH"}
        }
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [command(), *words], cwd=cwd or tmp_path, input=data or b"", capture_output=True, timeout=120, check=False,
            env={**environment, "PYTHONUTF8": "1", **(env or {})},
        )  # fmt: skip
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
