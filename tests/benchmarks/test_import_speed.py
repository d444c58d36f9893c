"""The manifests that the benchmark of the import generates, and its tables."""

from __future__ import annotations

from pathlib import Path

from archlint.importers.importing import import_files
from archlint.targets import deployment_files
from benchmarks.import_speed import ARCHLINT, SIZES, Results, render, write_manifests
from benchmarks.processes import Measured, Run


def test_generated_manifests_are_services_that_call_each_other(tmp_path: Path) -> None:
    paths, root = deployment_files([write_manifests(tmp_path / "m", 80)])
    shown: list[int] = []
    found = import_files(paths, root, progress=shown.append)
    assert len(paths) == 80
    components = found.draft.components
    assert len([one for one in components.values() if one.unit.image is not None]) == 40
    assert [relation.target for relation in components["s3"].relations] == ["s23"]
    assert (len(found.sources), found.left_out, found.errors) == (80, [], [])
    assert shown == [*range(80), 80]


def test_the_tables_state_ratios_growth_and_what_is_missing() -> None:
    sizes = {size: Measured((Run(size / 500, size / 1000, 50_000_000, ""),)) for size in SIZES}
    other = Measured((Run(8.0, 6.0, 9_000_000, ""),))
    text = render(Results(sizes, {ARCHLINT: sizes[2000], "yamllint": other}, {"checkov": "cannot be installed: no wheel"}))
    row = next(line for line in text.split("\n") if "yamllint" in line)
    assert [cell.strip() for cell in row.strip("|").split("|")] == ["yamllint", "style of YAML", "4.00", "3.00", "9", "3.0 ×"]
    assert "The exponent of the CPU time is 1.00" in text
    assert "Not measured: checkov: cannot be installed: no wheel" in text
