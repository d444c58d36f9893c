"""Ctrl-C, and processes that are killed: of the command, and of its workers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from archlint.workers import Workers
from tests.cli.systems import PASSING
from tests.conftest import Run, command

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc: run it on Linux")


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough large files to keep workers busy for some seconds."""
    folder = tmp_path_factory.mktemp("many")
    parts = "".join(f"  part-{n}: {{kind: service, replicas: 2, zones: [a, b]}}\n" for n in range(1500))
    for n in range(60):
        (folder / f"{n}.yaml").write_text(PASSING + parts)
    return folder


def started(folder: Path, *words: str) -> tuple[subprocess.Popen[str], list[int]]:
    """Start a check in a process group of its own, and wait until its workers run."""
    process = subprocess.Popen(
        [command(), "check", ".", *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        found = [int(word) for word in children.read_text().split()]
        if found:
            return process, found
        time.sleep(0.02)
    raise AssertionError(f"no worker was seen: {process.communicate()}")


def runs(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def all_end(numbers: list[int]) -> bool:
    end = time.monotonic() + 30
    while time.monotonic() < end and any(map(runs, numbers)):
        time.sleep(0.05)
    return not any(map(runs, numbers))


@pytest.mark.parametrize("delay", [0.0, 0.5])
def test_ctrl_c_is_one_line_and_130_and_no_worker_stays(many: Path, delay: float) -> None:
    process, workers = started(many)
    time.sleep(delay)
    os.killpg(process.pid, signal.SIGINT)                  # like a terminal: the whole group gets it
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "error: interrupted\n")
    assert all_end(workers)


INTERRUPTS = """\
import os, signal, time
import msgspec

class Params(msgspec.Struct, frozen=True):
    pass

def check(system, params):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)
    return ()
"""


@pytest.mark.parametrize("words", ["check", "check -v a.yaml", "diff a.yaml b.yaml", "render a.yaml -f svg", "baseline", "check --watch"])
def test_ctrl_c_is_one_line_in_every_command(archlint: Run, tmp_path: Path, words: str) -> None:
    rule = tmp_path / "house" / "ACME001-it-waits"
    rule.mkdir(parents=True)
    (rule / "rule.yaml").write_text("title: It waits\ncheck: ./check.py\nseverity: info\nsummary: It waits.\n")
    (rule / "check.py").write_text(INTERRUPTS)
    (tmp_path / "archlint.toml").write_text("packs = ['house']\n")
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(PASSING)
    done = archlint(*words.split(), env={"ARCHLINT_ALLOW_CODE": "1"})
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: interrupted\n")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_their_parent(many: Path, number: signal.Signals) -> None:
    process, workers = started(many)
    process.send_signal(number)
    process.wait(timeout=60)
    assert all_end(workers)
    process.communicate()


def test_a_worker_that_is_killed_loses_no_file(many: Path, tmp_path: Path) -> None:
    for path in sorted(many.iterdir())[:30]:
        shutil.copy(path, tmp_path)
    process, workers = started(tmp_path, "--exit-zero", "-q", "-o", "json")
    os.kill(workers[0], signal.SIGKILL)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "")
    assert out.count('"rules_run"') == 30


def killer() -> Callable[[int], int]:
    def run(item: int) -> int:
        if item == 5:
            os.kill(os.getpid(), signal.SIGKILL)           # like the kernel when memory runs out
        return item * 2

    return run


def test_only_the_item_that_kills_its_worker_is_lost() -> None:
    assert list(Workers(killer, lambda item: -item).map(range(12))) == [*(n * 2 for n in range(5)), -5, *(n * 2 for n in range(6, 12))]
