"""REL001 behind queues, in batches, and where a value could not be read."""

from __future__ import annotations

import pytest

from tests.checks.test_rel_single_point_of_failure import PAIR, behind_page, spof

ASYNC = """
    workloads: {{judge: {{from: app, rate: 3/s, waits: false}}}}
    models: {{net: {{}}}}
    components:
      app: {{kind: client, publishes: [photos]}}
      photos: {{kind: queue, {queue}, dead_letter: failed}}
      failed: {{kind: queue, replicas: 1}}
      worker: {{kind: worker, {worker}, consumes: [photos], serves: [net], writes: [{{to: results}}], logs_to: [log]}}
      results: {{kind: database, {results}}}
      log: {{kind: database, replicas: 1}}
      reporter: {{kind: service, replicas: 1, reads: [results]}}
    """


@pytest.mark.parametrize("single", ["photos", "worker", "results"])
def test_everything_up_to_the_store_of_the_result_is_needed(single: str) -> None:
    said = spof(behind_queue(single, "persistent: false"))
    assert said.places == {f"components.{single}.replicas"}
    assert said.findings[f"components.{single}.replicas"].severity == "error"


def behind_queue(single: str, queue: str, workload: str = "waits: false") -> str:
    """A system with a queue, of which one component has a single replica."""
    facts = {"photos": PAIR, "worker": PAIR, "results": PAIR, single: "replicas: 1"}
    text = ASYNC.format(queue=f"{facts['photos']}, {queue}", worker=facts["worker"], results=facts["results"])
    return text.replace("waits: false", workload)


@pytest.mark.parametrize(("single", "severity"), [("photos", "error"), ("worker", "info"), ("results", "info")])
def test_behind_a_durable_queue_work_is_late_and_not_lost(single: str, severity: str) -> None:
    found = spof(behind_queue(single, "uses: kafka")).findings[f"components.{single}.replicas"]
    assert found.severity == severity
    assert ("late, not lost" in found.message) == (severity == "info")


@pytest.mark.parametrize("scales", ["replicas: {min: 0, max: 9, on: queue-depth}", "autoscale: {min: 1, max: 2}"])
@pytest.mark.parametrize(("queue", "workload", "severity"), [
    ("uses: kafka", "waits: false, slo: {availability: 99.9%}", "info"),
    ("persistent: false", "waits: false, slo: {availability: 99.9%}", "warning"),
    ("uses: kafka", "waits: true, slo: {availability: 99.9%}", "warning"),
])  # fmt: skip
def test_another_replica_starts_where_workers_scale_with_a_durable_queue(
    scales: str, queue: str, workload: str, severity: str
) -> None:
    text = behind_queue("worker", queue, workload).replace("worker, replicas: 1", f"worker, {scales}")
    found = spof(text).findings[f"components.worker.{scales.partition(':')[0]}.min"]
    assert found.severity == severity


@pytest.mark.parametrize("scales", ["uses: ray, replicas: {min: 1, max: 1}", "replicas: {min: 4, max: 9}, zones: [a]"])
def test_one_zone_or_one_replica_at_most_is_not_replaced(scales: str) -> None:
    text = behind_queue("worker", "uses: kafka", "waits: false, slo: {availability: 99.9%}")
    found = spof(text.replace("worker, replicas: 1", f"worker, {scales}")).findings
    assert {(at.split(".")[1], finding.severity) for at, finding in found.items()} == {("worker", "error")}


@pytest.mark.parametrize("workload", ["waits: true", "waits: false, slo: {availability: 99.9%}"])
def test_who_waits_or_asks_for_availability_is_not_only_late(workload: str) -> None:
    said = spof(behind_queue("worker", "persistent: true", workload))
    assert said.findings["components.worker.replicas"].severity == "error"


@pytest.mark.parametrize(
    ("queue", "workload", "needs"),
    [
        ("uses: rabbitmq", "waits: false", ("components.photos.persistent",)),
        ("persistent: true", "rate: 3/s", ("workloads.judge.waits",)),
        ("uses: rabbitmq", "rate: 3/s", ("workloads.judge.waits", "components.photos.persistent")),
    ],
)
def test_whether_it_is_late_or_lost_is_asked(queue: str, workload: str, needs: tuple[str, ...]) -> None:
    said = spof(behind_queue("worker", queue, workload))
    assert not said.findings
    assert said.undecided == {"components.worker": needs}


def test_workers_that_take_turns_are_siblings() -> None:
    text = """
        workloads: {{judge: {{from: app, waits: true}}}}
        models: {{net: {{}}, other: {{}}}}
        components:
          app: {{kind: client, publishes: [photos]}}
          photos: {{kind: queue, uses: sqs}}
          first: {{kind: worker, replicas: 1, zones: [a], consumes: [photos], serves: [net]}}
          second: {{kind: worker, replicas: 1, zones: [{zone}], consumes: [photos], serves: [{model}]}}
        """
    assert not spof(text.format(zone="b", model="net")).findings
    assert spof(text.format(zone="a", model="net")).places == {"components.first.zones"}
    both = spof(text.format(zone="b", model="other")).places
    assert both == {"components.first.replicas", "components.second.replicas"}


def test_of_a_batch_the_store_is_needed_and_the_job_is_not() -> None:
    said = spof(f"""
        workloads: {{tonight: {{from: tv}}}}
        models: {{taste: {{}}}}
        components:
          tv: {{kind: client, calls: [api]}}
          api: {{kind: service, {PAIR}, reads: [picks]}}
          picks: {{kind: database, replicas: 1}}
          job: {{kind: batch-job, replicas: 1, serves: [taste], writes: [picks]}}
          cron: {{kind: scheduler, replicas: 1, triggers: [job]}}
        """)
    assert said.places == {"components.picks.replicas"}


# --- unreadable values


def test_an_unread_fallback_is_not_taken_for_none() -> None:
    text = f"""
        workloads: {{search: {{from: page}}}}
        components:
          page: {{kind: client, calls: [api]}}
          api: {{kind: service, {PAIR}, calls: [{{to: it, fallbck: the old list}}]}}
          it: {{kind: service, replicas: 1}}
        """
    said = spof(text)
    assert not said.findings
    assert said.undecided == {"components.it.replicas": ("components.api.calls[0].fallback",)}
    assert spof(text.replace("fallbck: the old list", "timeot: 1s")).places == {"components.it.replicas"}


def test_a_sibling_with_a_misspelt_name_is_still_a_sibling() -> None:
    text = """
        workloads: {search: {from: page}}
        components:
          page: {kind: client, calls: [{to: east, either: dns}, {to: wset, either: dns}]}
          east: {kind: load-balancer, replicas: 1, zones: [a]}
          west: {kind: load-balancer, replicas: 1, zones: [b]}
        """
    said = spof(text)
    assert not said.findings
    assert set(said.undecided) == {"components.east.replicas"}
    assert spof(text.replace("{to: wset, either: dns}", "wset")).places == {"components.east.replicas"}


def test_a_zone_that_could_not_be_read_may_be_a_second_one() -> None:
    said = behind_page("{kind: service, replicas: 2, zones: [a, {b: }]}")
    assert not said.findings
    assert "components.it.zones" in said.undecided["components.it.zones"]


@pytest.mark.parametrize(("facts", "decided"), [("", False), ("replicas: 1, ", True), ("replicas: 1, host: rack-2, ", True)])
def test_siblings_on_one_host_wait_for_the_number_of_the_others(facts: str, decided: bool) -> None:
    said = spof(f"""
        workloads: {{search: {{from: page, rate: 10/s}}}}
        models: {{m: {{}}}}
        components:
          page: {{kind: client, calls: [api]}}
          api: {{kind: service, {PAIR}, publishes: [jobs]}}
          jobs: {{kind: queue, uses: sqs}}
          v: {{kind: worker, {facts}zones: [c], consumes: [jobs], serves: [m]}}
          w: {{kind: worker, replicas: 2, zones: [a, b], host: rack-1, consumes: [jobs], serves: [m]}}
        """)
    assert not said.findings
    assert any("components.v.replicas" in needs for needs in said.undecided.values()) is not decided


@pytest.mark.parametrize(
    ("reads", "asked"),
    [("[hot, facts]", True), ("[hot]", False), ("[{to: hot, hit_ratio: 100%}, facts]", False)],
)
def test_a_cache_that_may_miss_is_asked_about(reads: str, asked: bool) -> None:
    text = """
        workloads: {score: {from: app, waits: true}}
        components:
          app: {kind: client, calls: [s]}
          s: {kind: service, PAIR, reads: READS}
          hot: {kind: cache, replicas: 1}
          facts: {kind: database, PAIR}
        """
    said = spof(text.replace("PAIR", PAIR).replace("READS", reads))
    assert said.undecided == ({"components.hot": ("components.s.reads[0].hit_ratio",)} if asked else {})
    assert said.places == (set() if asked else {"components.hot.replicas"})
