"""A finding about a value stands where the value is set: in a patch, a file of values, or an overlay."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.api import check_targets
from archlint.linter import Options
from tests.importers.importing import write_files

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: REPLICAS
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
        - name: api
          image: IMAGE
          resources:
            RESOURCES
---
apiVersion: v1
kind: Service
metadata: {name: api}
spec: {selector: {app: api}, ports: [{port: 80}]}
"""


def written(replicas: str, image: str, resources: str) -> str:
    return DEPLOYMENT.replace("REPLICAS", replicas).replace("IMAGE", image).replace("RESOURCES", resources)


def places(folder: Path, *rules: str) -> dict[str, str]:
    """Check a folder; return the place of each finding by its rule, and see that its excerpt has the line."""
    report = check_targets([folder], Options(select=rules, isolated=True))
    found: dict[str, str] = {}
    for one in report.findings:
        at = one.location
        found[one.rule] = f"{Path(at.file).relative_to(folder).as_posix()}:{at.line}"
        (file,) = report.files
        assert file.sources[at.file].line(at.line).strip(), at
    return found


def test_a_patch_and_a_tag_of_a_kustomization(tmp_path: Path) -> None:
    write_files(tmp_path, {
        "base/api.yaml": written("3", "acme/api:1.2", "limits: {memory: 1Gi}"),
        "base/kustomization.yaml": "resources: [api.yaml]\n",
        "live/kustomization.yaml": "resources: [../base]\nimages:\n  - {name: acme/api, newTag: latest}\npatches:\n  - path: one.yaml\n",
        "live/one.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n  replicas: 1\n",
    })  # fmt: skip
    assert places(tmp_path, "REL001", "DEP029") == {"REL001": "live/one.yaml:5", "DEP029": "live/kustomization.yaml:3"}


def test_values_of_a_chart(tmp_path: Path) -> None:
    pytest.importorskip("helm_python")
    values = "replicas: 1\nimage: acme/api:latest\nresources:\n  limits:\n    memory: 1Gi\n"
    template = written("{{ .Values.replicas }}", "{{ .Values.image | quote }}", "{{- toYaml .Values.resources | nindent 12 }}")
    write_files(tmp_path, {
        "api/Chart.yaml": "apiVersion: v2\nname: api\nversion: 1.0.0\n", "api/values.yaml": values,
        "api/templates/api.yaml": template,
    })  # fmt: skip
    assert places(tmp_path, "REL001", "DEP029") == {"REL001": "api/values.yaml:1", "DEP029": "api/values.yaml:2"}
    write_files(tmp_path, {"api/templates/api.yaml": template.replace("{{ .Values.replicas }}", "{{ mul .Values.replicas 1 }}")})
    assert places(tmp_path, "REL001") == {"REL001": "api/templates/api.yaml:5"}, "computed: the template sets it"


def test_values_of_a_chart_in_the_chart_above_it(tmp_path: Path) -> None:
    pytest.importorskip("helm_python")
    write_files(tmp_path, {
        "all/Chart.yaml": "apiVersion: v2\nname: all\nversion: 1.0.0\n",
        "all/values.yaml": "# of all\napi:\n  replicas: 1\n",
        "all/charts/api/Chart.yaml": "apiVersion: v2\nname: api\nversion: 1.0.0\n",
        "all/charts/api/values.yaml": "replicas: 2\nimage: acme/api:latest\n",
        "all/charts/api/templates/api.yaml": written("{{ .Values.replicas }}", "{{ .Values.image }}", "{}"),
    })  # fmt: skip
    assert places(tmp_path, "REL001", "DEP029") == {
        "REL001": "all/values.yaml:3", "DEP029": "all/charts/api/values.yaml:2",
    }  # fmt: skip


def test_an_overlay_of_compose(tmp_path: Path) -> None:
    base, overlay = write_files(tmp_path, {
        "compose.yaml": "services:\n  api: {image: 'acme/api:1'}\n  web: {image: 'acme/web:1', environment: {API: 'http://api:80'}}\n",
        "live.yaml": "services:\n  api:\n    image: acme/api:latest\n    deploy: {replicas: 1}\n",
    })  # fmt: skip
    report = check_targets([base, overlay], Options(select=("DEP029", "REL001"), isolated=True))
    found = {(one.rule, Path(place.location.file).name, place.location.line)
             for one in report.findings for place in one.places or ()}  # fmt: skip
    found |= {(one.rule, Path(one.location.file).name, one.location.line) for one in report.findings}
    assert {("DEP029", "live.yaml", 3), ("REL001", "live.yaml", 4)} <= found


def test_excerpts_of_other_files_cover_secrets(tmp_path: Path) -> None:
    write_files(tmp_path, {
        "base/api.yaml": written("3", "acme/api:1.2", "limits: {memory: 1Gi}"),
        "kustomization.yaml": "resources: [base/api.yaml]\npatches:\n  - path: one.yaml\n",
        "one.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec: {replicas: 1, apiKey: hunter2}\n",
    })  # fmt: skip
    report = check_targets([tmp_path], Options(select=("REL001",), isolated=True))
    (file,) = report.files
    assert [Path(one.location.file).name for one in file.findings] == ["one.yaml"]
    assert "hunter2" not in "".join(document.text for document in file.sources.values())
