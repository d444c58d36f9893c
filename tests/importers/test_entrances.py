"""Where requests come in."""

from __future__ import annotations

from pathlib import Path

from archlint.model.architecture import Entrance
from tests.importers.importing import architecture


def entrances(folder: Path, text: str) -> dict[str, Entrance]:
    return {name: workload.entrance for name, workload in architecture(folder, text).workloads.items()}


def test_what_is_published_and_not_called_inside_is_an_entrance(tmp_path: Path) -> None:
    found = entrances(tmp_path, """
        services:
          web: {image: a/web, ports: ["80:80"], environment: {API_URL: "http://api:8000"}}
          api: {image: a/api, ports: ["8000:8000"], environment: {DB_HOST: db}}
          db: {image: "postgres:16", ports: ["5432:5432"]}
          hidden: {image: a/hidden}
        """)
    assert found == {"web": Entrance("users")}


def test_what_is_public_is_an_entrance_though_something_inside_calls_it(tmp_path: Path) -> None:
    pod = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: NAME}
        spec:
          selector: {matchLabels: {app: NAME}}
          template:
            metadata: {labels: {app: NAME}}
            spec: {containers: [{name: c, image: acme/NAME, env: [{name: MODEL_URL, value: "http://model:80"}]}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: NAME}
        spec: {selector: {app: NAME}, ports: [{port: 80}], type: TYPE}
        ---"""
    for kind, expected in (("LoadBalancer", {"model", "scorer"}), ("ClusterIP", {"scorer"})):
        text = pod.replace("NAME", "model").replace("TYPE", kind) + pod.replace("NAME", "scorer").replace("TYPE", "ClusterIP")
        workloads = architecture(tmp_path, {"a.yaml": text}).workloads
        assert set(workloads) == expected, kind


def test_several_entrances_name_where_they_lead(tmp_path: Path) -> None:
    found = entrances(tmp_path, """
        services:
          a: {image: a/a, ports: ["80:80"]}
          b: {image: a/b, ports: ["81:81"]}
        """)
    assert found == {"a": Entrance("users", "a"), "b": Entrance("users", "b")}


def test_a_client_of_the_deployment_has_a_workload_of_its_own(tmp_path: Path) -> None:
    found = entrances(tmp_path, """
        services:
          page: {image: "gradio/gradio", ports: ["80:80"], environment: {API_URL: "http://api:8000"}}
          api: {image: a/api}
        """)
    assert found == {"page": Entrance("page")}
