"""A picture as D2 (https://d2lang.com), a text format with its own layout engines.

All text from the file is in double-quoted strings. `\\` and `"` are escaped, and `$`, which would start a substitution
(https://d2lang.com/tour/strings).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from archlint.diagram.picture import DATA, MESSAGE, OBSERVING, SCHEDULE, WAITING, Edge, Node, Picture
from archlint.diagram.rows import edge_colour, finding_rows, node_outline, node_rows, whole_rows
from archlint.diagram.text import clean, named
from archlint.diagram.themes import DARK, LIGHT, PALETTES, group_of
from archlint.model.words import STORES

_DASHES: Final = {WAITING: 0, MESSAGE: 5, DATA: 3, SCHEDULE: 8, OBSERVING: 2}


def d2(picture: Picture, theme: str = LIGHT, direction: str = "") -> str:
    """Return a picture as D2.

    >>> from archlint.diagram.picture import Edge, Node, Picture
    >>> picture = Picture("shop", (Node("page", "client"), Node("api", "service")),
    ...                   (Edge("page", "api", "calls", "waiting", "page", "≤ 1 s"),))
    >>> print(d2(picture).splitlines()[-1])
    n0 -> n1: "≤ 1 s" {style: {stroke: "#2f3c4c"; stroke-dash: 0; stroke-width: 2}}
    """
    palette_name = DARK if theme == DARK else LIGHT
    keys = _keys(picture)
    lines = [f"direction: {direction or 'down'}", f"title: {quoted(picture.title)} {{near: top-center; shape: text}}"]
    frames = _frames(picture)
    lines += [f"{frames[cluster.key]}: {quoted(cluster.title)}" for cluster in picture.clusters]
    lines += [_node(node, keys[node.name], palette_name) for node in picture.nodes]
    lines += [
        f"f{number}: {quoted(words)} {{shape: text}}"
        for number, words in enumerate((*picture.notes, *whole_rows(picture.marks)))
    ]
    lines += [_edge(edge, keys, palette_name) for edge in picture.edges]
    return "\n".join([*lines, ""])


def _keys(picture: Picture) -> dict[str, str]:
    frames = {key: f"{frame}." for key, frame in _frames(picture).items()}
    return {node.name: f"{frames.get(node.cluster, '')}n{number}" for number, node in enumerate(picture.nodes)}


def _frames(picture: Picture) -> dict[str, str]:
    """Return the path of each frame, by its key; an outer frame is listed before those inside it."""
    frames: dict[str, str] = {}
    for number, cluster in enumerate(picture.clusters):
        frames[cluster.key] = f"{frames[cluster.inside]}.c{number}" if cluster.inside else f"c{number}"
    return frames


def quoted(*rows: str) -> str:
    """Return lines as one double-quoted string.

    >>> print(quoted('a "b" ${c}', 'd'))
    "a \\"b\\" \\${c}\\nd"
    """
    safe = (clean(row).replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") for row in rows)
    return '"' + "\\n".join(safe) + '"'


def _node(node: Node, key: str, theme: str) -> str:
    palette = PALETTES[theme]
    rows = [named(node.name), *node_rows(node), *finding_rows(node.marks)]
    fill, plain = palette.cards[group_of(node)]
    line = node_outline(node, palette, plain)
    shape = "cylinder" if node.kind in STORES else "queue" if node.kind == "queue" else "rectangle"
    multiple = "true" if (node.replicas or 1) > 1 or len(node.members) > 1 else "false"
    style = f'fill: "{fill}"; stroke: "{line}"; font-color: "{palette.ink}"; multiple: {multiple}'
    return f"{key}: {quoted(*rows)} {{shape: {shape}; style: {{{style}}}}}"


def _edge(edge: Edge, keys: Mapping[str, str], theme: str) -> str:
    palette = PALETTES[theme]
    rows = [*([edge.label] if edge.label else []), *finding_rows(edge.marks)]
    width = 4 if edge.emphasis > 0 or edge.change else 2
    words = f": {quoted(*rows)} " if rows else ": "
    style = f'stroke: "{edge_colour(edge, palette)}"; stroke-dash: {_DASHES[edge.family]}; stroke-width: {width}'
    return f"{keys[edge.source]} -> {keys[edge.target]}{words}{{style: {{{style}}}}}"

