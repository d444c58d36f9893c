"""Patterns of serving modes: each in a small system, and not in near misses."""

from __future__ import annotations

import pytest

from tests.analysis.pattern_systems import FRONT, found, load


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


    @pytest.mark.parametrize("calls", [
        "[{to: own, fallback: vendor}]", "[{to: own, share: 30%}, {to: vendor, share: 70%}]",
        "[{to: own, either: any}, {to: vendor, either: any}]",
    ])  # fmt: skip
    @pytest.mark.parametrize("asks", ["", "models: [m], "])
    def test_a_server_that_a_vendor_may_replace_is_none(self, calls: str, asks: str) -> None:
        text = f"""
            page: {{kind: client, calls: [gate]}}
            gate: {{kind: gateway, calls: {calls}}}
            own: {{kind: model-server, serves: [m]}}
            vendor: {{kind: external, serves: [n]}}
        """
        workload = f"w: {{{asks}from: page, waits: true}}"
        assert found(load(text, "m n", workload), "web-single") == []
        answered = text.replace("fallback: vendor", "fallback: an apology")
        if answered != text:
            assert len(found(load(answered, "m n", workload), "web-single")) == 1


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
