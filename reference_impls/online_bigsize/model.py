"""A really big model: an echo state network that reads a digit row by row, and all of its weights for each row.

Its recurrent weights are random, and only the read-out is fitted, so a model of 256 MB is created in seconds (Jaeger,
"The echo state approach", GMD report 148, 2001). A prediction reads all weights eight times. It waits for memory, and a
second replica does not make that faster.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kit.models import Card, Floats, Model, RefusedModelError, labelled

Weights = NDArray[np.float32]
ROWS = COLUMNS = 8
LEARNED, HELD_BACK = 300, 100
_RADIUS = 0.9                                      # below 1: the state forgets what it saw long ago
_RIDGE = 0.1
_SHARPNESS = 10.0


@dataclass(frozen=True, slots=True)
class EchoState:
    """`recurrent` has shape (units, units), `incoming` (units, COLUMNS), `readout` (units, classes)."""

    recurrent: Weights
    incoming: Weights
    readout: Weights
    classes_: NDArray[np.int64]

    def states(self, images: Floats) -> Weights:
        """Return the state after the last row of each image, shape (records, units)."""
        rows = (images.reshape(-1, ROWS, COLUMNS) / 16).astype(np.float32)
        state = np.zeros((len(self.recurrent), len(rows)), dtype=np.float32)
        for row in range(ROWS):
            state = np.tanh(self.recurrent @ state + self.incoming @ rows[:, row].T)
        return state.T

    def predict_proba(self, inputs: Floats) -> Floats:
        """Return the probability of each digit, shape (records, 10), for images of shape (records, 64)."""
        scores = (self.states(inputs) @ self.readout).astype(np.float64) * _SHARPNESS
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def big_model(folder: Path, units: int, told: Callable[[str], None] = lambda _: None) -> Model:
    """Return the model of a folder, or create it; raises `RefusedModelError` for a damaged one.

    It has 4 * units ** 2 bytes, which stay in memory; its creation needs about twice as much.
    """
    path = folder / f"echo-{units}.npz"
    if not path.is_file():
        told(f"creating a model of {4 * units**2 / 1e6:.0f} MB")
        _write(path, make(units))
    try:
        with np.load(path, allow_pickle=False) as kept:
            network = EchoState(kept["recurrent"], kept["incoming"], kept["readout"], np.arange(10))
            accuracy = float(kept["accuracy"])
    except Exception as error:  # a damaged archive may raise anything
        raise RefusedModelError(f"{path}: is not a model of this service: {error}") from None
    features = tuple(f"pixel_{row}_{column}" for row in range(ROWS) for column in range(COLUMNS))
    classes = tuple(str(digit) for digit in range(10))
    return Model(Card("echo", f"{units}", "", features, classes, (), (), accuracy, f"NumPy {np.__version__}"), network)


def make(units: int, seed: int = 7) -> EchoState:
    """Draw the weights, and fit the read-out by ridge regression (its dual form: there are fewer images than units)."""
    draw = np.random.default_rng(seed)
    recurrent = np.empty((units, units), dtype=np.float32)
    draw.random(out=recurrent, dtype=np.float32)
    recurrent -= 0.5
    recurrent *= _RADIUS * np.sqrt(12 / units)     # by the circular law, the spectral radius of the random matrix
    incoming = draw.uniform(-1, 1, (units, COLUMNS)).astype(np.float32)
    blank = EchoState(recurrent, incoming, np.zeros((units, 10), dtype=np.float32), np.arange(10))
    images, digits = labelled("digits")
    states = blank.states(images[:LEARNED]).astype(np.float64)
    wanted = np.eye(10)[digits[:LEARNED]]
    readout = states.T @ np.linalg.solve(states @ states.T + _RIDGE * np.eye(LEARNED), wanted)
    return EchoState(recurrent, incoming, readout.astype(np.float32), np.arange(10))


def _write(path: Path, network: EchoState) -> None:
    images, digits = labelled("digits")
    unseen = slice(LEARNED, LEARNED + HELD_BACK)
    guessed = network.predict_proba(images[unseen]).argmax(axis=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{os.getpid()}.npz")
    np.savez(
        partial, recurrent=network.recurrent, incoming=network.incoming, readout=network.readout,
        accuracy=np.mean(guessed == digits[unseen]),
    )  # fmt: skip
    partial.replace(path)
