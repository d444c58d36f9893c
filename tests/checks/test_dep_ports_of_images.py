"""DEP004 on public images: the catalogue knows their default ports, and what changes them."""

from pathlib import Path

import pytest

from archlint.catalog.technologies import shipped_technologies
from tests.rules.manifests import lint

CASES = {
    "triton's three ports": ("nvcr.io/nvidia/tritonserver:24.05-py3", "", "8080", True),
    "one of triton's ports": ("nvcr.io/nvidia/tritonserver:24.05-py3", "command: tritonserver", "8002", False),
    "triton's option": ("nvcr.io/nvidia/tritonserver:24.05-py3", "command: tritonserver --http-port=8080", "8080", False),
    "the default that an option replaced": ("vllm/vllm-openai:v0.8.1", "command: --port 9000", "8000", True),
    "an option with a variable": ("vllm/vllm-openai:v0.8.1", "command: --port ${PORT}", "8080", False),
    "an option of a file": ("vllm/vllm-openai:v0.8.1", "command: --config /etc/vllm.yaml", "8080", False),
    "another program": ("vllm/vllm-openai:v0.8.1", "command: python3 /app/serve.py", "8080", False),
    "another image of the name": ("registry.example.com/vllm-openai:1", "", "8080", False),
    "a variable": ("ghcr.io/huggingface/text-generation-inference:2.4", "environment: {PORT: 3000}", "80", True),
    "the address of a variable": ("ollama/ollama:0.5.1", "environment: {OLLAMA_HOST: '0.0.0.0:8080'}", "8080", False),
    "an address without a port": ("ollama/ollama:0.5.1", "environment: {OLLAMA_HOST: 0.0.0.0}", "8080", True),
    "nginx as built": ("nginx:1.27", "", "8080", True),
    "nginx with files": ("nginx:1.27", "volumes: ['./conf.d:/etc/nginx/conf.d']", "8080", False),
    "the network of another": ("nginx:1.27", "network_mode: 'service:page'", "8080", False),
    "unprivileged nginx": ("nginxinc/nginx-unprivileged:1.27", "", "8080", False),
}


@pytest.mark.parametrize("case", CASES)
def test_a_check_of_a_port_on_which_the_image_does_not_listen(case: str, tmp_path: Path) -> None:
    image, line, port, wrong = CASES[case]
    path = tmp_path / "compose.yaml"
    path.write_text(
        f"services:\n  page: {{image: 'registry.example.com/page:1'}}\n  server:\n    image: {image}\n    {line}\n"
        f"    healthcheck:\n      test: [CMD, curl, -f, 'http://localhost:{port}/health']\n"
    )
    found = [finding for finding in lint(path).findings if finding.rule == "DEP004"]
    assert [(finding.at, finding.severity) for finding in found] == (
        [("components.server.healthcheck", "warning")] if wrong else []
    )


def test_a_probe_may_ask_another_container_of_its_pod(tmp_path: Path) -> None:
    path = tmp_path / "pod.yaml"
    path.write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: writer}\nspec:\n  containers:\n"
        "    - {name: vllm, image: 'vllm/vllm-openai:v0.8.1', readinessProbe: {httpGet: {path: /, port: 8080}}}\n"
        "    - {name: proxy, image: 'registry.example.com/proxy:1', ports: [{containerPort: 8080}]}\n"
    )
    assert "DEP004" not in {finding.rule for finding in lint(path).findings}


def test_each_default_port_has_a_source_and_an_image() -> None:
    known = [entry for entry in shipped_technologies().entries.values() if entry.listens is not None]
    assert len(known) >= 8
    for entry in known:
        assert entry.listens is not None
        assert entry.listens.source.startswith("https://")
        assert set(entry.listens.images) <= set(entry.images)
        assert entry.listens.images
