"""All that is printed for people has one width: that of the terminal, from 40 to 140 columns."""

from __future__ import annotations

import re
from functools import cache
from io import StringIO

import pytest

from archlint.api import check_targets
from archlint.cli.app import COMMANDS, run_app
from archlint.cli.terminal import error_text
from archlint.errors import ArchlintError, UsageError
from archlint.linter import Options
from archlint.packs import shipped_packs
from archlint.reference.running import start
from archlint.report.layout import columns_of, words_of
from archlint.report.options import TextOptions
from archlint.report.text import render_text
from archlint.verdicts import Report
from tests.conftest import ROOT

WIDTHS = {40: 40, 80: 80, 200: 140}
"""The columns of the terminal, and those that are used."""
PAGES = [
    "--help", *(f"{name} --help" for name in COMMANDS), "rules", "patterns", "technologies", "reference", "explain SRV001",
    "explain component", "explain keys", "patterns web-single",
]  # fmt: skip
FAILING = sorted(ROOT.glob("examples/failing/*.yaml"))


@cache
def checked() -> Report:
    """The report on all failing examples."""
    return check_targets(FAILING, Options())


def examples() -> set[str]:
    """The lines of the YAML examples of all rules, which are printed as they are."""
    texts = (file.read_text() for pack in shipped_packs() for kind in ("bad", "good") for file in pack.examples(kind))
    return {line.partition("#")[0].strip() for text in texts for line in text.splitlines()}


def too_wide(text: str, width: int) -> list[str]:
    """The lines wider than the width, apart from those of one word and of an option with its choices."""
    wide = [line for line in text.split("\n") if columns_of(line) > width]
    return [line for line in wide if len(words_of(line.strip(" ->:"))) > 1 and not re.fullmatch(r" +--\w+ \[\S+\]", line)]


@pytest.mark.parametrize("columns", WIDTHS)
def test_every_page_and_table_keeps_to_the_width(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    known = examples()
    for page in PAGES:
        run_app(page.split())
        text = capsys.readouterr().out
        wide = [line for line in too_wide(text, WIDTHS[columns]) if line.partition("#")[0].strip() not in known]
        assert wide == [], page


def test_long_texts_use_all_of_a_wide_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    for page in ("check --help", "patterns", "technologies", "reference", "explain SRV001", "explain component"):
        run_app(page.split())
        assert 120 < max(map(columns_of, capsys.readouterr().out.split("\n"))) <= 140, page


@pytest.mark.parametrize("columns", [40, 80])
def test_findings_keep_to_the_width_and_break_no_name(columns: int) -> None:
    report = checked()
    text = render_text(report, TextOptions(width=columns, verbose=True, all=True, undecided=True))
    assert too_wide(text, columns) == []
    words = set(text.split())
    for finding in report.findings:
        for term in finding.terms:
            assert set(term.label.split()) <= words, finding.rule


@pytest.mark.parametrize("columns", [40, 80])
def test_no_line_of_a_report_breaks_a_number_from_its_unit(columns: int) -> None:
    text = render_text(checked(), TextOptions(width=columns, verbose=True, all=True))
    lines = [line.strip() for line in text.split("\n")]
    assert not [line for line in lines if line.split(" ")[0] in {"%", "%)", "ms", "ms)", "GB", "h", "min"}]


class Terminal(StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_errors_are_wrapped_for_a_terminal_and_whole_in_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "a/long/path/" * 8 + "arch.yaml"
    error = ArchlintError(f"{name}: the value of this key has no unit", "write one of the units that the docs list, such as 20ms")
    assert error_text(error) == f"error: {error.full_text}"
    monkeypatch.setenv("COLUMNS", "40")
    assert error_text(error) == f"error: {error.full_text}", "COLUMNS is set in many a log too"
    monkeypatch.setattr("sys.stderr", Terminal())
    text = error_text(error)
    first, *rest = text.splitlines()
    assert first == f"error: {name}:" and too_wide("\n".join(rest), 40) == []
    assert text.split() == f"error: {error.full_text}".split()


def test_missing_libraries_are_counted_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    from archlint.reference import implementation_named, running

    monkeypatch.setattr(running, "_installed", lambda _: False)
    with pytest.raises(UsageError) as caught:
        start(implementation_named("web-single"), ())
    assert len(caught.value.message) < 120
    assert " more" in caught.value.message
