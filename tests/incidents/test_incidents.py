"""Public incidents, each as the system was the day before: archlint warns. As it was repaired, archlint says nothing.

The head of each file names its source and what is assumed, and then the findings (`# warns:`) or the repair.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from archlint.config import Config
from archlint.linter import Linter, Options
from archlint.source.files import read_document
from archlint.verdicts import FileReport

FOLDER = Path(__file__).parent
BEFORE = sorted(path for path in FOLDER.glob("*.yaml") if not path.stem.endswith("-repaired"))
EXPECTED = re.compile(r"(?P<rule>[A-Z]+\d{3}) at (?P<at>[^,\s]+)")


@cache
def check(path: Path) -> FileReport:
    return Linter(Config(FOLDER), Options(today="2026-06-30")).lint(read_document(path), path)[0]


def head(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines()[:5] if line.startswith("#")]


def found(path: Path) -> set[tuple[str, str]]:
    return {(finding.rule, finding.at) for finding in check(path).findings}


def test_there_are_eight() -> None:
    assert len(BEFORE) == 8


@pytest.mark.parametrize("path", BEFORE, ids=lambda path: path.stem)
def test_the_day_before_archlint_warns(path: Path) -> None:
    lines = head(path)
    assert any(line.startswith("#   https://") for line in lines)
    assert found(path) == set(EXPECTED.findall(lines[-1]))
    assert all(finding.severity != "info" for finding in check(path).findings)


@pytest.mark.parametrize("path", BEFORE, ids=lambda path: path.stem)
def test_after_the_repair_archlint_is_silent(path: Path) -> None:
    repaired = path.with_name(f"{path.stem}-repaired.yaml")
    assert head(repaired)[-1].startswith("# repaired: ")
    assert found(repaired) == set()
