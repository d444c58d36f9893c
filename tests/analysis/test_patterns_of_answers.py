"""Patterns of generated answers: each in a small system, and not in near misses."""

from __future__ import annotations

from typing import ClassVar

import pytest

from archlint import System
from tests.analysis.pattern_systems import Roles, found, load

MODELS = "emb gen"
ASKS = "w: {from: page, models: [emb, gen], tokens: {out: 300}}"
RAG = """
page: {kind: client, calls: [app]}
app: {kind: service, calls: [vectors, writer], reads: [passages]}
vectors: {kind: model-server, serves: [emb]}
writer: {kind: model-server, serves: [gen]}
passages: {kind: vector-store, index_of: emb}
nightly: {kind: batch-job, schedule: 1d, serves: [emb], writes: [passages]}
"""
RAG_ROLES: Roles = {
    "client": ("page",), "embedder": ("vectors",), "index": ("passages",), "generator": ("writer",), "filler": ("nightly",),
}  # fmt: skip


def asked(components: str, models: str = MODELS, workloads: str = ASKS) -> System:
    return load(components, models, workloads)


class TestRag:
    def test_a_search_before_a_model_that_generates(self) -> None:
        assert found(asked(RAG), "rag") == [("w", RAG_ROLES)]

    def test_the_order_of_keys_is_no_order_of_steps(self) -> None:
        text = RAG.replace("calls: [vectors, writer], reads: [passages]", "reads: [passages], calls: [vectors, writer]")
        assert found(asked(text), "rag") == [("w", RAG_ROLES)]

    def test_a_service_may_retrieve(self) -> None:
        text = RAG.replace("calls: [vectors, writer], reads: [passages]", "calls: [finder, writer]")
        system = asked(text + "finder: {kind: service, calls: [vectors], reads: [passages]}")
        assert found(system, "rag") == [("w", RAG_ROLES)]

    def test_a_service_may_retrieve_and_hand_on(self) -> None:
        text = RAG.replace("calls: [vectors, writer], reads: [passages]", "calls: [finder]")
        system = asked(text + "finder: {kind: service, calls: [vectors, writer], reads: [passages]}")
        assert found(system, "rag") == [("w", RAG_ROLES)]

    def test_the_server_of_the_model_may_retrieve(self) -> None:
        text = RAG.replace("calls: [vectors, writer], reads: [passages]", "calls: [writer]")
        system = asked(text.replace("serves: [gen]", "serves: [gen], calls: [vectors], reads: [passages]"))
        assert found(system, "rag") == [("w", RAG_ROLES)]

    def test_a_database_with_vectors_is_an_index_too(self) -> None:
        assert found(asked(RAG.replace("vector-store", "database")), "rag") == [("w", RAG_ROLES)]
        assert found(asked(RAG.replace("vector-store, index_of: emb", "database")), "rag") == []

    @pytest.mark.parametrize("writer", ["nightly: {kind: batch-job, schedule: 1d, serves: [emb]", "nightly: {kind: batch-job"])
    def test_without_a_stated_model_the_embedder_is_what_is_asked_first(self, writer: str) -> None:
        text = RAG.replace(", index_of: emb", "").replace("nightly: {kind: batch-job, schedule: 1d, serves: [emb]", writer)
        assert found(asked(text), "rag") == [("w", RAG_ROLES)]

    def test_a_managed_index_may_embed_by_itself(self) -> None:
        text = RAG.replace("[vectors, writer]", "[writer]").replace("vectors: {kind: model-server, serves: [emb]}\n", "")
        ((_, roles),) = found(asked(text, MODELS, "w: {from: page, models: [gen], tokens: {out: 300}}"), "rag")
        assert "embedder" not in roles

    def test_a_worker_may_answer_behind_a_queue(self) -> None:
        text = RAG.replace("calls: [app]", "publishes: [jobs]").replace("app: {kind: service", "app: {kind: worker, consumes: [jobs]")
        assert found(asked(text + "jobs: {kind: queue}"), "rag") == [("w", RAG_ROLES)]

    def test_the_technology_of_a_server_may_say_that_it_generates(self) -> None:
        plain = "w: {from: page, models: [emb, gen]}"
        assert found(asked(RAG, MODELS, plain), "rag") == []
        known = RAG.replace("model-server, serves: [gen]", "model-server, uses: vllm, serves: [gen]")
        assert found(asked(known, MODELS, plain), "rag") == [("w", RAG_ROLES)]

    @pytest.mark.parametrize(
        "said",
        [
            "max_sequences: 64", "balancing: prefix-aware", "reads: [{to: heads, kind: prefix}]",
            "rate_limit: {tokens: 2M/min}", "price: {output: 10 USD per 1M tokens}",
        ],
    )  # fmt: skip
    def test_facts_of_a_server_may_say_so_too(self, said: str) -> None:
        kind = "external" if "limit" in said or "price" in said else "model-server"
        text = RAG.replace("writer: {kind: model-server,", f"writer: {{kind: {kind}, {said},") + "heads: {kind: cache}"
        assert found(asked(text, MODELS, "w: {from: page, models: [emb, gen]}"), "rag") == [("w", RAG_ROLES)]

    def test_a_model_that_ranks_what_was_found_is_none(self) -> None:
        system = load(RAG, MODELS, ASKS, {"gen": "family: gbdt"})
        assert found(system, "rag") == []

    def test_a_search_after_the_answer_is_none(self) -> None:
        text = RAG.replace("calls: [vectors, writer], reads: [passages]", "calls: [writer, finder]")
        system = asked(text + "finder: {kind: service, calls: [vectors], reads: [passages]}")
        assert found(system, "rag") == []

    @pytest.mark.parametrize("said", ["share: 50%", "when: X", "either: x", "parallel: x"])
    def test_a_search_in_place_of_the_answer_is_none(self, said: str) -> None:
        calls = f"[{{to: finder, {said}}}, {{to: writer, {said}}}]"
        text = RAG.replace("calls: [vectors, writer], reads: [passages]", f"calls: {calls}")
        system = asked(text + "finder: {kind: service, calls: [vectors], reads: [passages]}")
        assert found(system, "rag") == []

    def test_a_cache_of_similar_questions_is_no_search(self) -> None:
        text = RAG.replace("calls: [vectors, writer], reads: [passages]", "reads: [{to: passages, hit_ratio: 30%}], calls: [vectors, writer]")
        assert found(asked(text), "rag") == []
        roles = {"caller": ("app",), "cache": ("passages",), "server": ("writer",)}
        assert found(asked(text), "prediction-cache") == [("w", roles)]

    def test_a_copy_of_the_answer_is_a_test_of_the_generating_model(self) -> None:
        text = RAG.replace("calls: [vectors, writer],", "calls: [vectors, writer], mirrors: [next],")
        system = asked(text + "next: {kind: model-server, serves: [new]}", "emb gen new")
        roles = {"proxy": ("app",), "current": ("writer",), "candidate": ("next",)}
        assert found(system, "shadow-ab") == [("w", roles)]

    def test_an_index_that_is_only_filled_is_none(self) -> None:
        text = RAG.replace("calls: [vectors, writer], reads: [passages]", "calls: [vectors, writer], writes: [passages]")
        assert found(asked(text), "rag") == []

    def test_two_pages_of_one_client_are_two_things(self) -> None:
        text = RAG.replace("calls: [app]", "calls: [app, summaries]") + "summaries: {kind: model-server, serves: [sum]}"
        system = load(text, "emb gen sum", "w: {from: page, tokens: {out: 300}}")
        assert [roles["generator"] for _, roles in found(system, "rag")] == [("writer",)]

    @pytest.mark.parametrize("filler", ["batch-job, schedule: 1d", "stream-processor, consumes: [edits]", "worker, consumes: [edits]"])
    def test_what_fills_the_index_is_no_batch_prediction(self, filler: str) -> None:
        text = RAG.replace("batch-job, schedule: 1d", filler) + "edits: {kind: queue}\neditor: {kind: client, publishes: [edits]}"
        system = asked(text)
        assert found(system, "rag") == [("w", RAG_ROLES)]
        assert found(system, "batch") == []
        assert len(found(system, "streaming")) == ("job" not in filler)
        alone = asked(text, MODELS, "w: {from: page, models: [gen], tokens: {out: 300}}")
        assert found(alone, "batch") == []

    @pytest.mark.parametrize("filler", ["batch-job, schedule: 1d", "stream-processor, consumes: [edits]"])
    @pytest.mark.parametrize("models", ["emb, gen", "gen"])
    def test_what_it_writes_beside_the_index_is_no_prediction_either(self, filler: str, models: str) -> None:
        text = RAG.replace("batch-job, schedule: 1d", filler).replace("writes: [passages]", "writes: [passages, words]")
        text = text.replace("reads: [passages]", "reads: [passages, words]")
        text += "words: {kind: database}\nedits: {kind: queue}\neditor: {kind: client, publishes: [edits]}"
        system = asked(text, MODELS, f"w: {{from: page, models: [{models}], tokens: {{out: 300}}}}")
        assert len(found(system, "rag")) == 1
        assert found(system, "batch") == []
        assert len(found(system, "streaming")) == ("stream" in filler and "emb" in models)

    def test_neighbours_that_are_found_ahead_of_time_are_a_batch(self) -> None:
        text = RAG.replace("calls: [vectors, writer], reads", "reads")
        assert [workload for workload, _ in found(asked(text, MODELS, "w: {from: page, models: [emb]}"), "batch")] == ["w"]


class TestStreamedAnswer:
    STREAM = """
    page: {kind: client, calls: [edge]}
    edge: {kind: gateway, calls: [api]}
    api: {kind: service, calls: [writer]}
    writer: {kind: model-server, serves: [m]}
    """
    ROLES: ClassVar[Roles] = {"client": ("page",), "relay": ("edge", "api"), "generator": ("writer",)}

    def streamed(self, text: str, said: str = "stream: true, tokens: {out: 300}", **facts: str) -> list[tuple[str, Roles]]:
        return found(load(text, "m", f"w: {{from: page, models: [m], {said}}}", facts), "streamed-answer")

    @pytest.mark.parametrize("said", ["stream: true, tokens: {out: 300}", "stream: true, slo: {ttft: {p95: 1s}}", "stream: true"])
    def test_tokens_come_to_the_client_as_they_are_generated(self, said: str) -> None:
        assert self.streamed(self.STREAM, said) == [("w", self.ROLES)]

    @pytest.mark.parametrize("said", ["stream: false, tokens: {out: 300}", "tokens: {out: 300}", "slo: {ttft: {p95: 1s}}"])
    def test_without_a_word_that_the_caller_uses_them_it_is_none(self, said: str) -> None:
        assert self.streamed(self.STREAM, said) == []

    def test_workloads_that_enter_alike_may_differ_in_it(self) -> None:
        said = "models: [m], tokens: {out: 300}"
        workloads = f"v: {{from: page, {said}}}\nw: {{from: page, {said}, stream: true}}"
        assert found(load(self.STREAM, "m", workloads), "streamed-answer") == [("w", self.ROLES)]

    @pytest.mark.parametrize("part", ["gateway", "service", "model-server"])
    def test_a_part_that_collects_the_answer_holds_it_back(self, part: str) -> None:
        assert self.streamed(self.STREAM.replace(f"kind: {part}", f"kind: {part}, buffers: true")) == []

    def test_a_second_way_may_carry_it(self) -> None:
        text = self.STREAM.replace("calls: [edge]", "calls: [{to: edge, either: x}, {to: direct, either: x}]")
        text = text.replace("gateway,", "gateway, buffers: true,") + "direct: {kind: gateway, calls: [writer]}"
        assert self.streamed(text) == [("w", {"client": ("page",), "relay": ("direct",), "generator": ("writer",)})]

    def test_a_queue_carries_no_stream_back(self) -> None:
        text = self.STREAM.replace("calls: [writer]", "publishes: [jobs]") + "jobs: {kind: queue}"
        assert self.streamed(text.replace("model-server", "worker, consumes: [jobs]")) == []

    def test_a_model_that_generates_nothing_streams_nothing(self) -> None:
        assert self.streamed(self.STREAM, m="family: cnn") == []

    def test_the_tokens_come_from_the_stage_that_decodes(self) -> None:
        text = self.STREAM.replace("[writer]", "[writer, reader]").replace("serves: [m]", "serves: [m], stage: decode")
        text += "reader: {kind: model-server, serves: [m], stage: prefill}"
        assert self.streamed(text) == [("w", self.ROLES)]

    def test_a_vendor_may_generate(self) -> None:
        assert self.streamed(self.STREAM.replace("model-server", "external")) == [("w", self.ROLES)]


class TestDisaggregated:
    APART = """
    page: {kind: client, calls: [router]}
    router: {kind: gateway, calls: [p, d]}
    p: {kind: model-server, serves: [m], stage: prefill}
    d: {kind: model-server, serves: [m], stage: decode}
    """
    ROLES: ClassVar[Roles] = {"router": ("router",), "prefill": ("p",), "decode": ("d",)}

    def apart(self, text: str, models: str = "m n") -> list[tuple[str, Roles]]:
        return found(load(text, models, "w: {from: page}"), "disaggregated-serving")

    def test_a_router_goes_to_both_stages(self) -> None:
        assert self.apart(self.APART) == [("w", self.ROLES)]
        system = load(self.APART, "m", "w: {from: page, models: [m]}")
        for pattern in ("web-single", "microservice-vertical", "microservice-horizontal"):
            assert found(system, pattern) == [], pattern

    @pytest.mark.parametrize(("first", "stages"), [("p", "d"), ("d", "p")])
    def test_one_stage_may_call_the_other(self, first: str, stages: str) -> None:
        text = self.APART.replace("[p, d]", f"[{first}]").replace(f"{first}: {{kind: model-server,", f"{first}: {{kind: model-server, calls: [{stages}],")
        assert self.apart(text) == [("w", self.ROLES)]

    def test_a_queue_may_be_between_them(self) -> None:
        text = self.APART.replace("[p, d]", "[d]").replace("d: {kind: model-server,", "d: {kind: model-server, publishes: [jobs],")
        text = text.replace("p: {kind: model-server,", "p: {kind: worker, consumes: [jobs],") + "jobs: {kind: queue}"
        ((_, roles),) = self.apart(text)
        assert (roles["prefill"], roles["decode"]) == (("p",), ("d",))

    @pytest.mark.parametrize("said", ["share: 50%", "either: x", "when: X"])
    def test_alternatives_are_on_no_path_together(self, said: str) -> None:
        assert self.apart(self.APART.replace("[p, d]", f"[{{to: p, {said}}}, {{to: d, {said}}}]")) == []

    def test_stages_of_different_models_are_none(self) -> None:
        assert self.apart(self.APART.replace("[m], stage: decode", "[n], stage: decode")) == []

    def test_one_stage_is_none(self) -> None:
        assert self.apart(self.APART.replace(", stage: decode", "")) == []

    def test_stages_for_different_workloads_are_none(self) -> None:
        text = self.APART.replace("[router]", "[p]").replace("[p, d]", "[d]") + "other: {kind: client, calls: [router]}"
        assert self.apart(text) == []


class TestContinuousBatching:
    SERVER = """
    page: {kind: client, calls: [edge]}
    edge: {kind: load-balancer, calls: [writer]}
    writer: {kind: model-server, serves: [m], max_sequences: 16}
    """

    def batched(self, text: str) -> list[tuple[str, Roles]]:
        return found(load(text, "m", "w: {from: page, tokens: {out: 300}}"), "continuous-batching")

    def test_a_server_generates_several_sequences_at_a_time(self) -> None:
        assert self.batched(self.SERVER) == [("w", {"client": ("page",), "server": ("writer",)})]

    @pytest.mark.parametrize("said", ["max_sequences: 1", "batching: {max_size: 16}", "workers: 16"])
    def test_one_sequence_and_batches_of_whole_requests_are_none(self, said: str) -> None:
        assert self.batched(self.SERVER.replace("max_sequences: 16", said)) == []
