"""What the child process that loads a model is asked, and what it answers."""

from __future__ import annotations

from typing import Literal

import msgspec


class Job(msgspec.Struct, frozen=True):
    """A model to load and time. `inputs` is a file with inputs, or empty; `seconds` is the time for each batch size."""

    path: str
    format: Literal["onnx", "skops", "pickle"]
    trust: bool
    inputs: str
    batches: tuple[int, ...]
    requests: int
    seconds: float


class Batch(msgspec.Struct, frozen=True):
    """The times of the predictions with one batch size, in seconds."""

    size: int
    times_s: tuple[float, ...]


class Answer(msgspec.Struct, frozen=True):
    """The measurement, or an `error` with its hint.

    Memory is resident memory in bytes: before the model was loaded, and at most afterwards. `skipped` says which batch
    sizes the model does not take.
    """

    error: str = ""
    hint: str = ""
    load_s: float = 0.0
    before_bytes: int = 0
    peak_bytes: int = 0
    inputs: str = ""
    batches: tuple[Batch, ...] = ()
    skipped: str = ""
