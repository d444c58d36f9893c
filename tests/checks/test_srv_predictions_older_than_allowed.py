"""SRV008: the age of a prediction at the worst moment, of jobs, caches and queues."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint

JOB = "components.nightly.schedule"
TTL = "components.api.reads[0].ttl"
LENGTH = "components.jobs.max_length"


def batch(freshness: str, job: str, more: str = "", workload: str = "inputs: known") -> str:
    return f"""
workloads: {{show: {{from: app, {workload}, slo: {{freshness: {freshness}}}}}}}
models: {{scorer: {{service_time: {{mean: 18ms}}}}, live: {{service_time: 5ms}}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: service, reads: [scores]}}
  scores: {{kind: database}}
  nightly: {{kind: batch-job, serves: [scorer], writes: [scores], {job}}}
{more}
"""


@pytest.mark.parametrize(
    ("schedule", "freshness", "violated"),
    [
        ('"0 3 * * *"', "25h", True),  # 24 h and a run of 90 min
        ('"0 3 * * *"', "25.5h", False),
        ('"0 3 * * 1-5"', "36h", True),  # 72 h over the weekend
        ('"0 3 * * 1-5"', "74h", False),
        ("6h", "8h", False),
        ("6h", "7h", True),
    ],
)
def test_the_longest_gap_and_the_run_count(schedule: str, freshness: str, violated: bool) -> None:
    found = lint("SRV008", batch(freshness, f"schedule: {schedule}, run_time: 90min"))
    assert found.places == ({JOB} if violated else set())
    assert found.undecided == {}


def test_the_message_names_a_period_that_is_short_enough() -> None:
    found = lint("SRV008", batch("36h", 'schedule: "0 3 * * 1-5", run_time: 90min'))
    assert found.term(JOB, "age") == pytest.approx(73.5 * 3600)
    assert found.findings[JOB].message == (
        "predictions of `nightly` are up to 3.06 d old when `show` reads them, but it allows an age of at most 36 h "
        "(37.5 h over): start runs at most 34.5 h apart"
    )
    assert found.findings[JOB].loss == pytest.approx(1 - 36 / 73.5)
    assert (found.findings[JOB].severity, found.cures(JOB)[0]) == ("error", "shorter-period")


def test_where_runs_would_overlap_they_have_to_be_shorter() -> None:
    found = lint("SRV008", batch("2h", "schedule: 1h, run_time: 90min"))
    assert found.findings[JOB].message.endswith("a run takes 1.5 h but would have to start every 30 min")
    assert found.cures(JOB)[0] == "parallel-jobs"


def test_a_run_that_follows_from_its_records_is_an_estimate_unless_the_gap_alone_is_too_long() -> None:
    # 2e6 x 18 ms / 8 = 4,500 s.
    job = "records: 2M, replicas: 2, workers: 4"
    found = lint("SRV008", batch("25h", f"schedule: 24h, {job}"))
    assert found.term(JOB, "age") == pytest.approx(86400 + 4500)
    assert found.findings[JOB].certainty == "estimated"
    for schedule in ("25h", "26h"):
        assert lint("SRV008", batch("25h", f"schedule: {schedule}, {job}")).findings[JOB].certainty == "proven"


def test_the_schedule_may_be_that_of_a_scheduler_and_the_shortest_decides() -> None:
    more = "  airflow: {kind: scheduler, schedule: 48h, triggers: [nightly]}"
    found = lint("SRV008", batch("36h", "run_time: 1h", more))
    assert found.places == {"components.airflow.schedule"}
    assert lint("SRV008", batch("36h", "run_time: 1h, schedule: 24h", more)).places == set()


@pytest.mark.parametrize(
    ("job", "more", "needs"),
    [
        ("run_time: 1h", "", [JOB]),
        ("run_time: 1h", "  cron: {kind: scheduler, triggers: [nightly]}", ["components.cron.schedule", JOB]),
        ("schedule: 24h", "", ["components.nightly.run_time"]),
        ("schedule: 24h, records: 2M", "", ["components.nightly.run_time", "components.nightly.replicas"]),
    ],
)
def test_the_fact_that_is_missing_is_asked_for(job: str, more: str, needs: list[str]) -> None:
    found = lint("SRV008", batch("36h", job, more))
    assert (found.places, found.undecided) == (set(), {"components.nightly": tuple(needs)})


def test_a_gap_that_is_too_long_needs_no_run_time() -> None:
    found = lint("SRV008", batch("36h", "schedule: 48h"))
    assert found.places == {JOB}
    assert found.findings[JOB].message.endswith("start runs at most 36 h apart, minus the run time")


@pytest.mark.parametrize(
    ("job", "workload"),
    [("schedule: 24h, run_time: 40h", "inputs: known"), ("schedule: 24h, run_time: 1h", "inputs: on-request")],
)
def test_what_no_schedule_can_meet_is_the_other_rule_s(job: str, workload: str) -> None:
    facts = batch("10h", job, workload=workload)
    assert lint("SRV008", facts).places == set()
    assert lint("SRV003", facts).places == {"components.nightly"}


def cached(relation: str, freshness: str = "5min", target: str = "cache") -> str:
    return f"""
workloads: {{quote: {{from: app, slo: {{freshness: {freshness}}}}}}}
models: {{net: {{service_time: 5ms}}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: model-server, serves: [net], reads: [{{to: kept, {relation}}}]}}
  kept: {{kind: {target}}}
"""


@pytest.mark.parametrize(
    ("relation", "violated", "asked"),
    [
        ("hit_ratio: 30%, ttl: 1h", True, False),
        ("hit_ratio: 30%, ttl: 5min", False, False),
        ("ttl: 1h", True, False),
        ("hit_ratio: 30%, ttl: 1h, kind: prefix", False, False),
        ("hit_ratio: 30%, ttl: 1h, kind: data", False, False),  # old data, but a new prediction
        ("hit_ratio: 0, ttl: 1h", False, False),
        ("hit_ratio: 30%", False, True),
        ("kind: prediction", False, True),
        ("timeout: 10ms", False, True),  # a cache keeps predictions unless it says otherwise
    ],
)
def test_a_prediction_in_a_cache_is_as_old_as_its_ttl(relation: str, violated: bool, asked: bool) -> None:
    found = lint("SRV008", cached(relation))
    assert found.places == ({TTL} if violated else set())
    first = {at: needs[0] for at, needs in found.undecided.items()}
    assert first == ({"components.api.reads[0]": TTL} if asked else {})


def test_the_ttl_may_stand_where_the_cache_is_written() -> None:
    facts = cached("timeout: 10ms").replace("reads:", "writes: [{to: kept, ttl: 1h}], reads:")
    assert lint("SRV008", facts).places == {"components.api.writes[0].ttl"}


def test_what_a_job_fills_is_no_cache_of_answers() -> None:
    more = "  nightly: {kind: batch-job, serves: [net], writes: [kept], schedule: 1min, run_time: 1s}\n"
    found = lint("SRV008", cached("timeout: 10ms") + more)
    assert (found.places, found.undecided) == (set(), {})


def test_the_message_names_a_ttl_that_is_short_enough() -> None:
    assert lint("SRV008", cached("hit_ratio: 30%, ttl: 1h")).findings[TTL].message == (
        "`kept` keeps predictions for 1 h, but `quote` allows an age of at most 5 min (55 min over): "
        "set `ttl` to 5 min or less"
    )


def queued(queue: str, worker: str = "replicas: 8", freshness: str = "1h", model: str = "300ms") -> str:
    return f"""
workloads: {{judge: {{from: app, waits: false, slo: {{freshness: {freshness}}}}}}}
models: {{net: {{service_time: {model}}}}}
components:
  app: {{kind: client, publishes: [jobs]}}
  jobs: {{kind: queue, {queue}}}
  worker: {{kind: worker, consumes: [jobs], serves: [net], {worker}}}
"""


def test_the_last_message_of_a_full_queue_waits_for_all_before_it() -> None:
    # 400,000 x 300 ms / 8 = 15,000 s; an hour takes 34 at a time, or 96,000 messages.
    found = lint("SRV008", queued("max_length: 400k"))
    assert found.term(LENGTH, "age") == pytest.approx(15000)
    assert found.findings[LENGTH].message == (
        "`worker` takes about 4.17 h to empty `jobs` when it is full, but `judge` allows an age of at most 1 h (3.17 h over): "
        "handle 34 messages in parallel instead of 8, or limit the queue to 96 k messages"
    )
    assert found.findings[LENGTH].severity == "warning"


@pytest.mark.parametrize(
    ("queue", "worker"),
    [
        ("max_length: 96k", "replicas: 8"),
        ("max_length: 400k", "replicas: {min: 1, max: 40}"),  # replicas scale up for a full queue
        ("max_length: 400k", "replicas: 8, batching: {max_size: 8}"),
        ("max_length: 400k", "replicas: 9, workers: 4"),
    ],
)
def test_a_queue_that_is_worked_off_in_time(queue: str, worker: str) -> None:
    assert lint("SRV008", queued(queue, worker)).places == set()


@pytest.mark.parametrize(
    ("queue", "worker", "model", "needs"),
    [
        ("persistent: true", "replicas: 8", "300ms", [LENGTH]),
        ("max_length: 400k", "", "300ms", ["components.worker.replicas"]),
        ("max_length: 400k", "replicas: {min: 2}", "300ms", ["components.worker.replicas.max"]),
        ("max_length: 400k", "replicas: 8", "{p50: 200ms}", ["models.net.service_time.mean"]),
    ],
)
def test_what_is_missing_of_a_queue_is_asked_for(queue: str, worker: str, model: str, needs: list[str]) -> None:
    found = lint("SRV008", queued(queue, worker, model=model))
    assert (found.places, found.undecided) == (set(), {"components.jobs": tuple(needs)})


def test_several_workers_of_one_queue_are_judged_together() -> None:
    helper = "  helper: {kind: worker, consumes: [jobs], serves: [net]}\n"
    found = lint("SRV008", queued("max_length: 400k") + helper)
    assert not found.findings
    assert found.undecided == {"components.jobs": ("components.helper.replicas",)}
    known = lint("SRV008", queued("max_length: 400k") + helper.replace("[net]", "[net], replicas: 8"))
    assert known.term(LENGTH, "age") == pytest.approx(7500)
    assert known.undecided == {}


def test_without_a_freshness_nothing_is_asked() -> None:
    found = lint("SRV008", batch("36h", "").replace(", slo: {freshness: 36h}", ""))
    assert (found.places, found.undecided) == (set(), {})


def test_two_workloads_that_read_one_job_are_one_finding() -> None:
    facts = batch("25h", "schedule: 24h, run_time: 3h").replace(
        "workloads: {", "workloads: {alert: {from: app, inputs: known, slo: {freshness: 9h}}, "
    )
    finding = lint("SRV008", facts).findings[JOB]
    assert "when `alert` reads them" in finding.message
    assert [related.at for related in finding.related] == [
        "workloads.alert.slo.freshness",
        "workloads.show.slo.freshness",
    ]


CHAIN = """
workloads: {store: {from: app, waits: false, inputs: on-request, slo: {freshness: 10min}}}
models: {quick: {service_time: 10ms}, thorough: {service_time: 1s}}
components:
  app: {kind: client, publishes: [all]}
  all: {kind: queue, max_length: ALL}
  sieve: {kind: worker, replicas: 1, consumes: [all], serves: [quick], publishes: [{to: few, share: 5%}]}
  few: {kind: queue, max_length: FEW}
  judge: {kind: worker, replicas: 1, consumes: [few], serves: [thorough]}
"""


@pytest.mark.parametrize(("all_of", "few", "late"), [
    ("50k", "500", set()),
    ("70k", "500", {"components.all.max_length"}),      # 70,000 x 10 ms
    ("50k", "700", {"components.few.max_length"}),      # 700 x 1 s
    ("70k", "700", {"components.all.max_length", "components.few.max_length"}),
])  # fmt: skip
def test_each_queue_of_a_chain_is_emptied_by_its_own_worker(all_of: str, few: str, late: set[str]) -> None:
    assert lint("SRV008", CHAIN.replace("ALL", all_of).replace("FEW", few)).places == late


@pytest.mark.parametrize(("read", "serves", "asked"), [
    ("sessions", "", ()),
    ("sessions", ", serves: [m]", ("ttl", "kind")),
    ("{to: sessions, kind: prediction}", ", serves: [m]", ("ttl",)),
    ("{to: sessions, kind: data}", ", serves: [m]", ()),
])  # fmt: skip
def test_a_plain_cache_is_asked_about_only_where_a_model_answers(read: str, serves: str, asked: tuple[str, ...]) -> None:
    found = lint("SRV008", f"""
    workloads: {{show: {{from: app, models: [m], waits: true, slo: {{freshness: 1h}}}}}}
    models: {{m: {{}}}}
    components:
      app: {{kind: client, calls: [api, server]}}
      api: {{kind: service, reads: [{read}]{serves}}}
      sessions: {{kind: cache}}
      server: {{kind: model-server, serves: [m]}}
    """)
    at = "components.api.reads[0]"
    assert found.undecided == ({at: tuple(f"{at}.{key}" for key in asked)} if asked else {})
