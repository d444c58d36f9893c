"""All computed numbers of a system, as one tree: what `analyze` prints, `whatif` compares and `sweep` tabulates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from archlint.analysis.component_numbers import ComponentNumbers, component_numbers
from archlint.analysis.promises import Contribution, Promises, total_cost
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.system import System
from archlint.analysis.utilisation import utilisations
from archlint.analysis.waterfalls import Waterfall, WaterfallStep
from archlint.analysis.workload_numbers import MOST_LOADED, Breaking, WorkloadNumbers, workload_numbers
from archlint.verdicts import imported_term

__all__ = [
    "Breaking", "ComponentNumbers", "Contribution", "Number",
    "Numbers", "Waterfall", "WaterfallStep", "WorkloadNumbers", "numbers_of",
]  # fmt: skip

Number = Quantity | Missing


class Numbers(msgspec.Struct, frozen=True):
    """The numbers of a system: of its components, of its workloads, and of all of it (`system`).

    A part lists only the numbers that apply to it. One that applies and cannot be computed is `Missing`. `imported` are
    the deployment files that the facts come from; empty for an architecture file.

    >>> import archlint
    >>> found = archlint.analyze('''
    ... archlint: 1
    ... workloads: {search: {from: page, rate: 60/s}}
    ... components:
    ...   page: {kind: client, calls: [api]}
    ...   api: {kind: service, service_time: 20ms, replicas: 2, workers: 1}
    ... ''').flat()
    >>> found["components.api", "utilisation"].value, found["workloads.search", "breaks_at"].value
    (0.6, 100.0)
    """

    name: str
    components: tuple[ComponentNumbers, ...]
    workloads: tuple[WorkloadNumbers, ...]
    system: tuple[Quantity | Missing, ...] = ()
    imported: tuple[str, ...] = ()

    def flat(self) -> dict[tuple[str, str], Quantity | Missing]:
        """Return all numbers by their subject (`components.api`, `workloads.search` or `system`) and name."""
        return {(subject, number.name): number for subject, number in self._all()}

    def _all(self) -> Iterator[tuple[str, Number]]:
        parts: Iterable[ComponentNumbers | WorkloadNumbers] = (*self.workloads, *self.components)
        for part in parts:
            for number in part.numbers:
                yield part.subject, number
        for number in self.system:
            yield "system", number


def numbers_of(system: System, workload: str = "") -> Numbers:
    """Return the numbers of a system, or of one workload and the components that it uses.

    Raises `UsageError` if the system has no such workload.
    """
    chosen = [system.workloads[name] for name in _named(system, workload)]
    uses = {use.component.name: use for use in utilisations(system)}
    promises = Promises(system)
    names: Iterable[str] = system.components
    if workload:
        used = set(system.flow(workload).components)
        names = [name for name in system.components if name in used]
    few, occupied = len(chosen) <= MOST_LOADED, dict[str, Quantity]()
    workloads = tuple(workload_numbers(system, one, uses, promises, occupied, few) for one in chosen)
    costs = () if workload else tuple(total_cost((one.name, one.get("cost_per_month")) for one in workloads))
    components = tuple(component_numbers(system, names, uses, occupied))
    name, files = system.architecture.name or "", system.architecture.document.imported
    if files:
        components = tuple(msgspec.structs.replace(one, numbers=_imported(one.numbers)) for one in components)
        workloads = tuple(msgspec.structs.replace(one, numbers=_imported(one.numbers)) for one in workloads)
    return Numbers(name, components, workloads, costs, files)


def _imported(numbers: tuple[Number, ...]) -> tuple[Number, ...]:
    """Return numbers whose stated terms are marked as imported."""
    return tuple(
        msgspec.structs.replace(number, terms=tuple(map(imported_term, number.terms)))
        if isinstance(number, Quantity) else number
        for number in numbers
    )  # fmt: skip


def _named(system: System, workload: str) -> Iterable[str]:
    if workload:
        system.flow(workload)              # raises `UsageError` for an unknown name
        return [workload]
    return system.workloads
