"""The availability and the cost of each workload, with what each component contributes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from archlint.analysis.availability import Availabilities, Availability
from archlint.analysis.cost import Cost, Costs
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.system import System
from archlint.model.architecture import Workload
from archlint.verdicts import Certainty, Origin, Term

Number = Quantity | Missing
_MOST_TERMS: Final = 16


class Contribution(msgspec.Struct, frozen=True):
    """What a component, zone or region takes from the availability: its own, and the lost time a month."""

    name: str
    available: float
    lost_s: float


class Promises:
    """Availability and cost of the workloads of a system; what they share is computed once."""

    def __init__(self, system: System) -> None:
        self._availabilities = Availabilities(system)
        self._costs = Costs(system)
        self._states = _states_availability(system)

    def availability(self, workload: Workload) -> tuple[tuple[Number, ...], tuple[Contribution, ...]]:
        """Return the availability, and what each part takes from it; nothing if the file states none at all."""
        if not self._states and workload.slo.availability is None:
            return (), ()
        found = self._availabilities.of(workload)
        if not isinstance(found, Availability):
            return (found,), ()
        parts = tuple(Contribution(part.name, part.available, part.lost_s) for part in found.parts)
        return (found.quantity,), parts

    def costs(self, workload: Workload) -> tuple[Number, ...]:
        """Return the cost of a month and of 1,000 requests; nothing if the file states no price and no budget."""
        if not self._costs.priced and workload.budget is None:
            return ()
        found = self._costs.of(workload)
        if not isinstance(found, Cost):
            return (msgspec.structs.replace(found, name="cost_per_month"),)
        return found.per_month(), found.per_thousand()


def _states_availability(system: System) -> bool:
    return any(c.availability is not None or c.mtbf_s is not None for c in system.components.values())


def total_cost(costs: Iterable[tuple[str, Number | None]]) -> Iterator[Quantity]:
    """Yield the cost of all workloads in a month, if each is known, in one currency."""
    known: list[tuple[str, Quantity]] = []
    for name, number in costs:
        if not isinstance(number, Quantity):
            return
        known.append((name, number))
    if known and len({number.unit for _, number in known}) == 1:
        terms = tuple(
            Term("cost", f"cost of {name} in a month", number.value, number.unit, Origin.DERIVED)
            for name, number in known[:_MOST_TERMS]
        )
        proven = all(number.proven for _, number in known)
        certainty = Certainty.PROVEN if proven else Certainty.ESTIMATED
        value, unit = sum(number.value for _, number in known), known[0][1].unit
        yield Quantity("cost_per_month", value, unit, "sum over the workloads", terms, certainty, "least")
