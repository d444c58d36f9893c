"""Generates step by step: the keys and values of each sequence are in pages of one bounded memory.

Pages (https://arxiv.org/abs/2309.06180) let sequences of any length share a budget without gaps. One step computes the
next token of all sequences together: each weight is read once for all of them, which is why a batch is cheaper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from kit.llm.network import Floats, Sizes, Weights, normed, slopes, softmax

PAGE = 16
"""How many tokens a page holds."""
Indices = NDArray[np.int64]
_Attend = Callable[[int, Floats], Floats]
_NEVER = np.float32(-1e9)


def pages_for(tokens: int) -> int:
    """Return how many pages some tokens need.

    >>> pages_for(16), pages_for(17)
    (1, 2)
    """
    return -(-tokens // PAGE)


class Decoder:
    """A model with a memory for the keys and values of at most `pages` pages."""

    def __init__(self, sizes: Sizes, weights: Weights, pages: int) -> None:
        shape = (sizes.layers, pages, PAGE, sizes.heads, sizes.head)
        self._sizes, self._weights = sizes, weights
        self._keys, self._values = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self._slopes, self._scale = slopes(sizes.heads), np.float32(sizes.head**-0.5)
        self._output = np.ascontiguousarray(weights["tokens"].T)
        self.free = list(range(pages))
        self.pages = pages

    def prefill(self, table: Sequence[int], start: int, tokens: Sequence[int]) -> Floats:
        """Read some tokens of one sequence, which follow `start` earlier ones; return the scores of the next token."""
        places = np.arange(start, start + len(tokens))
        before = np.arange(start + len(tokens))
        distance = (before[None, :] - places[:, None]).astype(np.float32)
        bias = self._slopes[:, None, None] * distance + np.where(distance > 0, _NEVER, np.float32(0))
        pages = np.array(table[: pages_for(len(before))])

        def attend(layer: int, query: Floats) -> Floats:
            keys, values = (self._read(kind[layer], pages[None])[0, : len(before)] for kind in self._memory())
            shares = softmax(query.transpose(1, 0, 2) @ keys.transpose(1, 2, 0) * self._scale + bias)
            return (shares @ values.transpose(1, 0, 2)).transpose(1, 0, 2)

        scores: Floats = self._forward(np.array(tokens), pages[places // PAGE], places % PAGE, attend)[-1]
        return scores

    def step(self, tables: Sequence[Sequence[int]], lengths: Sequence[int], tokens: Sequence[int]) -> Floats:
        """Read one more token of each sequence, which has `lengths` tokens before; return the scores of the next ones.

        The scores have the shape (sequences, vocabulary).
        """
        places = np.array(lengths)
        width = pages_for(int(places.max()) + 1)
        pages = np.zeros((len(tables), width), np.int64)
        for row, table in enumerate(tables):
            used = table[:width]
            pages[row, : len(used)] = used
        distance = (np.arange(width * PAGE)[None, :] - places[:, None]).astype(np.float32)
        bias = self._slopes[None, :, None] * distance[:, None] + np.where(distance > 0, _NEVER, np.float32(0))[:, None]

        def attend(layer: int, query: Floats) -> Floats:
            keys, values = (self._read(kind[layer], pages) for kind in self._memory())
            scores = (keys.transpose(0, 2, 1, 3) @ query[..., None])[..., 0] * self._scale + bias
            return (softmax(scores)[:, :, None] @ values.transpose(0, 2, 1, 3))[:, :, 0]

        own = np.arange(len(tables))
        return self._forward(np.array(tokens), pages[own, places // PAGE], places % PAGE, attend)

    def _memory(self) -> tuple[Floats, Floats]:
        return self._keys, self._values

    @staticmethod
    def _read(layer: Floats, pages: Indices) -> Floats:
        """Return the tokens of some pages, of shape (sequences, tokens, heads, head)."""
        found = layer[pages]
        return found.reshape(len(pages), -1, *found.shape[-2:])

    def _forward(self, tokens: Indices, pages: Indices, offsets: Indices, attend: _Attend) -> Floats:
        sizes, weights = self._sizes, self._weights
        x = weights["tokens"][tokens]
        for layer in range(sizes.layers):
            qkv = normed(x, weights[f"{layer}.norm1"]) @ weights[f"{layer}.qkv"]
            query, key, value = qkv.reshape(len(tokens), 3, sizes.heads, sizes.head).transpose(1, 0, 2, 3)
            self._keys[layer, pages, offsets], self._values[layer, pages, offsets] = key, value
            x = x + attend(layer, query).reshape(x.shape) @ weights[f"{layer}.out"]
            hidden = normed(x, weights[f"{layer}.norm2"]) @ weights[f"{layer}.up"]
            x = x + np.maximum(hidden, 0) @ weights[f"{layer}.down"]
        return normed(x, weights["end"]) @ self._output + weights["bigrams"][tokens]
