"""A picture as D2 (https://d2lang.com), a text format with its own layout engines.

Nodes have keys made of their names, so a component that is added changes no other line. All text from the file is in
double-quoted strings. `\\` and `"` are escaped, and `$`, which would start a substitution
(https://d2lang.com/tour/strings).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from archlint.diagram.identifiers import ids_of
from archlint.diagram.picture import DATA, FAMILIES, MESSAGE, OBSERVING, REMOVED, SCHEDULE, WAITING, Edge, Node, Picture
from archlint.diagram.rows import OUTLINES, finding_rows, node_rows, outline, whole_rows
from archlint.diagram.text import clean, named
from archlint.diagram.themes import DARK, LIGHT, LIT, PALETTES, Palette, group_of
from archlint.model.words import STORES

_DASHES: Final = {WAITING: 0, MESSAGE: 5, DATA: 3, SCHEDULE: 8, OBSERVING: 2}
_WIDTHS: Final = {"error": 5, "warning": 4, "info": 3}
RESERVED: Final = frozenset(
    (
        "animated bold border-radius class classes constraint d2-config d2-legend direction double-border fill "
        "fill-pattern filled font font-color font-size grid-columns grid-gap grid-rows height horizontal-gap icon "
        "italic label layers layout left level link multiple near null opacity root scenarios shadow shape "
        "source-arrowhead steps stroke stroke-dash stroke-width style suspend target-arrowhead text-transform three-d "
        "title tooltip top underline unsuspend vars vertical-gap width"
    ).split()
)


def d2(picture: Picture, theme: str = LIGHT, direction: str = "") -> str:
    """Return a picture as D2.

    >>> from archlint.diagram.picture import Edge, Node, Picture
    >>> picture = Picture("shop", (Node("page", "client"), Node("api", "service")),
    ...                   (Edge("page", "api", "calls", "waiting", "page", "≤ 1 s"),))
    >>> print(d2(picture).splitlines()[-1])
    page -> api: "≤ 1 s" {class: waiting}
    """
    palette = PALETTES[DARK if theme == DARK else LIGHT]
    ids = ids_of(picture, RESERVED)
    frames = _frames(picture, ids.frames)
    keys = {node.name: f"{frames.get(node.cluster, '')}{ids.nodes[node.name]}" for node in picture.nodes}
    lines = [f"direction: {direction or 'down'}", f"title: {quoted(picture.title)} {{near: top-center; shape: text}}"]
    lines += _classes(picture, palette)
    lines += _legend(picture, palette)
    lines += [
        f"{frames[cluster.key].removesuffix('.')}: {quoted(cluster.title)} {{class: frame}}"
        for cluster in picture.clusters
    ]
    lines += [_node(node, keys[node.name]) for node in picture.nodes]
    lines += [f'"note {number}": {quoted(note)} {{shape: text}}' for number, note in enumerate(picture.notes)]
    found = zip(ids.whole, whole_rows(picture.marks), strict=True)
    lines += [f"{key}: {quoted(words)} {{shape: text}}" for key, words in found]
    lines += [_edge(edge, keys) for edge in picture.edges]
    return "\n".join([*lines, ""])


def _frames(picture: Picture, ids: Mapping[str, str]) -> dict[str, str]:
    """Return the path of each frame with a dot, by its key; an outer frame is listed before those inside it."""
    frames: dict[str, str] = {}
    for cluster in picture.clusters:
        frames[cluster.key] = f"{frames.get(cluster.inside, '')}{ids[cluster.key]}."
    return frames


def quoted(*rows: str) -> str:
    """Return lines as one double-quoted string.

    >>> print(quoted('a "b" ${c}', 'd'))
    "a \\"b\\" \\${c}\\nd"
    """
    safe = (clean(row).replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") for row in rows)
    return '"' + "\\n".join(safe) + '"'


def _classes(picture: Picture, palette: Palette) -> Iterator[str]:
    """Yield the classes that occur: of kinds, of outlines, of lines, and of frames."""
    yield "classes: {"
    used = {group_of(node) for node in picture.nodes} | {edge.family for edge in picture.edges}
    used |= {outline(node) for node in picture.nodes} | {_line(edge) for edge in picture.edges}
    for group, (fill, stroke) in palette.cards.items():
        if group in used:
            yield f'  {group}: {{style: {{fill: "{fill}"; stroke: "{stroke}"; font-color: "{palette.ink}"}}}}'
    for family, colour in palette.lines.items():
        if family in used:
            yield f"  {family}: {{style: {{{_drawn(family, colour)}}}}}"
    for name in OUTLINES:
        if name in used:
            dashes = "; stroke-dash: 4" if name == REMOVED else ""
            width = _WIDTHS.get(name, 4)
            yield f'  {name}: {{style: {{stroke: "{palette.outlines[name]}"; stroke-width: {width}{dashes}}}}}'
    if picture.clusters:
        style = f'fill: "{palette.band}"; stroke: "{palette.frame}"; stroke-dash: 5; font-color: "{palette.soft}"'
        yield f"  frame: {{style: {{{style}}}}}"
    yield "}"


def _drawn(family: str, colour: str) -> str:
    return f'stroke: "{colour}"; stroke-dash: {_DASHES[family]}; stroke-width: 2'


def _legend(picture: Picture, palette: Palette) -> Iterator[str]:
    """Yield the legend, as D2 0.7 draws it; older versions draw none (https://d2lang.com/tour/legend)."""
    families = {edge.family for edge in picture.edges}
    outlines = {outline(node) for node in picture.nodes}
    if not families and outlines <= {""}:
        return
    yield "vars: {"
    yield "  d2-legend: {"
    for name, (_, meaning) in OUTLINES.items():
        if name in outlines:
            style = f'stroke: "{palette.outlines[name]}"; stroke-width: {_WIDTHS.get(name, 4)}; fill: "{palette.paper}"'
            yield f"    {name}: {quoted(meaning)} {{style: {{{style}}}}}"
    if families:
        yield "    from: {style.opacity: 0}"
        yield "    to: {style.opacity: 0}"
    for family, meaning in FAMILIES.items():
        if family in families:
            yield f"    from -> to: {quoted(meaning)} {{style: {{{_drawn(family, palette.lines[family])}}}}}"
    yield "  }"
    yield "}"


def _node(node: Node, key: str) -> str:
    rows = [named(node.name), *node_rows(node), *finding_rows(node.marks)]
    shape = "cylinder" if node.kind in STORES else "queue" if node.kind == "queue" else "rectangle"
    multiple = "; style.multiple: true" if (node.replicas or 1) > 1 or len(node.members) > 1 else ""
    return f"{key}: {quoted(*rows)} {{{_class(group_of(node), outline(node))}; shape: {shape}{multiple}}}"


def _line(edge: Edge) -> str:
    return edge.change or (LIT if edge.emphasis > 0 else "")


def _class(first: str, second: str) -> str:
    return f"class: [{first}; {second}]" if second else f"class: {first}"


def _edge(edge: Edge, keys: Mapping[str, str]) -> str:
    rows = [*([edge.label] if edge.label else []), *finding_rows(edge.marks)]
    words = f"{quoted(*rows)} " if rows else ""
    return f"{keys[edge.source]} -> {keys[edge.target]}: {words}{{{_class(edge.family, _line(edge))}}}"
