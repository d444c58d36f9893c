"""The report as one HTML file that loads nothing from a server."""

from archlint.report.html.page import render_html
from archlint.report.html.picture import render_picture

__all__ = ["render_html", "render_picture"]
