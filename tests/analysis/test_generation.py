"""Which models of a workload generate tokens."""

from __future__ import annotations

import pytest

import archlint
from archlint.analysis.generation import generating


@pytest.mark.parametrize("server", ["tei", "vllm"])
@pytest.mark.parametrize("model", ["parameters: 560M", "framework: xgboost", "family: mlp"])
def test_a_ranker_generates_nothing_if_its_family_framework_or_server_does_not(server: str, model: str) -> None:
    system = archlint.load(f"""
archlint: 1
workloads: {{ask: {{from: app, models: [ranker, chat], stream: true}}}}
models: {{ranker: {{{model}}}, chat: {{}}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: service, calls: [rank, vendor]}}
  rank: {{kind: model-server, uses: {server}, serves: [ranker]}}
  vendor: {{kind: external, serves: [chat]}}
""")
    made = {serving.model for serving in generating(system, system.workloads["ask"])}
    known = server == "vllm" and model == "parameters: 560M"      # of two models, the one that is known to generate
    assert made == ({"ranker"} if known else {"chat"})
