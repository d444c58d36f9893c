"""Configurations of TorchServe: the syntax of properties, and the models that they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.importers.serving_files.properties import parse_properties
from archlint.source.document import Document
from tests.importers.importing import found_in, searched

SNAPSHOT = """
    # started by hand
    inference_address=http://0.0.0.0:8080
    management_address=http://127.0.0.1:8081
    model_store = /models
    model_snapshot={"name": "start.cfg", "modelCount": 1, "models": {"ranker": {"1.0": {"marName": "a.mar", "minWorkers": 1}, \\
       "2.1": {"defaultVersion": true, "marName": "ranker.mar", "minWorkers": 2, "maxWorkers": 4, "batchSize": 8, \\
       "maxBatchDelay": 50, "responseTimeout": 120}}}}
    job_queue_size: 96
"""


def pairs(text: str) -> dict[str, str]:
    return {name: value.text for name, value in parse_properties(Document("config.properties", text, None)).items()}


@pytest.mark.parametrize(("text", "expected"), [
    ("a=1\nb:2\nc 3\nd = 4 \n  e\t:\t5", {"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"}),
    ("# a=1\n! b=2\n\n   \n c=3", {"c": "3"}),
    ("a=one, \\\n   two, \\\n   three\nb=2", {"a": "one, two, three", "b": "2"}),
    ("a=1 \\\\\nb=2", {"a": "1 \\", "b": "2"}),
    ("a\\:b=c\\=d\\u0041\\n", {"a:b": "c=dA"}),
    ("a=1\na=2\n", {"a": "2"}), ("a", {"a": ""}), ("a=", {"a": ""}), ("", {}), ("=x", {}), ("a=1\\", {"a": "1\\"}), ("a=1\r\nb=2\r\n", {"a": "1", "b": "2"}),
])  # fmt: skip
def test_properties_are_read_as_java_reads_them(text: str, expected: dict[str, str]) -> None:
    assert pairs(text) == expected


def test_a_snapshot_names_models_with_workers_and_batches(tmp_path: Path) -> None:
    found = searched(tmp_path, {"config.properties": SNAPSHOT})
    unit = found.draft.components["torchserve"].unit
    assert [(port.number, port.name, port.published) for port in unit.ports] == [(8080, "inference", True), (8081, "management", False)]
    system = found_in(tmp_path, {"config.properties": SNAPSHOT})
    server = system.components["torchserve"]
    assert (server.kind, server.uses, server.serves, server.workers, server.limit) == ("model-server", "torchserve", ("ranker",), 4, 100)
    assert server.batching is not None
    assert server.batching.max_size == 8
    assert server.batching.max_delay_s == pytest.approx(0.05)
    assert (system.models["ranker"].version, system.models["ranker"].framework) == ("2.1", "pytorch")


def test_models_that_differ_share_no_batching(tmp_path: Path) -> None:
    text = 'model_store=/m\nmodels={"a": {"1.0": {"batchSize": 4, "maxBatchDelay": 10}}, "b": {"1.0": {"batchSize": 8, "maxBatchDelay": 10}}}\n'
    server = found_in(tmp_path, {"config.properties": text}).components["torchserve"]
    assert (server.serves, server.batching, server.workers) == (("a", "b"), None, None)


def test_models_are_also_named_by_their_archives(tmp_path: Path) -> None:
    text = "load_models=first=one.mar, https://host/two.mar, all\ndefault_workers_per_model=3\n"
    server = found_in(tmp_path, {"ts.config": text}).components["torchserve"]
    assert (server.serves, server.workers) == (("first", "two"), 3)


@pytest.mark.parametrize("value", ["{", "[1]", '"x"', "{a: [}", "{}", '{"models": 3}', '{"models": {"a": 1}}', "x" * 100_000])
def test_models_that_are_no_json_leave_the_server(tmp_path: Path, value: str) -> None:
    found = searched(tmp_path, {"config.properties": f"model_store=/m\nmodel_snapshot={value}\n"})
    assert set(found.draft.components) == {"torchserve", "users"}


def test_a_container_that_mounts_the_file_takes_its_place(tmp_path: Path) -> None:
    system = found_in(tmp_path, {
        "compose.yaml": "services:\n  scores: {image: 'pytorch/torchserve:0.9.0', volumes: ['./conf:/conf'], ports: ['80:8080']}\n",
        "conf/config.properties": SNAPSHOT,
    })  # fmt: skip
    assert set(system.components) == {"scores", "users"}
    assert (system.components["scores"].serves, system.components["scores"].workers) == (("ranker",), 4)


def test_properties_in_a_config_map(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"all.yaml": """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: conf}
        data:
          config.properties: |
            inference_address=http://0.0.0.0:8080
            model_store=/models
            load_models=ranker=ranker.mar
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: scores}
        spec:
          containers: [{name: c, image: "pytorch/torchserve:0.9.0", volumeMounts: [{name: v, mountPath: /conf}]}]
          volumes: [{name: v, configMap: {name: conf}}]
    """})
    assert system.components["scores"].serves == ("ranker",)
    assert "torchserve" not in system.components


def test_properties_of_other_programs_are_not_read(tmp_path: Path) -> None:
    found = searched(tmp_path, {"server.properties": "broker.id=0\nlisteners=PLAINTEXT://:9092\n", "a.properties": ""})
    assert (found.draft.components, found.left_out) == ({}, [])
