"""A gateway before several providers, a cascade of models, a guardrail: each in a small system, and not in near misses."""

from __future__ import annotations

from typing import ClassVar

import pytest

from archlint import System
from tests.analysis.pattern_systems import Roles, found, load


class TestGateway:
    TWO = """
    page: {kind: client, calls: [app]}
    app: {kind: service, calls: [front]}
    front: {kind: gateway, CALLS}
    first: {kind: external, serves: [m]}
    second: {kind: external, serves: [n]}
    """
    FALLBACK = "calls: [{to: first, fallback: second}]"
    ROLES: ClassVar[Roles] = {"caller": ("app",), "gateway": ("front",), "provider": ("first", "second")}

    def system(self, calls: str = FALLBACK, change: tuple[str, str] = ("", ""), said: str = "tokens: {out: 300}") -> System:
        text = self.TWO.replace("CALLS", calls)
        return load(text.replace(*change) if change[0] else text, "m n", f"w: {{from: page, {said}}}")

    @pytest.mark.parametrize(
        "calls",
        [
            FALLBACK,
            "calls: [{to: first, fallback: second}, {to: second, optional: true}]",
            "calls: [{to: first, either: vendors}, {to: second, either: vendors}]",
            "calls: [{to: first, either: vendors, fallback: sorry}, {to: second, either: vendors}]",
            "calls: [{to: first, share: 70%}, {to: second, share: 30%}]",
            "calls: [{to: first, share: 70%, fallback: second}, {to: second, share: 30%, fallback: first}]",
        ],
    )
    def test_alternative_vendors_and_no_chain(self, calls: str) -> None:
        system = self.system(calls)
        assert found(system, "llm-gateway") == [("w", self.ROLES)]
        for pattern in ("microservice-vertical", "microservice-horizontal", "online-ab", "condition-based",
                        "parameter-based", "multiple-stage", "model-cascade", "web-single"):  # fmt: skip
            assert found(system, pattern) == [], pattern

    def test_all_vendors_of_a_chain_of_fallbacks(self) -> None:
        calls = "calls: [{to: second, fallback: third}, {to: first, fallback: second}]"
        text = self.TWO.replace("CALLS", calls) + "third: {kind: external, serves: [o]}"
        system = load(text, "m n o", "w: {from: page, tokens: {out: 300}}")
        ((_, roles),) = found(system, "llm-gateway")
        assert roles["provider"] == ("second", "third", "first")
        assert found(system, "microservice-vertical") == []

    @pytest.mark.parametrize("kind", ["load-balancer", "service", "model-server", "external"])
    def test_a_server_that_only_passes_requests_on_is_one_too(self, kind: str) -> None:
        assert found(self.system(change=("gateway", kind)), "llm-gateway") == [("w", self.ROLES)]

    @pytest.mark.parametrize("more", [", serves: [own]", ", reads: [passages]"])
    def test_an_application_that_does_more_is_none(self, more: str) -> None:
        text = self.TWO.replace("CALLS", self.FALLBACK + more).replace("kind: gateway", "kind: service")
        text += "passages: {kind: vector-store}\nemb: {kind: model-server, serves: [e]}"
        assert found(load(text, "m n own e", "w: {from: page, tokens: {out: 300}}"), "llm-gateway") == []

    def test_a_client_that_asks_two_vendors_has_no_gateway(self) -> None:
        text = "page: {kind: client, calls: [{to: first, fallback: second}]}\n"
        text += "first: {kind: external, serves: [m]}\nsecond: {kind: external, serves: [n]}"
        assert found(load(text, "m n", "w: {from: page, tokens: {out: 300}}"), "llm-gateway") == []

    def test_a_gateway_may_cache_answers(self) -> None:
        system = self.system(f"reads: [{{to: similar, hit_ratio: 20%}}], {self.FALLBACK}", ("first: {", "similar: {kind: vector-store}\nfirst: {"))
        assert found(system, "llm-gateway") == [("w", {**self.ROLES, "cache": ("similar",)})]
        cached = {"caller": ("front",), "cache": ("similar",), "server": ("first",)}
        assert found(system, "prediction-cache") == [("w", cached)]
        assert found(system, "rag") == []

    @pytest.mark.parametrize("calls", [FALLBACK, "calls: [first]"])
    def test_the_model_for_the_key_of_its_cache_is_no_stage(self, calls: str) -> None:
        relations = f"reads: [{{to: similar, hit_ratio: 20%}}], {calls.replace('[', '[{to: keys, optional: true}, ')}"
        more = "similar: {kind: cache}\nkeys: {kind: model-server, serves: [e]}\nfirst: {"
        text = self.TWO.replace("CALLS", relations).replace("first: {", more).replace("external,", "external, uses: openai,")
        system = load(text, "m n e", "w: {from: page}")
        assert found(system, "microservice-vertical") == []
        assert [roles["server"] for _, roles in found(system, "prediction-cache")] == [("first",)]

    def test_a_provider_for_some_requests_is_one_too(self) -> None:
        calls = self.FALLBACK.replace("]", ", {to: own, when: the data must not leave}]")
        text = self.TWO.replace("CALLS", calls) + "own: {kind: model-server, serves: [o]}"
        ((_, roles),) = found(load(text, "m n o", "w: {from: page, tokens: {out: 300}}"), "llm-gateway")
        assert roles["provider"] == ("first", "second", "own")

    def test_a_cache_of_prefixes_keeps_no_answers(self) -> None:
        calls = f"reads: [{{to: heads, kind: prefix, hit_ratio: 40%}}], {self.FALLBACK}"
        system = self.system(calls, ("first: {", "heads: {kind: cache}\nfirst: {"))
        assert found(system, "llm-gateway") == [("w", self.ROLES)]
        assert found(system, "prediction-cache") == []
        assert found(system, "data-cache") == []

    def test_one_vendor_in_two_regions_is_two_providers(self) -> None:
        assert len(found(self.system(change=("[n]", "[m]")), "llm-gateway")) == 1

    def test_own_servers_of_one_model_are_a_fleet(self) -> None:
        text = self.TWO.replace("CALLS", self.FALLBACK).replace("external", "model-server").replace("[n]", "[m]")
        system = load(text, "m", "w: {from: page, tokens: {out: 300}}")
        assert found(system, "llm-gateway") == []

    def test_own_servers_of_different_models_are_providers(self) -> None:
        assert found(self.system(change=("external", "model-server")), "llm-gateway") == [("w", self.ROLES)]

    def test_models_that_generate_nothing_are_none(self) -> None:
        assert found(self.system(said="rate: 1/s"), "llm-gateway") == []

    def test_two_that_are_both_needed_are_no_alternatives(self) -> None:
        assert found(self.system("calls: [first, second]"), "llm-gateway") == []

    def test_two_whole_applications_are_no_providers(self) -> None:
        text = self.TWO.replace("CALLS", "calls: [{to: a, either: x}, {to: b, either: x}]")
        text += "a: {kind: service, calls: [first]}\nb: {kind: service, calls: [second]}"
        assert found(load(text, "m n", "w: {from: page, tokens: {out: 300}}"), "llm-gateway") == []

    def test_regional_gateways_may_be_in_between(self) -> None:
        text = self.TWO.replace("CALLS", "calls: [{to: a, either: x}, {to: b, either: x}]")
        text += "a: {kind: gateway, calls: [first]}\nb: {kind: gateway, calls: [second]}"
        assert found(load(text, "m n", "w: {from: page, tokens: {out: 300}}"), "llm-gateway") == [("w", self.ROLES)]

    def test_a_batch_may_use_it(self) -> None:
        text = self.TWO.replace("CALLS", self.FALLBACK).replace("page: {kind: client", "page: {kind: batch-job, schedule: 1d")
        text = text.replace("external,", "external, uses: openai,") + "web: {kind: client, reads: [texts]}\ntexts: {kind: database}"
        assert found(load(text, "m n", "w: {from: web}"), "llm-gateway") == [("", self.ROLES)]


class TestCascade:
    TWO = """
    page: {kind: client, calls: [app]}
    app: {kind: service, CALLS}
    quick: {kind: model-server, serves: [s]}
    strong: {kind: model-server, serves: [l]}
    """
    SHARE = "calls: [quick, {to: strong, share: 20%}]"
    ROLES: ClassVar[Roles] = {"client": ("page",), "router": ("app",), "small": ("quick",), "large": ("strong",)}

    def system(self, calls: str = SHARE, small: str = "parameters: 8B", large: str = "parameters: 70B", said: str = "") -> System:
        return load(self.TWO.replace("CALLS", calls), "s l", f"w: {{from: page{said}}}", {"s": small, "l": large})

    @pytest.mark.parametrize("said", [SHARE, "calls: [quick, {to: strong, when: unsure}]", "calls: [quick, {to: strong, when: unsure, share: 5%}]"])
    def test_the_larger_model_answers_a_part(self, said: str) -> None:
        system = self.system(said)
        assert found(system, "model-cascade") == [("w", self.ROLES)]
        for pattern in ("microservice-vertical", "online-ab", "condition-based", "multiple-stage", "llm-gateway"):
            assert found(system, pattern) == [], pattern

    @pytest.mark.parametrize(
        ("small", "large"),
        [
            ("parameters: 8B", "parameters: 70B"),
            ("parameters: 8B", "parameters: 400B, active_parameters: 17B"),
            ("service_time: 20ms", "service_time: {p50: 400ms, p95: 2s}"),
            ("tpot: 10ms", "tpot: {mean: 40ms}"),
            ("artifact: 500MB", "artifact: 3GB"),
        ],
    )
    def test_sizes_tell_which_is_larger(self, small: str, large: str) -> None:
        assert found(self.system(small=small, large=large), "model-cascade") == [("w", self.ROLES)]
        assert found(self.system(small=large, large=small), "model-cascade") == []

    @pytest.mark.parametrize(
        ("small", "large"),
        [
            ("", ""), ("parameters: 8B", ""), ("parameters: 8B", "parameters: 8B"), ("parameters: 8B", "service_time: 2s"),
            ("artifact: 4GB, precision: int4", "artifact: 16GB, precision: fp16"),
        ],
    )  # fmt: skip
    def test_without_comparable_sizes_it_is_undecided_and_not_called_one(self, small: str, large: str) -> None:
        system = self.system(small=small, large=large)
        assert found(system, "model-cascade") == []
        assert len(found(system, "microservice-vertical")) == 1

    def test_the_prices_of_vendors_tell_too(self) -> None:
        text = self.TWO.replace("CALLS", self.SHARE)
        for name, price in (("quick", "0.60 USD per 1M tokens"), ("strong", "10 USD per 1M tokens")):
            text = text.replace(f"{name}: {{kind: model-server,", f"{name}: {{kind: external, price: {{output: {price}}},")
        assert found(load(text, "s l", "w: {from: page, tokens: {out: 300}}"), "model-cascade") == [("w", self.ROLES)]

    def test_a_server_may_ask_the_larger_one(self) -> None:
        text = self.TWO.replace("CALLS", "calls: [quick]").replace("serves: [s]", "serves: [s], calls: [{to: strong, share: 20%}]")
        system = load(text, "s l", "w: {from: page}", {"s": "parameters: 8B", "l": "parameters: 70B"})
        assert found(system, "model-cascade") == [("w", {**self.ROLES, "router": ("quick",)})]
        assert found(system, "microservice-vertical") == []

    def test_a_device_may_ask_a_server(self) -> None:
        text = "phone: {kind: edge-device, serves: [s], calls: [{to: strong, when: unsure}]}\nstrong: {kind: model-server, serves: [l]}"
        text = f"page: {{kind: client, calls: [phone]}}\n{text}"
        system = load(text, "s l", "w: {from: page}", {"s": "parameters: 8M", "l": "parameters: 1B"})
        roles = {"client": ("page",), "router": ("phone",), "small": ("phone",), "large": ("strong",)}
        assert found(system, "model-cascade") == [("w", roles)]

    @pytest.mark.parametrize(
        "calls",
        [
            "calls: [quick, strong]",
            "calls: [{to: strong, share: 20%}, quick]",
            "calls: [{to: quick, share: 80%}, {to: strong, share: 20%}]",
            "calls: [{to: quick, when: short}, {to: strong, when: long}]",
            "calls: [{to: quick, fallback: strong}]",
            "calls: [{to: quick, fallback: strong}, {to: strong, share: 20%}]",
            "calls: [{to: quick, parallel: x}, {to: strong, parallel: x, share: 20%}]",
            "calls: [quick], publishes: [{to: jobs, share: 20%}]",
        ],
    )
    def test_other_relations_between_two_models_are_none(self, calls: str) -> None:
        text = self.TWO.replace("CALLS", calls)
        if "jobs" in calls:
            text = text.replace("strong: {kind: model-server", "jobs: {kind: queue}\nstrong: {kind: worker, consumes: [jobs]")
        system = load(text, "s l", "w: {from: page}", {"s": "parameters: 8B", "l": "parameters: 70B"})
        assert found(system, "model-cascade") == []

    def test_models_of_different_sorts_are_a_chain(self) -> None:
        system = self.system(small="parameters: 30M, family: cnn", large="parameters: 1B, family: transformer")
        assert found(system, "model-cascade") == []
        assert len(found(system, "microservice-vertical")) == 1

    def test_an_embedder_is_not_a_smaller_model(self) -> None:
        text = self.TWO.replace("CALLS", self.SHARE + ", reads: [passages]") + "passages: {kind: vector-store, index_of: s}"
        facts = {"s": "parameters: 300M", "l": "parameters: 70B"}
        system = load(text, "s l", "w: {from: page, tokens: {out: 300}}", facts)
        assert found(system, "model-cascade") == []
        assert len(found(system, "rag")) == 1

    def test_what_generates_nothing_is_not_smaller_than_what_does(self) -> None:
        text = self.TWO.replace("CALLS", self.SHARE).replace("model-server, serves: [l]", "model-server, uses: vllm, serves: [l]")
        system = load(text, "s l", "w: {from: page}", {"s": "parameters: 300M", "l": "parameters: 70B"})
        assert found(system, "model-cascade") == []


class TestGuardrail:
    BESIDE = """
    page: {kind: client, calls: [app]}
    app: {kind: service, calls: [check, writer]}
    check: {kind: guardrail, serves: [safety]}
    writer: {kind: model-server, serves: [m]}
    """
    ROLES: ClassVar[Roles] = {"caller": ("app",), "guardrail": ("check",), "server": ("writer",)}
    MODELS = "m safety n"

    def system(self, text: str, workloads: str = "w: {from: page}") -> System:
        return load(text, self.MODELS, workloads)

    @pytest.mark.parametrize("calls", ["[check, writer]", "[writer, check]", "[{to: check, parallel: x}, {to: writer, parallel: x}]"])
    def test_a_check_beside_the_model(self, calls: str) -> None:
        system = self.system(self.BESIDE.replace("[check, writer]", calls))
        assert found(system, "guardrail") == [("w", self.ROLES)]
        for pattern in ("microservice-vertical", "microservice-horizontal", "multiple-stage", "prep-pred", "online-ab"):
            assert found(system, pattern) == [], pattern
        assert found(system, "synchronous") == [("w", {"client": ("page",), "server": ("writer",)})]

    def test_a_check_that_passes_requests_on(self) -> None:
        text = self.BESIDE.replace("[check, writer]", "[check]").replace("serves: [safety]", "serves: [safety], calls: [writer]")
        assert found(self.system(text), "guardrail") == [("w", self.ROLES)]
        assert found(self.system(text), "microservice-vertical") == []

    def test_a_check_in_the_server_of_the_model(self) -> None:
        text = self.BESIDE.replace("[check, writer]", "[writer]").replace("serves: [m]", "serves: [m], calls: [check]")
        assert found(self.system(text), "guardrail") == [("w", {**self.ROLES, "caller": ("writer",)})]
        assert found(self.system(text), "microservice-vertical") == []

    def test_a_check_by_a_service_of_its_own(self) -> None:
        text = self.BESIDE.replace("[check, writer]", "[moderation, writer]") + "moderation: {kind: service, calls: [check]}"
        assert found(self.system(text), "guardrail") == [("w", {**self.ROLES, "caller": ("moderation",)})]

    def test_a_check_without_a_model_of_its_own(self) -> None:
        assert found(self.system(self.BESIDE.replace(", serves: [safety]", "")), "guardrail") == [("w", self.ROLES)]

    @pytest.mark.parametrize("calls", ["[check, writer]", "[writer, check]"])
    def test_the_model_that_a_check_asks_answers_nothing(self, calls: str) -> None:
        text = self.BESIDE.replace("[check, writer]", calls).replace("serves: [safety]", "calls: [judge]")
        system = self.system(text + "judge: {kind: model-server, serves: [safety]}")
        assert found(system, "guardrail") == [("w", self.ROLES)]
        assert found(system, "microservice-vertical") == []
        assert found(system, "synchronous") == [("w", {"client": ("page",), "server": ("writer",)})]

    def test_a_check_that_asks_the_model_itself(self) -> None:
        system = self.system(self.BESIDE.replace("serves: [safety]", "calls: [writer]"))
        assert found(system, "guardrail") == [("w", self.ROLES)]
        assert found(system, "synchronous") == [("w", {"client": ("page",), "server": ("writer",)})]

    def test_checks_before_and_after_are_one_pattern(self) -> None:
        text = self.BESIDE.replace("[check, writer]", "[check, writer, review]") + "review: {kind: guardrail, serves: [n]}"
        assert found(self.system(text), "guardrail") == [("w", {**self.ROLES, "guardrail": ("check", "review")})]
        assert found(self.system(text), "microservice-vertical") == []

    def test_a_server_behind_a_gateway_that_checks_does_not_work_alone(self) -> None:
        text = self.BESIDE.replace("app: {kind: service", "app: {kind: gateway")
        assert found(self.system(text), "web-single") == []
        assert len(found(self.system(text.replace("[check, writer]", "[writer]")), "web-single")) == 1

    def test_the_check_of_a_slow_answer_is_no_quick_answer(self) -> None:
        text = self.BESIDE.replace("calls: [check, writer]", "calls: [check], publishes: [jobs], reads: [answers]")
        text = text.replace("model-server", "worker, consumes: [jobs], writes: [answers]")
        system = self.system(text + "jobs: {kind: queue}\nanswers: {kind: database}")
        assert [workload for workload, _ in found(system, "asynchronous")] == ["w"]
        assert found(system, "multiple-stage") == []
        assert found(system, "synchronous") == []

    def test_of_several_models_those_that_generate_are_guarded(self) -> None:
        text = self.BESIDE.replace("[check, writer]", "[check, ranker, writer]") + "ranker: {kind: model-server, serves: [n]}"
        assert found(self.system(text), "guardrail") == [("w", {**self.ROLES, "server": ("ranker", "writer")})]
        known = text.replace("model-server, serves: [m]", "model-server, uses: vllm, serves: [m]")
        assert found(self.system(known), "guardrail") == [("w", self.ROLES)]

    def test_a_copy_stops_nothing(self) -> None:
        assert found(self.system(self.BESIDE.replace("calls: [check, writer]", "calls: [writer], mirrors: [check]")), "guardrail") == []
        assert found(self.system(self.BESIDE.replace("calls: [check, writer]", "calls: [writer], mirrors: [check]")), "shadow-ab") == []

    def test_an_alternative_to_the_model_guards_nothing(self) -> None:
        text = self.BESIDE.replace("[check, writer]", "[{to: check, share: 50%}, {to: writer, share: 50%}]")
        assert found(self.system(text), "guardrail") == []

    def test_a_check_that_is_the_product_guards_nothing(self) -> None:
        text = "page: {kind: client, calls: [check]}\ncheck: {kind: guardrail, serves: [safety]}"
        system = self.system(text)
        assert found(system, "guardrail") == []
        assert found(system, "synchronous") == [("w", {"client": ("page",), "server": ("check",)})]

    def test_the_preparation_of_a_check_prepares_no_prediction(self) -> None:
        text = self.BESIDE.replace(", serves: [safety]", ", preprocessing: {service_time: 5ms}")
        assert found(self.system(text), "prep-pred") == []

    def test_the_switch_of_a_check_turns_no_prediction_off(self) -> None:
        text = self.BESIDE.replace("[check, writer]", "[check]").replace("serves: [safety]", "serves: [safety], calls: [writer], switch: flags")
        assert found(self.system(text + "flags: {kind: config-store}"), "parameter-based") == []
