"""The patterns of generated answers in pictures: their roles on the parts, their titles in the legend."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archlint.catalog.patterns import patterns
from archlint.diagram import Picture, Plan, d2, dot, draw, mermaid, svg
from tests.diagram.samples import of_text

ASSISTANT = """
archlint: 1
system: assistant
workloads: {ask: {from: page, tokens: {out: 300}, stream: true}}
models: {emb: {}, small: {parameters: 8B}, large: {parameters: 70B}, other: {}}
components:
  page: {kind: client, calls: [app]}
  app: {kind: service, reads: [passages], calls: [check, vectors, router]}
  check: {kind: guardrail}
  vectors: {kind: model-server, serves: [emb]}
  passages: {kind: vector-store, index_of: emb}
  filler: {kind: batch-job, schedule: 1d, calls: [vectors], writes: [passages]}
  router: {kind: service, calls: [quick, {to: front, when: the quick answer is unsure}]}
  quick: {kind: model-server, uses: vllm, serves: [small]}
  front: {kind: gateway, calls: [{to: reader, fallback: vendor}, writer]}
  reader: {kind: model-server, serves: [large], stage: prefill}
  writer: {kind: model-server, serves: [large], stage: decode}
  vendor: {kind: external, serves: [other]}
"""
ROLES = {
    "check": {"guardrail of guardrail"},
    "vectors": {"embedder of rag"},
    "passages": {"index of rag"},
    "filler": {"filler of rag"},
    "quick": {"small of model-cascade", "generator of rag", "generator of streamed-answer"},
    "reader": {"prefill of disaggregated-serving", "provider of llm-gateway"},
    "writer": {"decode of disaggregated-serving", "generator of streamed-answer"},
    "front": {"gateway of llm-gateway", "relay of streamed-answer"},
    "vendor": {"provider of llm-gateway"},
}


@pytest.fixture(scope="module")
def picture() -> Picture:
    return draw(of_text(ASSISTANT)[0], None, Plan(patterns=True))


def test_parts_show_their_roles(picture: Picture) -> None:
    shown = {node.name: {f"{role.role} of {role.pattern}" for role in node.roles} for node in picture.nodes}
    assert {name: roles & shown[name] for name, roles in ROLES.items()} == ROLES


def test_the_legend_names_the_patterns(picture: Picture) -> None:
    text = svg(picture)
    for name in ("rag", "model-cascade", "streamed-answer", "disaggregated-serving", "llm-gateway", "guardrail"):
        assert patterns()[name].title in text, name


@pytest.mark.parametrize("write", [mermaid, d2, dot])
def test_text_formats_write_the_roles(picture: Picture, write: Callable[[Picture], str]) -> None:
    text = write(picture)
    for roles in ROLES.values():
        for role in roles:
            assert role in text, role
