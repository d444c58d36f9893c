"""SVG to PNG with resvg (the wheel `resvg-py`), and to PDF with Typst (the wheel `typst`, in the extra `pdf`).

Both draw text with the font that archlint ships. Words in other scripts become separate text elements, each with its
font and position. Otherwise the renderer would take the first font that has a character, serif or not, and draw the
words around it with that font too.
"""

from __future__ import annotations

import re
import shutil
import unicodedata
from html import unescape
from math import sqrt
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from archlint.about import install_command
from archlint.diagram.shapes import number
from archlint.diagram.text import xml
from archlint.diagram.themes import FONT, FONTS
from archlint.diagram.typefaces import FAMILY, Cast, Found, advance, cast, is_drawn
from archlint.errors import ArchlintError

_MOST_PIXELS: Final = 60_000_000
"""Viewers need gigabytes of memory for a PNG with more pixels."""
_PAGE: Final = """\
#set page(width: auto, height: auto, margin: 0pt)
#set document(date: none)
#image(bytes(sys.inputs.picture), format: "svg")
"""
_TEXT: Final = re.compile(
    r'<text class="([^"]*)" x="([\d.-]+)" y="([\d.-]+)"(?: textLength="[^"]*" [^>]*)?>([^<]*)</text>'
)
"""A line of text as written by `shapes.text`."""


def png(markup: str, scale: float = 2.0, fonts: Cast | None = None) -> bytes:
    """Return an SVG as PNG, with `scale` pixels per point, or fewer if the PNG would be too large.

    The text is drawn with `fonts`; by default with those of `fonts_for`. Raises `ArchlintError` without resvg-py.
    """
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        message = "a PNG needs resvg-py, which is not installed"
        raise ArchlintError(message, "pip install resvg-py, or write an SVG") from None
    fonts = fonts_for(markup) if fonts is None else fonts
    width, height = _size(markup)
    zoom = min(scale, sqrt(_MOST_PIXELS / (width * height)))
    drawn = with_fonts(markup, fonts)
    return bytes(svg_to_bytes(svg_string=drawn, zoom=zoom, skip_system_fonts=True, font_files=fonts.files))


def pdf(markup: str, fonts: Cast | None = None) -> bytes:
    """Return an SVG as PDF: one page of the same size, with selectable text.

    The text is drawn with `fonts`; by default with those of `fonts_for`. Raises `ArchlintError` without Typst.
    """
    try:
        from typst import Fonts
        from typst import compile as compiled
    except ImportError:
        message = "a PDF needs Typst, which is not installed"
        raise ArchlintError(message, f"{install_command('pdf')}, or write an SVG") from None
    fonts = fonts_for(markup) if fonts is None else fonts
    picture = {"picture": with_fonts(markup, fonts)}
    with TemporaryDirectory(prefix="archlint-") as folder:         # Typst accepts folders of fonts, not files
        for path in fonts.files:
            shutil.copy(path, folder)
        only_these = Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[folder])
        return bytes(compiled(_PAGE.encode(), format="pdf", sys_inputs=picture, font_paths=only_these))


def fonts_for(markup: str, folders: tuple[Path, ...] | None = None) -> Cast:
    """Return the fonts for the text of an SVG. Fonts for other scripts come from `folders`, or from the system."""
    return cast((unescape(found[4]) for found in _TEXT.finditer(markup)), folders)


def with_fonts(markup: str, fonts: Cast) -> str:
    """Return an SVG that names its fonts. Each part of a text with another font becomes a separate element."""
    named = markup.replace(f"font-family:{FONT}", f'font-family:"{FAMILY}"')
    return _TEXT.sub(lambda found: _in_stretches(found, fonts), named) if fonts.found else named


def _in_stretches(found: re.Match[str], fonts: Cast) -> str:
    style, words = found[1], unescape(found[4])
    stretches = _stretches(words, fonts)
    if all(font is None for font, _ in stretches):
        return found[0]
    size, bold = FONTS[style.split(" ", maxsplit=1)[0]]
    x, parts = float(found[2]), []
    for font, part in stretches:
        family = f' style="font-family:&quot;{font.family}&quot;"' if font is not None else ""
        parts.append(f'<text class="{style}"{family} x="{number(x)}" y="{found[3]}">{xml(part)}</text>')
        x += sum(_advance(character, font, bold) for character in part) * size / 1000
    return "".join(parts)


def _advance(character: str, font: Found | None, bold: bool) -> float:
    if font is None:
        return advance(character, bold) or 0.0
    return font.blank[bold] if character == " " else font.advances.get(character, (0.0, 0.0))[bold]


def _stretches(words: str, fonts: Cast) -> list[tuple[Found | None, str]]:
    """Split words into stretches of one font. Combining marks stay with their letter, spaces with their words."""
    stretches: list[tuple[Found | None, str]] = []
    blanks = ""
    for character in words:
        if unicodedata.category(character) == "Zs":
            blanks += character
            continue
        last = stretches[-1][0] if stretches else None
        font = fonts.font_of(character) if is_drawn(character) else last
        if stretches and font == last:
            stretches[-1] = (last, stretches[-1][1] + blanks + character)
        elif stretches and font is not None:
            stretches[-1:] = [(last, stretches[-1][1] + blanks), (font, character)]
        else:
            stretches.append((font, blanks + character))
        blanks = ""
    return stretches


def _size(markup: str) -> tuple[float, float]:
    found = re.search(r' width="([\d.]+)" height="([\d.]+)"', markup)
    return (float(found[1]), float(found[2])) if found else (1.0, 1.0)
