"""The formats by name, and the function that writes each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Final

import msgspec

from archlint.diagram.calm import calm
from archlint.diagram.d2 import d2
from archlint.diagram.dot import dot
from archlint.diagram.drawio import drawio
from archlint.diagram.likec4 import likec4
from archlint.diagram.mermaid import mermaid
from archlint.diagram.networks import GRAPHS
from archlint.diagram.picture import Picture
from archlint.diagram.purpose import PURPOSES, README
from archlint.diagram.raster import fonts_for, pdf, png
from archlint.diagram.structurizr import structurizr
from archlint.diagram.svg import svg
from archlint.diagram.themes import AUTO, LIGHT


class Look(msgspec.Struct, frozen=True):
    """How a picture looks.

    `purpose` is readme, slide or page: where it is read.

    `theme` is light, dark or auto; `direction` right, down or auto; `scale` pixels to a point in PNG. `fonts` are
    folders with fonts for characters that the shipped one lacks, in PNG and PDF; None: those of the system.
    """

    theme: str = AUTO
    direction: str = AUTO
    scale: float = 2.0
    fonts: tuple[Path, ...] | None = None
    purpose: str = README.name

    @property
    def fixed_theme(self) -> str:
        """The theme for formats that cannot follow the viewer's preference."""
        return LIGHT if self.theme == AUTO else self.theme

    @property
    def fixed_direction(self) -> str:
        """The direction for formats that another program lays out; empty if none is requested."""
        return "" if self.direction == AUTO else self.direction


class Made(msgspec.Struct, frozen=True):
    """A picture in some format, and the characters that no font has: they are drawn as boxes."""

    data: bytes
    missing: str = ""


def _drawn(picture: Picture, look: Look, name: str) -> Made:
    markup = svg(picture, look.fixed_theme, look.direction, purpose=PURPOSES[look.purpose])
    fonts = fonts_for(markup, look.fonts)
    return Made(png(markup, look.scale, fonts) if name == "png" else pdf(markup, fonts), fonts.missing)


FORMATS: Final[dict[str, Callable[[Picture, Look], Made]]] = {
    "svg": lambda picture, look: Made(
        svg(picture, look.theme, look.direction, purpose=PURPOSES[look.purpose]).encode()
    ),
    "png": lambda picture, look: _drawn(picture, look, "png"),
    "pdf": lambda picture, look: _drawn(picture, look, "pdf"),
    "mmd": lambda picture, look: Made(mermaid(picture, look.fixed_theme, look.fixed_direction).encode()),
    "d2": lambda picture, look: Made(d2(picture, look.fixed_theme, look.fixed_direction).encode()),
    "dot": lambda picture, look: Made(dot(picture, look.fixed_theme, look.fixed_direction).encode()),
    "dsl": lambda picture, look: Made(structurizr(picture, look.fixed_theme).encode()),
    "c4": lambda picture, look: Made(likec4(picture).encode()),
    "drawio": lambda picture, look: Made(drawio(picture, look.fixed_theme, look.fixed_direction).encode()),
    "calm.json": lambda picture, look: Made(calm(picture).encode()),
}
HTML: Final = "html"
"""The page to explore: `archlint.report.html` writes it."""
NAMES: Final = ("svg", "png", "pdf", HTML, *list(FORMATS)[3:], *GRAPHS)
"""Every format: of pictures, the page, and of graphs."""
EXTENSIONS: Final = {**{name: name for name in NAMES}, "gv": "dot", "htm": "html", "mermaid": "mmd"}
"""The format of each file extension."""
BINARY: Final = frozenset({"png", "pdf"})
SEARCHED: Final = frozenset({"d2", "dot", "dsl", "c4", "calm.json"})
"""Formats in which the reader searches a large picture, or lays it out again."""


def render(picture: Picture, name: str, look: Look | None = None) -> bytes:
    """Return a picture in a format of `FORMATS`; text is UTF-8."""
    return make(picture, name, look).data


def make(picture: Picture, name: str, look: Look | None = None) -> Made:
    """Return a picture in a format of `FORMATS`, with the characters that no font has."""
    return FORMATS[name](picture, look or Look())


def extension_of(path: PurePath) -> str:
    """Return the extension of a file that names its format, in lower case: the longest known one.

    >>> [extension_of(PurePath(name)) for name in ("a.b/Shop.v2.graph.json", "shop.json", "shop")]
    ['graph.json', 'json', '']
    """
    parts = [suffix.lstrip(".").lower() for suffix in path.suffixes]
    joined = (".".join(parts[start:]) for start in range(len(parts)))
    return next((extension for extension in joined if extension in EXTENSIONS), parts[-1] if parts else "")
