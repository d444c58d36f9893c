"""A sketch of each passing example: names, kinds and relations alone raise no warning and few questions."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from random import Random

import pytest

from archlint import Config, FileReport, Report
from archlint.analysis.described import family_of
from archlint.linter import Linter
from archlint.report.options import TextOptions
from archlint.report.text import render_text
from archlint.source.parser import parse as parse_document
from tests.conftest import ROOT
from tests.examples.stripping import dump, parse, sketch, spelt, unknown_when_absent, without_all

EXAMPLES = ROOT / "examples"
PASSING = sorted((EXAMPLES / "passing").glob("*.yaml"))


@cache
def _linter() -> Linter:
    return Linter(Config(EXAMPLES))


@cache
def _sketched(path: Path) -> FileReport:
    text = dump(sketch(parse(path.read_text(encoding="utf-8"))))
    return _linter().lint(parse_document("sketch.yaml", text), None)[0]


@pytest.mark.parametrize("path", PASSING, ids=lambda path: path.stem)
def test_a_sketch_raises_no_warning(path: Path) -> None:
    warned = [(f.rule, f.at, f.message) for f in _sketched(path).findings if f.severity != "info"]
    assert warned == []


@pytest.mark.parametrize("path", PASSING, ids=lambda path: path.stem)
def test_the_summary_of_a_sketch_names_at_most_five_things_the_most_decisive_first(path: Path) -> None:
    report = _sketched(path)
    said = _next(report)
    assert 1 <= len(said) <= 5
    weights = [_weight(report, key) for key in said]
    assert weights == sorted(weights, reverse=True)
    families = {question.family for question in report.undecided if question.family}      # each is one step
    others = {key for question in report.undecided for key in question.needs if family_of(key) not in families} - set(said)
    assert all(_weight(report, key) <= weights[-1] for key in others)


@pytest.mark.parametrize("path", PASSING, ids=lambda path: path.stem)
def test_on_the_way_from_the_sketch_to_the_whole_file_no_true_fact_raises_a_warning(path: Path) -> None:
    """Whatever part of the unknown facts a team has stated so far, archlint asks instead of guessing."""
    whole = parse(path.read_text(encoding="utf-8"))
    facts = list(unknown_when_absent(whole))
    lot = Random(path.stem)
    for share in (0.2, 0.5, 0.8, 0.9):
        left_out = [keys for keys in facts if lot.random() < share]
        text = dump(without_all(whole, left_out))
        report = _linter().lint(parse_document("partly.yaml", text), None)[0]
        warned = [(f.rule, f.at, f.message) for f in report.findings if f.severity != "info"]
        assert warned == [], [spelt(keys) for keys in left_out]


def _next(report: FileReport) -> list[str]:
    """The keys that the summary of the text report names, in its order."""
    text = render_text(Report(files=(report,)), TextOptions(width=100))
    _, _, said = text.partition("Add these facts; the first decides most")
    assert said, text
    lines = said.replace("\n      ", " ")            # a sentence may go on in the next line
    return re.findall(r"^  (?:The file mentions no .*`(?=described))?([a-z][^ :]*)", lines, re.MULTILINE)


def _weight(report: FileReport, key: str) -> tuple[int, int]:
    """How many questions need a key, and how many of them need no other."""
    needing = [question for question in report.undecided if key in question.needs]
    return len(needing), sum(question.needs_total == 1 for question in needing)
