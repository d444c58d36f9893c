"""What deployment rules must not claim, and where in a manifest they point."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from archlint.api import check_targets
from archlint.findings import Finding
from archlint.linter import Options


def found(folder: Path, rule: str, files: dict[str, str]) -> list[Finding]:
    """The findings of one rule in a folder with these files."""
    for name, text in files.items():
        (folder / name).write_text(dedent(text), encoding="utf-8")
    return list(check_targets([folder], Options(select=(rule,))).findings)


SHARED = """
    services:
      app: {image: acme/app, ports: ["80:80"], env_file: all.env}
      tool: {image: acme/tool, ports: ["81:81"], env_file: all.env}
      a: {image: "qdrant/qdrant:v1"}
      b: {image: "milvusdb/milvus:v2"}
      c: {image: "ghcr.io/huggingface/text-embeddings-inference:cpu-1.5"}
      d: {image: "ollama/ollama:0.5"}
"""


@pytest.mark.parametrize("rule", ["DEP007", "DEP049"])
def test_variables_that_all_containers_get_prove_no_use(tmp_path: Path, rule: str) -> None:
    names = "A_URL=http://a:1\nB_URL=http://b:1\nC_URL=http://c:1\nD_URL=http://d:1\n"
    assert not found(tmp_path, rule, {"compose.yaml": SHARED, "all.env": names})
    own = SHARED.replace("env_file: all.env", 'environment: ["A_URL=http://a:1", "B_URL=http://b:1", "C_URL=http://c:1", "D_URL=http://d:1"]')
    assert found(tmp_path, rule, {"compose.yaml": own})


@pytest.mark.parametrize("rule", ["DEP007", "DEP049"])
def test_alternatives_do_not_run_together(tmp_path: Path, rule: str) -> None:
    names = ", ".join(f"{one.upper()}_URL: 'http://{one}:1'" for one in "abcd")
    stores = "\n".join(f"  {one}: {{image: 'qdrant/qdrant:v1', profiles: [{one}]}}" for one in "abcd")
    text = f"services:\n  app: {{image: acme/app, ports: ['80:80'], profiles: [app], environment: {{{names}}}}}\n{stores}\n"
    assert not found(tmp_path, rule, {"compose.yaml": text})


SCRIPT = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: model}
    spec:
      selector: {matchLabels: {app: model}}
      template:
        metadata: {labels: {app: model}}
        spec:
          containers:
            - name: c
              image: nvcr.io/nvidia/tritonserver:24.10-py3
              command: [sh, -c]
              args:
                - |
                  set -e
                  pip install acme
                  git clone https://github.com/acme/x
                  tritonserver --model-repository /m
                  tail -f /dev/null
"""


@pytest.mark.parametrize(("rule", "text"), [
    ("DEP030", "pip install acme"), ("DEP031", "git clone"), ("DEP040", "tail -f"),
])  # fmt: skip
def test_a_finding_in_a_script_is_at_its_line(tmp_path: Path, rule: str, text: str) -> None:
    (one,) = found(tmp_path, rule, {"a.yaml": SCRIPT})
    assert text in dedent(SCRIPT).splitlines()[one.location.line - 1]


CACHE = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: hot}
    spec:
      selector: {matchLabels: {app: hot}}
      template:
        metadata: {labels: {app: hot}}
        spec: {containers: [{name: c, image: "redis:7", resources: {LIMITS}}]}
"""


@pytest.mark.parametrize(("limits", "said"), [("{}", "its host has no memory left"), ("{limits: {memory: 1Gi}}", "it is killed at its limit of 1Gi")])
def test_a_cache_grows_to_the_limit_of_its_container(tmp_path: Path, limits: str, said: str) -> None:
    (one,) = found(tmp_path, "DEP022", {"a.yaml": CACHE.replace("{LIMITS}", limits)})
    assert said in one.message


@pytest.mark.parametrize(("part", "number"), [("limits", 1), ("requests", 0)])
def test_a_request_of_cores_is_no_limit(tmp_path: Path, part: str, number: int) -> None:
    text = CACHE.replace("redis:7", "tensorflow/serving:2.15.0").replace("{LIMITS}", f"{{{part}: {{cpu: 200m}}}}")
    assert len(found(tmp_path, "DEP016", {"a.yaml": text})) == number


def test_a_job_of_a_public_image_works_on_the_folder(tmp_path: Path) -> None:
    job = "services:\n  init: {image: 'apache/airflow:2.9', command: db migrate, volumes: ['.:/sources']}\n"
    assert not found(tmp_path, "DEP041", {"compose.yaml": job})
    assert found(tmp_path, "DEP041", {"compose.yaml": "services:\n  web: {build: ., ports: ['80:80'], volumes: ['.:/app']}\n"})


@pytest.mark.parametrize(("console", "store", "number"), [
    ("image: 'kibana:8.1'", "{xpack.security.enabled: 'true'}", 0), ("image: 'kibana:8.1'", "{xpack.security.enabled: 'false'}", 1),
    ("image: 'kibana:7.9'", "{}", 0), ("image: 'mher/flower:2'", "{}", 1), ("image: 'mher/flower:2', environment: {FLOWER_BASIC_AUTH: '${AUTH}'}", "{}", 0),
    ("build: ., command: make dashboard, environment: {BROKER_URL: 'redis://q'}", "{}", 1),
    ("image: 'adminer:4'", "{}", 0), ("image: 'mher/flower:2', environment: {AIRFLOW__API__AUTH_BACKENDS: x}", "{}", 1),
])  # fmt: skip
def test_consoles_that_ask_who_it_is(tmp_path: Path, console: str, store: str, number: int) -> None:
    text = f"""
        services:
          console: {{{console}, ports: ["80:5555"], depends_on: [store]}}
          store: {{image: "elasticsearch:8.1.0", environment: {store}}}
    """
    assert len(found(tmp_path, "DEP045", {"compose.yaml": text})) == number
