"""Recognises the patterns of the catalogue that a system follows, by its structure and never by names.

Names of components and models and descriptions are ignored: only kinds, relations and stated attributes are used, and
of a technology only that it generates tokens.
The function that recognises a pattern has its definition; the roles are those of `rules/catalog.yaml`, and a role
without a component is left out. Lists of servers after a relation have at most `reach.MOST` names, so that the time is
proportional to the size of the system.
"""

from __future__ import annotations

from typing import Final

from archlint.analysis.patterns.composition import Structures
from archlint.analysis.patterns.gateway import of_gateways
from archlint.analysis.patterns.operation import of_operation, of_routing
from archlint.analysis.patterns.parts import Parts
from archlint.analysis.patterns.serving import ServingPatterns, of_unread_by_workloads
from archlint.analysis.system import System
from archlint.verdicts import RecognisedPattern

ORDER: Final = (
    "batch", "web-single", "synchronous", "asynchronous", "streaming", "prep-pred",
    "microservice-vertical", "microservice-horizontal", "prediction-cache", "data-cache",
    "prediction-circuit-break", "multiple-stage", "edge", "rag",
    "model-cascade", "streamed-answer", "disaggregated-serving", "continuous-batching",
    "shadow-ab", "online-ab", "condition-based", "parameter-based", "llm-gateway", "guardrail",
    "model-in-image", "model-load", "prediction-log", "prediction-monitoring", "load-test",
)  # fmt: skip
"""The patterns that are recognised, in the order of the catalogue."""


def recognise(system: System) -> tuple[RecognisedPattern, ...]:
    """Return the patterns that a system follows: first those of each workload, then the others.

    They are in the order of the catalogue. A pattern may occur several times, with different components.
    """
    found: list[RecognisedPattern] = []
    parts = Parts(system)
    servings = ServingPatterns(system, parts)
    gateways = tuple(of_gateways(system, parts))
    structures = Structures(system, parts, gateways)
    for workload in system.workloads.values():
        found += servings.of(workload)
        found += structures.of(workload)
    found += of_unread_by_workloads(system, parts)
    found += gateways
    found += of_routing(system, parts)
    found += of_operation(system)
    if system.deployment is not None:
        from archlint.analysis.patterns.imported import of_imported

        found = list(of_imported(system, found))
    position = {name: index for index, name in enumerate(system.workloads)}
    rank = {name: index for index, name in enumerate(ORDER)}
    return tuple(
        sorted(found, key=lambda one: (position.get(one.workload, len(position)), rank[one.pattern]))
    )
