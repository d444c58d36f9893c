"""Runs against a real service: the time without load, and the latency at a rate, both behind gates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp
from typing import NamedTuple

import numpy as np

from archlint.measure.times import Times, times_of
from kit.load import Call, FailedGate, Plan, Record, Samples, failed_gates, run

TRIES = 3
CALIBRATED_AT = 0.3
FEWEST_ALONE = 60


class DiscardedError(Exception):
    """A measurement that never passed the gates: why, and how often it was tried."""

    def __init__(self, reasons: Sequence[str], tries: int) -> None:
        super().__init__("; ".join(reasons))
        self.tries = tries


class Kept(NamedTuple):
    """A run that passed the gates of the generator, and how many runs before it did not."""

    record: Record
    samples: Samples
    discarded: int
    failed: tuple[FailedGate, ...]

    @property
    def kept_up(self) -> bool:
        """Whether the service answered at the rate of the schedule."""
        return not any(gate.name == "achieved" for gate in self.failed)


def measured(plan: Plan, calls: Sequence[Call], tries: int = TRIES) -> Kept:
    """Run a plan until the generator keeps its schedule; raises `DiscardedError` if it never does."""
    reasons: list[str] = []
    for number in range(tries):
        record, samples = run(replace(plan, seed=plan.seed + 1000 * number), calls)
        failed = tuple(gate for gate in failed_gates(record) if gate.name != "drift")
        late = [str(gate) for gate in failed if gate.whose == "generator"]
        if not late:
            return Kept(record, samples, number, failed)
        reasons.append(late[0])
    raise DiscardedError(reasons[-1:], tries)


def alone(samples: Samples, rate: float) -> Times:
    """Return the time without load: of the requests that met no other, with the weights of `archlint measure`.

    Raises `DiscardedError` if there are too few.
    """
    good = (samples.status > 0) & (samples.status < 400)
    done = samples.due_s + samples.latency_s
    before = np.concatenate(([-np.inf], np.maximum.accumulate(done)[:-1]))
    after = np.concatenate((samples.sent_s[1:], [np.inf]))
    found = samples.latency_s[good & (before <= samples.sent_s) & (done <= after)].tolist()
    if len(found) < FEWEST_ALONE:
        raise DiscardedError([f"only {len(found)} requests met no other one"], 1)
    return times_of(found, [exp(rate * value) for value in found])


def calibrated(url: str, calls: Sequence[Call], seconds: float, tries: int = TRIES) -> tuple[Times, int]:
    """Return the time without load, measured where the service is busy for three tenths of the time.

    A slow service is measured for longer, up to four times. The second value is the number of discarded runs.
    """
    probe, _ = run(Plan(url, 20.0, min(3.0, seconds), warmup_s=1.0), calls)
    rate = min(300.0, CALIBRATED_AT / probe.p50)
    needed_s = 2.5 * FEWEST_ALONE / rate
    kept = measured(Plan(url, rate, min(max(seconds, needed_s), 4 * seconds), warmup_s=1.0), calls, tries)
    return alone(kept.samples, rate), kept.discarded
