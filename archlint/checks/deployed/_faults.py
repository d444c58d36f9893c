"""Faults that a resource states itself."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import parts
from archlint.model.deployment import Value


def faults(system: System, code: str) -> Iterator[tuple[str, Value]]:
    """Yield the parts with a fault, and its text."""
    for name, part in parts(system):
        for value in part.running.faults:
            if value.tag == code:
                yield name, value
