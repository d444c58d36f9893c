"""The benchmark of the simulator runs from end to end on few requests; times are not tested."""

from __future__ import annotations

import pytest

from benchmarks.simulate import EXACT, SUBJECTS, accuracy, exact_values, speed
from benchmarks.tables import BEGIN, END
from tests.conftest import ROOT


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_every_simulator_is_measured_and_finds_about_the_same() -> None:
    found = rows(speed(4000, 1))
    assert [row[0] for row in found] == [name for name, _, _ in SUBJECTS]
    assert found[0][4] == "1.0"
    assert all(3 < float(row[5]) < 15 for row in found)


def test_exact_values_are_those_of_the_tables() -> None:
    for (servers, busy), wait in zip(EXACT, (1, 1.2857142857, 0.7455405897, 0.8769162377, 0.1837534162), strict=True):
        mean, p99 = exact_values(servers, busy)
        assert mean - 1 == pytest.approx(wait, abs=1e-9)
        assert p99 > mean
    assert len(rows(accuracy(20_000))) == 2 * len(EXACT)


def test_the_page_has_results() -> None:
    page = (ROOT / "docs" / "simulation.md").read_text(encoding="utf-8")
    measured = page.partition(BEGIN)[2].partition(END)[0]
    assert "| archlint, NumPy" in measured
    assert "| M/M/64 at 95% " in measured
