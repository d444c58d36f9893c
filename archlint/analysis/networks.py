"""A system as a networkx graph, with the stated facts of each part as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from archlint.analysis.facts import Facts
from archlint.model.architecture import Architecture, Component, Owner, Relation
from archlint.topology import Topology

if TYPE_CHECKING:
    import networkx

Value = str | float | int | bool
"""The types of attributes: every output format of networkx supports them."""
_ENDS = frozenset({"source", "target", "index"})


def network_of(architecture: Architecture, topology: Topology, facts: Facts) -> networkx.MultiDiGraph[str]:
    """Return the graph of a system: nodes are components; edges are relations, in the direction of the file.

    Attributes are text, numbers or booleans; facts that are not stated have no attribute.
    """
    import networkx

    graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
    graph.graph["name"] = architecture.name or ""
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
    plain = {field: getattr(component, field) for field in component.__struct_fields__ if field != "name"}
    return _known(plain) | _known(stated)


def _of_relation(relation: Relation) -> dict[str, Value]:
    return _known({field: getattr(relation, field) for field in relation.__struct_fields__ if field not in _ENDS})


def _known(attributes: Mapping[str, object]) -> dict[str, Value]:
    """Return the attributes with a plain value."""
    return {name: value for name, value in attributes.items() if isinstance(value, str | float | int)}
