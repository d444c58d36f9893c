"""What a check of deployment files says, a check of the file that an import writes says too."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from archlint.api import check_targets
from archlint.importers.importing import import_files
from archlint.importers.writing import write
from archlint.linter import Options
from archlint.targets import deployment_files
from archlint.verdicts import FileReport
from tests.importers.importing import write_files
from tests.rules.manifests import lint, manifests

EXAMPLES = sorted({path for kind in ("bad", "good") for _, path in manifests(kind)})
OF_FILES = "DEP", "DOC001"
"""Only deployment files state what the rules about them need, and addresses that no file defines."""
RAY = """
    apiVersion: ray.io/v1
    kind: RayService
    metadata: {name: text}
    spec:
      serveConfigV2: |
        applications:
          - name: summaries
            import_path: app:graph
            deployments:
              - {name: Summarizer, num_replicas: 1}
      rayClusterConfig:
        headGroupSpec:
          template: {spec: {containers: [{name: head, image: "rayproject/ray:2.9.0"}]}}
    """


def verdicts(report: FileReport) -> Counter[tuple[str, str, str, str]]:
    """The findings without their places."""
    return Counter(
        (one.rule, one.severity, one.certainty, one.message) for one in report.findings if not one.rule.startswith(OF_FILES)
    )


def written(path: Path, folder: Path, system: str) -> FileReport:
    """Check the file that an import of a path writes."""
    found = import_files(*deployment_files([path]))
    file = folder / "arch.yaml"
    file.write_text(write(found.draft, system, found.sources))
    (report,) = check_targets([file], Options(today="2026-06-30", isolated=True)).files
    return report


@pytest.mark.parametrize("paths", [EXAMPLES[start::8] for start in range(8)], ids=str)
def test_a_written_file_has_the_findings_of_its_deployment_files(paths: list[Path], tmp_path: Path) -> None:
    for path in paths:
        report = lint(path)
        assert verdicts(written(path, tmp_path, report.system)) == verdicts(report), path


def test_an_entrance_with_the_name_of_its_component_is_called_a_workload(tmp_path: Path) -> None:
    write_files(tmp_path, {"files/ray.yaml": RAY})
    (report,) = check_targets([tmp_path / "files"], Options(isolated=True)).files
    again = written(tmp_path / "files", tmp_path, report.system)
    assert verdicts(again) == verdicts(report)
    said = [one.message for one in report.findings if one.rule == "REL001"]
    assert "`Summarizer` has only one replica: if it fails, workload `text` fails" in said[0]


def test_a_file_that_is_complete_is_judged_like_any_other(tmp_path: Path) -> None:
    write_files(tmp_path, {"files/ray.yaml": RAY})
    written(tmp_path / "files", tmp_path, "text")
    file = tmp_path / "arch.yaml"
    text = file.read_text()
    assert "\nimported: true" in text
    file.write_text("\n".join(line for line in text.splitlines() if not line.startswith("imported:")))
    (complete,) = check_targets([file], Options(isolated=True)).files
    assert [one.severity for one in complete.findings if one.rule == "REL001"] == ["error"]
