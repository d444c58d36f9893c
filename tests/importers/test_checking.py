"""`archlint check` and `archlint import` on deployment files, as a user calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archlint.api import check, check_targets, examine_targets
from archlint.linter import Options
from tests.cli.systems import FAILING
from tests.conftest import Run
from tests.importers.importing import write_files

CYCLE = """
    services:
      # two services that wait for each other
      a:
        image: acme/a
        ports: ["80:80"]
        environment:
          B_URL: http://b:80
      b:
        image: acme/b
        environment:
          A_URL: http://a:80
"""


def test_a_finding_stands_at_the_line_of_the_manifest(tmp_path: Path) -> None:
    (path,) = write_files(tmp_path, {"compose.yaml": CYCLE})
    report = check_targets([path], Options(select=("REL007",)))
    (finding,) = report.findings
    assert (finding.rule, finding.location.line) == ("REL007", 12)
    assert finding.location.file == str(path)
    assert any("read as one system" in note for note in report.notes)


def test_findings_in_several_files_of_one_system(tmp_path: Path) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n  containers:\n    - name: c\n      image: acme/{name}\n" \
        "      ports: [{{containerPort: 80}}]\n      env: [{{name: URL, value: 'http://{other}:80'}}]\n"
    write_files(tmp_path, {"a.yaml": pod.format(name="a", other="b"), "b.yaml": pod.format(name="b", other="a")})
    report, systems = examine_targets([tmp_path], Options(select=("REL007",)), None, 5)
    (system,) = systems.values()
    assert set(system.components) == {"a", "b"}
    (finding,) = report.findings
    assert (Path(finding.location.file).name, finding.location.line) == ("b.yaml", 9)
    assert {Path(name).name for name in report.files[0].sources} == {"a.yaml", "b.yaml"}


def test_every_place_of_a_finding_is_in_the_file_that_defines_it(tmp_path: Path) -> None:
    service = "services:\n  {name}:\n    image: acme/{name}\n    ports: ['80:80']\n    environment:\n      URL: http://{other}:80\n"
    write_files(tmp_path, {
        "one/compose.yaml": "# a comment\n\n" + service.format(name="web", other="ranker"),
        "two/compose.yaml": "services:\n  ranker:\n    image: vllm/vllm-openai:v0.9.0\n    deploy: {replicas: 1}\n    ports: ['80:80']\n",
    })  # fmt: skip
    report = check_targets([tmp_path], Options(select=("REL001",)))
    places = {(Path(p.file).parent.name, p.line) for f in report.findings for p in (f.location, *(r.location for r in f.related))}
    assert places <= {("one", 4), ("two", 2), ("two", 4), ("one", 8)}
    assert ("two", 4) in places


def test_an_architecture_file_in_a_folder_is_checked_and_not_the_manifests(tmp_path: Path) -> None:
    write_files(tmp_path, {"compose.yaml": CYCLE})
    (tmp_path / "arch.yaml").write_text(FAILING)
    report = check_targets([tmp_path], Options())
    assert [Path(file.file).name for file in report.files] == ["arch.yaml"]


def test_a_file_that_is_neither_keeps_its_error(tmp_path: Path) -> None:
    (path,) = write_files(tmp_path, {"values.yaml": "a: 1\n"})
    report = check(path)
    assert "not an architecture file" in report.errors[0].message


def test_what_is_not_yaml_is_named_with_its_place(tmp_path: Path) -> None:
    write_files(tmp_path, {"good.yaml": CYCLE})
    (tmp_path / "bad.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: [}\n")
    report = check_targets([tmp_path], Options())
    (error,) = report.errors
    assert (Path(error.file).name, error.line) == ("bad.yaml", 3)
    assert len(report.files) == 1


def test_import_writes_a_file_that_checks(tmp_path: Path, archlint: Run) -> None:
    write_files(tmp_path, {"compose.yaml": CYCLE})
    done = archlint("import", ".", "-o", "arch.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "arch.yaml").read_text()
    assert "- b  # B_URL in the environment, compose.yaml:8\n" in text
    assert "# workloads:" in text
    report = json.loads(archlint("check", "arch.yaml", "--output-format", "json", cwd=tmp_path).stdout)
    assert "REL007" in {finding["rule"] for finding in report["findings"]}
    again = archlint("import", ".", "-o", "arch.yaml", cwd=tmp_path)
    assert again.returncode == 2
    assert "is not overwritten" in again.stderr


@pytest.mark.parametrize(("files", "said"), [
    ({"values.yaml": "a: 1\n"}, "no format that archlint imports"),
    ({"templates/a.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {{- if x }}\n"}, "a template"),
    ({"crd.yaml": "apiVersion: x/v1\nkind: Thing\nmetadata: {name: a}\n"}, "nothing to import"),
])  # fmt: skip
def test_an_empty_import_says_why(tmp_path: Path, archlint: Run, files: dict[str, str], said: str) -> None:
    write_files(tmp_path, files)
    done = archlint("import", ".", cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr


def test_what_manifests_leave_out_is_no_mistake_in_them(tmp_path: Path) -> None:
    """A worker whose queue stands in its code, and a Service that spreads requests."""
    write_files(tmp_path, {"a.yaml": """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: scorer}
        spec:
          replicas: 3
          template: {metadata: {labels: {app: scorer}}, spec: {containers: [{name: c, image: x/a, ports: [{containerPort: 80}]}]}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: scorer}
        spec: {selector: {app: scorer}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: background}
        spec: {template: {metadata: {labels: {app: b}}, spec: {containers: [{name: c, image: x/b, command: [rq, worker]}]}}}
        """})
    report = check_targets([tmp_path], Options(select=("DOC010", "REL002")))
    assert report.findings == ()


@pytest.mark.parametrize(("api", "kind", "said"), [
    ("extensions/v1beta1", "NetworkPolicy", "Kubernetes 1.16 removed: use networking.k8s.io/v1"),
    ("extensions/v1beta1", "Ingress", "Kubernetes 1.22 removed: use networking.k8s.io/v1"),
    ("policy/v1beta1", "PodDisruptionBudget", "Kubernetes 1.25 removed: use policy/v1"),
    ("policy/v1beta1", "PodSecurityPolicy", "Kubernetes 1.25 removed: use Pod Security Admission"),
    ("storage.k8s.io/v1beta1", "StorageClass", "Kubernetes 1.22 removed: use storage.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", "ServiceCIDR", ""), ("storage.k8s.io/v1beta1", "VolumeAttributesClass", ""),
    ("admissionregistration.k8s.io/v1beta1", "ValidatingAdmissionPolicy", ""), ("certificates.k8s.io/v1beta1", "ClusterTrustBundle", ""),
])  # fmt: skip
def test_a_removed_version_is_that_of_a_kind(tmp_path: Path, api: str, kind: str, said: str) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: acme/a}]}\n"
    write_files(tmp_path, {"a.yaml": f"{pod}---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: x}}\nspec: {{}}\n"})
    found = [finding.message for finding in check_targets([tmp_path], Options(select=("DEP038",))).findings]
    assert found == ([f"{kind} `x` uses {api}, which {said}"] if said else [])


@pytest.mark.parametrize(("port", "found"), [(8080, 0), (7070, 0), (8081, 1), (7071, 1)])
def test_the_management_ports_of_torchserve_are_those_of_http_and_grpc(tmp_path: Path, port: int, found: int) -> None:
    service = f"services:\n  models:\n    image: pytorch/torchserve:0.12.0-cpu\n    ports: ['{port}:{port}']\n"
    (path,) = write_files(tmp_path, {"compose.yaml": service})
    assert len(check_targets([path], Options(select=("DEP046",))).findings) == found
