"""The text on nodes and edges in text formats: the same rows in each."""

from __future__ import annotations

from archlint.diagram.cards import link_text, subtitle
from archlint.diagram.picture import Edge, Mark, Node, grouped_marks
from archlint.diagram.themes import Palette


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


def node_outline(node: Node, palette: Palette, plain: str) -> str:
    """Return the colour of a node's outline: of its change, otherwise its worst finding, otherwise the path."""
    if node.change:
        return palette.changes[node.change]
    if node.marks:
        return palette.marks[grouped_marks(node.marks)[0][1]]
    return palette.accent if node.emphasis > 0 else plain


def edge_colour(edge: Edge, palette: Palette) -> str:
    """Return the colour of an edge: of its change, otherwise the path, otherwise its family."""
    if edge.change:
        return palette.changes[edge.change]
    return palette.accent if edge.emphasis > 0 else palette.lines[edge.family]
