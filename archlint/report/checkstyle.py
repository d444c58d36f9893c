"""The report as Checkstyle XML, for reviewdog, Jenkins (warnings-ng) and other readers of that format.

Checkstyle writes a `file` with a `name`, and in it an `error` with `line`, `column`, `severity` (error, warning, info),
`message` and `source` for each violation (checkstyle.org, XMLLogger). Jenkins reads the last part of `source` as the
type. The format has no state for findings that are accepted, undecided or in the baseline: only the others are written.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from archlint.report.layout import flat
from archlint.report.options import ReportOptions
from archlint.report.plain import error_place, fix_lines, place_lines, readable, relative_path, without_place
from archlint.report.spent import overdue, spent_text
from archlint.verdicts import Finding, Report


def render_checkstyle(report: Report, options: ReportOptions | None = None) -> str:
    """Return the findings as indented XML that ends with a line break; the most severe file comes first."""
    root = (options or ReportOptions()).root
    top = Element("checkstyle", {"version": "4.3"})
    files: dict[str, Element] = {}

    def add(name: str, line: int, column: int, severity: str, source: str, message: str) -> None:
        file = files.get(name)
        if file is None:
            file = files[name] = SubElement(top, "file", {"name": readable(relative_path(name, root)) or "."})
        said = {"line": str(line), "column": str(column), "severity": severity, "message": readable(message)}
        SubElement(file, "error", {**said, "source": readable(f"archlint.{source}")})

    for error in report.errors:
        line, column = error_place(error) or (1, 1)
        hint = f" ({flat(error.hint)})" if error.hint else ""
        add(error.file, line, column, "error", "input-not-read", f"{flat(without_place(error))}{hint}")
    for finding in report.findings:
        here = finding.location
        add(here.file, here.line, here.column, finding.severity, flat(finding.rule), _message(finding, root))
    for use in overdue(report):
        add(use.file, use.line or 1, 1, "error", "baseline-strict", spent_text(use))
    indent(top)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(top, encoding="unicode")}\n'


def _message(finding: Finding, root: str) -> str:
    """Return message, places, suggestion and fixes on one line, because readers show only the message."""
    message = flat(finding.message)
    said = [part for part in (*place_lines(finding, root), flat(finding.suggestion), *fix_lines(finding.cures)) if part]
    return f"{message} ({'; '.join(said)})" if said else message
