"""The text on nodes and edges in text formats: the same rows in each."""

from __future__ import annotations

from typing import Final

from archlint.diagram.cards import link_text, subtitle
from archlint.diagram.picture import ADDED, CHANGED, REMOVED, Edge, Mark, Node, Picture, grouped_marks
from archlint.diagram.themes import LIT, MODEL, QUEUE, STORE, WORK, Palette, group_of

OUTLINES: Final = {
    ADDED: ("green", "added"), REMOVED: ("dashed red", "removed"), CHANGED: ("amber", "changed"),
    "error": ("thick red", "error"), "warning": ("amber", "warning"), "info": ("blue", "info"),
    LIT: ("blue", "on the chosen path"),
}  # fmt: skip
"""The outlines of nodes: the colour in words, and the meaning. Of changes and severities, a picture shows one kind."""
_KINDS: Final = {
    MODEL: ("violet", "serves a model"), WORK: ("blue", "service or job"), STORE: ("green", "store"),
    QUEUE: ("amber", "queue"),
}  # fmt: skip


def node_rows(node: Node) -> list[str]:
    """Return the lines below a node's name: its kind, models and facts, and the relations written as words."""
    rows = [subtitle(node), *(f"serves {model}" for model in node.models), *node.facts]
    rows += [node.budget] if node.budget else []
    rows += [link_text(link.verb, link.target) for link in node.links]
    return rows + [f"{role.role} of {role.pattern}" for role in node.roles]


def described(node: Node) -> str:
    """Return the facts of a node and its findings in one line, for formats that have a description."""
    return ", ".join((node.kind, *(f"serves {model}" for model in node.models), *node.facts, *finding_rows(node.marks)))


def related(edge: Edge) -> str:
    """Return the verb of a relation, with its terms and findings in brackets.

    >>> related(Edge("page", "api", "calls", "waiting", "page", "≤ 1 s"))
    'calls (≤ 1 s)'
    """
    verb = edge.verb.replace("_", " ")
    words = ", ".join(filter(None, (edge.label.removeprefix(verb).strip(), *finding_rows(edge.marks))))
    return f"{verb} ({words})" if words else verb


def finding_rows(marks: tuple[Mark, ...]) -> list[str]:
    """Return a line for each rule with findings on a part, the worst first.

    >>> finding_rows((Mark("REL001", "single-point-of-failure", "error", "one", "components.api", "arch.yaml", 3),))
    ['REL001 (error)']
    """
    return [
        f"{rule} ×{count} ({severity})" if count > 1 else f"{rule} ({severity})"
        for rule, severity, count in grouped_marks(marks)
    ]


def whole_rows(marks: tuple[Mark, ...]) -> list[str]:
    """Return a line for each finding about the file as a whole, with its message."""
    return [f"{mark.rule} ({mark.severity}): {mark.message}" for mark in marks]


def outline(node: Node) -> str:
    """Return what the outline of a node shows: its change, otherwise its worst finding, otherwise the path, or "".

    >>> outline(Node("api", "service", change="added")), outline(Node("api", "service", emphasis=1))
    ('added', 'lit')
    """
    worst = grouped_marks(node.marks)[0][1] if node.marks else ""
    return node.change or worst or (LIT if node.emphasis > 0 else "")


def outlines_in(picture: Picture) -> list[tuple[str, str]]:
    """Return the colour and the meaning of each outline that occurs, for a legend."""
    used = {outline(node) for node in picture.nodes} | {mark.severity for mark in picture.marks}
    return [words for name, words in OUTLINES.items() if name in used]


def kinds_in(picture: Picture) -> list[tuple[str, str]]:
    """Return the colour and the meaning of each group of kinds that occurs, for a legend."""
    used = {group_of(node) for node in picture.nodes}
    return [words for group, words in _KINDS.items() if group in used]


def node_outline(node: Node, palette: Palette, plain: str) -> str:
    """Return the colour of a node's outline."""
    return palette.outlines.get(outline(node), plain)


def edge_colour(edge: Edge, palette: Palette) -> str:
    """Return the colour of an edge: of its change, otherwise the path, otherwise its family."""
    return palette.outlines.get(edge.change or (LIT if edge.emphasis > 0 else ""), palette.lines[edge.family])
