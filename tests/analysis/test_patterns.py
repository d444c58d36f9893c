"""Patterns are recognised by structure: each in a small system, and not in near misses."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archlint
from archlint import Config, System
from archlint.analysis.patterns import ORDER, recognise, serving
from archlint.analysis.patterns.reach import MOST, nearest_servers
from archlint.catalog.patterns import patterns
from archlint.model.words import VERBS
from archlint.topology import Flow
from tests.conftest import ROOT
from tests.examples.stripping import Tree, dump, parse

Roles = dict[str, tuple[str, ...]]
EXAMPLES = sorted((ROOT / "examples").glob("*/*.yaml"))
FRONT = """
page: {kind: client, calls: [api]}
api: {kind: service, calls: [server]}
server: {kind: model-server, serves: [m]}
"""


def _lines(text: str) -> str:
    return "".join(f"  {line.strip()}\n" for line in text.splitlines() if line.strip())


def load(components: str, models: str = "m", workloads: str = "w: {from: page, models: [m]}") -> System:
    """A system of some components; `models` are their names."""
    described = "".join(f"  {name}: {{}}\n" for name in models.split())
    sections = (("workloads", workloads), ("components", components))
    said = "".join(f"{key}:\n{_lines(text)}" for key, text in sections)
    system = archlint.load(f"archlint: 1\nmodels:\n{described}{said}", Config(ROOT))
    assert [problem.message for problem in system.architecture.problems] == []
    return system


def found(system: System, pattern: str) -> list[tuple[str, Roles]]:
    """The workload and the roles of each recognised pattern."""
    return [(one.workload, one.roles) for one in recognise(system) if one.pattern == pattern]


def test_the_patterns_and_roles_are_those_of_the_catalogue() -> None:
    known = patterns()
    assert [name for name in known if name in ORDER] == list(ORDER)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_roles_are_played_by_components_and_named_as_in_the_catalogue(path: Path) -> None:
    system = archlint.load(path, Config(ROOT))
    recognised = recognise(system)
    assert recognised
    for one in recognised:
        assert set(one.roles) <= set(patterns()[one.pattern].roles)
        assert all(set(names) <= set(system.components) for names in one.roles.values())
        assert one.workload in {"", *system.workloads}


_REFERENCES = {
    "to", "from", "client", "registry", "dead_letter", "features", "callback", "fallback", "switch", *VERBS,
}  # fmt: skip


def _renamed(tree: Tree, names: dict[str, str], key: str = "") -> Tree:
    """A file with other names for its components, everywhere."""
    if isinstance(tree, str):
        return names.get(tree, tree) if key in _REFERENCES else tree
    if isinstance(tree, list):
        return [_renamed(item, names, key) for item in tree]
    new = names if key == "components" else {}
    return {new.get(name, name): _renamed(value, names, name) for name, value in tree.items()}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_names_say_nothing(path: Path) -> None:
    """If every component has a meaningless name, the same patterns are recognised in the same places."""
    system = archlint.load(path, Config(ROOT))
    names = {name: f"c{number}" for number, name in enumerate(system.components)}
    again = archlint.load(dump(_renamed(parse(path.read_text(encoding="utf-8")), names)), Config(ROOT))
    expected = [
        (one.pattern, one.workload, {role: tuple(names[n] for n in who) for role, who in one.roles.items()})
        for one in recognise(system)
    ]
    assert [(one.pattern, one.workload, one.roles) for one in recognise(again)] == expected


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_order_of_components_is_irrelevant(path: Path) -> None:
    tree = parse(path.read_text(encoding="utf-8"))
    assert isinstance(tree, dict)
    components = tree["components"]
    assert isinstance(components, dict)
    backwards = {**tree, "components": dict(reversed(components.items()))}
    assert _told(backwards) == _told(tree)


def _told(tree: Tree) -> set[tuple[str, str, frozenset[tuple[str, frozenset[str]]]]]:
    recognised = recognise(archlint.load(dump(tree), Config(ROOT)))
    return {
        (one.pattern, one.workload, frozenset((role, frozenset(names)) for role, names in one.roles.items()))
        for one in recognised
    }


class TestBatch:
    JOB = """
    page: {kind: client, calls: [api]}
    api: {kind: service, reads: [scores]}
    scores: {kind: database}
    orders: {kind: warehouse}
    nightly: {kind: scheduler, schedule: 0 3 * * *, triggers: [job]}
    job: {kind: batch-job, reads: [orders], writes: [scores], serves: [m]}
    """

    def test_a_job_predicts_into_a_store_that_the_request_reads(self) -> None:
        roles = {"scheduler": ("nightly",), "job": ("job",), "store": ("scores",), "reader": ("api",)}
        assert found(load(self.JOB), "batch") == [("w", roles)]

    def test_a_job_with_a_schedule_of_its_own_needs_no_scheduler(self) -> None:
        text = self.JOB.replace("nightly: {kind: scheduler, schedule: 0 3 * * *, triggers: [job]}", "")
        text = text.replace("batch-job,", "batch-job, schedule: 1d,")
        roles = {"job": ("job",), "store": ("scores",), "reader": ("api",)}
        assert found(load(text), "batch") == [("w", roles)]

    def test_a_job_may_call_a_model_server(self) -> None:
        text = self.JOB.replace("serves: [m]}", "calls: [server]}\nserver: {kind: model-server, serves: [m]}")
        ((workload, roles),) = found(load(text), "batch")
        assert (workload, roles["job"]) == ("w", ("job",))

    def test_a_scheduler_over_other_jobs_counts(self) -> None:
        text = self.JOB.replace("[job]}", "[extract]}\nextract: {kind: batch-job, triggers: [job]}")
        ((_, roles),) = found(load(text), "batch")
        assert roles["scheduler"] == ("nightly",)

    def test_a_job_that_copies_data_is_none(self) -> None:
        copying = self.JOB.replace(", serves: [m]", "")
        copying = copying.replace("reads: [scores]", "reads: [scores], serves: [m]")
        assert found(load(copying), "batch") == []

    def test_predictions_that_only_a_report_reads_are_of_no_workload(self) -> None:
        text = self.JOB.replace("service, reads: [scores]", "service, calls: [server]")
        text += "server: {kind: model-server, serves: [m]}\nreport: {kind: batch-job, reads: [scores]}"
        roles = {"scheduler": ("nightly",), "job": ("job",), "store": ("scores",), "reader": ("report",)}
        assert found(load(text), "batch") == [("", roles)]


class TestWebSingle:
    def test_a_server_behind_a_balancer_does_all_the_work(self) -> None:
        system = load("""
            page: {kind: client, calls: [lb]}
            lb: {kind: load-balancer, calls: [server]}
            server: {kind: service, serves: [m], reads: [users]}
            users: {kind: database}
        """)
        roles = {"client": ("page",), "balancer": ("lb",), "server": ("server",)}
        assert found(system, "web-single") == [("w", roles)]

    def test_a_server_may_be_called_without_a_balancer(self) -> None:
        system = load("page: {kind: client, calls: [server]}\nserver: {kind: model-server, serves: [m]}")
        assert found(system, "web-single") == [("w", {"client": ("page",), "server": ("server",)})]

    def test_a_model_server_behind_an_api_is_none(self) -> None:
        assert found(load(FRONT), "web-single") == []

    def test_a_balancer_behind_an_api_does_not_hide_the_api(self) -> None:
        text = FRONT.replace("calls: [server]", "calls: [lb]") + "lb: {kind: load-balancer, calls: [server]}"
        assert found(load(text), "web-single") == []

    def test_a_server_that_asks_another_is_none(self) -> None:
        system = load("""
            page: {kind: client, calls: [server]}
            server: {kind: service, serves: [m], calls: [features]}
            features: {kind: service}
        """)
        assert found(system, "web-single") == []


class TestModes:
    QUEUE = """
    page: {kind: client, calls: [api]}
    api: {kind: service, publishes: [jobs]}
    jobs: {kind: queue}
    worker: {kind: worker, consumes: [jobs], writes: [results], serves: [m]}
    results: {kind: database}
    """

    def test_synchronous(self) -> None:
        assert found(load(FRONT), "synchronous") == [("w", {"client": ("page",), "server": ("server",)})]

    def test_what_the_product_needs_does_not_change_what_is_built(self) -> None:
        system = load(FRONT, workloads="w: {from: page, models: [m], waits: false}")
        assert [workload for workload, _ in found(system, "synchronous")] == ["w"]

    def test_asynchronous(self) -> None:
        roles = {"client": ("page",), "queue": ("jobs",), "worker": ("worker",), "store": ("results",)}
        assert found(load(self.QUEUE), "asynchronous") == [("w", roles)]
        assert found(load(self.QUEUE), "synchronous") == []

    def test_a_worker_may_call_a_model_server(self) -> None:
        text = self.QUEUE.replace("serves: [m]", "calls: [server]")
        text += "server: {kind: model-server, serves: [m]}"
        ((_, roles),) = found(load(text), "asynchronous")
        assert roles["worker"] == ("worker", "server")

    def test_a_broker_for_statistics_is_none(self) -> None:
        system = load("""
            page: {kind: client, calls: [api]}
            api: {kind: service, calls: [server], publishes: [clicks]}
            server: {kind: model-server, serves: [m]}
            clicks: {kind: queue}
            counter: {kind: worker, consumes: [clicks], writes: [counts]}
            counts: {kind: database}
        """)
        assert found(system, "asynchronous") == []

    STREAM = """
    page: {kind: client, calls: [api]}
    api: {kind: service, reads: [trends]}
    shop: {kind: client, publishes: [events]}
    events: {kind: queue}
    trender: {kind: stream-processor, consumes: [events], writes: [trends], serves: [m]}
    trends: {kind: cache}
    """

    def test_streaming(self) -> None:
        roles = {"source": ("events",), "processor": ("trender",), "store": ("trends",)}
        assert found(load(self.STREAM), "streaming") == [("w", roles)]

    def test_streaming_of_the_workloads_own_events(self) -> None:
        system = load(self.STREAM, workloads="w: {from: shop, models: [m]}")
        roles = {"source": ("events",), "processor": ("trender",), "store": ("trends",)}
        assert found(system, "streaming") == [("w", roles)]
        assert found(system, "asynchronous") == []

    def test_a_stream_processor_that_only_counts_is_none(self) -> None:
        text = self.STREAM.replace(", serves: [m]", "")
        text = text.replace("reads: [trends]", "reads: [trends], serves: [m]")
        assert found(load(text), "streaming") == []

    def test_edge(self) -> None:
        system = load("""
            page: {kind: client, calls: [phone]}
            phone: {kind: edge-device, serves: [m], loads: [store]}
            store: {kind: model-registry}
        """)
        assert found(system, "edge") == [("w", {"device": ("phone",), "registry": ("store",)})]
        assert found(system, "synchronous") == []


class TestMultipleStage:
    BOTH = """
    page: {kind: client, calls: [api]}
    api: {kind: service, calls: [quick], publishes: [jobs], reads: [better]}
    quick: {kind: model-server, serves: [light]}
    jobs: {kind: queue}
    thorough: {kind: worker, consumes: [jobs], serves: [heavy], writes: [better]}
    better: {kind: database}
    """
    WORKLOADS = "w: {from: page, models: [light, heavy]}"

    def test_a_better_answer_follows_the_quick_one(self) -> None:
        system = load(self.BOTH, "light heavy", self.WORKLOADS)
        roles = {"client": ("page",), "fast": ("quick",), "queue": ("jobs",), "slow": ("thorough",)}
        assert found(system, "multiple-stage") == [("w", {**roles, "store": ("better",)})]

    def test_a_callback_brings_it_back_too(self) -> None:
        text = self.BOTH.replace(", reads: [better]", "").replace("writes: [better]", "callback: [api]")
        system = load(text.replace("    better: {kind: database}\n", ""), "light heavy", self.WORKLOADS)
        ((_, roles),) = found(system, "multiple-stage")
        assert "store" not in roles

    def test_a_second_model_for_somebody_else_is_none(self) -> None:
        system = load(self.BOTH.replace(", reads: [better]", ""), "light heavy", self.WORKLOADS)
        assert found(system, "multiple-stage") == []

    def test_the_same_model_behind_both_is_none(self) -> None:
        text = self.BOTH.replace("[light]", "[m]").replace("[heavy]", "[m]")
        assert found(load(text), "multiple-stage") == []


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


class TestRouting:
    TWO = """
    page: {kind: client, calls: [proxy]}
    proxy: {kind: gateway, RELATIONS, logs_to: [log]}
    a: {kind: model-server, serves: [m]}
    b: {kind: model-server, serves: [n]}
    log: {kind: log-store}
    """

    def routed(self, pattern: str, relations: str, b: str = "n") -> list[tuple[str, Roles]]:
        text = self.TWO.replace("RELATIONS", relations).replace("serves: [n]", f"serves: [{b}]")
        return found(load(text, "m n", "w: {from: page, models: [m, n]}"), pattern)

    def test_a_copy_to_another_model_is_a_shadow_test(self) -> None:
        roles = {"proxy": ("proxy",), "current": ("a",), "candidate": ("b",), "log": ("log",)}
        assert self.routed("shadow-ab", "calls: [a], mirrors: [b]") == [("w", roles)]

    def test_a_copy_to_another_server_of_the_same_model_is_one_too(self) -> None:
        ((_, roles),) = self.routed("shadow-ab", "calls: [a], mirrors: [b]", b="m")
        assert (roles["current"], roles["candidate"]) == (("a",), ("b",))

    def test_a_server_may_mirror_what_it_answers(self) -> None:
        system = load(
            """
            page: {kind: client, calls: [a]}
            a: {kind: model-server, serves: [m], mirrors: [b]}
            b: {kind: model-server, serves: [n]}
            """, "m n",
        )  # fmt: skip
        roles = {"proxy": ("a",), "current": ("a",), "candidate": ("b",)}
        assert found(system, "shadow-ab") == [("w", roles)]

    def test_a_copy_to_a_scanner_is_none(self) -> None:
        text = FRONT.replace("calls: [server]", "calls: [server], mirrors: [scanner]")
        assert found(load(text + "scanner: {kind: external}"), "shadow-ab") == []

    def test_shares_of_the_traffic_are_an_online_test(self) -> None:
        roles = {"proxy": ("proxy",), "current": ("b",), "candidate": ("a",), "log": ("log",)}
        assert self.routed("online-ab", "calls: [{to: a, share: 10%}, {to: b, share: 90%}]") == [("w", roles)]

    def test_replicas_are_none(self) -> None:
        text = FRONT.replace("serves: [m]", "serves: [m], replicas: 2, zones: [x, y]")
        assert found(load(text), "online-ab") == []

    @pytest.mark.parametrize("calls", ["{to: a, share: 50%}, {to: b, share: 50%}", "{to: b, share: 50%}, {to: a, share: 50%}"])
    def test_of_equal_shares_none_is_the_candidate_whatever_their_order(self, calls: str) -> None:
        [(_, roles)] = self.routed("online-ab", f"calls: [{calls}]")
        assert (sorted(roles["current"]), "candidate" in roles) == (["a", "b"], False)

    def test_shares_of_the_same_model_are_none(self) -> None:
        assert self.routed("online-ab", "calls: [{to: a, share: 50%}, {to: b, share: 50%}]", b="m") == []

    def test_a_share_of_the_work_that_goes_on_is_none(self) -> None:
        system = load(
            """
            page: {kind: client, publishes: [photos]}
            photos: {kind: queue}
            a: {kind: worker, consumes: [photos], serves: [m], publishes: [{to: documents, share: 15%}]}
            documents: {kind: queue}
            b: {kind: worker, consumes: [documents], serves: [n]}
            """, "m n", "w: {from: page, models: [m, n]}",
        )  # fmt: skip
        assert found(system, "online-ab") == []

    def test_conditions_pick_the_model(self) -> None:
        relations = "calls: [{to: a, when: country is KR}, {to: b, when: any other country}]"
        roles = {"proxy": ("proxy",), "server": ("a", "b")}
        assert self.routed("condition-based", relations) == [("w", roles)]

    def test_one_condition_picks_nothing(self) -> None:
        assert self.routed("condition-based", "calls: [a, {to: b, when: the user is logged in}]") == []

    def test_conditions_before_the_same_model_are_none(self) -> None:
        relations = "calls: [{to: a, when: by day}, {to: b, when: by night}]"
        assert self.routed("condition-based", relations, b="m") == []

    def test_a_switch_turns_the_prediction_off(self) -> None:
        text = FRONT.replace("calls: [server]", "calls: [server], switch: flags") + "flags: {kind: external}"
        assert found(load(text), "parameter-based") == [("w", {"server": ("api",), "switch": ("flags",)})]

    def test_a_condition_with_a_fallback_does_so_too(self) -> None:
        call = "{to: server, when: flag ranking is on, fallback: newest first}"
        text = FRONT.replace("calls: [server]", f"calls: [{call}]")
        assert found(load(text), "parameter-based") == [("w", {"server": ("api",)})]

    def test_a_switch_of_something_else_is_none(self) -> None:
        text = FRONT.replace("calls: [server]", "calls: [mail, server]")
        assert found(load(text + "mail: {kind: service, switch: letters}"), "parameter-based") == []


class TestOperation:
    def test_a_model_in_the_image(self) -> None:
        text = FRONT.replace("serves: [m]", "serves: [m], loads_model: in-image")
        assert found(load(text), "model-in-image") == [("w", {"server": ("server",)})]
        assert found(load(text), "model-load") == []

    def test_a_model_loaded_from_a_registry(self) -> None:
        text = FRONT.replace("serves: [m]", "serves: [m], loads: [store]") + "store: {kind: model-registry}"
        assert found(load(text), "model-load") == [("w", {"server": ("server",), "registry": ("store",)})]
        assert found(load(text), "model-in-image") == []

    def test_a_model_loaded_on_request_is_neither(self) -> None:
        text = FRONT.replace("serves: [m]", "serves: [m], loads_model: on-request, loads: [store]")
        system = load(text + "store: {kind: model-registry}")
        assert found(system, "model-load") == []
        assert found(system, "model-in-image") == []

    def test_an_api_that_loads_a_file_without_a_model_is_none(self) -> None:
        text = FRONT.replace("kind: service,", "kind: service, loads: [store],")
        assert found(load(text + "store: {kind: object-store}"), "model-load") == []

    @pytest.mark.parametrize("logging", ["logs_to: [log]", "writes: [log]"])
    def test_a_log_of_predictions(self, logging: str) -> None:
        text = FRONT.replace("serves: [m]", f"serves: [m], {logging}") + "log: {kind: log-store}"
        assert found(load(text), "prediction-log") == [("w", {"server": ("server",), "log": ("log",)})]

    def test_a_caller_may_log_in_place_of_the_server(self) -> None:
        text = FRONT.replace("calls: [server]", "calls: [server], logs_to: [log]") + "log: {kind: log-store}"
        assert found(load(text), "prediction-log") == [("w", {"server": ("server",), "log": ("log",)})]

    def test_a_caller_that_does_not_log_leaves_a_gap(self) -> None:
        text = FRONT.replace("calls: [server]", "calls: [server], logs_to: [log]")
        text += "log: {kind: log-store}\nnightly: {kind: batch-job, schedule: 1d, calls: [server]}"
        assert found(load(text), "prediction-log") == []

    @pytest.mark.parametrize(
        ("server", "monitor"), [("monitored_by: [watch]", ""), ("replicas: 1", ", calls: [server]")]
    )
    def test_a_server_reports_to_a_monitor_or_the_monitor_asks_it(self, server: str, monitor: str) -> None:
        text = FRONT.replace("serves: [m]", f"serves: [m], {server}")
        watch = f"watch: {{kind: monitoring{monitor}}}"
        roles = {"server": ("server",), "monitor": ("watch",)}
        assert found(load(text + watch), "prediction-monitoring") == [("w", roles)]

    def test_a_monitored_api_without_a_model_is_none(self) -> None:
        text = FRONT.replace("kind: service,", "kind: service, monitored_by: [watch],")
        assert found(load(text + "watch: {kind: monitoring}"), "prediction-monitoring") == []

    def test_a_load_test_of_what_leads_to_a_model(self) -> None:
        text = FRONT.replace("kind: service,", "kind: service, load_tested: {rate: 50/s},")
        assert found(load(text), "load-test") == [("w", {"server": ("api",)})]

    def test_servers_that_match_alike_are_reported_as_one(self) -> None:
        text = TestMicroservices.TWO.replace("serves: [", "monitored_by: [watch], serves: [")
        system = load(text + "watch: {kind: monitoring}\n", "m n", "w: {from: page}\nv: {from: page}")
        assert found(system, "prediction-monitoring") == [("", {"server": ("a", "b"), "monitor": ("watch",)})]


def _brute_force(targets: dict[str, list[str]], serving: set[str], start: str) -> set[str]:
    """The serving nodes that a path from a node reaches without passing another one."""
    reached: set[str] = set()
    seen: set[str] = set()
    stack = [start]
    while stack:
        name = stack.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in serving:
            reached.add(name)
        else:
            stack.extend(targets[name])
    return reached


NAMES = "abcdef"


@given(
    st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3, unique=True)),
    st.sets(st.sampled_from(NAMES)),
)
def test_the_nearest_servers_are_those_that_a_search_finds(
    edges: dict[str, list[str]], serving: set[str]
) -> None:
    targets = {name: edges.get(name, []) for name in NAMES}
    nearest = nearest_servers(targets, serving)
    assert {name: set(found) for name, found in nearest.items()} == {
        name: _brute_force(targets, serving, name) for name in NAMES
    }


def test_at_most_so_many_servers_are_named_behind_one_component() -> None:
    count = 3 * MOST
    targets = {"top": [f"s{i}" for i in range(count)], **{f"s{i}": [] for i in range(count)}}
    assert len(nearest_servers(targets, set(targets) - {"top"})["top"]) == MOST


def test_workloads_that_are_served_alike_share_the_search_for_servers_that_work_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    searched: list[str] = []
    search = serving._works_alone

    def counted(system: System, flow: Flow, server: str) -> bool:
        searched.append(server)
        return search(system, flow, server)

    monkeypatch.setattr(serving, "_works_alone", counted)
    front = FRONT.replace("calls: [server]", "calls: [server, {to: other, optional: true}]").replace("service", "gateway")
    other = "other: {kind: model-server, serves: [n]}"
    system = load(front + other, "m n", "\n".join(f"w{number}: {{from: page}}" for number in range(9)))
    found = [(one.workload, *one.roles["server"]) for one in recognise(system) if one.pattern == "web-single"]
    assert found == [(f"w{number}", server) for number in range(9) for server in ("server", "other")]
    assert searched == ["server", "other"]
