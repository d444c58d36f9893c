"""A picture as an architecture of FINOS CALM (https://calm.finos.org), JSON of release 1.1."""

from __future__ import annotations

from typing import Final

import msgspec

from archlint.diagram.identifiers import identifiers
from archlint.diagram.picture import Edge, Mark, Node, Picture
from archlint.diagram.text import clean, named
from archlint.model.words import STORES

SCHEMA: Final = "https://calm.finos.org/release/1.1/meta/calm.json"
_TYPES: Final = {"client": "webclient", "load-balancer": "network", "gateway": "network", "external": "system"}


def calm(picture: Picture) -> str:
    """Return a picture as a CALM architecture: nodes, and relationships that connect them.

    >>> import json
    >>> from archlint.diagram.picture import Edge, Node, Picture
    >>> picture = Picture("shop", (Node("page", "client"), Node("api", "service")),
    ...                   (Edge("page", "api", "calls", "waiting", "page", "≤ 1 s"),))
    >>> [node["unique-id"] for node in json.loads(calm(picture))["nodes"]]
    ['page', 'api']
    """
    ids = identifiers(node.name for node in picture.nodes)
    counts: dict[str, int] = {}
    written = {
        "$schema": SCHEMA,
        "nodes": [_node(node, ids) for node in picture.nodes],
        "relationships": [_relationship(edge, ids, counts) for edge in picture.edges],
        "metadata": [{"name": clean(picture.title), "description": clean(picture.description, 1_000)}],
    }
    return msgspec.json.format(msgspec.json.encode(written)).decode() + "\n"


def _node(node: Node, ids: dict[str, str]) -> dict[str, object]:
    said = clean(node.description) or " ".join((node.kind, *node.facts))
    facts: dict[str, object] = {"kind": node.kind, "technology": node.technology, "models": list(node.models)}
    return {
        "unique-id": ids[node.name],
        "node-type": "database" if node.kind in STORES else _TYPES.get(node.kind, "service"),
        "name": clean(named(node.name)),
        "description": clean(said),
        "metadata": [{**facts, **_stated(node.sheet), **_findings(node.marks)}],
    }


def _relationship(edge: Edge, ids: dict[str, str], counts: dict[str, int]) -> dict[str, object]:
    source, target = ids[edge.source], ids[edge.target]
    name = f"{source}-{edge.verb.replace(', ', '-').replace('_', '-')}-{target}"
    counts[name] = counts.get(name, 0) + 1
    return {
        "unique-id": name if counts[name] == 1 else f"{name}-{counts[name]}",
        "description": clean(edge.detail or edge.verb),
        "relationship-type": {"connects": {"source": {"node": source}, "destination": {"node": target}}},
        "metadata": [{"family": edge.family, **_stated(edge.sheet), **_findings(edge.marks)}],
    }


def _stated(sheet: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {label: clean(text) for label, text in sheet}


def _findings(marks: tuple[Mark, ...]) -> dict[str, object]:
    if not marks:
        return {}
    found = [{"rule": mark.rule, "severity": mark.severity, "message": clean(mark.message)} for mark in marks]
    return {"findings": found}
