"""A system in the formats for notebooks and for the package `graphviz`."""

from __future__ import annotations

from archlint.analysis.system import System
from archlint.diagram.dot import dot
from archlint.diagram.plan import draw
from archlint.diagram.svg import svg
from archlint.errors import ArchlintError


def dot_of(system: System) -> str:
    """Return the picture of a system as DOT.

    >>> import archlint
    >>> system = archlint.load("archlint: 1\\ncomponents: {page: {kind: client, calls: [api]}, api: {kind: service}}")
    >>> "page -> api" in dot_of(system)
    True
    """
    return dot(draw(system))


def svg_of(system: System) -> str | None:
    """Return the picture of a system as SVG; None if no layout engine is installed."""
    try:
        return svg(draw(system))
    except ArchlintError:
        return None
