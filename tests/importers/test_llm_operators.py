"""Resources and declarations that stand for servers of language models: operators, Ray Serve LLM, models of Compose."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.api import check_targets
from archlint.linter import Options
from tests.importers.importing import architecture, imported, kinds, relations, write_files


def of(kind: str, api: str, body: str) -> dict[str, str]:
    """A resource with this body."""
    return {"a.yaml": f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: it}}\n{body}\n"}


@pytest.mark.parametrize(("kind", "api", "body", "model", "replicas"), [
    ("Workspace", "kaito.sh/v1beta1", "inference: {preset: {name: phi-x}}", "phi-x", ""),
    ("Model", "kubeai.org/v1", "spec: {url: 'hf://acme/small', engine: VLLM, minReplicas: 2, maxReplicas: 4}", "acme/small", "2-4"),
    ("Model", "ollama.ayaka.io/v1", "spec: {image: small, replicas: 3}", "small", "3"),
    ("Model", "mlops.seldon.io/v1alpha1", "spec: {storageUri: 's3://a/1'}", "it", ""),
    ("NIMService", "apps.nvidia.com/v1alpha1", "spec: {image: {repository: nvcr.io/nim/acme/small-8b, tag: '1'}, replicas: 2}",
     "acme/small-8b", "2"),
    ("VLLMRuntime", "production-stack.vllm.ai/v1alpha1", "spec: {model: {modelURL: acme/small}, deploymentConfig: {replicas: 2}}",
     "acme/small", "2"),
    ("BentoDeployment", "serving.yatai.ai/v2alpha1", "spec: {bento: small-1, autoscaling: {minReplicas: 1, maxReplicas: 3}}",
     "small-1", "1-3"),
])  # fmt: skip
def test_a_resource_of_an_operator_serves_a_model(
    tmp_path: Path, kind: str, api: str, body: str, model: str, replicas: str
) -> None:
    found = imported(tmp_path, of(kind, api, body)).draft.components["it"]
    assert (found.kind, found.serves) == ("model-server", [model])
    stated = found.facts.get("replicas")
    said = "-".join(one.text for _, one in stated.inner) or stated.text if stated is not None else ""
    assert said == replicas


def test_a_kind_of_another_operator_is_not_taken_for_it(tmp_path: Path) -> None:
    found = imported(tmp_path, of("Workspace", "app.terraform.io/v1alpha2", "spec: {organization: acme}"))
    assert not found.draft.components
    assert found.draft.notes == ["1 × Workspace: a kind that archlint does not read"]


def test_a_workspace_may_tune(tmp_path: Path) -> None:
    found = architecture(tmp_path, of("Workspace", "kaito.sh/v1beta1", "tuning: {preset: {name: phi-x}}"))
    assert kinds(found) == {"it": "training-job"}


def test_a_graph_of_dynamo_has_a_front_and_workers(tmp_path: Path) -> None:
    found = architecture(tmp_path, of("DynamoGraphDeployment", "nvidia.com/v1alpha1", """\
spec:
  services:
    Frontend: {componentType: frontend, replicas: 2}
    Decode:
      componentType: worker
      resources: {limits: {gpu: "2"}}
      extraPodSpec: {mainContainer: {image: "acme/runtime:1", command: [python3, -m, dynamo.vllm, --model, acme/small]}}
    Planner: {componentType: planner}
"""))  # fmt: skip
    assert kinds(found) == {"it-frontend": "gateway", "it-decode": "model-server", "it-planner": "service"}
    assert relations(found) == {("it-frontend", "calls", "it-decode")}
    worker = found.components["it-decode"]
    assert (worker.serves, worker.uses) == (("acme/small",), "vllm")


RAY = """
    apiVersion: ray.io/v1
    kind: RayService
    metadata: {name: chat}
    spec:
      serveConfigV2: |
        applications:
        - name: llms
          import_path: ray.serve.llm:build_openai_app
          runtime_env: {pip: [acme-tools]}
          args:
            llm_configs:
            - model_loading_config: {model_id: small}
              engine_kwargs: {tensor_parallel_size: 2, max_model_len: 4096, dtype: bfloat16}
              deployment_config: {autoscaling_config: {min_replicas: 1, max_replicas: 3}}
      rayClusterConfig:
        headGroupSpec: {template: {spec: {containers: [{name: head, image: "rayproject/ray-llm:2.46.0"}]}}}
"""


def test_the_models_of_ray_serve_llm(tmp_path: Path) -> None:
    draft = imported(tmp_path, {"a.yaml": RAY}).draft
    found = draft.components["llms"]
    assert (found.kind, found.serves) == ("model-server", ["small"])
    assert found.facts["tensor_parallel"].text == "2"
    assert [one.text for _, one in found.facts["replicas"].inner] == ["1", "3"]
    assert {key: fact.text for key, fact in draft.models["small"].items()} == {"context": "4096", "precision": "bf16"}


def test_findings_stand_at_their_line_of_a_nested_configuration(tmp_path: Path) -> None:
    report = check_targets(write_files(tmp_path, {"a.yaml": RAY}), Options(select=("DEP030",)))
    lines = RAY.splitlines()
    assert ["acme-tools" in lines[one.location.line - 1] for one in report.findings] == [True]


def test_models_that_a_compose_file_declares(tmp_path: Path) -> None:
    found = architecture(tmp_path, """
        services:
          chat: {image: acme/chat, ports: ["80:80"], models: [llm]}
          search: {image: acme/search, ports: ["81:80"], models: {embed: {endpoint_var: URL}}, depends_on: [runner]}
          runner: {provider: {type: model, options: {model: ai/small}}}
        models:
          llm: {model: ai/large, context_size: 4096}
          embed: {model: ai/embed}
    """)
    assert {name: kind for name, kind in kinds(found).items() if kind == "model-server"}.keys() == {"runner", "llm", "embed"}
    assert relations(found) == {("chat", "calls", "llm"), ("search", "calls", "embed"), ("search", "calls", "runner")}
    assert found.components["runner"].serves == ("ai/small",)


@pytest.mark.parametrize(("kind", "api", "spec", "found"), [
    ("HelmRelease", "helm.toolkit.fluxcd.io/v2", "{chart: {spec: {chart: redis}}, releaseName: hot}", True),
    ("Application", "argoproj.io/v1alpha1", "{source: {chart: redis, helm: {releaseName: hot}}}", True),
    ("HelmChart", "helm.cattle.io/v1", "{chart: bitnami/redis}", False),
    ("HelmRelease", "helm.toolkit.fluxcd.io/v2", "{chart: {spec: {chart: acme-tools}}}", False),
    ("Application", "app.k8s.io/v1beta1", "{source: {chart: redis}}", False),
])  # fmt: skip
def test_a_release_of_a_known_chart_is_what_it_runs(tmp_path: Path, kind: str, api: str, spec: str, found: bool) -> None:
    system = architecture(tmp_path, {
        **of(kind, api, f"spec: {spec}"),
        "api.yaml": """
            apiVersion: v1
            kind: Pod
            metadata: {name: api}
            spec: {containers: [{name: c, image: acme/api, env: [{name: REDIS_HOST, value: hot-redis-master}]}]}
        """,
    })  # fmt: skip
    is_known = "acme" not in spec and "app.k8s.io" not in api
    assert kinds(system) == {"api": "service", **({"it": "cache"} if is_known else {})}
    assert (("api", "reads", "it") in relations(system)) == found
