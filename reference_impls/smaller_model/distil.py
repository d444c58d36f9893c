"""Distil a big forest into a small network, quantise it, compare both, and release the network if it passes.

As in Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network" (2015), the small model is fitted to the
probabilities of the big one. This also works for records without a label, here copies of known records with noise.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import warnings
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic
from skl2onnx import to_onnx
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from kit.models import Floats, Model, card_path, load, split, trained
from kit.settings import read_settings
from smaller_model.settings import SmallerModelSettings
from smaller_model.small import OnnxClassifier

_COPIES, _NOISE = 4, 1.5                           # pixels are from 0 to 16
_CALLS = 30


@dataclass(frozen=True, slots=True)
class Measured:
    """One model, measured on records that were not used in training; `ms` is the median time of one prediction."""

    name: str
    size: int
    ms: float
    accuracy: float
    agreement: float

    def __str__(self) -> str:
        shares = f"accuracy {self.accuracy:6.1%}  agrees with the forest {self.agreement:6.1%}"
        return f"{self.name:<10} {self.size / 1000:9,.0f} kB  {self.ms:8.3f} ms  {shares}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The big model and the smaller ones, and the reasons why the last one is not released (none if it passes)."""

    models: tuple[Measured, ...]
    reasons: tuple[str, ...]


class NotReleasedError(Exception):
    """The small model is not good enough to be served."""


def release(settings: SmallerModelSettings) -> tuple[Path, Comparison]:
    """Train, distil, quantise and compare; return the path of the released model. Raises `NotReleasedError`."""
    folder = settings.data_dir
    forest = trained("digits", folder, name="forest", trees=settings.trees)
    teacher = load(forest)
    full, small = folder / "distilled.onnx", folder / f".candidate.{os.getpid()}.onnx"
    full.write_bytes(distil(teacher, settings.hidden))
    _quantise(full, small)
    _, unseen, _, target = split("digits")
    said = teacher.probabilities(unseen).argmax(axis=1)
    measured = []
    for name, path, model in (
        ("forest", forest, teacher.estimator), ("distilled", full, OnnxClassifier(full.read_bytes(), 10)),
        ("quantised", small, OnnxClassifier(small.read_bytes(), 10)),
    ):  # fmt: skip
        guessed = model.predict_proba(unseen).argmax(axis=1)
        shares = float(np.mean(guessed == target)), float(np.mean(guessed == said))
        measured.append(Measured(name, path.stat().st_size, _milliseconds(Model(teacher.card, model), unseen), *shares))
    comparison = Comparison(tuple(measured), tuple(_reasons(measured[0], measured[-1], settings)))
    if comparison.reasons:
        small.unlink()
        raise NotReleasedError("; ".join(comparison.reasons))
    data = small.read_bytes()
    digest = sha256(data).hexdigest()
    made_with = f"onnxruntime {onnxruntime.__version__}, from forest {teacher.card.version}"
    card = replace(teacher.card, name="small", version=digest[:12], digest=digest, accuracy=measured[-1].accuracy,
                   made_with=made_with)  # fmt: skip
    path = folder / "small.onnx"
    card_path(path).write_text(json.dumps(asdict(card), indent=2))
    small.replace(path)
    return path, comparison


def distil(teacher: Model, hidden: int, seed: int = 7) -> bytes:
    """Return a small network in ONNX, fitted to the probabilities of the teacher."""
    seen, *_ = split("digits")
    draw = np.random.default_rng(seed)
    noisy = [np.clip(seen + draw.normal(0, _NOISE, seen.shape), 0, 16) for _ in range(_COPIES)]
    inputs = np.concatenate([seen, *noisy])
    student = MLPRegressor(hidden_layer_sizes=(hidden,), max_iter=60, early_stopping=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)            # training has a limit; the gate decides
        student.fit(inputs / 16, teacher.probabilities(inputs))
    student.coefs_[0] = student.coefs_[0] / 16     # so that its inputs are unscaled pixels
    return bytes(to_onnx(student, inputs[:1].astype(np.float32)).SerializeToString())


def _quantise(full: Path, small: Path) -> None:
    """Store the weights in 8 bits (Jacob et al., 2017)."""
    logging.getLogger().setLevel(logging.ERROR)    # it recommends a step that this network does not need
    quantize_dynamic(full, small, weight_type=QuantType.QInt8)
    logging.getLogger().setLevel(logging.WARNING)


def _reasons(big: Measured, small: Measured, settings: SmallerModelSettings) -> list[str]:
    lost, reasons = big.accuracy - small.accuracy, []
    if lost > settings.most_accuracy_lost:
        reasons.append(f"it loses {lost:.1%} accuracy, the maximum is {settings.most_accuracy_lost:.1%}")
    if small.agreement < settings.least_agreement:
        reasons.append(f"it agrees in {small.agreement:.1%}, the minimum is {settings.least_agreement:.1%}")
    if small.size >= big.size:
        reasons.append(f"it is not smaller: {small.size} bytes, but the forest has {big.size}")
    return reasons


def _milliseconds(model: Model, inputs: Floats) -> float:
    model.predict(inputs[:1])
    times = []
    for row in inputs[:_CALLS]:
        start = time.perf_counter()
        model.predict(row[None])
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1000


if __name__ == "__main__":
    try:
        released, compared = release(read_settings(SmallerModelSettings))
    except NotReleasedError as error:
        sys.exit(f"not released: {error}")
    print(*compared.models, f"released: {released}", sep="\n")
