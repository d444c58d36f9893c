"""The child process that loads a model: `python -m archlint.measure.child JOB ANSWER`, two files.

Only this process runs what a model file may contain. It measures its own memory and times, and writes its answer.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from archlint.about import install_command
from archlint.measure.job import Answer, Batch, Job
from archlint.measure.loading import Loaded, RefusedError, library, load

_WARM_UPS: Final = 10
_FEWEST: Final = 5


def run(job: Job) -> Answer:
    """Load the model and time its predictions."""
    try:
        library(job.format)
        before = _memory("VmRSS")
        _forget_peak()
        start = time.perf_counter()
        loaded = load(job)
        load_s = time.perf_counter() - start
        batches, skipped = [], ""
        for size in job.batches:
            if loaded.fixed_batch not in {0, size}:
                skipped = f"the model takes batches of {loaded.fixed_batch} only"
                continue
            batches.append(Batch(size, _timed(loaded, size, job)))
        if not batches:
            raise RefusedError(skipped, f"--batch {loaded.fixed_batch}")
        return Answer("", "", load_s, before, _memory("VmHWM"), loaded.described, tuple(batches), skipped)
    except RefusedError as error:
        return Answer(error.message, error.hint)
    except ModuleNotFoundError as error:
        return Answer(f"a module that the model needs is missing: {error.name}", install_command("measure"))


def _timed(loaded: Loaded, size: int, job: Job) -> tuple[float, ...]:
    """Time predictions with one batch size, after a warm-up, with the garbage collector paused."""
    predict: Callable[[], object] = loaded.prepared(size)
    try:
        end = time.perf_counter() + job.seconds / 4
        for _ in range(_WARM_UPS):
            predict()
            if time.perf_counter() > end:
                break
    except Exception as error:
        said = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        raise RefusedError(f"the model failed on its inputs, {loaded.described}: {said}", "use --inputs") from None
    times: list[float] = []
    gc.collect()
    gc.disable()
    clock, end = time.perf_counter, time.perf_counter() + job.seconds
    while len(times) < job.requests:
        start = clock()
        predict()
        done = clock()
        times.append(done - start)
        if done > end and len(times) >= _FEWEST:
            break
    gc.enable()
    return tuple(times)


def _memory(key: str) -> int:
    """Return resident memory in bytes: now (`VmRSS`) or at most (`VmHWM`); elsewhere than on Linux, at most."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next((line for line in status.read_text().splitlines() if line.startswith(f"{key}:")), "")
        if line:
            return int(line.split()[1]) * 1024
    try:
        import resource
    except ModuleNotFoundError:                    # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _forget_peak() -> None:
    """Start a new peak of resident memory, where the system can."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _end_with_parent() -> None:
    """Exit when the process that asked has ended: standard input is a pipe that only it holds open."""
    os.read(0, 1)
    os._exit(1)


def main() -> None:
    """Read the job, and write the answer."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    job = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Job)
    warnings.simplefilter("ignore")
    Path(sys.argv[2]).write_bytes(msgspec.json.encode(run(job)))


if __name__ == "__main__":
    main()
