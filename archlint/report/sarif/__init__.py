"""The report as SARIF 2.1.0 (OASIS standard), within the limits of GitHub's code scanning.

Columns count Unicode code points. The same files and rules give the same bytes.
"""

from archlint.report.sarif.log import render_alerts, render_sarif

__all__ = ["render_alerts", "render_sarif"]
