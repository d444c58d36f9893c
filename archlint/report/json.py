"""The report for programs: JSON with a versioned contract, and the JSON Schema of that contract."""

from __future__ import annotations

from collections import Counter

import msgspec

from archlint.report.contract import (
    VERSION,
    JsonAcceptance,
    JsonBaseline,
    JsonCure,
    JsonEntry,
    JsonError,
    JsonFile,
    JsonFinding,
    JsonHint,
    JsonMissingFact,
    JsonMistake,
    JsonNext,
    JsonPattern,
    JsonPlace,
    JsonRelated,
    JsonReport,
    JsonSeverities,
    JsonSummary,
    JsonTerm,
    JsonUndecided,
)
from archlint.report.next import next_steps
from archlint.report.undecided import missing_facts
from archlint.schemas import schema_of
from archlint.verdicts import (
    Accepted,
    Finding,
    OpenQuestion,
    RecognisedPattern,
    Report,
    ShownPlace,
    ShownRelated,
    ShownTerm,
)

_MOST_FACTS = 10


def render_json(report: Report) -> str:
    r"""Return the whole report as indented JSON that ends with a line break.

    >>> render_json(Report(())).startswith('{\n  "version": 1,\n  "findings": [],')
    True
    """
    return encoded(_document(report))


def encoded(document: msgspec.Struct) -> str:
    """Return a document as indented JSON that ends with a line break."""
    try:
        data = msgspec.json.encode(document)
    except UnicodeEncodeError:
        # File names may be invalid Unicode; JSON must be valid.
        data = msgspec.json.encode(_encodable(msgspec.to_builtins(document)))
    return msgspec.json.format(data, indent=2).decode() + "\n"


def report_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of what `render_json` writes."""
    return schema_of(JsonReport, "archlint report, version 1")


def _document(report: Report) -> JsonReport:
    files = report.files
    return JsonReport(
        version=VERSION,
        findings=[json_finding(found, file.file, file.system) for file, found in report.ordered],
        undecided=[_undecided(question, file.file, file.system) for file in files for question in file.undecided],
        accepted=[
            json_finding(entry.finding, file.file, file.system, _acceptance(entry))
            for file in files
            for entry in file.accepted
        ],
        baselined=[
            json_finding(known.finding, file.file, file.system, baseline=JsonBaseline(known.fingerprint, known.was))
            for file in files
            for known in file.baselined
        ],
        spent=[
            JsonEntry(use.file, entry.file, entry.rule, entry.at, entry.count, state)
            for use in report.baselines
            for state, entries in (("healed", use.healed), ("accepted", use.accepted))
            for entry in entries
        ],
        patterns=[_pattern(found, file.file, file.system) for file in files for found in file.patterns],
        hints=[_hint(hint, file.file, file.system) for file in files for hint in file.hints],
        errors=[JsonError(e.message, e.hint, e.file, e.line, e.column) for e in report.errors],
        files=[JsonFile(file.file, file.system, file.rules_run, list(file.imported)) for file in files],
        summary=_summary(report),
    )


def json_finding(
    finding: Finding, root: str, system: str, acceptance: JsonAcceptance | None = None,
    baseline: JsonBaseline | None = None,
) -> JsonFinding:  # fmt: skip
    """Return a finding as the report writes it; `root` is the file that was checked, with the name of its system."""
    here = finding.location
    return JsonFinding(
        rule=finding.rule,
        name=finding.name,
        severity=finding.severity,
        certainty=finding.certainty,
        at=finding.at,
        file=here.file,
        line=here.line,
        column=here.column,
        end_line=here.end_line,
        end_column=here.end_column,
        message=finding.message,
        terms=[_term(term) for term in finding.terms],
        related=[_related(other) for other in finding.all_related],
        cures=[
            JsonCure(cure.pattern, cure.title, cure.text, cure.docs, cure.reference) for cure in finding.cures
        ],
        suggestion=finding.suggestion,
        fingerprint=finding.fingerprint,
        docs=finding.docs,
        cause=finding.cause,
        band=finding.band,
        acceptance=acceptance,
        baseline=baseline,
        root=root,
        system=system,
        path=[_related(step) for step in finding.path],
        loss=finding.loss,
        places=[_place(place) for place in finding.all_places],
    )


def _place(place: ShownPlace) -> JsonPlace:
    there = place.location
    return JsonPlace(
        place.at, place.message, place.fingerprint, there.file, there.line, there.column, there.end_line,
        there.end_column,
    )  # fmt: skip


def _term(term: ShownTerm) -> JsonTerm:
    said = term.location
    return JsonTerm(
        name=term.name,
        label=term.label,
        value=term.value,
        unit=term.unit,
        text=term.text,
        origin=term.origin,
        note=term.note,
        limit=term.limit,
        file=said.file if said else None,
        line=said.line if said else None,
        column=said.column if said else None,
        end_line=said.end_line if said else None,
        end_column=said.end_column if said else None,
    )


def _related(other: ShownRelated) -> JsonRelated:
    there = other.location
    return JsonRelated(
        other.at, other.message, there.file, there.line, there.column, there.end_line, there.end_column
    )


def _undecided(question: OpenQuestion, root: str, system: str) -> JsonUndecided:
    here = question.location
    return JsonUndecided(
        rule=question.rule,
        name=question.name,
        at=question.at,
        needs=list(question.needs),
        instead=[list(keys) for keys in question.instead],
        needs_total=question.needs_total,
        file=here.file,
        line=here.line,
        column=here.column,
        end_line=here.end_line,
        end_column=here.end_column,
        because=question.because,
        root=root,
        system=system,
        family=question.family,
        unread=list(question.unread),
        mistakes=[
            JsonMistake(one.file, one.line, one.column, one.end_line, one.end_column) for one in question.mistakes
        ],
    )


def _acceptance(entry: Accepted) -> JsonAcceptance:
    said = entry.location
    return JsonAcceptance(
        entry.reason, entry.until, said.file, said.line, said.column, said.end_line, said.end_column
    )


def _hint(hint: ShownRelated, root: str, system: str) -> JsonHint:
    there = hint.location
    return JsonHint(
        root, system, hint.at, hint.message, there.file, there.line, there.column, there.end_line, there.end_column
    )


def _pattern(found: RecognisedPattern, root: str, system: str) -> JsonPattern:
    roles = {role: list(names) for role, names in found.roles.items()}
    return JsonPattern(found.pattern, found.workload, roles, root, system)


def _summary(report: Report) -> JsonSummary:
    findings = report.findings
    severities = Counter(finding.severity for finding in findings)
    facts = [fact for fact in missing_facts(report) if fact.key]
    return JsonSummary(
        files=len(report.files),
        findings=len(findings),
        places=sum(len(finding.all_places) for finding in findings),
        by_severity=JsonSeverities(severities["error"], severities["warning"], severities["info"]),
        by_rule=dict(sorted(Counter(finding.rule for finding in findings).items())),
        undecided=len(report.undecided),
        accepted=sum(len(file.accepted) for file in report.files),
        baselined=sum(len(file.baselined) for file in report.files),
        spent=sum(use.spent for use in report.baselines),
        errors=len(report.errors),
        skipped=report.skipped,
        most_decisive=[
            JsonMissingFact(fact.file, fact.key, list(fact.rules), len(fact.questions), fact.alone)
            for fact in facts[:_MOST_FACTS]
        ],
        next=[JsonNext(step.file, step.write, step.why, list(step.families)) for step in next_steps(report)],
    )


def _encodable(value: object) -> object:
    """Spell out the characters that UTF-8 cannot hold, in plain data."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list | tuple):
        return [_encodable(item) for item in value]
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    return value
