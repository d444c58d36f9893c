"""The lanes of a picture: serving, streams, batch and training, and the shared components at its foot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from archlint.diagram.picture import WAITING, Edge, Node

SERVING: Final = "serving"
STREAMS: Final = "streams"
BATCH: Final = "batch and training"
FOOT: Final = "shared"
LANES: Final = (SERVING, STREAMS, BATCH)
"""The lanes from top to bottom; the foot is below them."""

_OF_KIND: Final = {
    "client": SERVING, "edge-device": SERVING, "load-balancer": SERVING, "gateway": SERVING, "service": SERVING,
    "model-server": SERVING, "guardrail": SERVING,
    "queue": STREAMS, "stream-processor": STREAMS, "worker": STREAMS,
    "batch-job": BATCH, "training-job": BATCH, "scheduler": BATCH, "warehouse": BATCH,
}  # fmt: skip
"""The lane of each kind that has one; the other kinds belong to the components that use them."""
_MOVABLE: Final = frozenset({"client", "service", "worker", "external", "model-server", "queue"})
"""Kinds that follow the components around them if nobody waits for them."""


def lanes_of(nodes: Sequence[Node], edges: Sequence[Edge]) -> dict[str, str]:
    """Return the lane of each node. A component that several lanes use is in the first of them.

    >>> kinds = {"app": "client", "api": "service", "db": "database", "sync": "batch-job"}
    >>> ends = [("sync", "db"), ("app", "api"), ("api", "db")]
    >>> edges = [Edge(source, target, "calls", WAITING, source) for source, target in ends]
    >>> lanes_of([Node(name, kind) for name, kind in kinds.items()], edges)
    {'app': 'serving', 'api': 'serving', 'db': 'serving', 'sync': 'batch and training'}
    """
    kinds = {node.name: node.kind for node in nodes}
    served = _served(nodes, edges)
    lanes: dict[str, str] = {}
    for node in nodes:
        lane = SERVING if node.name in served and node.kind not in {"queue", "batch-job"} else _OF_KIND.get(node.kind)
        if lane is not None and not (lane == SERVING and node.kind in _MOVABLE and node.name not in served):
            lanes[node.name] = lane
    for _ in nodes:
        found = {name: lane for name in kinds if name not in lanes and (lane := _around(name, edges, lanes))}
        if not found:
            break
        lanes |= found
    return {name: lanes.get(name, _OF_KIND.get(kind, SERVING)) for name, kind in kinds.items()}


def _served(nodes: Iterable[Node], edges: Sequence[Edge]) -> set[str]:
    """Return what clients wait for, directly or through other components."""
    waiting = following([edge for edge in edges if edge.family == WAITING])
    found: set[str] = set()
    rim = [node.name for node in nodes if node.kind in {"client", "edge-device"} and node.name in waiting]
    while rim:
        found |= set(rim)
        rim = [end for name in rim for end in waiting.get(name, ()) if end not in found]
    return found


def _around(name: str, edges: Iterable[Edge], lanes: Mapping[str, str]) -> str:
    """Return the first lane of the components that a component is related to; empty if none has a lane."""
    near = {lanes.get(edge.source if edge.target == name else edge.target, "") for edge in edges
            if name in {edge.source, edge.target}}  # fmt: skip
    return next((lane for lane in LANES if lane in near), "")


def following(edges: Iterable[Edge]) -> dict[str, list[str]]:
    """Return the targets of each source, each once, in the order of the edges."""
    targets: dict[str, dict[str, None]] = {}
    for edge in edges:
        if edge.source != edge.target:
            targets.setdefault(edge.source, {})[edge.target] = None
    return {source: list(ends) for source, ends in targets.items()}
