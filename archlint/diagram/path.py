"""The path that a workload's client waits for, with its budget: objective, timeouts, minimum time of each hop."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from archlint.analysis.floors import FloorOf
from archlint.analysis.system import System
from archlint.diagram.focus import unknown
from archlint.diagram.picture import Budget, Edge, Node, Picture
from archlint.model.architecture import Relation, Workload
from archlint.model.quantities import format_duration, format_percentile

_USUAL: Final = 0.99
"""The percentile of the shown floors if no objective names one."""


def with_path(picture: Picture, system: System, name: str) -> Picture:
    """Return a picture with a workload's waiting path highlighted; raises `UsageError` for an unknown workload.

    Each component on the path shows the minimum time of its answer, with everything that it waits for; each relation
    shows its timeout. A note compares the minimum of the whole path with the objective.
    """
    workload = system.workloads.get(name)
    if workload is None:
        raise unknown("workload", name, list(system.workloads))
    flow = system.flow(workload)
    fraction, _ = _objective(workload)
    floors = FloorOf(system, workload)
    taken = {
        step.relation.place().at: step.relation
        for source in flow.waiting for step in flow.steps.get(source, ()) if step.waits
    }  # fmt: skip
    nodes = tuple(_node(node, floors, fraction, node.name in flow.waiting) for node in picture.nodes)
    edges = tuple(_edge(system, edge, taken.get(edge.at)) for edge in picture.edges)
    notes = (*picture.notes, _note(workload, floors))
    return replace(picture, nodes=nodes, edges=edges, notes=notes, budget=_budget(workload, floors))


def _budget(workload: Workload, floors: FloorOf) -> Budget | None:
    """Return the parts of the least time; None without an objective or any known time."""
    fraction, objective_s = _objective(workload)
    floor = floors.answer(fraction)
    if objective_s is None or not floor.at_s:
        return None
    parts = tuple((_short(part.label), float(part.value_s)) for part in floor.parts if part.value_s > 0)
    return Budget(workload.name, format_percentile(fraction), objective_s, parts, len(floor.unknown))


def _short(label: str) -> str:
    """Return the label of a part without words that the picture makes superfluous.

    >>> _short("own work of api, service time"), _short("model ranker, p98"), _short("network, page to api")
    ('api', 'ranker p98', 'network page to api')
    """
    said = label.removeprefix("own work of ").removeprefix("model ").removesuffix(", service time")
    return said.replace(", ", " ")


def _objective(workload: Workload) -> tuple[float, float | None]:
    """Return the strictest percentile with an objective, and the objective in seconds; None if there is none."""
    return workload.slo.latency[-1] if workload.slo.latency else (_USUAL, None)


def _node(node: Node, floors: FloorOf, fraction: float, inside: bool) -> Node:
    if not inside:
        return replace(node, emphasis=-1)
    floor = floors.component(node.name, fraction)
    unknown_times = " + unknown" if floor.unknown else ""
    text = f"≥ {format_duration(floor.at_s)}{unknown_times}" if floor.at_s or floor.unknown else ""
    if text.startswith("≥ 0 s"):
        text = "minimum unknown"
    return replace(node, emphasis=1, budget=f"{format_percentile(fraction)} {text}" if text else "")


def _edge(system: System, edge: Edge, relation: Relation | None) -> Edge:
    if relation is None:
        return replace(edge, emphasis=-1)
    timeout = system.facts.timeout_s(relation)
    if timeout is None:
        return replace(edge, emphasis=1, label=f"{edge.label}, no timeout" if edge.label else "no timeout")
    if relation.timeout_s is None:
        said = f"≤ {format_duration(float(timeout.value))} (assumed)"
        return replace(edge, emphasis=1, label=f"{edge.label}, {said}" if edge.label else said)
    return replace(edge, emphasis=1)


def _note(workload: Workload, floors: FloorOf) -> str:
    fraction, objective_s = _objective(workload)
    name = format_percentile(fraction)
    floor = floors.answer(fraction)
    count = len(floor.unknown)
    missing = f" ({count} service time{'s' if count > 1 else ''} unknown)" if count else ""
    minimum = f"{name} is at least {format_duration(floor.at_s)}" if floor.at_s else f"{name} is unknown"
    least = f"Path of {workload.name}: {minimum}{missing}"
    if objective_s is None:
        return f"{least}; no latency objective."
    if not floor.at_s:
        return f"{least}; objective {format_duration(objective_s)}."
    return f"{least}: {_room(objective_s - floor.at_s, count > 0)} the {format_duration(objective_s)} objective."


def _room(left_s: float, some_unknown: bool) -> str:
    """Return how far the minimum is from the objective; unknown service times can only raise the minimum."""
    if left_s < 0:
        return f"{'at least ' if some_unknown else ''}{format_duration(-left_s)} over"
    return f"{'at most ' if some_unknown else ''}{format_duration(left_s)} under"
