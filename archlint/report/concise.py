"""The report with one line per finding, for editors and grep: `file:line:column: SEVERITY RULE message`."""

from __future__ import annotations

from archlint.inputs import InputError
from archlint.report.layout import flat
from archlint.report.options import ReportOptions
from archlint.report.plain import error_place, relative_path, without_place
from archlint.report.spent import overdue, spent_text
from archlint.verdicts import Report


def render_concise(report: Report, options: ReportOptions | None = None) -> str:
    """Return a line for each input that could not be read, for each finding, and for each baseline that fails."""
    root = (options or ReportOptions()).root
    lines = [_of_error(error, root) for error in report.errors]
    for finding in report.findings:
        here = finding.location
        place = f"{flat(relative_path(here.file, root))}:{here.line}:{here.column}"
        lines.append(f"{place}: {finding.severity} {flat(finding.rule)} {flat(finding.message)}")
    for use in overdue(report):
        place = f"{flat(relative_path(use.file, root))}:{use.line or 1}:1"
        lines.append(f"{place}: error baseline-strict {spent_text(use)}")
    return "".join(f"{line}\n" for line in lines)


def _of_error(error: InputError, root: str) -> str:
    line, column = error_place(error) or (1, 1)
    file = flat(relative_path(error.file, root)) if error.file else "archlint"
    return f"{file}:{line}:{column}: error input-not-read {flat(without_place(error))}"
