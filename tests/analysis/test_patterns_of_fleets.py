"""Fleets, alternatives and adapters are not taken for patterns that they resemble."""

from __future__ import annotations

import pytest

from archlint import System
from archlint.analysis.patterns import recognise
from tests.analysis.pattern_systems import found, load

CHAINS = ("microservice-vertical", "microservice-horizontal", "multiple-stage", "prep-pred")


def names(system: System) -> set[str]:
    """The patterns that are recognised in a system."""
    return {one.pattern for one in recognise(system)}


class TestRegions:
    THREE = """
    page: {kind: client, calls: [{to: us, either: dns}, {to: eu, either: dns}, {to: ap, either: dns}]}
    us: {kind: load-balancer, region: us-east-1, calls: [us-server]}
    eu: {kind: load-balancer, region: eu-west-1, calls: [eu-server]}
    ap: {kind: load-balancer, region: ap-south-1, calls: [ap-server]}
    us-server: {kind: model-server, serves: [m], region: us-east-1}
    eu-server: {kind: model-server, serves: [m], region: eu-west-1}
    ap-server: {kind: model-server, serves: [m], region: ap-south-1}
    """

    @pytest.mark.parametrize("said", ["", ", tokens: {out: 300}"])
    def test_a_fleet_of_one_server_a_region_is_no_single_server(self, said: str) -> None:
        assert names(load(self.THREE, "m", f"w: {{from: page, models: [m]{said}}}")) == {"synchronous"}

    @pytest.mark.parametrize("share", ["share: 33%", "when: nearest"])
    def test_however_requests_are_spread(self, share: str) -> None:
        assert names(load(self.THREE.replace("either: dns", share))) == {"synchronous"}

    def test_a_balancer_may_spread_them(self) -> None:
        text = self.THREE.replace("[{to: us", "[edge]}\nedge: {kind: gateway, calls: [{to: us")
        assert names(load(text)) == {"synchronous"}

    @pytest.mark.parametrize("part", ["load-balancer", "model-server"])
    def test_a_list_of_regions_is_a_fleet_too(self, part: str) -> None:
        text = """
            page: {kind: client, calls: [front]}
            front: {kind: load-balancer, calls: [server]}
            server: {kind: model-server, serves: [m], replicas: 6}
        """
        assert len(found(load(text), "web-single")) == 1
        assert len(found(load(text.replace(f"kind: {part}", f"kind: {part}, regions: [eu]")), "web-single")) == 1
        assert found(load(text.replace(f"kind: {part}", f"kind: {part}, regions: [eu, us, ap]")), "web-single") == []

    def test_a_vendor_beside_the_own_server_is_no_single_server(self) -> None:
        text = """
            page: {kind: client, calls: [front]}
            front: {kind: gateway, calls: [{to: server, either: x}, {to: vendor, either: x}]}
            server: {kind: model-server, serves: [m]}
            vendor: {kind: external, serves: [m]}
        """
        assert found(load(text), "web-single") == []


class TestAlternatives:
    TWO = """
    page: {kind: client, calls: [app]}
    app: {kind: service, RELATIONS}
    a: {kind: model-server, serves: [m]}
    b: {kind: model-server, serves: [n]}
    """

    def system(self, relations: str, more: str = "") -> System:
        return load(self.TWO.replace("RELATIONS", relations) + more, "m n", "w: {from: page}")

    @pytest.mark.parametrize(
        "relations",
        [
            "calls: [{to: a, either: x}, {to: b, either: x}]",
            "calls: [{to: a, either: x, fallback: words}, {to: b, either: x}]",
            "calls: [{to: a, either: x, optional: true}, {to: b, either: x, optional: true}]",
            "calls: [{to: a, either: x, parallel: race, fallback: words}, {to: b, either: x, parallel: race}]",
            "calls: [{to: a, fallback: b}, b]",
            "calls: [{to: a, fallback: b}, {to: b, optional: true}]",
            "calls: [{to: b, optional: true}, {to: a, fallback: b}]",
            "calls: [{to: a, when: short, fallback: words}, {to: b, when: long, fallback: words}]",
            "calls: [{to: a, share: 60%, fallback: words}, {to: b, share: 40%, fallback: words}]",
        ],
    )
    def test_alternatives_are_no_chain(self, relations: str) -> None:
        assert names(self.system(relations)).isdisjoint(CHAINS)

    @pytest.mark.parametrize("said", ["either: x", "share: 50%", "when: X"])
    def test_messages_to_alternative_queues_go_to_one_of_them(self, said: str) -> None:
        relations = f"publishes: [{{to: one, {said}}}, {{to: other, {said}}}]"
        text = self.TWO.replace("RELATIONS", relations).replace("a: {kind: model-server,", "a: {kind: worker, consumes: [one],")
        text = text.replace("b: {kind: model-server,", "b: {kind: worker, consumes: [other],")
        system = load(text + "one: {kind: queue}\nother: {kind: queue}", "m n", "w: {from: page}")
        assert names(system).isdisjoint(CHAINS)

    def test_workers_that_each_take_some_messages_are_alternatives(self) -> None:
        text = self.TWO.replace("RELATIONS", "publishes: [jobs]")
        for name in "ab":
            text = text.replace(f"{name}: {{kind: model-server,", f"{name}: {{kind: worker, consumes: [{{to: jobs, when: for {name}}}],")
        assert names(load(text + "jobs: {kind: queue}", "m n", "w: {from: page}")).isdisjoint(CHAINS)

    def test_what_follows_the_alternatives_is_a_chain(self) -> None:
        system = load(
            self.TWO.replace("RELATIONS", "calls: [{to: a, fallback: b}, {to: b, optional: true}, c]") + "c: {kind: model-server, serves: [o]}",
            "m n o", "w: {from: page}",
        )  # fmt: skip
        ((_, roles),) = found(system, "microservice-vertical")
        assert roles["server"] == ("a", "b", "c")

    def test_another_model_as_fallback_turns_no_prediction_off(self) -> None:
        assert found(self.system("calls: [{to: a, when: by day, fallback: b}]"), "parameter-based") == []
        assert len(found(self.system("calls: [{to: a, when: by day, fallback: words}]"), "parameter-based")) == 1

    def test_bulk_work_on_a_queue_is_no_second_stage(self) -> None:
        relations = "calls: [{to: a, when: somebody waits}], publishes: [{to: jobs, when: in bulk}], reads: [results]"
        text = self.TWO.replace("RELATIONS", relations).replace("b: {kind: model-server,", "b: {kind: worker, consumes: [jobs], writes: [results],")
        more = "jobs: {kind: queue}\nresults: {kind: database}"
        assert found(load(text + more, "m n", "w: {from: page}"), "multiple-stage") == []
        both = text.replace(", when: somebody waits", "").replace(", when: in bulk", "")
        assert len(found(load(both + more, "m n", "w: {from: page}"), "multiple-stage")) == 1


def test_an_embedder_is_no_quick_answer_before_the_slow_one() -> None:
    text = """
        page: {kind: client, calls: [app]}
        app: {kind: service, calls: [vectors], publishes: [jobs], reads: [passages, answers]}
        vectors: {kind: model-server, serves: [emb]}
        passages: {kind: vector-store, index_of: emb}
        jobs: {kind: queue}
        writer: {kind: worker, consumes: [jobs], serves: [gen], writes: [answers]}
        answers: {kind: database}
    """
    system = load(text, "emb gen", "w: {from: page, tokens: {out: 300}}")
    assert names(system) == {"asynchronous"}
    alone = load(text, "emb gen", "w: {from: page, models: [emb]}")
    assert names(alone) == {"synchronous"}


def test_adapters_on_one_base_are_one_server() -> None:
    text = "page: {kind: client, calls: [server]}\nserver: {kind: model-server, serves: [base, one, two]}"
    facts = {"one": "adapter_of: base", "two": "adapter_of: base"}
    system = load(text, "base one two", "w: {from: page}", facts)
    assert names(system) == {"web-single", "synchronous"}
