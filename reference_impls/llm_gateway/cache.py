"""A semantic cache: answers to questions that mean the same, kept apart by all that must be equal.

The scope of an entry has the tenant, the model, the threshold, the version of the embedder, every other setting, the
conversation before the question, and the numbers and negations in it: "class 3" is close to "class 4", but another
question.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

_EXACT = re.compile(r"\d+(?:[.,]\d+)*|\b(?:not?|never|without|n't)\b", re.IGNORECASE)
_MOST = 256


def scope_of(question: str, *others: object) -> str:
    """Return the scope of a question: a digest of all that must be equal."""
    return sha256(repr((sorted(_EXACT.findall(question.lower())), others)).encode()).hexdigest()


@dataclass(slots=True)
class _Scope:
    vectors: list[NDArray[np.float32]] = field(default_factory=list)
    answers: list[tuple[float, str, str]] = field(default_factory=list)


class SemanticCache:
    """Keeps the newest answers of each scope, for a while."""

    def __init__(
        self, threshold: float, ttl_s: float, scopes: int = 1000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._threshold, self._ttl_s, self._most, self._clock = threshold, ttl_s, scopes, clock
        self._scopes: OrderedDict[str, _Scope] = OrderedDict()

    def find(self, scope: str, vector: NDArray[np.float32]) -> tuple[str, str] | None:
        """Return the text of the answer to the nearest question and why it ended, if one is near enough."""
        kept = self._scopes.get(scope)
        if kept is None:
            return None
        self._scopes.move_to_end(scope)
        likeness = np.stack(kept.vectors) @ vector
        best = int(likeness.argmax())
        at, text, reason = kept.answers[best]
        fresh = self._clock() - at <= self._ttl_s
        return (text, reason) if fresh and likeness[best] >= self._threshold else None

    def store(self, scope: str, vector: NDArray[np.float32], text: str, reason: str) -> None:
        """Keep an answer; the oldest one of a full scope, and the scope that was not used for longest, make room."""
        kept = self._scopes.setdefault(scope, _Scope())
        kept.vectors.append(vector)
        kept.answers.append((self._clock(), text, reason))
        if len(kept.answers) > _MOST:
            del kept.vectors[0], kept.answers[0]
        self._scopes.move_to_end(scope)
        if len(self._scopes) > self._most:
            self._scopes.popitem(last=False)
