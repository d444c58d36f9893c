"""What an import writes is an architecture file without mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.importers.importing import architecture, found_in, kinds
from tests.importers.samples import SAMPLES

RAY_GROUP = """\
apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: ray}
spec:
  headGroupSpec: {template: {spec: {containers: [{name: head, image: rayproject/ray}]}}}
  workerGroupSpecs:
    - {groupName: gpus, replicas: 2, template: {spec: {containers: [{name: w, image: rayproject/ray}]}}}
"""


@pytest.mark.parametrize("format_name", [name for name in SAMPLES if name not in {"kustomize", "helm"}])  # need others
def test_the_file_of_each_format_has_no_mistake(tmp_path: Path, format_name: str) -> None:
    name, text = SAMPLES[format_name]
    assert found_in(tmp_path, {name: text}).components


def test_a_worker_without_a_queue_is_written_as_a_service(tmp_path: Path) -> None:
    found = architecture(tmp_path, RAY_GROUP)
    assert kinds(found)["gpus"] == "service"
