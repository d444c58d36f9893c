"""Serve the small model with onnxruntime and NumPy, without the forest and without scikit-learn."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from kit.models import Floats, Model, RefusedModelError, read_card


class OnnxClassifier:
    """A network in ONNX with one score per class; the scores are converted to probabilities."""

    def __init__(self, data: bytes, classes: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1           # the network is too small for a second thread
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self.classes_: NDArray[np.int64] = np.arange(classes)

    def predict_proba(self, inputs: Floats) -> Floats:
        """Return the probability of each class, shape (records, classes)."""
        (scores,) = self._session.run(None, {self._input: inputs.astype(np.float32)})
        # The converter writes the scores of several outputs one after another.
        positive = np.clip(np.asarray(scores, dtype=np.float64).reshape(len(inputs), -1), 1e-6, None)
        return np.asarray(positive / positive.sum(axis=1, keepdims=True))


def load_small(path: Path) -> Model:
    """Load a released model; raises `RefusedModelError` if it is missing, altered or not ONNX."""
    card = read_card(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RefusedModelError(f"{path}: cannot be read: {error.strerror}") from None
    digest = sha256(data).hexdigest()
    if digest != card.digest:
        raise RefusedModelError(f"{path}: its SHA-256 is {digest[:12]}…, but its card says {card.digest[:12]}…")
    try:
        return Model(card, OnnxClassifier(data, len(card.classes)))
    except Exception as error:  # onnxruntime may raise anything for other files
        raise RefusedModelError(f"{path}: is not an ONNX model: {error}") from None
