"""The distance of the traffic from the training data, its possible error, and the resulting state.

For a feature, the distance is the largest difference between the share of live records below a value and that share in
training (Kolmogorov-Smirnov), at the deciles in the model's card. For a class, it is the difference of its share. For
any distribution, the probability that one of these values is wrong by more than `bound` is below `doubt`. This follows
from the inequality of Dvoretzky, Kiefer and Wolfowitz with Massart's constant (The Annals of Probability 18(3), 1990);
for a single share, Hoeffding's inequality (1963) gives the same bound. `doubt` is split over all signals (Bonferroni).
So an alert means: the difference is at least `least`, and it is not due to chance. The usual thresholds of the
population stability index (0.1, 0.25) have no such error rates (Yurdakul and Naranjo, Journal of Risk Model Validation,
2020), so they are not used here.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kit.models import Card, Floats

State = Literal["ok", "alert", "undecided"]
STATES: tuple[State, ...] = ("ok", "alert", "undecided")


@dataclass(frozen=True, slots=True)
class Signal:
    """One feature, or `class NAME`; `distance` is a difference of shares, from 0 to 1."""

    name: str
    state: State
    distance: float
    reason: str


@dataclass(frozen=True, slots=True)
class Drift:
    """All signals; `state` is the worst of their states. With fewer than `needed` records it is undecided, never ok."""

    state: State
    records: int
    needed: int
    bound: float
    signals: tuple[Signal, ...]


def bound(records: int, signals: int, doubt: float) -> float:
    """Return the possible error of the distance of any signal.

    >>> round(bound(205, signals=7, doubt=0.001), 3)
    0.153
    """
    return math.sqrt(math.log(2 * signals / doubt) / (2 * records)) if records else 1.0


def needed(signals: int, doubt: float, least: float) -> int:
    """Return how many records are needed to distinguish a distance of `least` from chance."""
    return math.ceil(math.log(2 * signals / doubt) / (2 * least**2))


def distance(values: Floats, deciles: Sequence[float]) -> tuple[float, str]:
    """Return the distance of live values from training, and a description of where they differ.

    A value may occur several times in training. Then its decile is only known to be between the share below it and the
    share up to it; a live share is compared with the nearer of the two.
    """
    worst, where = 0.0, "as in training"
    for index, edge in enumerate(deciles[1:-1], start=1):
        expected = index / (len(deciles) - 1)
        below, up_to = float(np.mean(values < edge)), float(np.mean(values <= edge))
        for gap, share, side in ((below - expected, below, "below"), (expected - up_to, up_to, "up to")):
            if gap > worst:
                worst, where = gap, f"{share:.0%} of the records are {side} {edge:g}, {expected:.0%} in training"
    beyond = float(np.mean((values < deciles[0]) | (values > deciles[-1])))
    if beyond > worst:
        worst, where = beyond, f"{beyond:.0%} of the records are outside of {deciles[0]:g} to {deciles[-1]:g}"
    return worst, where


def judge(card: Card, inputs: Floats, labels: Sequence[str], least: float, doubt: float) -> Drift:
    """Compare inputs of shape (records, features) and their predicted labels with the card of the model."""
    count, signals = len(labels), len(card.features) + len(card.classes)
    enough, off = needed(signals, doubt, least), bound(count, signals, doubt)

    def signal(name: str, far: float, where: str) -> Signal:
        if count < enough:
            return Signal(name, "undecided", far, f"{count} records; {enough} are needed to detect drift")
        return Signal(name, "alert" if far > least + off else "ok", far, where)

    found: list[Signal] = []
    for column, name in enumerate(card.features):
        found.append(signal(name, *(distance(inputs[:, column], card.quantiles[column]) if count else (0.0, ""))))
    for name, expected in zip(card.classes, card.shares, strict=True):
        share = labels.count(name) / count if count else expected
        words = f"{share:.0%} of the predictions, {expected:.0%} of the training data"
        found.append(signal(f"class {name}", abs(share - expected), words))
    states = {one.state for one in found}
    state: State = "alert" if "alert" in states else "undecided" if "undecided" in states else "ok"
    return Drift(state, count, enough, off, tuple(found))


class Window:
    """The last predicted records: at most `records`, and none older than `seconds`."""

    def __init__(self, records: int, seconds: float) -> None:
        self._seconds = seconds
        self._kept: deque[tuple[float, Floats, str]] = deque(maxlen=records)
        self._lock = threading.Lock()

    def add(self, inputs: Floats, labels: Sequence[str], now: float) -> None:
        """Add records of shape (records, features) with their predicted labels; `now` is in seconds."""
        with self._lock:
            self._kept.extend((now, row, label) for row, label in zip(inputs, labels, strict=True))

    def judge(self, card: Card, least: float, doubt: float, now: float) -> Drift:
        """Compare the records in the window with the card."""
        with self._lock:
            while self._kept and self._kept[0][0] < now - self._seconds:
                self._kept.popleft()
            kept = list(self._kept)
        inputs = np.array([row for _, row, _ in kept], dtype=np.float64).reshape(len(kept), len(card.features))
        return judge(card, inputs, [label for _, _, label in kept], least, doubt)
