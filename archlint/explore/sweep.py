"""The numbers and findings of all combinations of some facts, in parallel processes or on a cluster."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import msgspec

from archlint.analysis.quantity import Quantity
from archlint.changing import Setting
from archlint.errors import UsageError
from archlint.explore.ranges import Axis, Point
from archlint.explore.variants import Inputs, Variant, Variants
from archlint.report.numbers.words import number_text
from archlint.workers import Workers

ALONE: Final = 12
"""So few combinations take less time than the start of other processes."""
_COST: Final = ("cost_per_month", "cost_per_1000")
_SAME: Final = 1e-12


class Cell(msgspec.Struct, frozen=True):
    """A number of a row: in base units, and as text; None if it is missing."""

    value: float | None
    unit: str
    text: str


class Row(msgspec.Struct, frozen=True):
    """One combination: its values, its numbers by subject and name, and the rules of its findings by severity.

    `error` says why there is nothing else.
    """

    values: tuple[str, ...]
    numbers: dict[tuple[str, str], Cell] = {}
    findings: dict[str, tuple[str, ...]] = {}
    error: str = ""

    def rules(self, severity: str) -> tuple[str, ...]:
        """Return the rules of its findings of a severity, in the order of their ids, each as often as it fires."""
        return self.findings.get(severity, ())


class Sweep(msgspec.Struct, frozen=True):
    """The rows of all combinations, in the order of the axes, the last fastest."""

    file: str
    system: str
    axes: tuple[Axis, ...]
    rows: tuple[Row, ...]

    def varying(self) -> list[tuple[str, str]]:
        """Return the numbers that are not the same in all rows, in the order of the first row that has them."""
        keys = dict.fromkeys(key for row in self.rows for key in row.numbers)
        return [key for key in keys if len({row.numbers.get(key) for row in self.rows if not row.error}) > 1]

    def front(self, cost: tuple[str, str], time: tuple[str, str]) -> list[int]:
        """Return the rows that no other row beats in both numbers (Pareto), by rising cost."""
        pairs = []
        for index, row in enumerate(self.rows):
            x, y = row.numbers.get(cost), row.numbers.get(time)
            if x is not None and y is not None and x.value is not None and y.value is not None:
                pairs.append((x.value, y.value, index))
        found: list[int] = []
        lowest = math.inf
        for _, y_value, index in sorted(pairs):
            if y_value < lowest - _SAME * abs(y_value):
                found.append(index)
                lowest = y_value
        return found

    def pareto_keys(self) -> tuple[tuple[str, str], tuple[str, str]] | None:
        """Return the cost and the latency that a front compares; None if one of the two is never known."""
        known = {key for row in self.rows for key, cell in row.numbers.items() if cell.value is not None}
        costs = [key for name in _COST for key in sorted(known, key=_system_first) if key[1] == name]
        times = latencies(sorted(known))
        return (costs[0], times[0]) if costs and times else None


def _system_first(key: tuple[str, str]) -> tuple[bool, tuple[str, str]]:
    return key[0] != "system", key


def latencies(keys: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the latencies among some numbers, p99 first; those of idle servers only if there are no others."""
    for prefix in ("p", "least_p"):
        found = [key for key in keys if key[1].startswith(prefix) and key[1][len(prefix) :].replace(".", "").isdigit()]
        if found:
            return sorted(found, key=lambda key: (key[1] != f"{prefix}99", key))
    return []


def sweep(
    inputs: Inputs, axes: Sequence[Axis], points: Sequence[Point], rows: Iterator[Row], seen: Callable[[int], None]
) -> Sweep:
    """Collect the rows of a sweep; `seen` is called with the number of those that are done."""
    done: list[Row] = []
    for row in rows:
        done.append(row)
        seen(len(done))
    if done and all(row.error for row in done):
        raise UsageError(done[0].error, f"none of the {len(points):,} combinations can be computed")
    name = next(iter(_names(inputs)), "")
    return Sweep(inputs.document.name, name, tuple(axes), tuple(done))


def _names(inputs: Inputs) -> Iterator[str]:
    name = Variants(inputs).system().architecture.name
    if name:
        yield name


def local_rows(inputs: Inputs, points: Sequence[Point]) -> Iterator[Row]:
    """Yield the rows in order, from this process if they are few, otherwise from parallel ones."""
    if len(points) <= ALONE:
        yield from map(evaluator(inputs), points)
        return
    yield from Workers(partial(evaluator, inputs), lost).map(points)


def evaluator(inputs: Inputs) -> Callable[[Point], Row]:
    """Return the function that computes one row; each process makes it once."""
    variants = Variants(inputs)

    def evaluate(point: Point) -> Row:
        try:
            return row_of(variants.of(point))
        except UsageError as error:
            return Row(_values(point), error=error.message)

    return evaluate


def row_of(variant: Variant) -> Row:
    """Return the row of a version."""
    numbers = {
        key: Cell(number.value, number.unit, number_text(number)) if isinstance(number, Quantity)
        else Cell(None, "", "unknown")
        for key, number in variant.numbers.flat().items()
    }  # fmt: skip
    findings: dict[str, list[str]] = {}
    for finding in variant.report.grouped:
        findings.setdefault(finding.severity, []).append(finding.rule)
    return Row(
        _values(variant.settings), numbers, {level: tuple(sorted(rules)) for level, rules in findings.items()}
    )


def lost(point: Point) -> Row:
    """Return the row of a combination whose process was killed twice."""
    return Row(_values(point), error="the process that computed it was killed, probably for lack of memory")


def _values(point: Sequence[Setting]) -> tuple[str, ...]:
    return tuple(setting.value for setting in point)
