"""A small transformer in NumPy: its sizes, its weights, and the forward pass that training and serving share.

It is of the usual form: pre-norm layers, causal attention of several heads, a gated position by ALiBi (a penalty that
grows with the distance: https://arxiv.org/abs/2108.12409), and one table for tokens at both ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

Floats = NDArray[np.float32]
Weights = dict[str, Floats]
_SMOOTHING = 5.0
_ONE_THREAD = threadpool_limits(1)             # the matrices are small: more threads only wait for each other
_EPSILON = np.float32(1e-5)


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of a model, and how long it is trained: `steps` of `batch` sequences of `length` tokens."""

    width: int
    layers: int
    heads: int
    steps: int
    vocabulary: int
    batch: int = 16
    length: int = 64

    @property
    def head(self) -> int:
        """The width of one head."""
        return self.width // self.heads

    def parameters(self) -> int:
        """Return the number of weights."""
        return sum(weight.size for weight in started(self, 0).values())


def started(sizes: Sizes, seed: int) -> Weights:
    """Return random weights to train from."""
    draw, wide = np.random.default_rng(seed), sizes.width

    def matrix(rows: int, columns: int, scale: float = 1.0) -> Floats:
        made: Floats = (draw.standard_normal((rows, columns)) * scale / np.sqrt(rows)).astype(np.float32)
        return made

    weights = {"tokens": (draw.standard_normal((sizes.vocabulary, wide)) * 0.05).astype(np.float32),
               "end": np.ones(wide, np.float32)}  # fmt: skip
    for layer in range(sizes.layers):
        weights |= {
            f"{layer}.norm1": np.ones(wide, np.float32), f"{layer}.qkv": matrix(wide, 3 * wide),
            f"{layer}.out": matrix(wide, wide, 0.5), f"{layer}.norm2": np.ones(wide, np.float32),
            f"{layer}.up": matrix(wide, 4 * wide), f"{layer}.down": matrix(4 * wide, wide, 0.5),
        }  # fmt: skip
    return weights


def bigrams(text: NDArray[np.int64], vocabulary: int) -> Floats:
    """Return the logarithms of the shares of each token after each other one in a text, of shape (before, after).

    They are smoothed by the shares of the tokens alone. The network learns what they do not say, so it needs seconds.
    """
    pairs = np.bincount(text[:-1] * vocabulary + text[1:], minlength=vocabulary**2).reshape(vocabulary, vocabulary)
    alone = np.bincount(text, minlength=vocabulary) + 0.1
    mixed = pairs + _SMOOTHING * alone / alone.sum()
    logs: Floats = np.log(mixed / mixed.sum(axis=1, keepdims=True)).astype(np.float32)
    return logs


def slopes(heads: int) -> Floats:
    """Return how fast each head forgets with the distance."""
    found: Floats = (2.0 ** (-8.0 * np.arange(1, heads + 1) / heads)).astype(np.float32)
    return found


def normed(x: Floats, gain: Floats) -> Floats:
    """Divide each row by its root mean square, and scale it."""
    scaled: Floats = x * (gain / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + _EPSILON))
    return scaled


def softmax(x: Floats) -> Floats:
    """Return shares along the last axis; it overwrites its input."""
    x -= x.max(axis=-1, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(axis=-1, keepdims=True)
    return x
