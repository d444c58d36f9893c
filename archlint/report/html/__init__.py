"""The report as one HTML file that asks nothing of any server."""

from archlint.report.html.page import render_html

__all__ = ["render_html"]
