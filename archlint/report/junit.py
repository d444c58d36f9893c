"""The report as JUnit XML, for tools that show test results.

Each system is a suite, and each rule at a place is a case. A finding fails its case. A case is skipped if its finding
is accepted or in the baseline, or if the rule is undecided. A rule without findings passes. A strict baseline is a case
too. JUnit XML has no standard: its elements and attributes here are those that github.com/testmoapp/junitxml lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import msgspec

from archlint.baselined import BaselineUse
from archlint.inputs import InputError
from archlint.report.layout import flat
from archlint.report.options import ReportOptions
from archlint.report.plain import (
    arithmetic,
    certainty_text,
    error_place,
    fix_lines,
    place_text,
    question_text,
    readable,
    relative_path,
)
from archlint.report.spent import spent_groups, spent_text
from archlint.verdicts import Accepted, FileReport, Finding, Location, Report


class _Case(msgspec.Struct, frozen=True):
    """One test case: `outcome` is `failure`, `error`, `skipped`, or empty if it passes."""

    name: str
    family: str
    file: str
    line: int | None = None
    outcome: str = ""
    kind: str = ""
    message: str = ""
    text: str = ""


def render_junit(report: Report, options: ReportOptions | None = None) -> str:
    """Return the report as indented JUnit XML that ends with a line break."""
    root = (options or ReportOptions()).root
    suites = [(relative_path(file.file, root), file.system, list(_cases(file, root))) for file in report.files]
    if report.errors:
        suites.append(("inputs that could not be read", "", [_input(error, root) for error in report.errors]))
    strict = [use for use in report.baselines if use.strict]
    if strict:
        suites.append(("strict baselines", "", [_baseline(use, root) for use in strict]))
    top = Element("testsuites", {"name": "archlint", **_counts(case for *_, cases in suites for case in cases)})
    for name, system, cases in suites:
        suite = SubElement(top, "testsuite", {"name": readable(name), **_counts(cases)})
        if system:
            properties = SubElement(suite, "properties")
            SubElement(properties, "property", {"name": "system", "value": readable(system)})
        for case in cases:
            _write(suite, case)
    indent(top)
    text = tostring(top, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _cases(file: FileReport, root: str) -> Iterator[_Case]:
    name, said = relative_path(file.file, root), set()
    for finding in file.grouped:
        said.add(finding.rule)
        yield _of(finding, name, root, "failure", finding.severity, flat(finding.message), _body(finding, root))
    for known in file.baselined:
        said.add(known.finding.rule)
        why, text = f"in the baseline: {flat(known.finding.message)}", _body(known.finding, root)
        yield _of(known.finding, name, root, "skipped", "baseline", why, text)
    for entry in file.accepted:
        said.add(entry.finding.rule)
        why, text = _why(entry, root), flat(entry.finding.message)
        yield _of(entry.finding, name, root, "skipped", "accepted", why, text)
    for question in file.undecided:
        said.add(question.rule)
        title, here = f"{question.rule} {question.name}: {question.at}", question.location
        path, text, place = relative_path(here.file, root), question_text(question), place_text(here, root)
        yield _Case(title, name, path, here.line, "skipped", "undecided", text, place)
    for rule in file.rules:
        if rule.id not in said:
            yield _Case(f"{rule.id} {rule.name}", name, name)


def _of(finding: Finding, suite: str, root: str, outcome: str, kind: str, message: str, text: str) -> _Case:
    file, line = relative_path(finding.location.file, root), finding.location.line
    # The case of all places of one decision keeps its name when a place comes or goes.
    title = f"{finding.rule} {finding.name}" + (f": {finding.group}" if finding.places else f": {finding.at}")
    return _Case(title, suite, file, line, outcome, kind, message, text)


def _why(entry: Accepted, root: str) -> str:
    until = f" until {flat(entry.until)}" if entry.until else ""
    return f"accepted{until} in {place_text(entry.location, root)}: {flat(entry.reason)}"


def _body(finding: Finding, root: str) -> str:
    lines = [f"{_place(finding.location, root)}: {finding.severity}[{flat(finding.rule)}] {flat(finding.message)}"]
    lines += [f"  {line}" for line in arithmetic(finding, root)]
    lines += [f"  {said}" for said in (certainty_text(finding), flat(finding.suggestion)) if said]
    lines += [f"  {place_text(other.location, root)}: {flat(other.message)}" for other in finding.all_related]
    lines += [f"  {line}" for line in fix_lines(finding.cures)]
    return "\n".join(lines)


def _place(location: Location, root: str) -> str:
    return f"{place_text(location, root)}:{location.column}"


def _input(error: InputError, root: str) -> _Case:
    place = error_place(error)
    file = relative_path(error.file, root)
    line = place[0] if place else None
    name = file or flat(error.message) or "input"
    return _Case(name, "inputs", file, line, "error", "not-read", flat(error.message), flat(error.hint))


def _baseline(use: BaselineUse, root: str) -> _Case:
    """Return the case of a strict baseline: it fails if the baseline has entries that are no longer needed."""
    file = relative_path(use.file, root)
    if not use.spent:
        return _Case("baseline-strict", file, file)
    body = "\n".join(line for head, entries in spent_groups(use) for line in (f"{head}:", *(f"  {e}" for e in entries)))
    return _Case("baseline-strict", file, file, use.line or None, "failure", "baseline", spent_text(use), body)


def _counts(cases: Iterable[_Case]) -> dict[str, str]:
    outcomes = [case.outcome for case in cases]
    names = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    return {"tests": str(len(outcomes)), **{name: str(outcomes.count(word)) for name, word in names.items()}}


def _write(suite: Element, case: _Case) -> None:
    attributes = {"name": case.name, "classname": case.family, "file": case.file}
    if case.line is not None:
        attributes["line"] = str(case.line)
    element = SubElement(suite, "testcase", {key: readable(value) for key, value in attributes.items() if value})
    if case.outcome:
        told = {"message": case.message} if case.outcome == "skipped" else {"message": case.message, "type": case.kind}
        outcome = SubElement(element, case.outcome, {key: readable(value) for key, value in told.items()})
        outcome.text = readable(case.text) or None
