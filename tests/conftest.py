"""Shared by all tests: the installed command, run as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No test depends on time: a busy machine may be slow. Each run draws other examples, except in the gate: chance must not
# decide whether a change can be merged.
GATE = os.environ.get("ARCHLINT_REQUIRE_SERVERS") == "1"
settings.register_profile(
    "archlint", deadline=None, derandomize=GATE,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
settings.load_profile("archlint")
_SETTINGS = "_hypothesis_internal_use_settings"             # where Hypothesis keeps those of a law
_FEWEST = 10
_HALVED: set[object] = set()


def pytest_itemcollected(item: pytest.Item) -> None:
    """In the gate, laws draw half of their examples: there, each run draws the same ones."""
    law = getattr(item, "function", None)
    drawn = getattr(law, _SETTINGS, None)
    if GATE and isinstance(drawn, settings) and law not in _HALVED:
        fewer = min(drawn.max_examples, max(_FEWEST, drawn.max_examples // 2))
        setattr(law, _SETTINGS, settings(drawn, max_examples=fewer))
        _HALVED.add(law)


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:      # as for jobs in the background; programs would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

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
    """Run the installed command in a separate folder; a run that hangs fails."""

    def run(
        *words: str, cwd: Path | None = None, stdin: str | bytes | None = None, env: dict[str, str] | None = None,
        under: Sequence[str] = (),
    ) -> subprocess.CompletedProcess[str]:
        environment = {
            k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONPATH"}
        }
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [*under, command(), *words], cwd=cwd or tmp_path, input=data or b"", capture_output=True, timeout=120, check=False,
            env={**environment, "PYTHONUTF8": "1", **(env or {})},
        )  # fmt: skip
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def bound_by_permissions() -> list[str]:
    """The prefix of a command that makes file permissions apply to it, also for root."""
    if os.name == "nt" or os.geteuid() != 0:
        return []
    from tests.tools import program

    words = [program("setpriv"), "--bounding-set=-dac_override,-dac_read_search"]
    if subprocess.run([*words, "true"], check=False).returncode != 0:
        pytest.skip("root passes over permissions, and setpriv cannot help it: run it as another user")
    return words


@pytest.fixture
def in_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run a command line in this process: quick, but without the streams of archlint's own process."""
    from archlint.cli import main

    def run(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(cwd or tmp_path)
        monkeypatch.setattr("sys.argv", ["archlint", *words])
        capsysbinary.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsysbinary.readouterr()
        status = ended.value.code if isinstance(ended.value.code, int) else int(ended.value.code is not None)
        return subprocess.CompletedProcess(words, status, shown.out.decode(), shown.err.decode())

    return run
