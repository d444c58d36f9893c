"""Ctrl-C, and processes that are killed: of the command, and of its workers."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from archlint.errors import UsageError
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


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file whose rules run in two processes for some seconds."""
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("with one processor, all rules run in one process")
    folder = tmp_path_factory.mktemp("large")
    parts = "".join(f"  part-{n}: {{kind: service, replicas: 2, calls: [part-{n + 1}]}}\n" for n in range(20_000))
    (folder / "arch.yaml").write_text(f"{PASSING}{parts}  part-20000: {{kind: database, persistent: false}}\n")
    return folder


@pytest.fixture(params=["many", "large"])
def busy(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.getfixturevalue(request.param)
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


@pytest.mark.parametrize("delay", [0.0, 0.2])
def test_ctrl_c_is_one_line_and_130_and_no_worker_stays(busy: Path, delay: float) -> None:
    process, workers = started(busy)
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


def write_rule_with_code(folder: Path) -> None:
    """Write a configuration with a rule of its own, whose check interrupts the process."""
    rule = folder / "house" / "ACME001-it-waits"
    rule.mkdir(parents=True)
    (rule / "rule.yaml").write_text("title: It waits\ncheck: ./check.py\nseverity: info\nsummary: It waits.\n")
    (rule / "check.py").write_text(INTERRUPTS)
    (folder / "archlint.toml").write_text("packs = ['house']\n")


@pytest.mark.parametrize("words", ["check", "check -v a.yaml", "diff a.yaml b.yaml", "render a.yaml -f svg", "baseline", "check --watch"])
def test_ctrl_c_is_one_line_in_every_command(archlint: Run, tmp_path: Path, words: str) -> None:
    write_rule_with_code(tmp_path)
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(PASSING)
    done = archlint(*words.split(), env={"ARCHLINT_ALLOW_CODE": "1"})
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: interrupted\n")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_their_parent(busy: Path, number: signal.Signals) -> None:
    process, workers = started(busy)
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


@pytest.mark.parametrize("is_killed", [False, True], ids=["whole", "killed"])
def test_two_processes_say_of_one_file_what_one_says(large: Path, is_killed: bool) -> None:
    process, copies = started(large, "-o", "json")
    if is_killed:
        os.kill(copies[0], signal.SIGKILL)
    out, err = process.communicate(timeout=300)
    one = {min(os.sched_getaffinity(0))}
    alone = subprocess.run(
        [command(), "check", ".", "-o", "json"], cwd=large, capture_output=True, text=True, timeout=300, check=False,
        preexec_fn=lambda: os.sched_setaffinity(0, one),
    )  # fmt: skip
    assert (process.returncode, err, out) == (alone.returncode, "", alone.stdout)
    assert json.loads(out)["findings"] and all_end(copies)


def test_what_a_copy_cannot_do_is_done_here() -> None:
    script = (
        "from archlint.copies import Copy, can_copy\n"
        "import os\n"
        "here = os.getpid()\n"
        "def work():\n"
        "    if os.getpid() != here: raise ValueError\n"
        "    return 7\n"
        "copy = Copy(work)\n"
        "print(can_copy(), copy.result())\n"
        "copy.close()\n"
        "other = Copy(os.getpid)\n"
        "print(other.result() != here)\n"
        "other.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == [str(len(os.sched_getaffinity(0)) > 1), "7", "True"]


def killer() -> Callable[[int], int]:
    def run(item: int) -> int:
        if item == 5:
            os.kill(os.getpid(), signal.SIGKILL)           # like the kernel when memory runs out
        return item * 2

    return run


def test_only_the_item_that_kills_its_worker_is_lost() -> None:
    assert list(Workers(killer, lambda item: -item).map(range(12))) == [*(n * 2 for n in range(5)), -5, *(n * 2 for n in range(6, 12))]


def failing() -> Callable[[int], int]:
    raise UsageError("no rule is left", "name one")


def test_what_a_worker_cannot_begin_is_raised_here() -> None:
    with pytest.raises(UsageError, match="no rule is left") as error:
        list(Workers(failing, lambda item: -item).map(range(12)))
    assert error.value.hint == "name one"


@pytest.mark.parametrize("words", ["sensitivity a.yaml", "sweep a.yaml --set components.server.replicas=1..9"])
def test_rules_that_may_not_run_code_are_one_error_in_every_process(archlint: Run, tmp_path: Path, words: str) -> None:
    write_rule_with_code(tmp_path)
    (tmp_path / "a.yaml").write_text(PASSING)
    done = archlint(*words.split())
    assert done.returncode == 2 and "may not run code" in done.stderr and "Traceback" not in done.stderr
