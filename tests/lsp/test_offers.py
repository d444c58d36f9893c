"""Completions: the place of the cursor in texts that are being typed, and what is offered there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archlint.lsp.context import context_at
from archlint.lsp.offers import Vocabulary, offers_at
from archlint.model.meaning import meaning_of
from tests.lsp.help import CURSOR

WORDS = Vocabulary(
    {"components": {"api": "service", "랭킹-🚀": "model-server"}, "models": {"ranker": "model"}, "workloads": {}},
    {"kafka": "Apache Kafka"}, {"l4": "NVIDIA L4"}, {"SRV001": "online-bigsize"}, ("models.yaml",), ("components.api",),
)  # fmt: skip


def offered(text: str) -> tuple[str, list[str]]:
    """What is typed of the word at the cursor, and the labels that are offered."""
    before, _, after = text.partition(CURSOR)
    context = context_at(before + after, len(before))
    if context is None:
        return "", []
    assert before[context.start :] == context.word
    return context.word, [offer.label for offer in offers_at(context, WORDS)]


@pytest.mark.parametrize(
    ("text", "word", "labels"),
    [
        ("arch‸", "arch", {"archlint", "components"}),
        ("archlint: 1\ncomponents:\n  api:\n    ki‸", "ki", {"kind", "calls", "timeout"} - {"timeout"}),
        ("components:\n  api:\n    kind: service\n    ‸\n    uses: x\n", "", {"replicas"}),
        ("components:\n  api: {kind: ser‸", "ser", {"service", "model-server"}),
        ("components:\n  api:\n    kind: 'ser‸", "ser", {"service"}),
        ("components:\n  api:\n    calls: [‸", "", {"api", "랭킹-🚀", "to"}),
        ("components:\n  api:\n    calls: [api, 랭‸", "랭", {"랭킹-🚀"}),
        ("components:\n  api:\n    calls:\n      - ‸", "", {"api", "to"}),
        ("components:\n  api:\n    calls:\n    - to: ‸", "", {"api"}),
        ("components:\n  api:\n    calls:\n    - to: api\n      ‸", "", {"timeout", "retries"}),
        ("components:\n  api:\n    calls: [{to: api, time‸}]", "time", {"timeout"}),
        ("components:\n  api:\n    calls: [{to: api,\n      ‸", "", {"timeout"}),
        ("components:\n  api:\n    calls: [{to: api, timeout: 200‸", "200", {"200ms", "200s"}),
        ("components:\n  api:\n    calls:\n      ‸", "", {"- api"}),
        ("components:\n  api:\n    uses: ‸", "", {"kafka"}),
        ("components:\n  api: {hardware: {gpu: ‸", "", {"l4"}),
        ("components:\n  api:\n    logs_to: no‸", "no", {"none", "api"}),
        ("components:\n  api:\n    calls: [{to: api, fallback: ‸", "", {"api"}),
        ("components:\n  api:\n    serves: [‸", "", {"ranker"}),
        ("components:\n  api: {ready_check: ‸", "", {"true", "false"}),
        ("models:\n  ranker:\n    artifact: 1.5‸", "1.5", {"1.5GB", "1.5MiB"}),
        ("models:\n  ranker:\n    description: >\n      a text\n      of lines\n    ‸", "", {"artifact"}),
        ("workloads:\n  w: {slo: {latency: {‸", "", {"p99", "p50", "mean"}),
        ("workloads:\n  w:\n    rate: 40‸", "40", {"40/s", "40/min"}),
        ("accept:\n- rule: ‸", "", {"SRV001"}),
        ("accept:\n- rule: SRV001\n  at: comp‸", "comp", {"components.api"}),
        ("include: [‸", "", {"models.yaml"}),
        ("components:\n  api: {kind: service}  # archlint: accept SR‸", "SR", {"SRV001"}),
        ("a: &x {b: 1}\ncomponents:\n  api: &y\n    ki‸", "ki", {"kind"}),
        ("archlint: 1\r\ncomponents:\r\n  api:\r\n    ki‸", "ki", {"kind"}),
        ("archlint: 1\n---\narchlint: 1\ncomponents:\n  api:\n    ki‸", "ki", {"kind"}),
    ],
)
def test_what_is_offered(text: str, word: str, labels: set[str]) -> None:
    typed, found = offered(text)
    assert typed == word
    assert labels <= set(found), found


@pytest.mark.parametrize(
    "text",
    [
        "components:\n  api:\n    description: |\n      ki‸",
        "components:\n  api:\n    kind:‸",
        "components:\n  api: {kind: service}  # a note ‸",
        "components:\n  api: {kind: service}  # archlint: accept SRV001 -- because ‸",
        "x-own:\n  ki‸",
    ],
)
def test_nothing_is_offered_in_texts_and_comments(text: str) -> None:
    assert offered(text)[1] == []


def test_keys_that_are_stated_are_not_offered_again() -> None:
    for text in (
        "components:\n  api:\n    kind: x\n    ‸\n    uses: y\n  b:\n    zones: 2\n",
        "components:\n  api: {kind: x, ‸, uses: y}\n  b: {zones: 2}",
    ):
        found = offered(text)[1]
        assert not {"kind", "uses"} & set(found)
        assert "zones" in found


def test_a_field_of_every_path_says_what_it_means() -> None:
    for path, doc in {
        ("components", "a", "calls", 0, "timeout"): "Maximum time per attempt.",
        ("components", "a", "hardware", "gpu"): "The accelerator: from the catalogue (t4, l4, h100), or another.",
        ("workloads", "w", "slo", "latency", "p99"): "99 % of the values are at most this one.",
        ("accept", 0, "until"): "The last day of the acceptance. The finding reopens after it.",
        ("team", "on_call"): "Whether an engineer is on call.",
    }.items():
        meaning = meaning_of(path)
        assert meaning is not None and meaning.field is not None
        assert meaning.field.doc == doc
    assert meaning_of(("components", "a", "nonsense", "b")) is None


@given(st.text(st.sampled_from("ab: \n-[]{},#'\"|>&*!\r🚀"), max_size=60), st.integers(0, 60))
def test_no_text_breaks_the_search_for_the_cursor(text: str, offset: int) -> None:
    context = context_at(text, offset)
    assert context is None or text[context.start : min(offset, len(text))] == context.word
