"""A system as a graph of networkx, with all that the file states of each part in plain values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from archlint.model.architecture import Component, Relation

if TYPE_CHECKING:
    import networkx

    from archlint.analysis.system import System

Value = str | float | int | bool
"""What an attribute may be: every format that networkx writes has these."""
_ENDS = frozenset({"source", "target", "index"})


def network_of(system: System) -> networkx.MultiDiGraph[str]:
    """Return the graph of a system: nodes are components, edges relations, in the direction in which they are written.

    Attributes are text, numbers or truth values; what the file does not state has none.
    """
    import networkx

    graph: networkx.MultiDiGraph[str] = networkx.MultiDiGraph()
    graph.graph["name"] = system.architecture.name or ""
    for name, component in system.components.items():
        graph.add_node(name, **_of_component(system, component))
    for relations in system.topology.outgoing.values():
        for relation in relations:
            attributes = _of_relation(relation)
            graph.add_edge(relation.source, relation.target, waits=system.topology.waits(relation), **attributes)
    return graph


def _of_component(system: System, component: Component) -> dict[str, Value]:
    technology = system.facts.technology(component)
    owner = component.owner or system.architecture.owner
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
    """Return the attributes that have a plain value."""
    return {name: value for name, value in attributes.items() if isinstance(value, str | float | int)}
