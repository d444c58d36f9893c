"""The report for people at a terminal."""

from __future__ import annotations

from archlint.inputs import InputError
from archlint.report.finding import FindingWriter
from archlint.report.layout import Ink, flat, hanging, plural
from archlint.report.options import TextOptions
from archlint.report.spent import overdue
from archlint.report.summary import (
    accepted_lines,
    baseline_lines,
    pattern_lines,
    rule_lines,
    statistics_lines,
    summary_lines,
    undecided_lines,
)
from archlint.verdicts import Finding, Report

LEAST_WIDTH = 40
MOST_SHOWN = 10
"""Findings that are shown in full without `--all`."""


def render_text(report: Report, options: TextOptions) -> str:
    r"""Return the report as text that ends with a line break; empty if there is nothing to report.

    No line is wider than `options.width` columns (at least 40). Only places after `-->` are never wrapped, so
    that a terminal can open them.

    >>> from archlint.verdicts import FileReport
    >>> render_text(Report((FileReport("arch.yaml", "shop", (), (), rules_run=28),)), TextOptions())
    'All clear in 1 file (28 rules).\n'
    """
    ink = Ink(options.color, options.links)
    width = max(LEAST_WIDTH, options.width)
    most = None if options.all else MOST_SHOWN
    found, left = _finding_blocks(report, FindingWriter(width, ink, options.verbose), most)
    blocks = [*(_error_lines(error, width, ink) for error in report.errors), *found, _left_lines(left, width, ink)]
    if options.undecided and report.files:
        blocks.append(undecided_lines(report, width, ink))
    if options.patterns:
        blocks.append(pattern_lines(report, width, ink))
    if options.accepted and report.files:
        blocks.append(accepted_lines([entry for file in report.files for entry in file.accepted], width, ink))
    if options.statistics:
        blocks.append(statistics_lines(report, width, ink))
    if options.quiet:
        # A baseline that fails the check is still reported: nothing else explains the exit status.
        blocks.append(baseline_lines(overdue(report), width, ink))
    else:
        by_rule = not options.statistics and not left
        blocks.append(summary_lines(report, width, ink, by_rule, not options.undecided))
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


def _finding_blocks(report: Report, writer: FindingWriter, most: int | None) -> tuple[list[list[str]], list[Finding]]:
    """Write the first `most` findings (all for None), and return the others.

    After each finding, the others of its file with the same cause follow: in short form if they have no arithmetic of
    their own.
    """
    same: dict[tuple[str, str], list[Finding]] = {}
    ordered = report.ordered
    for file, finding in ordered:
        if finding.cause:
            same.setdefault((file.file, finding.cause), []).append(finding)
    blocks: list[list[str]] = []
    left: list[Finding] = []
    for file, finding in ordered:
        group = same[file.file, finding.cause] if finding.cause else [finding]
        if group[0] is not finding:
            continue
        room = len(group) if most is None else max(0, most - len(blocks))
        left += group[room:]
        for other in group[:room]:
            repeats = other is not finding and _adds_no_term(other, finding)
            blocks.append(writer.short(other, finding) if repeats else writer.full(other, file.sources))
    return blocks, left


def _adds_no_term(other: Finding, first: Finding) -> bool:
    """Whether the arithmetic of a finding is all in that of another one."""
    return {(term.label, term.text) for term in other.terms} <= {(term.label, term.text) for term in first.terms}


def _left_lines(left: list[Finding], width: int, ink: Ink) -> list[str]:
    """Count the findings that are not shown, by severity and rule, and name the option that shows them."""
    if not left:
        return []
    verb = "is" if len(left) == 1 else "are"
    title = hanging("", f"{plural(len(left), 'more finding')} {verb} not shown; --all shows all:", width)
    return [*(ink(line, "strong") for line in title), *rule_lines(left, width, ink)]
