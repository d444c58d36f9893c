"""Trains the transformer by gradient descent (Adam) in NumPy: a few seconds for both models."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kit.llm.network import Floats, Sizes, Weights, bigrams, normed, slopes, softmax, started

_EPSILON = np.float32(1e-5)
_RATE = 4e-3
_KEEP1, _KEEP2 = 0.9, 0.98
_WARMUP = 20
Tokens = NDArray[np.int64]


def train(sizes: Sizes, text: Tokens, seed: int) -> Weights:
    """Train on the tokens of a text; the same seed gives the same weights on the same machine."""
    weights, draw = started(sizes, seed), np.random.default_rng(seed)
    pairs = bigrams(text, sizes.vocabulary)
    first = {name: np.zeros_like(weight) for name, weight in weights.items()}
    second = {name: np.zeros_like(weight) for name, weight in weights.items()}
    for step in range(1, sizes.steps + 1):
        starts = draw.integers(0, len(text) - sizes.length - 1, sizes.batch)
        rows = text[starts[:, None] + np.arange(sizes.length + 1)]
        _, slope = loss_and_gradient(sizes, weights, pairs, rows)
        rate = _RATE * min(1.0, step / _WARMUP) * (1 - 0.9 * step / sizes.steps)
        for name, gradient in slope.items():
            first[name] += (1 - _KEEP1) * (gradient - first[name])
            second[name] += (1 - _KEEP2) * (gradient * gradient - second[name])
            mean = first[name] / (1 - _KEEP1**step)
            weights[name] -= np.float32(rate) * mean / (np.sqrt(second[name] / (1 - _KEEP2**step)) + 1e-8)
    return {**weights, "bigrams": pairs}


def loss_and_gradient(sizes: Sizes, weights: Weights, pairs: Floats, rows: Tokens) -> tuple[float, Weights]:
    """Return the mean loss in nats per token of some rows of text, and its gradient for each weight."""
    inputs, targets = rows[:, :-1], rows[:, 1:]
    x, kept = weights["tokens"][inputs], []
    bias = _bias(sizes, inputs.shape[1])
    for layer in range(sizes.layers):
        x, caches = _layer(sizes, weights, layer, x, bias)
        kept.append(caches)
    last = normed(x, weights["end"])
    flat = last.reshape(-1, sizes.width)
    shares = softmax(flat @ weights["tokens"].T + pairs[inputs.ravel()])
    aim = (np.arange(len(flat)), targets.ravel())
    loss = float(-np.log(shares[aim] + 1e-9).mean())
    shares[aim] -= 1
    shares /= len(flat)
    gradient = {"tokens": shares.T @ flat}
    back, gradient["end"] = _normed_back((shares @ weights["tokens"]).reshape(x.shape), x, weights["end"])
    for layer in reversed(range(sizes.layers)):
        back = _layer_back(sizes, weights, layer, back, kept[layer], gradient)
    np.add.at(gradient["tokens"], inputs.ravel(), back.reshape(-1, sizes.width))
    return loss, gradient


def _bias(sizes: Sizes, length: int) -> Floats:
    """Return what is added to the scores of attention: the distance, and minus infinity for what comes later."""
    place = np.arange(length)
    distance = (place[None, :] - place[:, None]).astype(np.float32)
    later = np.where(distance > 0, np.float32(-1e9), np.float32(0))
    return slopes(sizes.heads)[:, None, None] * np.minimum(distance, 0) + later


class _Kept:
    """What the way back needs of one layer."""

    __slots__ = ("attended", "heads", "hidden", "mixed", "normed1", "normed2", "shares", "x1", "x2")

    x1: Floats
    x2: Floats
    normed1: Floats
    normed2: Floats
    heads: Floats
    shares: Floats
    attended: Floats
    mixed: Floats
    hidden: Floats


def _layer(sizes: Sizes, weights: Weights, layer: int, x: Floats, bias: Floats) -> tuple[Floats, _Kept]:
    kept, (rows, length, _) = _Kept(), x.shape
    kept.x1, kept.normed1 = x, normed(x, weights[f"{layer}.norm1"])
    qkv = kept.normed1 @ weights[f"{layer}.qkv"]
    kept.heads = qkv.reshape(rows, length, 3, sizes.heads, sizes.head).transpose(2, 0, 3, 1, 4)
    query, key, value = kept.heads
    scores = query @ key.transpose(0, 1, 3, 2) * np.float32(sizes.head**-0.5) + bias
    kept.shares = softmax(scores)
    kept.attended = (kept.shares @ value).transpose(0, 2, 1, 3).reshape(x.shape)
    x = x + kept.attended @ weights[f"{layer}.out"]
    kept.x2, kept.normed2 = x, normed(x, weights[f"{layer}.norm2"])
    kept.hidden = np.maximum(kept.normed2 @ weights[f"{layer}.up"], np.float32(0))
    return x + kept.hidden @ weights[f"{layer}.down"], kept


def _layer_back(
    sizes: Sizes, weights: Weights, layer: int, back: Floats, kept: _Kept, gradient: Weights
) -> Floats:  # fmt: skip
    wide, (rows, length, _) = sizes.width, back.shape
    gradient[f"{layer}.down"] = kept.hidden.reshape(-1, 4 * wide).T @ back.reshape(-1, wide)
    hidden: Floats = (back @ weights[f"{layer}.down"].T) * (kept.hidden > 0).astype(np.float32)
    gradient[f"{layer}.up"] = kept.normed2.reshape(-1, wide).T @ hidden.reshape(-1, 4 * wide)
    slope, gradient[f"{layer}.norm2"] = _normed_back(
        hidden @ weights[f"{layer}.up"].T, kept.x2, weights[f"{layer}.norm2"]
    )
    back = back + slope
    gradient[f"{layer}.out"] = kept.attended.reshape(-1, wide).T @ back.reshape(-1, wide)
    attended = (back @ weights[f"{layer}.out"].T).reshape(rows, length, sizes.heads, sizes.head).transpose(0, 2, 1, 3)
    query, key, value = kept.heads
    shares = attended @ value.transpose(0, 1, 3, 2)
    scores = kept.shares * (shares - (shares * kept.shares).sum(axis=-1, keepdims=True))
    scores *= np.float32(sizes.head**-0.5)
    heads = np.stack([scores @ key, scores.transpose(0, 1, 3, 2) @ query, kept.shares.transpose(0, 1, 3, 2) @ attended])
    qkv = heads.transpose(1, 3, 0, 2, 4).reshape(rows, length, 3 * wide)
    gradient[f"{layer}.qkv"] = kept.normed1.reshape(-1, wide).T @ qkv.reshape(-1, 3 * wide)
    slope, gradient[f"{layer}.norm1"] = _normed_back(
        qkv @ weights[f"{layer}.qkv"].T, kept.x1, weights[f"{layer}.norm1"]
    )
    return back + slope


def _normed_back(back: Floats, x: Floats, gain: Floats) -> tuple[Floats, Floats]:
    """Return the gradients of `normed` for its input and its gain."""
    inverse = 1 / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + _EPSILON)
    gained = back * gain
    inner = np.mean(gained * x, axis=-1, keepdims=True)
    own = (back * x * inverse).reshape(-1, x.shape[-1]).sum(axis=0)
    return inverse * (gained - x * inverse * inverse * inner), own
