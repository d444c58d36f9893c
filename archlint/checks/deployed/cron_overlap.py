"""Scheduled jobs that may run twice at the same time."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import INFO, hit, parts
from archlint.verdicts import NoParams, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each scheduled job that may start before its last run has ended, and that nothing ends."""
    for name, part in parts(system, "kubernetes"):
        policy = part.running.policy
        schedule = policy.get("schedule")
        if schedule is None or part.role != "job":
            continue
        allowed = policy.get("concurrencyPolicy")
        if (allowed is None or allowed.text == "Allow") and "activeDeadlineSeconds" not in policy:
            works = any(relation.verb != "calls" for relation in system.topology.outgoing.get(name, ()))
            message = (
                f"`{name}` starts by `{schedule.text}` even while its last run goes on: both work on the same rows"
            )
            yield hit(name, schedule.site, "schedule", message, None if works else INFO, loss=0.3)
