"""Runs commands as processes in turn, and measures each: elapsed time, CPU time, peak memory."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import IO, Final, NamedTuple

SLOW_S: Final = 5.0
"""A command that takes longer runs only `SLOW_RUNS` times."""
SLOW_RUNS: Final = 3
_LONGEST_S: Final = 900.0
_PEAK_UNIT: Final = 1 if sys.platform == "darwin" else 1024
"""Bytes in the system's unit of peak memory."""
_DROPPED: Final = frozenset({"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "PYTHONPROFILEIMPORTTIME", "PYTHONDEVMODE"})


class Command(NamedTuple):
    """A command, and its exit statuses after complete work."""

    name: str
    words: tuple[str, ...]
    folder: Path | None = None
    statuses: frozenset[int] = frozenset({0})


class Run(NamedTuple):
    """One run: elapsed seconds, CPU seconds in user mode, peak memory, the end of the output."""

    wall_s: float
    user_s: float
    peak_bytes: int
    printed: str


class DidNotRunError(Exception):
    """A command that could not run, or that exited with an unexpected status."""


class Ratio(NamedTuple):
    """The ratio of two times: elapsed time, and CPU time in user mode."""

    by_clock: float
    by_cpu: float


class Measured(NamedTuple):
    """All runs of one command, in the order of the rounds; `failure` is the reason if there are none."""

    runs: tuple[Run, ...] = ()
    failure: str = ""

    @property
    def wall_s(self) -> float:
        """The median of the elapsed seconds."""
        return median(run.wall_s for run in self.runs)

    @property
    def least_wall_s(self) -> float:
        """The fastest run: on a busy machine, the best estimate of the work."""
        return min(run.wall_s for run in self.runs)

    @property
    def user_s(self) -> float:
        """The median of the CPU seconds in user mode."""
        return median(run.user_s for run in self.runs)

    @property
    def peak_bytes(self) -> int:
        """The median of the peak memory."""
        return int(median(run.peak_bytes for run in self.runs))

    def over(self, other: Measured) -> Ratio:
        """Return the ratio to another: the medians of the rounds' ratios. Both need runs."""
        pairs = list(zip(self.runs, other.runs, strict=False))
        return Ratio(
            median(mine.wall_s / theirs.wall_s for mine, theirs in pairs),
            median(mine.user_s / max(theirs.user_s, 1e-6) for mine, theirs in pairs),
        )


def child_environment(keep_path: bool = False) -> dict[str, str]:
    """The environment of a measured process: byte code is used, and the caller's variables have no effect."""
    dropped = _DROPPED if keep_path else _DROPPED | {"PYTHONPATH"}
    return {key: value for key, value in os.environ.items() if key not in dropped}


def run_once(command: Command, environment: Mapping[str, str]) -> Run:
    """Run a command once; raises `DidNotRunError`.

    The peak of a child is at least the memory of the process that starts it (see `least_peak_bytes`), so this process
    stays small: other processes write large inputs.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = _start(command, environment, output, errors)
        watch = threading.Timer(_LONGEST_S, process.kill)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - start
        watch.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        printed, complaint = _end_of(output.fileno()), _end_of(errors.fileno())
    # A Python that crashes exits with 1, like a linter with findings.
    if process.returncode not in command.statuses or "\n  File " in complaint:
        last = (complaint or printed).strip().splitlines()[-1:]
        raise DidNotRunError(f"exit status {process.returncode}: {''.join(last) or 'no output'}")
    return Run(wall_s, usage.ru_utime, usage.ru_maxrss * _PEAK_UNIT, printed)


def least_peak_bytes() -> int:
    """Return the minimum peak of a child: the memory of this process, which it starts with."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _PEAK_UNIT


def _start(
    command: Command, environment: Mapping[str, str], output: IO[bytes], errors: IO[bytes]
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command.words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            cwd=command.folder,
            env=environment,
        )
    except OSError as error:
        raise DidNotRunError(f"{command.words[0]}: {error.strerror}") from None


def _end_of(file: int) -> str:
    length = os.fstat(file).st_size
    return os.pread(file, 4000, max(0, length - 4000)).decode(errors="replace")


Say = Callable[[str], None]


def measure(commands: Sequence[Command], rounds: int, environment: Mapping[str, str], say: Say) -> dict[str, Measured]:
    """Run each command once to warm up, then all of them in turn, in rounds; return the results by name."""
    measured: dict[str, Measured] = {}
    for command in commands:
        say(f"warming up: {command.name}")
        measured[command.name] = _warm_up(command, environment)
    wanted = {command.name: rounds for command in commands if not measured[command.name].failure}
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        for command in commands:
            if number < wanted.get(command.name, 0):
                run = run_once(command, environment)
                before = measured[command.name].runs
                measured[command.name] = Measured((*before, run))
                if run.wall_s > SLOW_S:
                    wanted[command.name] = min(rounds, SLOW_RUNS)
    return measured


def _warm_up(command: Command, environment: Mapping[str, str]) -> Measured:
    try:
        run_once(command, environment)
    except DidNotRunError as error:
        return Measured(failure=str(error))
    return Measured()


def bytes_below(paths: Iterable[Path]) -> int:
    """Return the bytes of files, and of all files below folders."""
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])]
    return sum(file.stat().st_size for file in files if file.is_file())
