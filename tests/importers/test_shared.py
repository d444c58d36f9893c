"""Variables that an anchor gives to every service, options that only look like a role, and timeouts of nginx."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.importers.configs import config_links
from tests.importers.importing import architecture, imported

ANCHORED = """
    x-env: &env
      QUEUE_URL: amqp://rabbit:5672
    services:
      proxy: {image: 'nginx:1.27', environment: *env, ports: ['80:80']}
      llm: {image: vllm/vllm-openai, environment: {<<: *env}}
      api: {image: acme/api, environment: {<<: *env, LLM_URL: 'http://llm:8000'}}
      rabbit: {image: 'rabbitmq:3'}
"""


def test_a_variable_of_an_anchor_is_no_use_by_servers_and_proxies(tmp_path: Path) -> None:
    found = imported(tmp_path, ANCHORED).draft.components
    used = {name: sorted(one.target for one in component.relations) for name, component in found.items()}
    assert (used["proxy"], used["llm"], used["api"]) == ([], [], ["llm", "rabbit"])


def test_an_option_for_workers_makes_no_worker(tmp_path: Path) -> None:
    text = "services:\n  api: {image: acme/api, command: 'serve app:app --workers 4', ports: ['80:80'], environment: {LLM: 'http://llm:1'}}\n  llm: {image: ollama/ollama}\n"
    found = imported(tmp_path, text).draft.components
    assert (found["api"].kind, "worker" in found["api"].reason) == ("service", False)


@pytest.mark.parametrize(("text", "expected"), [
    ("location / { proxy_pass http://a:1; proxy_read_timeout 300s; }", {"a": "300s"}),
    ("server { proxy_read_timeout 5m; location /a { proxy_pass http://a; } location /b { proxy_read_timeout 90; proxy_pass http://b; } }",
     {"a": "5min", "b": "90s"}),
    ("location /x { proxy_pass http://a; proxy_read_timeout 1s; } location /y { proxy_pass http://a; }", {"a": ""}),
    ("upstream g { server a:1; server b:2; } location / { proxy_pass http://g; proxy_read_timeout 10; }", {"a": "10s", "b": "10s"}),
    ("location / { proxy_pass http://a; }", {"a": ""}),
])  # fmt: skip
def test_timeouts_of_nginx_belong_to_their_blocks(text: str, expected: dict[str, str]) -> None:
    found = config_links("nginx.conf", f"http {{ {text} }}")
    assert found is not None
    assert {host: dict(more).get("timeout", "") for host, _, _, _, more in found} == expected


def test_a_timeout_of_nginx_is_written(tmp_path: Path) -> None:
    system = architecture(tmp_path, {
        "compose.yaml": "services:\n  web: {image: nginx, volumes: ['./n.conf:/etc/nginx/nginx.conf'], ports: ['80:80']}\n  api: {image: acme/api}\n",
        "n.conf": "http { server { location / { proxy_pass http://api:1; proxy_read_timeout 30s; } } }\n",
    })  # fmt: skip
    (relation,) = system.components["web"].relations
    assert (relation.target, relation.timeout_s) == ("api", 30.0)
