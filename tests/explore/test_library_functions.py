"""The library's `whatif`, `sweep` and `sensitivity`: what they take, return and refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

import archlint
from archlint import Cell, Quantity, UsageError

TEXT = """
archlint: 1
system: shop
workloads: {search: {from: page, rate: 60/s}}
components:
  page: {kind: client, calls: [api]}
  api: {kind: service, service_time: 20ms, replicas: 2, workers: 1}
"""
BUSY = ("components.api", "utilisation")


def test_whatif_takes_a_file_and_returns_numbers_facts_and_findings(tmp_path: Path) -> None:
    file = tmp_path / "arch.yaml"
    file.write_text(TEXT, encoding="utf-8")
    found = archlint.whatif(file, ["components.api.replicas=1"])
    busy = found.after.numbers.flat()[BUSY]
    assert isinstance(busy, Quantity) and busy.value == pytest.approx(1.2)
    assert {one.rule for one in found.after.report.findings} - {one.rule for one in found.before.report.findings} >= {"CAP001"}
    assert [system.system for system in found.difference.systems] == ["shop"]
    assert file.read_text(encoding="utf-8") == TEXT


def test_whatif_of_nothing_is_empty_and_of_a_wrong_path_an_error() -> None:
    assert archlint.whatif(TEXT, ["components.api.replicas=2"]).is_empty
    with pytest.raises(UsageError, match="nothing to change"):
        archlint.whatif(TEXT, [])
    with pytest.raises(UsageError, match="ranker"):
        archlint.whatif(TEXT, ["components.ranker.replicas=2"])
    with pytest.raises(UsageError):
        archlint.whatif(TEXT, ["components.api.replicas=many"])


def test_sweep_returns_a_row_for_each_combination_and_reports_its_progress() -> None:
    done: list[int] = []
    found = archlint.sweep(TEXT, ["components.api.replicas=2..3", "workloads.search.rate=30/s,60/s"], seen=done.append)
    assert [row.values for row in found.rows] == [("2", "30/s"), ("2", "60/s"), ("3", "30/s"), ("3", "60/s")]
    assert [axis.path for axis in found.axes] == ["components.api.replicas", "workloads.search.rate"]
    cells = [row.numbers[BUSY] for row in found.rows]
    assert all(isinstance(cell, Cell) for cell in cells)
    assert [cell.value for cell in cells] == pytest.approx([0.3, 0.6, 0.2, 0.4])
    assert done == [1, 2, 3, 4]


def test_sensitivity_finds_the_rate_at_which_the_service_is_full() -> None:
    found = archlint.sensitivity(TEXT, only="workloads", factor=3)
    (change,) = [one for one in found.changes if ("CAP001", "components.api.replicas") in one.appear]
    assert (change.path, change.stated) == ("workloads.search.rate", "60/s")
    assert change.factor == pytest.approx(100 / 60, rel=0.02)
    for factor in (1.0, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="factor"):
            archlint.sensitivity(TEXT, factor=factor)


def test_a_configuration_applies(tmp_path: Path) -> None:
    (tmp_path / "archlint.toml").write_text('ignore = ["CAP001"]\n', encoding="utf-8")
    plain = archlint.whatif(TEXT, ["components.api.replicas=1"])
    assert "CAP001" in {one.rule for one in plain.after.report.findings}
    ruled = archlint.whatif(TEXT, ["components.api.replicas=1"], config=tmp_path / "archlint.toml")
    assert "CAP001" not in {one.rule for one in ruled.after.report.findings}
