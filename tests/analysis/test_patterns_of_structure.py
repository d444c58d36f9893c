"""Patterns of the structure of requests: each in a small system, and not in near misses."""

from __future__ import annotations

from typing import ClassVar

import pytest

from tests.analysis.pattern_systems import FRONT, Roles, found, load


class TestPrepPred:
    PREP = """
    page: {kind: client, calls: [prepare]}
    prepare: {kind: service, preprocessing: {service_time: 40ms}, calls: [server]}
    server: {kind: model-server, serves: [m]}
    """
    ROLES: ClassVar[Roles] = {"client": ("page",), "preprocessor": ("prepare",), "predictor": ("server",)}

    def test_a_preprocessor_before_the_predictor(self) -> None:
        assert found(load(self.PREP), "prep-pred") == [("w", self.ROLES)]

    def test_a_proxy_that_calls_one_after_the_other(self) -> None:
        system = load("""
            page: {kind: client, calls: [proxy]}
            proxy: {kind: service, calls: [prepare, server]}
            prepare: {kind: service, preprocessing: {service_time: 40ms}}
            server: {kind: model-server, serves: [m]}
        """)
        assert found(system, "prep-pred") == [("w", self.ROLES)]

    def test_an_api_that_hands_requests_on_is_none(self) -> None:
        assert found(load(FRONT), "prep-pred") == []

    def test_preprocessing_in_the_server_itself_is_none(self) -> None:
        text = FRONT.replace("serves: [m]", "serves: [m], preprocessing: {service_time: 40ms}")
        assert found(load(text), "prep-pred") == []

    def test_what_comes_after_the_prediction_is_none(self) -> None:
        system = load("""
            page: {kind: client, calls: [proxy]}
            proxy: {kind: service, calls: [server, render]}
            server: {kind: model-server, serves: [m]}
            render: {kind: service, preprocessing: {service_time: 40ms}}
        """)
        assert found(system, "prep-pred") == []


class TestMicroservices:
    TWO = """
    page: {kind: client, calls: [api]}
    api: {kind: service, calls: [a, b]}
    a: {kind: model-server, serves: [m]}
    b: {kind: model-server, serves: [n]}
    """
    BOTH = "w: {from: page, models: [m, n]}"

    def test_one_after_another_by_a_proxy(self) -> None:
        roles = {"client": ("page",), "proxy": ("api",), "server": ("a", "b")}
        system = load(self.TWO, "m n", self.BOTH)
        assert found(system, "microservice-vertical") == [("w", roles)]
        assert found(system, "microservice-horizontal") == []

    def test_a_server_that_calls_the_next(self) -> None:
        system = load(
            """
            page: {kind: client, calls: [a]}
            a: {kind: model-server, serves: [m], calls: [lb]}
            lb: {kind: load-balancer, calls: [b]}
            b: {kind: model-server, serves: [n]}
            """, "m n", self.BOTH,
        )  # fmt: skip
        assert found(system, "microservice-vertical") == [("w", {"client": ("page",), "server": ("a", "b")})]

    def test_side_by_side(self) -> None:
        text = self.TWO.replace("[a, b]", "[{to: a, parallel: scores}, {to: b, parallel: scores}]")
        system = load(text, "m n", self.BOTH)
        roles = {"client": ("page",), "proxy": ("api",), "server": ("a", "b")}
        assert found(system, "microservice-horizontal") == [("w", roles)]
        assert found(system, "microservice-vertical") == []

    def test_a_message_to_two_workers_goes_side_by_side(self) -> None:
        system = load(
            """
            page: {kind: client, publishes: [photos]}
            photos: {kind: queue}
            a: {kind: worker, consumes: [photos], serves: [m]}
            b: {kind: worker, consumes: [photos], serves: [n]}
            """, "m n", self.BOTH,
        )  # fmt: skip
        roles = {"client": ("page",), "proxy": ("photos",), "server": ("a", "b")}
        assert found(system, "microservice-horizontal") == [("w", roles)]

    def test_a_stage_of_two_at_once_is_both(self) -> None:
        text = self.TWO.replace("[a, b]", "[{to: a, parallel: x}, {to: b, parallel: x}, c]")
        text += "c: {kind: model-server, serves: [o]}\n"
        system = load(text, "m n o", "w: {from: page, models: [m, n, o]}")
        assert [roles["server"] for _, roles in found(system, "microservice-vertical")] == [("a", "b", "c")]
        assert [roles["server"] for _, roles in found(system, "microservice-horizontal")] == [("a", "b")]

    def test_servers_of_the_same_model_are_neither(self) -> None:
        text = self.TWO.replace("[a, b]", "[{to: a, parallel: x}, {to: b, parallel: x}]")
        system = load(text.replace("[n]", "[m]"))
        assert found(system, "microservice-vertical") == []
        assert found(system, "microservice-horizontal") == []

    def test_models_of_different_workloads_are_neither(self) -> None:
        workloads = "w: {from: page, models: [m]}\nv: {from: page, models: [n]}"
        system = load(self.TWO, "m n", workloads)
        assert found(system, "microservice-vertical") == []

    @pytest.mark.parametrize("fallback", ["", ", fallback: m"])
    def test_the_arms_of_a_test_are_one_stage(self, fallback: str) -> None:
        text = self.TWO.replace("[a, b]", f"[{{to: a, share: 90%}}, {{to: b, share: 10%{fallback}}}]")
        assert found(load(text, "m n", self.BOTH), "microservice-vertical") == []


class TestCaches:
    CACHED = """
    page: {kind: client, calls: [api]}
    api: {kind: service, reads: [{to: memory, hit_ratio: 60%, ttl: 1h}], calls: [server]}
    memory: {kind: cache}
    server: {kind: model-server, serves: [m]}
    """

    def test_a_hit_that_skips_the_model_is_a_prediction_cache(self) -> None:
        roles = {"caller": ("api",), "cache": ("memory",), "server": ("server",)}
        assert found(load(self.CACHED), "prediction-cache") == [("w", roles)]

    def test_a_server_may_skip_its_own_model(self) -> None:
        system = load("""
            page: {kind: client, calls: [server]}
            server: {kind: service, serves: [m], reads: [{to: memory, hit_ratio: 60%}]}
            memory: {kind: cache}
        """)
        roles = {"caller": ("server",), "cache": ("memory",), "server": ("server",)}
        assert found(system, "prediction-cache") == [("w", roles)]

    def test_a_cache_of_sessions_is_none(self) -> None:
        text = self.CACHED.replace("{to: memory, hit_ratio: 60%, ttl: 1h}", "memory")
        assert found(load(text), "prediction-cache") == []
        assert found(load(text), "data-cache") == []

    def test_a_cache_of_prefixes_is_none(self) -> None:
        text = self.CACHED.replace("hit_ratio: 60%", "hit_ratio: 60%, kind: prefix")
        assert found(load(text), "prediction-cache") == []
        assert found(load(text), "data-cache") == []

    def test_a_cache_that_is_asked_after_the_model_is_none(self) -> None:
        system = load("""
            page: {kind: client, calls: [api]}
            api: {kind: service, calls: [server, front]}
            server: {kind: model-server, serves: [m]}
            front: {kind: service, reads: [{to: memory, hit_ratio: 60%}, texts]}
            memory: {kind: cache}
            texts: {kind: database}
        """)
        assert found(system, "prediction-cache") == []

    def test_data_before_its_source_is_a_data_cache(self) -> None:
        cached = "[{to: memory, hit_ratio: 60%, kind: data}, users]"
        text = self.CACHED.replace("[{to: memory, hit_ratio: 60%, ttl: 1h}]", cached)
        system = load(text + "users: {kind: database}\n")
        roles = {"caller": ("api",), "cache": ("memory",), "source": ("users",)}
        assert found(system, "data-cache") == [("w", roles)]
        assert found(system, "prediction-cache") == []

    def test_data_without_a_source_behind_it_is_none(self) -> None:
        text = self.CACHED.replace("ttl: 1h", "kind: data")
        assert found(load(text), "data-cache") == []


class TestCircuitBreak:
    def broken(self, call: str, server: str = "serves: [m]") -> list[tuple[str, Roles]]:
        text = FRONT.replace("calls: [server]", f"calls: [{call}]").replace("serves: [m]", server)
        return found(load(text + "popular: {kind: cache}"), "prediction-circuit-break")

    def test_a_breaker_with_a_component_that_answers_instead(self) -> None:
        roles = {"caller": ("api",), "server": ("server",), "fallback": ("popular",)}
        assert self.broken("{to: server, circuit_breaker: true, fallback: popular}") == [("w", roles)]

    def test_a_server_that_sheds_with_words_for_a_fallback(self) -> None:
        call, server = "{to: server, fallback: the most popular ones}", "serves: [m], limit: 50"
        assert self.broken(call, server) == [("w", {"caller": ("api",), "server": ("server",)})]

    def test_a_fallback_alone_is_none(self) -> None:
        assert self.broken("{to: server, fallback: popular}") == []

    def test_a_breaker_alone_is_none(self) -> None:
        assert self.broken("{to: server, circuit_breaker: true}") == []

    def test_a_breaker_before_something_else_is_none(self) -> None:
        assert self.broken("server, {to: popular, circuit_breaker: true, fallback: nothing}") == []
