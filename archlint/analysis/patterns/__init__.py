"""Which patterns of the catalogue a system follows, recognised by structure and never by names.

The names of components, their technologies and their descriptions say nothing here: only kinds, relations and
stated attributes do. Each pattern is defined where it is recognised; the roles are those of
`rules/catalog.yaml`, and a role that no component plays is left out. Lists of servers behind a relation name
at most `reach.MOST` of them, so that everything here takes time in proportion to the size of the system.
"""

from __future__ import annotations

from typing import Final

from archlint.analysis.patterns.composition import Structures
from archlint.analysis.patterns.operation import of_operation, of_routing
from archlint.analysis.patterns.serving import ServingPatterns, of_unread_by_workloads
from archlint.analysis.system import System
from archlint.verdicts import RecognisedPattern

ORDER: Final = (
    "batch", "web-single", "synchronous", "asynchronous", "streaming", "prep-pred",
    "microservice-vertical", "microservice-horizontal", "prediction-cache", "data-cache",
    "prediction-circuit-break", "multiple-stage", "edge",
    "shadow-ab", "online-ab", "condition-based", "parameter-based",
    "model-in-image", "model-load", "prediction-log", "prediction-monitoring", "load-test",
)  # fmt: skip
"""The patterns that are recognised, in the order of the catalogue."""


def recognise(system: System) -> tuple[RecognisedPattern, ...]:
    """Return the patterns that a system follows: workload by workload, then those of no one workload.

    Within each, in the order of the catalogue. A pattern may be found several times, with other components.
    """
    found: list[RecognisedPattern] = []
    servings = ServingPatterns(system)
    structures = Structures(system)
    for workload in system.workloads.values():
        found += servings.of(workload)
        found += structures.of(workload)
    found += of_unread_by_workloads(system)
    found += of_routing(system)
    found += of_operation(system)
    position = {name: index for index, name in enumerate(system.workloads)}
    rank = {name: index for index, name in enumerate(ORDER)}
    return tuple(
        sorted(found, key=lambda one: (position.get(one.workload, len(position)), rank[one.pattern]))
    )
