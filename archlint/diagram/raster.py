"""SVG to PNG by resvg (the wheel `resvg-py`), and to PDF."""

from __future__ import annotations

from archlint.errors import ArchlintError

def png(markup: str, scale: float = 2.0) -> bytes:
    """Return an SVG as PNG."""
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        raise ArchlintError("PNG needs resvg-py, which is not installed", "pip install resvg-py") from None
    return bytes(svg_to_bytes(svg_string=markup, zoom=scale))
