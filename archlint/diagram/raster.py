"""SVG to PNG by resvg (the wheel `resvg-py`) and to PDF by Typst (the wheel `typst`, in the extra `pdf`)."""

from __future__ import annotations

import re
from math import sqrt
from typing import Final

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
