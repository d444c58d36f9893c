"""The Kubernetes manifests of the reference implementations: valid, clean, as described, and in new projects."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from archlint import drift
from archlint.api import check_targets
from archlint.linter import Options
from archlint.verdicts import Severity
from docs.kubernetes.reading import ALONE, LEFT_OUT
from kit.queues import QueueSettings
from kit.settings import Settings
from kit.testing.servers import nginx_program
from tests.conftest import ROOT

__all__ = ["nginx_program"]                        # a fixture
HOME = ROOT / "reference_impls"
DEPLOYED = sorted(path.parent.name for path in HOME.glob("*/compose.yaml") if path.parent.name not in LEFT_OUT)
OPERATORS = {"keda.sh", "postgresql.cnpg.io", "rabbitmq.com", "kafka.strimzi.io"}
"""Groups of resources that their operators define: Kubernetes has no schema of them."""
AFTER_DRAIN_S = 5
each = pytest.mark.parametrize("name", DEPLOYED)


@cache
def resources(folder: Path) -> list[dict[str, Any]]:
    loader = yaml.CSafeLoader
    return [one for path in sorted(folder.glob("*.yaml")) for one in yaml.load_all(path.read_text(), Loader=loader)]


def of_kind(folder: Path, *kinds: str) -> Iterator[dict[str, Any]]:
    yield from (one for one in resources(folder) if one["kind"] in kinds)


def pods(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for one in of_kind(folder, "Deployment", "StatefulSet"):
        yield one["metadata"]["name"], one["spec"]["template"]["spec"]


def program(name: str) -> str:
    return str(Path(sysconfig.get_path("scripts")) / name)


@pytest.fixture(scope="module", autouse=True)
def read_once() -> Iterator[None]:
    """Read the schemas once, and not for each resource: they have 2 MB."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kubernetes_validate.utils, "schema_contents", cache(kubernetes_validate.utils.schema_contents))
        yield


@each
def test_the_manifests_fit_the_schema_of_kubernetes(name: str) -> None:
    found = [one for one in resources(HOME / name / "kubernetes") if one["apiVersion"].partition("/")[0] not in OPERATORS]
    assert {one["kind"] for one in found} & {"Deployment", "StatefulSet", "CronJob", "Job"}
    for one in found:
        kubernetes_validate.validate(one, "1.34", strict=True)


def test_the_schema_check_finds_a_misspelt_key() -> None:
    one = deepcopy(next(of_kind(HOME / "web_single" / "kubernetes", "Deployment")))
    one["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readynessProbe"):
        kubernetes_validate.validate(one, "1.34", strict=True)


@each
def test_archlint_finds_nothing_in_them_and_they_are_what_is_described(name: str) -> None:
    folder = HOME / name
    report = check_targets([folder / "kubernetes"], Options())
    assert not report.errors and not report.at_least(Severity.WARNING)
    found = drift(folder / "arch.yaml", folder / "kubernetes")
    alone = {f"{part} replicas" for module, part in ALONE if module == name}
    assert {one.part for one in found.found} == alone and found.compared


@each
def test_each_pod_has_time_to_stop_and_probes_that_fit_its_server(name: str) -> None:
    folder = HOME / name / "kubernetes"
    settings = {one["metadata"]["name"]: one["data"] for one in of_kind(folder, "ConfigMap")}
    scaled = {one["metadata"]["name"] for one in of_kind(folder, "ScaledObject")}
    for part, pod in pods(folder):
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] and container["securityContext"]["readOnlyRootFilesystem"]
        assert container["resources"]["requests"].keys() == {"cpu", "memory"} and "memory" in container["resources"]["limits"]
        if "envFrom" not in container or "livenessProbe" not in container:
            continue
        assert container["startupProbe"]["httpGet"]["path"] == container["livenessProbe"]["httpGet"]["path"] == "/live"
        assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
        lame_duck_s = float(settings[part].get("SERVE_LAME_DUCK_S", 0))
        finish_s = (QueueSettings if part in scaled else Settings).model_validate({}).finish_s
        assert pod["terminationGracePeriodSeconds"] >= lame_duck_s + finish_s + AFTER_DRAIN_S


@each
def test_several_pods_are_spread_and_drained_one_by_one(name: str) -> None:
    folder = HOME / name / "kubernetes"
    least = {one["metadata"]["name"]: one["spec"].get("replicas", 1) for one in of_kind(folder, "Deployment", "StatefulSet")}
    for one in of_kind(folder, "HorizontalPodAutoscaler", "ScaledObject"):
        spec = one["spec"]
        least[spec["scaleTargetRef"]["name"]] = spec.get("minReplicas") or spec["minReplicaCount"]
    budgets = {one["metadata"]["name"] for one in of_kind(folder, "PodDisruptionBudget")}
    assert budgets == {part for part, number in least.items() if number > 1}
    for _, pod in pods(folder):
        assert "topology.kubernetes.io/zone" in {one["topologyKey"] for one in pod["topologySpreadConstraints"]}


def test_a_queue_drives_its_workers_and_the_load_drives_the_others() -> None:
    folder = HOME / "asynchronous" / "kubernetes"
    (scaled,) = of_kind(folder, "ScaledObject")
    (trigger,) = scaled["spec"]["triggers"]
    assert scaled["spec"]["scaleTargetRef"]["name"] == "worker"
    assert trigger["type"] == "rabbitmq" and trigger["metadata"]["queueName"] == "predictions"
    (worker,) = (pod for part, pod in pods(folder) if part == "worker")
    assert trigger["metadata"]["hostFromEnv"] in {row["name"] for row in worker["containers"][0]["env"]}
    (autoscaler,) = of_kind(folder, "HorizontalPodAutoscaler")
    assert autoscaler["spec"]["scaleTargetRef"]["name"] == "api"


def test_nginx_accepts_every_configuration(nginx_program: str, tmp_path: Path) -> None:
    texts = [
        one["data"]["default.conf"] for name in DEPLOYED for one in of_kind(HOME / name / "kubernetes", "ConfigMap")
        if "default.conf" in one["data"]
    ]  # fmt: skip
    assert len(texts) > 10
    paths = "".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    for text in set(texts):
        local = re.sub(r"(server |//)[a-z-]+:8000", r"\g<1>127.0.0.1:8000", text)
        conf = tmp_path / "nginx.conf"
        conf.write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ {paths}\n{local}\n}}")
        done = subprocess.run([nginx_program, "-t", "-c", str(conf)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + local


@pytest.mark.parametrize(("pattern", "images"), [
    ("asynchronous", {"my-service:1.0.0"}),
    ("prep-pred", {"my-service-predictor:1.0.0", "my-service-preprocessor:1.0.0", "nginxinc/nginx-unprivileged:1.27.5"}),
])  # fmt: skip
def test_a_new_project_has_manifests_with_its_own_names(pattern: str, images: set[str], tmp_path: Path) -> None:
    target, module = tmp_path / "My service", pattern.replace("-", "_")
    subprocess.run([program("archlint"), "new", pattern, str(target), "--kubernetes"], check=True, capture_output=True)
    folder = target / module / "kubernetes"
    assert {pod["containers"][0]["image"] for _, pod in pods(folder)} == images
    kinds = {one["metadata"]["labels"].get("app.kubernetes.io/part-of") for one in resources(folder)}
    assert kinds == {"my-service"}
    assert f"kubectl apply -f {module}/kubernetes" in (target / "README.md").read_text()
    assert not check_targets([folder], Options()).at_least(Severity.WARNING)
    assert drift(target / module / "arch.yaml", folder).is_empty


def test_manifests_are_written_only_if_asked_for_and_where_there_are_some(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "archlint", "new"]
    subprocess.run([*command, "web-single", str(tmp_path / "plain")], check=True, capture_output=True)
    assert not (tmp_path / "plain" / "web_single" / "kubernetes").exists()
    assert "kubectl" not in (tmp_path / "plain" / "README.md").read_text()
    done = subprocess.run([*command, "load-test", str(tmp_path / "none"), "--kubernetes"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "has no manifests for Kubernetes" in done.stderr
    assert not (tmp_path / "none").exists()
