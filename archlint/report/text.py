"""The report for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.report.finding import FindingWriter
from archlint.report.layout import Ink, flat, hanging
from archlint.report.options import TextOptions
from archlint.report.spent import overdue
from archlint.report.summary import (
    accepted_lines,
    baseline_lines,
    pattern_lines,
    statistics_lines,
    summary_lines,
    undecided_lines,
)
from archlint.verdicts import FileReport, Finding, InputError, Report, Severity

LEAST_WIDTH = 40


def render_text(report: Report, options: TextOptions) -> str:
    r"""Return the whole report as text that ends with a line break; empty where there is nothing to say.

    Nothing is wider than `options.width` columns (at least 40) but places after `-->`: they stay whole, so
    that a terminal can open them.

    >>> from archlint.verdicts import FileReport
    >>> render_text(Report((FileReport("arch.yaml", "shop", (), (), rules_run=28),)), TextOptions())
    'All clear in 1 file (28 rules).\n'
    """
    ink = Ink(options.color)
    width = max(LEAST_WIDTH, options.width)
    writer = FindingWriter(width, ink)
    blocks = [_error_lines(error, width, ink) for error in report.errors]
    for file in report.files:
        blocks += _finding_blocks(file, writer)
    if options.undecided and report.files:
        blocks.append(undecided_lines(report, width, ink))
    if options.patterns:
        blocks.append(pattern_lines(report, width, ink))
    if options.accepted and report.files:
        blocks.append(accepted_lines([entry for file in report.files for entry in file.accepted], width, ink))
    if options.statistics:
        blocks.append(statistics_lines(report, width, ink))
    if options.quiet:
        # What fails the check is said even so: else nothing would say why.
        blocks.append(baseline_lines(overdue(report), width, ink))
    else:
        blocks.append(summary_lines(report, width, ink, not options.statistics, not options.undecided))
    text = "\n\n".join("\n".join(block) for block in blocks if block)
    return text + "\n" if text else ""


def _error_lines(error: InputError, width: int, ink: Ink) -> list[str]:
    lines = hanging("error: ", flat(error.message), width, 4)
    if error.hint:
        lines += hanging("  hint: ", flat(error.hint), width)
    if ink.on:
        lines[0] = ink("error", "error") + lines[0][len("error") :]
        lines[-1] = lines[-1].replace("hint", ink("hint", "help"), 1) if error.hint else lines[-1]
    return lines


def _finding_blocks(file: FileReport, writer: FindingWriter) -> Iterator[list[str]]:
    """Write each finding in full; of those that share a cause the worst, and the others below it shortly."""
    same: dict[str, list[Finding]] = {}
    for finding in file.findings:
        if finding.cause:
            same.setdefault(finding.cause, []).append(finding)
    worst = {cause: max(group, key=lambda one: Severity(one.severity).rank) for cause, group in same.items()}
    for finding in file.findings:
        if finding.cause and worst[finding.cause] is not finding:
            continue
        yield writer.full(finding, file.sources)
        for other in same.get(finding.cause, ()):
            if other is not finding:
                yield writer.short(other, finding)
