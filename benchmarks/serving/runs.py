"""Runs under load: each must pass gates, and is repeated if the generator was at fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from kit.load import Call, FailedGate, Plan, Record, failed_gates, run

TRIES = 3
STEPS = (25.0, 50.0, 100.0, 150.0, 200.0, 300.0, 400.0)
LATE_AT_MOST = 0.01                                # share of an objective: too little to change the verdict


class Gated(NamedTuple):
    """A run, its failed gates, and the number of earlier runs that were discarded because of the generator."""

    record: Record
    failed: tuple[FailedGate, ...]
    discarded: int

    @property
    def believed(self) -> bool:
        """Whether its percentiles are valid."""
        return not self.failed


def gated(plan: Plan, calls: Sequence[Call], objective_s: float = 0, tries: int = TRIES) -> Gated:
    """Run a plan until the generator keeps its schedule; a run is never discarded because of the service.

    If there is an objective, the generator may be late by one per cent of it. Otherwise, a service that answers in 3 ms
    would require less than 0.15 ms, which makes no difference for an objective of 100 ms.
    """
    for number in range(tries):
        record, _ = run(replace(plan, seed=plan.seed + number), calls)
        in_time = record.lateness_p99 < LATE_AT_MOST * objective_s
        failed = tuple(gate for gate in failed_gates(record) if not (gate.name == "lateness" and in_time))
        if not any(gate.whose == "generator" for gate in failed):
            break
    return Gated(record, failed, number)


def kept_up(gate: Gated) -> bool:
    """Return whether a service answered at the requested rate, without errors."""
    return not any(failed.name == "achieved" for failed in gate.failed) and gate.record.error_share < 0.001


def highest_rate(url: str, calls: Sequence[Call], steps: Sequence[float] = STEPS, seconds: float = 3) -> float:
    """Return the highest of some rates that a service sustains, per second; 0 if it sustains none."""
    best = 0.0
    for rate in steps:
        record, _ = run(Plan(url, rate, seconds, warmup_s=1, timeout_s=5), calls)
        if record.error_share > 0.001 or record.achieved < 0.98 * record.offered or record.p99 > 1.0:
            break
        best = rate
    return best
