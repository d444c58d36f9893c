"""Sources of messages without a place for those that fail."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._faults import faults
from archlint.checks.deployed._parts import hit
from archlint.verdicts import NoParams, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each source of Knative without a dead-letter sink."""
    for name, value in faults(system, "no-dlq"):
        message = f"`{name}` has {value.text}: messages that its sink cannot handle are lost after the retries"
        yield hit(name, value.site, "delivery", message, loss=0.3)
