"""Configurations of the LiteLLM proxy: vendors, quotas, timeouts, fallbacks, and the cache."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from archlint.api import check_targets
from archlint.importers.importing import import_files
from archlint.importers.writing import write
from archlint.linter import Options
from archlint.model.architecture import Architecture, Relation
from tests.importers.importing import found_in, kinds, searched, write_files

CONFIG = """
    model_list:
      - model_name: chat
        litellm_params: {model: azure/gpt-x, api_base: "https://north.openai.azure.com", api_key: os.environ/KEY, rpm: 480, tpm: 90000}
      - model_name: chat
        litellm_params: {model: openai/gpt-x, api_key: sk-very-secret, rpm: 60, timeout: 20}
      - model_name: small
        litellm_params: {model: hosted_vllm/org/small, api_base: "http://llm:8000/v1"}
      - model_name: careful
        litellm_params: {model: anthropic/claude-x}
    litellm_settings:
      num_retries: 2
      request_timeout: 30
      cache: true
      cache_params: {type: redis, host: os.environ/REDIS_HOST, ttl: 600}
      success_callback: [langfuse, my_module.callback]
    router_settings:
      fallbacks: [{small: [chat]}, {chat: [careful]}]
    general_settings:
      master_key: sk-also-secret
      database_url: postgresql://user:hunter2@db:5432/litellm
"""


def calls(system: Architecture, name: str = "litellm") -> dict[str, Relation]:
    return {one.target: one for one in system.components[name].relations if one.verb == "calls"}


def test_a_proxy_calls_vendors_and_servers_with_what_its_router_does(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"config.yaml": CONFIG})
    assert kinds(system) == {
        "litellm": "gateway", "azure-openai": "external", "openai": "external", "llm": "model-server", "anthropic": "external",
        "redis": "cache", "postgresql": "database", "langfuse": "monitoring",
    }  # fmt: skip
    found = calls(system)
    assert {name: (one.timeout_s, one.retries) for name, one in found.items()} == {
        "azure-openai": (30, 2), "openai": (20, 2), "llm": (30, 2), "anthropic": (30, 2),
    }  # fmt: skip
    assert {name: one.fallback for name, one in found.items()} == {
        "azure-openai": "anthropic", "openai": "anthropic", "llm": "azure-openai", "anthropic": None,
    }  # fmt: skip
    assert (found["azure-openai"].either, found["openai"].either, found["llm"].either) == ("chat", "chat", None)
    assert found["llm"].when == "the model is small"
    (read,) = (one for one in system.components["litellm"].relations if one.target == "redis")
    assert (read.verb, read.ttl_s) == ("reads", 600)
    assert system.components["llm"].serves == ("org/small",)


def test_quotas_are_limits_of_the_vendor(tmp_path: Path) -> None:
    limit = found_in(tmp_path, {"config.yaml": CONFIG}).components["azure-openai"].rate_limit
    assert limit is not None
    assert (limit.requests_per_s, limit.tokens_per_s) == (8, 1500)


def test_secrets_are_not_printed(tmp_path: Path) -> None:
    found = searched(tmp_path, {"config.yaml": CONFIG})
    report = check_targets([tmp_path], Options())
    shown = write(found.draft, "s", found.sources) + "".join(str(finding) for finding in report.findings)
    assert not [secret for secret in ("sk-very-secret", "sk-also-secret", "hunter2") if secret in shown]


def test_containers_take_the_place_of_what_the_settings_name(tmp_path: Path) -> None:
    system = found_in(tmp_path, {"config.yaml": CONFIG, "compose.yaml": """
        services:
          gate: {image: "ghcr.io/berriai/litellm:v1", ports: ["4000:4000"], volumes: ["./config.yaml:/app/config.yaml"]}
          llm: {image: "vllm/vllm-openai:v0.9.0", command: "--model org/small"}
          answers: {image: "redis:7"}
          db: {image: "postgres:16"}
    """})  # fmt: skip
    assert set(system.components) == {"gate", "llm", "answers", "db", "azure-openai", "openai", "anthropic", "langfuse", "users"}
    assert {one.target for one in system.components["gate"].relations} == {
        "llm", "azure-openai", "openai", "anthropic", "answers", "db", "langfuse",
    }  # fmt: skip
    assert calls(system, "gate")["llm"].timeout_s == 30


def test_a_configuration_in_a_config_map(tmp_path: Path) -> None:
    inner = "\n".join(f"    {line}" for line in dedent(CONFIG).strip().splitlines())
    manifest = f"""
apiVersion: v1
kind: ConfigMap
metadata: {{name: proxy-config}}
data:
  config.yaml: |
{inner}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: gate}}
spec:
  template:
    metadata: {{labels: {{app: gate}}}}
    spec:
      containers: [{{name: c, image: "ghcr.io/berriai/litellm:v1", volumeMounts: [{{name: v, mountPath: /app}}]}}]
      volumes: [{{name: v, configMap: {{name: proxy-config}}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: small-server}}
spec: {{template: {{metadata: {{labels: {{app: llm}}}}, spec: {{containers: [{{name: c, image: "vllm/vllm-openai:v0.9.0"}}]}}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: llm}}
spec: {{selector: {{app: llm}}, ports: [{{port: 8000}}]}}
"""
    system = found_in(tmp_path, {"all.yaml": manifest})
    assert set(calls(system, "gate")) == {"small-server", "azure-openai", "openai", "anthropic"}
    assert calls(system, "gate")["small-server"].timeout_s == 30
    assert not {"litellm", "llm"} & set(system.components)


def test_a_configuration_that_a_named_compose_file_mounts(tmp_path: Path) -> None:
    write_files(tmp_path, {"config.yaml": CONFIG, "compose.yaml": """
        services: {gate: {image: "ghcr.io/berriai/litellm:v1", volumes: ["./config.yaml:/app/config.yaml"], ports: ["80:4000"]}}
    """})
    found = import_files([tmp_path / "compose.yaml"], tmp_path, explicit=True)
    relations = {one.target: one.site.shown for one in found.draft.components["gate"].relations}
    assert relations["anthropic"] == f"{tmp_path / 'config.yaml'}:10"
    assert len(relations) == 7


@pytest.mark.parametrize(("params", "name", "kind"), [
    ("{model: gpt-4o}", "openai", "external"),
    ("{model: bedrock/anthropic.claude}", "bedrock", "external"),
    ("{model: openai/x, api_base: os.environ/RANKER_API_BASE}", "ranker", "external"),
    ("{model: ollama/x, api_base: 'http://localhost:11434'}", "ollama", "model-server"),
    ("{model: openai/x, api_base: 'http://10.1.2.3:8000'}", "10", "external"),
    ("{model: openai/x, api_base: 'https://api.groq.com/v1'}", "groq", "external"),
    ("{model: newvendor/x}", "newvendor", "external"),
])  # fmt: skip
def test_a_vendor_is_known_by_its_address_or_its_prefix(tmp_path: Path, params: str, name: str, kind: str) -> None:
    system = found_in(tmp_path, {"c.yaml": f"model_list:\n  - model_name: m\n    litellm_params: {params}\n"})
    assert kinds(system) == {"litellm": "gateway", name: kind}


@pytest.mark.parametrize("text", [
    "model_list: [{litellm_params: {}}]", "model_list: [{model_name: a, litellm_params: 3}]",
    "model_list: [{model_name: [a], litellm_params: {model: [b]}}]", "model_list: [{litellm_params: x}, 3]\nrouter_settings: []",
    "model_list:\n - model_name: a\n   litellm_params: {model: b, rpm: {}, timeout: soon}\nrouter_settings: {fallbacks: [a, {a: b}], num_retries: x}\n"
    "litellm_settings: {cache: true, cache_params: [], callbacks: {a: b}}\ngeneral_settings: 3",
])  # fmt: skip
def test_any_shape_ends_in_a_result(tmp_path: Path, text: str) -> None:
    assert "litellm" in searched(tmp_path, {"c.yaml": text}).draft.components


def test_other_lists_of_models_are_not_read(tmp_path: Path) -> None:
    found = searched(tmp_path, {"c.yaml": "model_list: [a, b]\n", "d.yaml": "model_list:\n  - {name: x}\n"})
    assert found.draft.components == {}
    assert [reason for _, reason in found.left_out] == ["no format that archlint imports"] * 2
