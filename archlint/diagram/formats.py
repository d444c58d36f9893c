"""The formats of pictures by name, and what each is written by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from archlint.diagram.d2 import d2
from archlint.diagram.dot import dot
from archlint.diagram.html import html
from archlint.diagram.mermaid import mermaid
from archlint.diagram.picture import Picture
from archlint.diagram.raster import pdf, png
from archlint.diagram.svg import svg
from archlint.diagram.themes import AUTO, LIGHT


class Look(msgspec.Struct, frozen=True):
    """How a picture looks: `theme` light, dark or auto; `direction` right, down or auto; pixels to a point."""

    theme: str = AUTO
    direction: str = AUTO
    scale: float = 2.0

    @property
    def fixed_theme(self) -> str:
        """The theme for formats that cannot follow what the viewer prefers."""
        return LIGHT if self.theme == AUTO else self.theme

    @property
    def fixed_direction(self) -> str:
        """The direction for formats that others lay out; empty where none is asked for."""
        return "" if self.direction == AUTO else self.direction


FORMATS: Final[dict[str, Callable[[Picture, Look], bytes]]] = {
    "svg": lambda picture, look: svg(picture, look.theme, look.direction).encode(),
    "png": lambda picture, look: png(svg(picture, look.fixed_theme, look.direction), look.scale),
    "pdf": lambda picture, look: pdf(svg(picture, look.fixed_theme, look.direction)),
    "html": lambda picture, look: html(picture, look.theme, look.direction).encode(),
    "mmd": lambda picture, look: mermaid(picture, look.fixed_theme, look.fixed_direction).encode(),
    "d2": lambda picture, look: d2(picture, look.fixed_theme, look.fixed_direction).encode(),
    "dot": lambda picture, look: dot(picture, look.fixed_theme, look.fixed_direction).encode(),
}
EXTENSIONS: Final = {**{name: name for name in FORMATS}, "gv": "dot", "htm": "html", "mermaid": "mmd"}
"""From the extension of a file to its format."""
BINARY: Final = frozenset({"png", "pdf"})
SEARCHED: Final = frozenset({"html", "d2", "dot"})
"""Formats whose reader searches or lays out a large picture himself."""


def render(picture: Picture, name: str, look: Look | None = None) -> bytes:
    """Return a picture in a format of `FORMATS`; text is UTF-8."""
    return FORMATS[name](picture, look or Look())
