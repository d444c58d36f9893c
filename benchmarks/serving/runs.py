"""Runs under load: gated before anyone looks at a number, and repeated where the generator was to blame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from kit.load import Call, FailedGate, Plan, Record, failed_gates, run

TRIES = 3
STEPS = (25.0, 50.0, 100.0, 150.0, 200.0, 300.0, 400.0)
LATE_AT_MOST = 0.01                                # of an objective: what cannot change the verdict on it


class Gated(NamedTuple):
    """A run, the gates that it failed, and how many runs before it were thrown away for the generator's sake."""

    record: Record
    failed: tuple[FailedGate, ...]
    discarded: int

    @property
    def believed(self) -> bool:
        """Whether its percentiles may be read."""
        return not self.failed


def gated(plan: Plan, calls: Sequence[Call], objective_s: float = 0, tries: int = TRIES) -> Gated:
    """Run a plan until the generator kept to its schedule; what the service did is never thrown away.

    Where the answers are held against an objective, the generator may be late by one per cent of that: a service that
    answers in 3 ms asks for less than 0.15 ms otherwise, which changes nothing about 100 ms.
    """
    for number in range(tries):
        record, _ = run(replace(plan, seed=plan.seed + number), calls)
        in_time = record.lateness_p99 < LATE_AT_MOST * objective_s
        failed = tuple(gate for gate in failed_gates(record) if not (gate.name == "lateness" and in_time))
        if not any(gate.whose == "generator" for gate in failed):
            break
    return Gated(record, failed, number)


def kept_up(gate: Gated) -> bool:
    """Whether a service answered at the rate that was asked, without errors."""
    return not any(failed.name == "achieved" for failed in gate.failed) and gate.record.error_share < 0.001


def highest_rate(url: str, calls: Sequence[Call], steps: Sequence[float] = STEPS, seconds: float = 3) -> float:
    """The highest of some rates that a service keeps up with, per second; 0 where it keeps up with none."""
    best = 0.0
    for rate in steps:
        record, _ = run(Plan(url, rate, seconds, warmup_s=1, timeout_s=5), calls)
        if record.error_share > 0.001 or record.achieved < 0.98 * record.offered or record.p99 > 1.0:
            break
        best = rate
    return best
