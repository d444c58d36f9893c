"""The fuzz command: it finds what it looks for, and today it finds nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from archlint.api import Linters
from archlint.linter import Options
from archlint.report import FORMATS
from archlint.report.options import ReportOptions
from archlint.verdicts import Report
from benchmarks.fuzz import Limits, damaged, main, trouble

LIMITS = Limits(seconds=20, memory=500_000_000, draw=20, numbers=4)
GOOD = "archlint: 1\ncomponents: {a: {kind: client, calls: [b]}, b: {kind: service}}\n"


def test_a_number_is_always_the_same_text_and_numbers_differ() -> None:
    texts = [damaged(number) for number in range(50)]
    assert texts == [damaged(number) for number in range(50)]
    assert len(set(texts)) > 45


def test_a_hundred_inputs_have_no_defect(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["--inputs", "100", "--keep", str(tmp_path / "kept")])
    assert (done.exit_code, "100 inputs" in done.output) == (0, True)
    assert not (tmp_path / "kept").exists()


def _crashes(report: Report, options: ReportOptions) -> str:
    raise ZeroDivisionError


def _no_number(report: Report, options: ReportOptions) -> str:
    return '{"loss": NaN}'


@pytest.mark.parametrize(("write", "kind"), [(_crashes, "ZeroDivisionError at test_fuzz.py"), (_no_number, "ValueError at")])
def test_a_format_that_fails_is_a_defect(monkeypatch: pytest.MonkeyPatch, write: object, kind: str) -> None:
    for name in FORMATS:
        monkeypatch.setitem(FORMATS, name, write)
    linters = Linters(Options(isolated=True))
    found = [trouble(number, GOOD, linters, LIMITS) for number in range(12)]
    assert any(defect is not None and defect.kind.startswith(kind) for defect in found)


def test_a_slow_input_is_a_defect() -> None:
    found = trouble(1, GOOD, Linters(Options(isolated=True)), Limits(seconds=0, memory=500_000_000, draw=0, numbers=0))
    assert found is not None
    assert found.kind == "too slow"
