"""Embeds texts: their words and parts of words, weighted by how rare they are, in a fixed random direction each.

Texts with the same rare words are close, whatever their order. `version` names what was learned and the seed of the
directions: vectors of two versions cannot be compared.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import sha256

import numpy as np

from kit.llm.network import Floats
from kit.llm.text import paragraphs

DIMENSIONS = 256
_WORD = re.compile(r"[^\W_]+")


class Embedder:
    """Turns texts into vectors of length 1; `edition` is what a new release changes."""

    def __init__(self, edition: int = 1) -> None:
        texts = paragraphs()
        counted = Counter(word for text in texts for word in set(_WORD.findall(text.lower())))
        self._rarity = {word: float(np.log(len(texts) / count)) for word, count in counted.items()}
        self._unknown = float(np.log(len(texts)))
        self._edition = edition
        self._direction = lru_cache(maxsize=20_000)(self._drawn)
        digest = sha256(repr((edition, sorted(counted.items()))).encode()).hexdigest()[:8]
        self.version = f"words-{edition}-{digest}"

    def embed(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of some texts, of shape (texts, dimensions)."""
        return np.stack([self._embedded(text) for text in texts])

    def _embedded(self, text: str) -> Floats:
        total = np.zeros(DIMENSIONS, np.float32)
        for part, weight in Counter(dict(self._parts(text))).items():
            total += np.float32(weight) * self._direction(part)
        length = float(np.linalg.norm(total))
        return total / np.float32(length) if length else total

    def _parts(self, text: str) -> Iterator[tuple[str, float]]:
        """Yield words and, so that `class` is like `classes`, their first letters, with their weights."""
        for word in _WORD.findall(text.lower()):
            rarity = self._rarity.get(word, self._unknown)
            yield word, rarity / 2
            if len(word) > 3:
                yield f"{word[:4]}-", rarity

    def _drawn(self, part: str) -> Floats:
        seed = int.from_bytes(sha256(f"{self._edition} {part}".encode()).digest()[:8])
        return np.random.default_rng(seed).standard_normal(DIMENSIONS).astype(np.float32)
