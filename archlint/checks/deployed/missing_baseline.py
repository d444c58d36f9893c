"""Experiments without the other arm."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._faults import faults
from archlint.checks.deployed._parts import hit
from archlint.verdicts import NoParams, Verdict


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each shadow or canary that does not state how much traffic it gets."""
    for name, value in faults(system, "missing-baseline"):
        message = f"{value.text} in `{name}`: it gets a copy of every request by default"
        yield hit(name, value.site, "traffic", message)
