"""SVG to PNG by resvg (the wheel `resvg-py`) and to PDF by Typst (the wheel `typst`, in the extra `pdf`)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from math import sqrt
from typing import Final

from archlint.diagram.text import xml
from archlint.diagram.themes import FONT
from archlint.errors import ArchlintError

_MOST_PIXELS: Final = 60_000_000
"""Beyond so many pixels a PNG takes gigabytes of memory where it is shown."""
_PAGE: Final = """\
#set page(width: auto, height: auto, margin: 0pt)
#set document(date: none)
#image(bytes(sys.inputs.picture), format: "svg")
"""
_SAMPLE: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><text y="8" font-size="8">{}</text></svg>'
)
_CHARACTER: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24"><text x="2" y="18" font-size="16" '
    'font-family="{}">&#{};</text></svg>'
)
_IN_NO_FONT: Final = "\u0378"
"""A code point that Unicode assigns to no character, so that it is drawn as what no font has."""
_MOST_ASKED: Final = 40
"""Each question draws a picture of one character, which takes as long as to look for the fonts."""


def png(markup: str, scale: float = 2.0) -> bytes:
    """Return an SVG as PNG, `scale` pixels to a point (fewer where the picture would be too large to show).

    Raises `ArchlintError` where resvg-py is not installed, or no font is.
    """
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        message = "a PNG needs resvg-py, which is not installed"
        raise ArchlintError(message, "pip install resvg-py, or draw an SVG") from None
    if bytes(svg_to_bytes(svg_string=_SAMPLE.format("M"))) == bytes(svg_to_bytes(svg_string=_SAMPLE.format(""))):
        hint = "install one, such as Liberation Sans or DejaVu (apt install fonts-liberation), or draw an SVG"
        raise ArchlintError("a PNG needs a font, and none is installed", hint)
    width, height = _size(markup)
    return bytes(svg_to_bytes(svg_string=markup, zoom=min(scale, sqrt(_MOST_PIXELS / (width * height)))))


def without_font(words: str) -> str:
    """Return the characters of some words that no font of the machine has; of very many, the first are looked at.

    resvg tells of no character that it draws as an empty box, so each is compared with the box itself.
    """
    asked = list(_that_fonts_may_lack(words))[:_MOST_ASKED]
    if not asked:
        return ""
    box = _drawn(_IN_NO_FONT)
    return "".join(character for character in asked if _drawn(character) == box)


def _that_fonts_may_lack(words: str) -> Iterator[str]:
    """Yield, once each, the characters that a font may lack: those beyond Latin 1 that take a place of their own."""
    for character in dict.fromkeys(words):
        category = unicodedata.category(character)
        if ord(character) > 0xFF and (category[0] in "LNPS" or category in {"Co", "Cn"}):
            yield character


def _drawn(character: str) -> bytes:
    from resvg_py import svg_to_bytes

    return bytes(svg_to_bytes(svg_string=_CHARACTER.format(xml(FONT), ord(character))))


def _size(markup: str) -> tuple[float, float]:
    found = re.search(r' width="([\d.]+)" height="([\d.]+)"', markup)
    return (float(found[1]), float(found[2])) if found else (1.0, 1.0)


def pdf(markup: str) -> bytes:
    """Return an SVG as PDF of one page of its size, with its text as text.

    Raises `ArchlintError` where Typst is not installed.
    """
    try:
        from typst import compile as compiled
    except ImportError:
        message = "a PDF needs Typst, which is not installed"
        raise ArchlintError(message, "pip install 'archlint[pdf]', or draw an SVG") from None
    return bytes(compiled(_PAGE.encode(), format="pdf", sys_inputs={"picture": markup}))
