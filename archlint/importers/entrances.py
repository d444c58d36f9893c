"""Where requests come in: a client outside for what is public or nobody inside calls, and a workload for each."""

from __future__ import annotations

from typing import Final

from archlint.importers.draft import Component, Draft, Entrance, Relation
from archlint.importers.evidence import STRONG
from archlint.importers.objects import Unit

_SERVERS: Final = frozenset({"service", "model-server", "gateway", "load-balancer"})
_FRONTS: Final = frozenset({"gateway", "load-balancer"})
_ASKING: Final = frozenset({"calls", "reads", "writes", "publishes"})
_CLIENT: Final = "users"
MAX_ENTRANCES: Final = 50


def add_entrances(draft: Draft) -> dict[str, Entrance]:
    """Add a client for what is reached from outside; return the workloads by name."""
    called = {relation.target for one in draft.components.values() for relation in one.relations if _counts(draft, one)}
    components = draft.components.values()
    fronted = {relation.target for one in components if one.kind in _FRONTS for relation in one.relations}
    open_ones = {one.name for one in components if _is_public(one)} - fronted
    entries = [one for one in components if (one.name not in called or one.name in open_ones) and _is_entry(one)]
    del entries[MAX_ENTRANCES:]
    found: dict[str, Entrance] = {}
    for one in list(draft.components.values()):
        if one.kind == "client" and any(relation.verb in _ASKING for relation in one.relations):
            found[one.name] = Entrance(one.name, "", one.site)
    if not entries:
        return found
    name = _CLIENT if _CLIENT not in draft.components else f"{_CLIENT}-outside"
    first = entries[0]
    unit = Unit(name, first.unit.format, "client", first.unit.scope, first.site, "external", kind="client")
    client = Component(name, unit, first.site, "client", "whoever sends the requests from outside")
    for entry in entries:
        how = _reason(entry)
        client.relations.append(Relation("calls", entry.name, STRONG, how, entry.site))
        found[entry.name] = Entrance(name, entry.name if len(entries) > 1 else "", entry.site)
    draft.components[name] = client
    return found


def _counts(draft: Draft, one: Component) -> bool:
    """Whether a caller is part of the system: a monitor and a test client are not."""
    return one.kind not in {"monitoring", "client"}


def _is_entry(one: Component) -> bool:
    unit = one.unit
    if one.kind not in _SERVERS or unit.role in {"job", "loader", "external"}:
        return False
    if unit.format == "compose":
        return any(port.published for port in unit.ports)
    return bool("exposed" in one.facts or unit.ports or unit.names or unit.role in {"router", "graph"} or one.serves)


def _is_public(one: Component) -> bool:
    """Whether the files open a part to everybody: then requests come from outside, whoever calls it inside."""
    exposed = one.facts.get("exposed")
    return exposed is not None and exposed.text == "public"


def _reason(one: Component) -> str:
    if "exposed" in one.facts:
        return one.facts["exposed"].derivation or "exposed"
    if any(port.published for port in one.unit.ports):
        return "a published port"
    return "nothing inside calls it"
