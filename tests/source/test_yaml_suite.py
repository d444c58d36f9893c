"""The reader against the official test suite of YAML, and against libyaml alone."""

from __future__ import annotations

import pytest

from benchmarks.yaml_suite import MARKS, Case, Outcome, by_archlint, compare, report, unexplained
from tests.conftest import ROOT
from tests.tools import yaml_test_suite

Row = tuple[Case, Outcome, Outcome]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return compare(yaml_test_suite())


def test_no_case_is_read_worse_than_by_libyaml_without_a_reason(rows: list[Row]) -> None:
    assert len(rows) > 400
    assert unexplained(rows) == []


def test_what_is_refused_has_a_reason_and_most_have_a_place(rows: list[Row]) -> None:
    said = [ours.said for _, _, ours in rows if ours.verdict == "refused"]
    assert all(said)
    placed = [text for text in said if text.startswith("case.yaml:")]
    assert all(text.split(":")[1].isdecimal() and text.split(":")[2].isdecimal() for text in placed)


def test_the_page_is_current(rows: list[Row]) -> None:
    page = (ROOT / "docs" / "yaml-suite.md").read_text(encoding="utf-8")
    assert page.partition(MARKS[0])[2].partition(MARKS[1])[0].strip() == report(rows).strip()


def test_a_worse_case_would_be_reported() -> None:
    case = Case("a", "a: 1", True, ({"a": 2},))
    assert unexplained([(case, Outcome("right"), by_archlint(case))]) == ["a: libyaml right, archlint another value"]
