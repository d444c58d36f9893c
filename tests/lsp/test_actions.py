"""Fixes: each is applied to real files, which are checked again."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain
from pathlib import Path

from archlint.api import check_targets
from archlint.linter import Options
from archlint.lsp.actions import Fix, accepted, deciding, suggested
from archlint.source.nodes import Span
from archlint.source.parser import parse
from archlint.verdicts import Finding, OpenQuestion, Report
from tests.conftest import ROOT

MISTAKES = sorted((ROOT / "rules").glob("DOC*/bad-*.yaml"))
BAD = sorted((ROOT / "rules").glob("*/bad-*.yaml"))
FAILING = sorted((ROOT / "examples" / "failing").glob("*.yaml"))
_MEANT = re.compile(r"did you mean `?[^`?]+?`?\?")


def check(path: Path, text: str) -> Report:
    return check_targets((), Options(today="2026-11-29"), (text.encode(), str(path)))


@cache
def read(path: Path) -> tuple[str, Report]:
    text = path.read_bytes().decode()
    return text, check(path, text)


def applied(text: str, fix: Fix) -> str:
    for change in sorted(fix.changes, key=lambda one: one.span, reverse=True):
        text = text[: change.span.start] + change.text + text[change.span.end :]
    return text


def span_of(path: Path, text: str, finding: Finding) -> Span:
    document, at = parse(str(path), text), finding.location
    return Span(document.offset(at.line, at.column), document.offset(at.end_line, at.end_column))


def same(one: Finding, other: Finding) -> bool:
    return (one.rule, one.at, one.location.line) == (other.rule, other.at, other.location.line)


def test_a_suggested_word_resolves_its_finding() -> None:
    """In every example of mistakes in the file itself, where a finding asks `did you mean`."""
    tried = 0
    for path in MISTAKES:
        text, report = read(path)
        for finding in report.findings:
            if not _MEANT.search(finding.suggestion) or finding.location.file != str(path):
                continue
            document = parse(str(path), text)
            fixes = list(suggested(document, span_of(path, text, finding), finding.message, finding.suggestion))
            assert fixes, (path, finding.message, finding.suggestion)
            for fix in fixes:
                after = check(path, applied(text, fix))
                assert not after.errors
                assert not [one for one in after.findings if one.message == finding.message], (path, fix)
                tried += 1
    assert tried > 10


def test_two_words_are_two_fixes() -> None:
    text = "archlint: 1\nmodels: {m: {service_time: '850'}}\ncomponents: {a: {kind: client}}\n"
    finding = next(one for one in check(Path("arch.yaml"), text).findings if "850" in one.message)
    document = parse("arch.yaml", text)
    fixes = list(suggested(document, span_of(Path("arch.yaml"), text, finding), finding.message, finding.suggestion))
    assert [applied(text, fix).split("service_time: ")[1].split("}")[0] for fix in fixes] == ["'850ms'", "'850s'"]
    assert not any(fix.preferred for fix in fixes)


def test_an_acceptance_stays_open_until_its_reason_is_written() -> None:
    """For every finding of the examples: with a reason it is accepted, without one the comment is reported."""
    for path in (*FAILING[::4], *BAD[::24]):
        text, report = read(path)
        for finding in report.findings[:2]:
            place = span_of(path, text, finding)
            fix = accepted(parse(str(path), text), place.start, finding.rule)
            if finding.rule.startswith("DOC") or finding.places[1:] or finding.location.file != str(path):
                continue
            assert fix is not None, (path, finding)
            changed = applied(text, fix)
            here = finding.rule, finding.at
            assert here in [(one.rule, one.at) for one in check(path, changed).findings], (path, finding.message)
            with_reason = check(path, changed.replace(f"accept {finding.rule} -- ", f"accept {finding.rule} -- 시험"))
            assert here in [(one.finding.rule, one.finding.at) for one in with_reason.accepted], (path, finding.message)


def test_an_acceptance_is_a_comment_of_its_own_above_a_line_with_a_comment() -> None:
    text = "a: 1\r\nb:\r\n  c: 1  # why\r\n  d: |\r\n    e\r\n    f\r\n"
    document = parse("a.yaml", text)
    above = accepted(document, text.index("c: 1"), "SRV001")
    assert above is not None
    assert applied(text, above) == text.replace("  c: 1", "  # archlint: accept SRV001 -- \r\n  c: 1")
    behind = accepted(document, 0, "SRV001")
    assert behind is not None
    assert applied(text, behind).startswith("a: 1  # archlint: accept SRV001 -- \r\nb:")
    assert accepted(document, text.index("    f"), "SRV001") is None


SKETCH = """\
archlint: 1
workloads:
  search:
    from: page
    waits: true
    slo: {latency: 80ms}
models:
  ranker:
    parameters: 7B
components:
  page:
    kind: client
    calls:
    - to: api
  api:
    kind: model-server
    serves: [ranker]
    replicas: 2
    reads:
    - to: cache
      timeout: 10ms
  score:
    kind: batch-job
    serves: [ranker]
    schedule: "@daily"
    window: 1h
    writes: [cache]
  cache: {kind: cache}
"""
"""A system of which little is known, mostly one key a line."""


def test_the_commented_fact_changes_nothing_until_it_is_uncommented() -> None:
    """Then the key is stated where it was missing, and the question no longer asks for it."""
    path = Path("arch.yaml")
    report, document = check(path, SKETCH), parse("arch.yaml", SKETCH)
    added: set[str] = set()
    for question in report.undecided:
        for fix in deciding({document.name: document}, question):
            changed = applied(SKETCH, fix)
            assert [one.message for one in check(path, changed).findings] == [one.message for one in report.findings]
            line = fix.changes[0].text.strip()
            if line.startswith("# add"):
                assert line.partition("next line: ")[2] and "cache: {" in changed.partition(line)[2].split("\n")[1]
                continue
            fact = line.removeprefix("# ").partition("   # ")[0]
            keys = (*question.needs, *chain(*question.instead))
            need = next(one for one in keys if one.endswith(fact.partition(":")[0]))
            stated = check(path, changed.replace(line, fact))
            assert not [one for one in stated.findings if one.rule in {"DOC002", "DOC008"}], fact
            assert need not in missing(stated, question), fact
            added.add(need)
    assert {"models.ranker.service_time", "workloads.search.rate", "components.page.calls[0].timeout"} & added
    assert len(added) > 5, added


def missing(report: Report, question: OpenQuestion) -> set[str]:
    """The keys that a rule still needs at a place."""
    same = [one for one in report.undecided if (one.rule, one.at) == (question.rule, question.at)]
    return {need for one in same for need in one.needs}
