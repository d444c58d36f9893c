"""What the files say about monitoring without the monitor: annotations, monitors of operators, alarms of clouds."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.api import check_targets
from archlint.linter import Options
from tests.importers.importing import write_files

PODS = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: model}
    spec:
      selector: {matchLabels: {app: model}}
      template:
        metadata: {labels: {app: model}, annotations: {PODS}}
        spec: {containers: [{name: c, image: "nvcr.io/nvidia/tritonserver:24.10-py3"}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: model, labels: {team: a}, annotations: {SERVICE}}
    spec: {selector: {app: model}, ports: [{port: 80}]}
"""
SCRAPE = '{prometheus.io/scrape: "true"}'


def silent(files: dict[str, str], folder: Path) -> bool:
    """Whether OPS002 finds nothing in these files."""
    write_files(folder, files)
    return not check_targets([folder], Options(select=("OPS002",))).findings


@pytest.mark.parametrize(("pods", "service", "monitor", "watched"), [
    ("{}", "{}", "", False), (SCRAPE, "{}", "", True), ("{}", SCRAPE, "", True),
    ("{}", "{}", "{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: m}, spec: {selector: {matchLabels: {team: a}}}}", True),
    ("{}", "{}", "{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: m}, spec: {selector: {matchLabels: {team: b}}}}", False),
    ("{}", "{}", "{apiVersion: monitoring.googleapis.com/v1, kind: PodMonitoring, metadata: {name: m}, spec: {selector: {matchLabels: {app: model}}}}", True),
])  # fmt: skip
def test_pods_whose_metrics_are_read(tmp_path: Path, pods: str, service: str, monitor: str, watched: bool) -> None:
    files = {"a.yaml": PODS.replace("{PODS}", pods).replace("{SERVICE}", service)}
    assert silent(files | ({"m.yaml": monitor} if monitor else {}), tmp_path) == watched


@pytest.mark.parametrize("watched", [True, False])
def test_an_endpoint_with_an_alarm(tmp_path: Path, watched: bool) -> None:
    dimension = "aws_sagemaker_endpoint.rank.name" if watched else '"other"'
    assert silent({"main.tf": f"""
        resource "aws_sagemaker_endpoint" "rank" {{
          name                 = "rank"
          endpoint_config_name = "rank-1"
        }}
        resource "aws_cloudwatch_metric_alarm" "slow" {{
          alarm_name = "slow"
          dimensions = {{ EndpointName = {dimension} }}
        }}
    """}, tmp_path) == watched
