"""Measures a model file: size, load time, memory, and the time of predictions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from archlint.errors import UsageError
from archlint.measure.formats import format_of
from archlint.measure.job import Answer, Job
from archlint.measure.safetensors import read_header
from archlint.measure.times import Times, times_of


class BatchTimes(msgspec.Struct, frozen=True):
    """The times of the predictions with one batch size."""

    size: int
    times: Times


class MeasuredModel(msgspec.Struct, frozen=True, tag="model", tag_field="kind"):
    """What was measured of a model file; None is unknown.

    `memory_bytes` is what loading and predicting added to the process, `process_bytes` the peak of the whole process.
    """

    file: str
    format: str
    artifact_bytes: int
    parameters: int | None = None
    precision: str = ""
    dtypes: dict[str, int] = {}
    load_s: float | None = None
    memory_bytes: int | None = None
    process_bytes: int | None = None
    inputs: str = ""
    batches: tuple[BatchTimes, ...] = ()
    notes: tuple[str, ...] = ()


def measure_model(
    path: Path, *, batches: Sequence[int] = (1,), requests: int = 1000, seconds: float = 10.0, inputs: str = "",
    trust: bool = False, timeout_s: float = 300.0,
) -> MeasuredModel:  # fmt: skip
    """Measure a model file; of safetensors, only the header is read.

    Each batch size is predicted `requests` times, for at most `seconds`. Raises `UsageError` for a file that cannot be
    measured, and for a child process that dies or takes longer than `timeout_s`.
    """
    kind = format_of(path)
    size = path.stat().st_size
    if kind == "safetensors":
        header = read_header(path)
        return MeasuredModel(str(path), kind, size, header.parameters, header.precision, header.dtypes)
    if kind == "pickle" and not trust:
        raise UsageError(
            f"{path}: is a pickle, which runs code when it is loaded",
            "if you trust the file, add --trust; otherwise save the model as skops or ONNX",
        )
    if inputs and not os.path.isfile(inputs):
        raise UsageError(f"{inputs}: no such file", "name a .npy or .csv file")
    answer = _asked(Job(str(path), kind, trust, inputs, tuple(batches), requests, seconds), timeout_s)
    if answer.error:
        raise UsageError(f"{path}: {answer.error}", answer.hint)
    found = tuple(BatchTimes(batch.size, times_of(batch.times_s)) for batch in answer.batches)
    return MeasuredModel(
        str(path), kind, size, load_s=answer.load_s,
        memory_bytes=max(0, answer.peak_bytes - answer.before_bytes) if answer.peak_bytes else None,
        process_bytes=answer.peak_bytes or None, inputs=answer.inputs, batches=found,
        notes=(answer.skipped,) if answer.skipped else (),
    )  # fmt: skip


def _asked(job: Job, timeout_s: float) -> Answer:
    """Run a job in a child process, and return its answer."""
    with tempfile.TemporaryDirectory(prefix="archlint-") as folder:
        asked, answer = Path(folder, "job.json"), Path(folder, "answer.json")
        asked.write_bytes(msgspec.json.encode(job))
        words = [sys.executable, "-P", "-m", "archlint.measure.child", str(asked), str(answer)]
        held, alive = os.pipe()                        # the child ends when this process does, which closes the pipe
        try:
            done = subprocess.run(
                words, stdin=held, capture_output=True, timeout=timeout_s, check=False,
                env={**os.environ, "PYTHONWARNINGS": "ignore"},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            what = f"{job.path}: measuring it took longer than {timeout_s:g} s, and was stopped"
            raise UsageError(what, "allow more with --timeout, or measure less with --requests") from None
        finally:
            os.close(held)
            os.close(alive)
        if done.returncode == 0 and answer.is_file():
            try:
                return msgspec.json.decode(answer.read_bytes(), type=Answer)
            except msgspec.DecodeError:
                pass                               # a pickle may write anything
        raise UsageError(f"{job.path}: {_death(done)}", "the file may be damaged, or need more memory")


def _death(done: subprocess.CompletedProcess[bytes]) -> str:
    """Say how the child process ended, with its last words."""
    if done.returncode < 0:
        try:
            name = signal.Signals(-done.returncode).name
        except ValueError:
            name = f"signal {-done.returncode}"
        return f"the process that loaded it was killed by {name}"
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    said = f": {lines[-1].strip()[:300]}" if lines else ""
    return f"the process that loaded it ended with status {done.returncode}{said}"
