"""The time of a request on the network: the round trip, and the transfer of its payload."""

from __future__ import annotations

from archlint.analysis.floor_parts import Floor, Part
from archlint.model.architecture import Relation
from archlint.model.places import Place
from archlint.verdicts import Origin


def travel_s(relation: Relation) -> float:
    """Return the round trip and the transfer of the payload at the bandwidth; what is not stated is 0.

    >>> call = Relation("calls", "page", "api", 0, network_s=0.02, payload_bytes=10**6, bandwidth_bytes_per_s=12.5e6)
    >>> travel_s(call)
    0.1
    """
    return (relation.network_s or 0.0) + _transfer_s(relation)


def _transfer_s(relation: Relation) -> float:
    payload, per_s = relation.payload_bytes, relation.bandwidth_bytes_per_s
    return payload / per_s if payload and per_s else 0.0


def travel_place(relation: Relation) -> Place:
    """Return the key that states most of the time on the network."""
    return relation.place("network" if (relation.network_s or 0.0) >= _transfer_s(relation) else "payload")


def on_the_wire(relation: Relation, source: str, target: str) -> Floor:
    """Return the time on the network as a bound: nothing arrives sooner than its bytes."""
    time_s, transfer_s = travel_s(relation), _transfer_s(relation)
    formula = "" if not transfer_s else "network + payload / bandwidth" if relation.network_s else "payload / bandwidth"
    origin = Origin.DERIVED if formula else Origin.STATED
    part = Part(f"network, {source} to {target}", time_s, origin, travel_place(relation), formula)
    return Floor(time_s, time_s, (part,), (part,))
