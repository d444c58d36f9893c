"""A system as a networkx graph, with the stated facts of each part as plain values."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import msgspec

from archlint.analysis.facts import Facts
from archlint.model.architecture import Architecture, Component, Owner, Relation
from archlint.model.cron import Schedule
from archlint.model.quantities import format_percentile
from archlint.topology import Topology

if TYPE_CHECKING:
    import networkx

Value = str | float | int | bool
"""The types of attributes: every output format of networkx supports them."""
_SYSTEM = frozenset({
    "description", "owner", "team", "described", "imported", "zone_availability", "region_availability", "extra",
})  # fmt: skip
"""What the graph as a whole carries of the system. `nones` are the places where the file states `none`."""
_ENDS = frozenset({"source", "target", "index"})


def network_of(architecture: Architecture, topology: Topology, facts: Facts) -> networkx.MultiDiGraph[str]:
    """Return the graph of a system: nodes are components; edges are relations, in the direction of the file.

    Attributes are text, numbers or booleans; facts that are not stated have no attribute.
    """
    import networkx

    graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
    graph.graph["name"] = architecture.name or ""
    for section in (architecture.workloads, architecture.models):
        for part in section.values():
            graph.graph |= dict(_values(f"{part.place().at}.", part))
    graph.graph |= dict(_values("", architecture, _SYSTEM))
    if architecture.nones:
        graph.graph["nones"] = ", ".join(sorted(architecture.nones))
    for name, component in architecture.components.items():
        graph.add_node(name, **_of_component(component, facts, architecture.owner))
    for relations in topology.outgoing.values():
        for relation in relations:
            attributes = _of_relation(relation)
            graph.add_edge(relation.source, relation.target, waits=topology.waits(relation), **attributes)
    return graph


def _of_component(component: Component, facts: Facts, owner: Owner | None) -> dict[str, Value]:
    technology = facts.technology(component)
    owner = component.owner or owner
    stated = {
        "technology": technology.title if technology is not None else component.uses,
        "replicas": component.least_replicas,
        "models": ", ".join(component.serves) or None,
        "zones": ", ".join(component.zones or ()) or None,
        "owner": owner.team if owner is not None else None,
        "schedule": component.schedule.text if component.schedule is not None else None,
    }
    known = {name: value for name, value in stated.items() if isinstance(value, str | float | int)}
    return dict(_values("", component, _fields(component) - {"name", "relations"})) | known


def _of_relation(relation: Relation) -> dict[str, Value]:
    return dict(_values("", relation, _fields(relation) - _ENDS))


def _fields(record: msgspec.Struct) -> frozenset[str]:
    return frozenset(record.__struct_fields__)


def _values(above: str, record: msgspec.Struct, fields: Collection[str] = ()) -> Iterator[tuple[str, Value]]:
    """Yield the plain values in a record, by attribute; those in a record inside it have both names."""
    for field in record.__struct_fields__:
        if not fields or field in fields:
            value: object = getattr(record, field)
            if field == "extra" and isinstance(value, tuple):
                yield from ((f"{above}{key}", text) for key, text in value)
            else:
                yield from _value(f"{above}{field}", value)


def _value(name: str, value: object) -> Iterator[tuple[str, Value]]:
    if isinstance(value, str | float | int):
        yield name, value
    elif isinstance(value, Schedule):
        yield name, value.text
    elif isinstance(value, msgspec.Struct):
        yield from _values(f"{name}.", value)
    elif isinstance(value, tuple) and value and isinstance(value[0], tuple):
        for fraction, amount in value:
            yield from _value(f"{name}.{format_percentile(fraction)}", amount)
    elif isinstance(value, tuple) and value:
        yield name, ", ".join(map(str, value))
