"""The report as SARIF 2.1.0 (OASIS standard), within the limits of GitHub's code scanning.

Columns count Unicode code points. Nothing in it changes from run to run but what the files and the rules change.
"""

from archlint.report.sarif.log import render_alerts, render_sarif

__all__ = ["render_alerts", "render_sarif"]
