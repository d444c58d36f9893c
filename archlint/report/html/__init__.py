"""The report as one HTML file that loads nothing from a server."""

from archlint.report.html.page import render_html

__all__ = ["render_html"]
