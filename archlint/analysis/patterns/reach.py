"""The servers after a component, and the records of recognised patterns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from archlint.analysis.system import System
from archlint.model.architecture import Workload
from archlint.topology.cycles import condensed_order
from archlint.verdicts import RecognisedPattern

GUARDRAIL: Final = "guardrail"
MOST: Final = 100
"""The maximum number of servers that are listed for one component."""

Servers = dict[str, tuple[str, ...]]


def nearest_servers(targets: Mapping[str, Sequence[str]], serving: AbstractSet[str]) -> Servers:
    """Return the first serving nodes on every path from each node: itself if it serves, otherwise later ones.

    At most `MOST` per node.

    >>> nearest_servers({"gateway": ["api"], "api": ["a", "b"], "a": ["b"], "b": []}, {"a", "b"})["gateway"]
    ('a', 'b')
    """
    nearest: Servers = {}
    ways = {name: () if name in serving else ends for name, ends in targets.items()}
    for group in condensed_order(ways):
        inside = set(group)
        behind = _union([nearest[end] for name in group for end in ways[name] if end not in inside])
        for name in group:
            nearest[name] = (name,) if name in serving else behind
    return nearest


def _union(parts: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Return all names once, in order; a single part is shared, not copied."""
    if len(parts) == 1:
        return parts[0]
    return tuple({name: None for part in parts for name in part})[:MOST]


def servers_of_flow(system: System, workload: Workload, wanted: int, without: AbstractSet[str]) -> Servers:
    """Return the nearest servers of some models (as bits) after each component that a workload uses.

    The components `without` are passed through.
    """
    flow = system.flow(workload)
    served = system.topology.bits_served
    serving = {name for name in flow.components if name not in without and served(name) & wanted}
    return nearest_servers({n: [s.target for s in flow.steps.get(n, ())] for n in flow.components}, serving)


def servers_of_system(system: System) -> Servers:
    """Return the nearest servers of any model that work of each component reaches; a guardrail is none."""
    topology = system.topology
    serving = {name for name in topology.serving if system.components[name].kind != GUARDRAIL}
    return nearest_servers({name: list(topology.work_targets(name)) for name in system.components}, serving)


def recognised(pattern: str, workload: str, roles: Mapping[str, Iterable[str]]) -> RecognisedPattern:
    """Return a pattern with its roles, each component once; roles without a component are left out."""
    named = {role: tuple(dict.fromkeys(filter(None, names))) for role, names in roles.items()}
    return RecognisedPattern(pattern, workload, {role: names for role, names in named.items() if names})


def workload_of(system: System, names: Iterable[str]) -> str:
    """Return the only workload that uses all these components; "" if there are several, or none."""
    users = {workload.name for name in names for workload in _users(system, name)}
    return users.pop() if len(users) == 1 else ""


def _users(system: System, name: str) -> Iterator[Workload]:
    yield from system.workloads_of.get(name, ())
    yield from system.workloads_served_by.get(name, ())


def targets_by(system: System, name: str, verb: str) -> tuple[str, ...]:
    """Return the targets of a component's relations of one verb."""
    return tuple(relation.target for relation in system.topology.outgoing[name] if relation.verb == verb)
