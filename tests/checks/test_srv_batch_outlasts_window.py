"""SRV007: a run that takes longer than its window, or than the time until the next run starts."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.linting import Said, lint

JOB = "components.job"


def text(job: str, more: str = "", model: str = "{service_time: 20ms}", slo: str = "") -> str:
    return f"""
workloads: {{show: {{from: app, models: [net], inputs: known{slo}}}}}
models: {{net: {model}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: service, reads: [table]}}
  table: {{kind: database}}
  job: {{kind: batch-job, serves: [net], writes: [table], {job}}}
{more}
"""


def said(job: str, more: str = "", model: str = "{service_time: 20ms}", slo: str = "") -> Said:
    return lint("SRV007", text(job, more, model, slo))


# --- a stated run


def test_a_run_of_five_hours_every_hour_in_a_window_of_half_an_hour() -> None:
    found = said('schedule: "@hourly", run_time: 5h, window: 30min, retry: none', model="{}")
    finding = found.findings[f"{JOB}.run_time"]
    assert finding.message == "one run of `job` takes 5 h, but its window is 30 min, and the next run starts after 1 h"
    assert (finding.severity, finding.certainty) == ("error", "proven")
    assert (found.term(finding.at, "window"), found.term(finding.at, "period")) == (1800.0, 3600.0)
    assert found.places == {finding.at}


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ("run_time: 5h, schedule: 4h", "the next run starts after 4 h, so that runs overlap or are left out"),
        ("run_time: 5h, window: 4h", "takes 5 h, 1 h over its window of 4 h"),
        ("run_time: 5h, window: 4h, schedule: 24h", "takes 5 h, 1 h over its window of 4 h"),
        # On weekdays, it starts again after one day, though the longest gap has three.
        ('run_time: 25h, schedule: "0 3 * * 1-5"', "the next run may start after 1 d"),
    ],
)
def test_one_limit(job: str, words: str) -> None:
    found = said(job)
    assert words in found.findings[f"{JOB}.run_time"].message


@pytest.mark.parametrize(
    "job", ["run_time: 5h, window: 5h", "run_time: 5h, schedule: 5h, window: 5h", 'run_time: 23h, schedule: "0 3 * * 1-5"']
)
def test_a_run_that_fits(job: str) -> None:
    found = said(job)
    assert (found.places, found.undecided) == (set(), {})


def test_the_schedule_of_what_triggers_it() -> None:
    more = '  cron: {kind: scheduler, schedule: "@hourly", triggers: [load]}\n  load: {kind: batch-job, triggers: [job]}'
    finding = said("run_time: 2h", more).findings[f"{JOB}.run_time"]
    assert finding.related[0].at == "components.cron.schedule"


def test_a_training_job_has_a_period_too() -> None:
    more = "  fit: {kind: training-job, trains: [net], schedule: 1d, run_time: 30h}"
    assert said("schedule: 1d, run_time: 1h", more).places == {"components.fit.run_time"}


# --- a run that follows from its records


DERIVED = "records: 40M, replicas: 4, workers: 4, batching: {max_size: 1}"
"""40 M x 20 ms / 16 = 50,000 s."""


def test_a_derived_run_is_a_bound_if_all_of_it_is_stated() -> None:
    found = said(f"{DERIVED}, window: 5h")
    finding = found.findings[f"{JOB}.records"]
    assert (finding.severity, finding.certainty) == ("error", "proven")
    assert found.term(finding.at, "run_time") == 50_000.0
    assert "takes at least 13.9 h" in finding.message
    assert finding.message.endswith("process 45 records in parallel instead of 16")
    assert said(f"{DERIVED.replace('replicas: 4', 'replicas: 12')}, window: 5h").places == set()


@pytest.mark.parametrize(
    ("job", "model", "more"),
    [
        (DERIVED.replace("workers: 4, ", ""), "{service_time: 20ms}", ""),
        (DERIVED.replace(", batching: {max_size: 1}", ""), "{service_time: 20ms}", ""),
        (DERIVED, "{service_time: {p50: 10ms, p99: 100ms}}", ""),
        (DERIVED, "{service_time: 20ms}", "  faster: {kind: model-server, serves: [net]}"),
    ],
)
def test_otherwise_it_is_an_estimate(job: str, model: str, more: str) -> None:
    finding = said(f"{job}, window: 1h", more, model).findings[f"{JOB}.records"]
    assert (finding.severity, finding.certainty) == ("warning", "estimated")
    assert "takes about" in finding.message


def test_a_start_is_part_of_each_run() -> None:
    found = said("start_time: 40min, records: 1M, replicas: 10, window: 1h")
    assert found.term(f"{JOB}.records", "run_time") == 2400.0 + 2000.0
    assert said("start_time: 20min, records: 1M, replicas: 10, window: 1h").places == set()
    # No number of workers makes it fit if the start alone takes longer.
    found = said("start_time: 2h, records: 1M, replicas: 10, window: 1h")
    assert "in parallel" not in found.findings[f"{JOB}.records"].message


def test_the_model_of_a_server_that_the_job_calls() -> None:
    more = "  server: {kind: model-server, serves: [net]}\n"
    more += "  caller: {kind: batch-job, calls: [server], writes: [table], records: 1M, replicas: 2, window: 1h}"
    found = said("schedule: 1d", more)
    assert found.term("components.caller.records", "run_time") == 10_000.0
    assert found.findings["components.caller.records"].certainty == "estimated"


# --- unknown facts


@pytest.mark.parametrize(
    ("job", "needs"),
    [
        ("window: 1h", ("run_time",)),
        ("window: 1h, records: 1M", ("run_time", "replicas")),
        ("schedule: 1h, records: 1M", ("run_time", "replicas")),
        ("schedule: 1h", ("run_time",)),
        ("run_time: 1h", ("schedule",)),
        ("run_time: 1h, window: 2h", None),
        ("run_time: 1h, consumes: [arrivals]", None),      # a message starts it
        ("retry: all", None),
    ],
)
def test_what_is_asked(job: str, needs: tuple[str, ...] | None) -> None:
    found = said(job, "  arrivals: {kind: queue}")
    asked = {} if needs is None else {JOB: tuple(f"{JOB}.{key}" for key in needs)}
    assert (found.places, found.undecided) == (set(), asked)


def test_a_job_that_makes_no_predictions_is_not_asked_how_long_it_takes() -> None:
    more = "  report: {kind: batch-job, schedule: 7d, reads: [table]}\n  fit: {kind: training-job, schedule: 7d, trains: [net]}"
    assert said("run_time: 1h, schedule: 1d", more).undecided == {}
    assert said("run_time: 1h, schedule: 1d", more.replace("7d,", "7d, window: 8h,", 1)).undecided != {}


# --- one cause, one finding


@pytest.mark.parametrize(
    ("freshness", "more", "rule"),
    [
        ("30min", "", "SRV003"),
        ("4h", "", "SRV003"),
        ("5h", "", "SRV007"),
        # A stream keeps the predictions fresh, so that only the window is left.
        ("30min", "  live: {kind: stream-processor, serves: [net], consumes: [arrivals], writes: [table]}", "SRV007"),
    ],
)
def test_a_run_that_predictions_cannot_wait_for_is_reported_once(freshness: str, more: str, rule: str) -> None:
    more = f"  arrivals: {{kind: queue}}\n{more}"
    system = text("run_time: 5h, window: 1h, schedule: 12h", more, slo=f", slo: {{freshness: {freshness}}}")
    assert [one for one in ("SRV003", "SRV007") if lint(one, system).places] == [rule]


# --- laws


@settings(max_examples=25, deadline=None)
@given(
    records=st.sampled_from(["0", "1", "1k", "30M", "1000000000000"]),
    replicas=st.sampled_from([1, 3, 1_000_000]),
    time=st.sampled_from(["0s", "1us", "20ms", "1h", "{p50: 5s, p99: 1s}", "{mean: 1s, cv: 9}"]),
    window=st.sampled_from(["1ms", "1h", "90d"]),
    start=st.sampled_from(["0s", "5min", "30d"]),
)
def test_any_facts_give_finite_numbers_and_more_work_no_fewer_findings(
    records: str, replicas: int, time: str, window: str, start: str
) -> None:
    def judged(records: str, replicas: int, start: str, window: str) -> bool:
        job = f"records: {records}, replicas: {replicas}, start_time: {start}, window: {window}"
        found = said(job, model=f"{{service_time: {time}}}")
        for finding in found.findings.values():
            assert "nan" not in finding.message and "inf" not in finding.message
            assert all(isfinite(term.value) for term in finding.terms if isinstance(term.value, float))
            assert 0 <= finding.loss <= 1
        return bool(found.places)

    before = judged(records, replicas, start, window)
    assert judged("1000000000000", replicas, start, window) >= before
    assert judged(records, 1, start, window) >= before
    assert judged(records, replicas, "30d", window) >= before
    assert judged(records, replicas, start, "1ms") >= before


@settings(max_examples=30, deadline=None)
@given(run=st.integers(1, 3000), window=st.integers(1, 3000), period=st.integers(1, 3000))
def test_a_stated_run_is_reported_exactly_if_it_is_longer_than_a_limit(run: int, window: int, period: int) -> None:
    found = said(f"run_time: {run}s, window: {window * 1000}ms, schedule: {period}s")
    assert bool(found.places) == (run > min(window, period))


# --- the objective of the workload that starts the runs


def nightly(objective: str, first: str, second: str = "run_time: 1h") -> Said:
    return lint(
        "SRV007",
        f"""
workloads: {{nightly: {{from: cron, models: [net], waits: false, slo: {{latency: {{{objective}}}}}}}}}
models: {{net: {{service_time: 3ms}}}}
components:
  cron: {{kind: scheduler, schedule: "0 2 * * *", triggers: [job]}}
  job: {{kind: batch-job, serves: [net], {first}, triggers: [publish]}}
  publish: {{kind: batch-job, {second}}}
""",
    )


def test_runs_that_end_after_the_objective_of_the_workload_that_starts_them() -> None:
    found = nightly("p95: 4h", "run_time: 3.5h")
    finding = found.findings[f"{JOB}.run_time"]
    assert finding.message == (
        "`nightly` needs its result within p95 <= 4 h, but the runs of `job` and `publish`, one after the other, take 4.5 h"
    )
    assert (finding.severity, finding.certainty) == ("error", "proven")
    assert (found.term(finding.at, "runs"), found.term(finding.at, "objective")) == (16200.0, 14400.0)


def test_a_derived_run_says_how_much_must_run_in_parallel() -> None:
    found = nightly("p95: 6h", "records: 40M, replicas: 4", "run_time: 0s")
    assert found.findings[f"{JOB}.records"].message == (
        "`nightly` needs its result within p95 <= 6 h, but one run of `job` takes about 8.33 h: "
        "process 6 records in parallel instead of 4"
    )


@pytest.mark.parametrize("objective", ["p95: 4.5h", "p95: 5h"])
def test_runs_that_end_in_time_are_silent(objective: str) -> None:
    assert not nightly(objective, "run_time: 3.5h").findings


def test_a_run_of_unknown_length_is_asked_for_unless_the_others_take_too_long() -> None:
    open_ = nightly("p95: 4h", "records: 40M, replicas: 40", "retry: all")
    assert not open_.findings
    assert open_.undecided["workloads.nightly.slo.latency.p95"] == ("components.publish.run_time",)
    assert nightly("p95: 4h", "run_time: 5h", "retry: all").findings


def test_a_run_that_its_window_forbids_is_reported_once() -> None:
    found = nightly("p95: 4h", "run_time: 5h, window: 4h")
    assert "over its window" in found.findings[f"{JOB}.run_time"].message


def test_jobs_that_trigger_each_other_in_a_circle_end() -> None:
    assert not nightly("p95: 4h", "run_time: 1h", "run_time: 1h, triggers: [job]").findings


# --- quotas of vendors


CALLING = "schedule: 1d, records: 1M, window: 8h, replicas: 1"


def calling(limit: str, job: str = "workers: 32", model: str = "{service_time: 2s}", calls: str = "v", more: str = "") -> Said:
    return lint("SRV007", f"""
    workloads: {{e: {{from: cron, rate: 1M/day, waits: false, models: [m], tokens: {{in: 900, out: 100}}, slo: {{latency: {{p99: 20h}}}}}}}}
    models: {{m: {model}, n: {{}}}}
    components:
      cron: {{kind: scheduler, triggers: [job]}}
      job: {{kind: batch-job, {CALLING}, {job}, calls: [{calls}], writes: [wh]}}
      v: {{kind: external, serves: [m], rate_limit: {{{limit}}}}}
      u: {{kind: external, serves: [n]}}
      wh: {{kind: warehouse}}
      {more}
    """)


@pytest.mark.parametrize(
    ("limit", "job", "certainty", "hours", "words"),
    [
        ("requests: 600/min", "workers: 64, batching: {max_size: 1}", "proven", 27.8,
         "at least 27.8 h, but its window is 8 h, and the next run starts after 1 d: 1 M requests at the 10/s that `v` accepts "
         "(`rate_limit.requests`) take 27.8 h, whatever the workers"),
        ("requests: 600/min", "workers: 64", "estimated", 27.8, "if one call carries several records, state `batching.max_size` of `job`"),
        ("requests: 600/min", "run_time: 6h, batching: {max_size: 1}", "proven", 27.8, "takes at least 27.8 h"),
        ("requests: 600/min", "run_time: 6h, batching: {max_size: 3}", "proven", 9.26, "333 k requests"),
        ("requests: 600/min, tokens: 1M/s", "workers: 64", "estimated", 27.8, "about 27.8 h"),
        ("tokens: 2M/min", "workers: 64, batching: {max_size: 20}", "estimated", 8.33, "1 B tokens at the 33.3k/s that `v` accepts"),
        ("concurrent: 8", "workers: 32", "estimated", 69.4, "1 M calls of 2 s with the 8 in flight that `v` accepts"),
        ("concurrent: 8", "workers: 32, batching: {max_size: 2}", "proven", 34.7, "500 k calls of 2 s"),
    ],
)  # fmt: skip
def test_the_quota_of_a_vendor_bounds_a_run_whatever_its_workers(
    limit: str, job: str, certainty: str, hours: float, words: str
) -> None:
    found = calling(limit, job)
    finding = found.findings[f"{JOB}.records"]
    assert found.term(finding.at, "run_time") == pytest.approx(hours * 3600, rel=2e-3)
    assert words in finding.message and "in parallel" not in finding.message
    assert finding.certainty == certainty
    assert found.cures(finding.at) == ["llm-gateway"]
    assert finding.related[0].at == f"components.v.rate_limit.{limit.partition(':')[0]}"


@pytest.mark.parametrize(
    ("limit", "calls", "more"),
    [
        ("requests: 2400/min", "v", ""),
        ("requests: 0/min", "v", ""),
        ("requests: 600/min", "{to: v, share: 25%}, {to: u, share: 75%}", ""),
        ("requests: 600/min", "{to: v, either: x}, {to: u, either: x}", ""),
        ("requests: 600/min", "{to: v, fallback: u}", ""),
        ("requests: 600/min", "{to: v, optional: true}", ""),
        ("requests: 600/min", "{to: v, when: the text is long}", ""),
        ("requests: 600/min", "g", "g: {kind: gateway, batching: {max_size: 4}, calls: [v]}"),
        ("requests: 600/min", "g", "g: {kind: gateway, reads: [{to: k, hit_ratio: 80%, kind: prediction}], calls: [v]}\n      k: {kind: cache}"),
    ],
)
def test_calls_that_a_quota_may_spare_bound_nothing(limit: str, calls: str, more: str) -> None:
    assert calling(limit, "workers: 99, run_time: 7h", calls=calls, more=more).findings == {}


def test_a_quota_behind_a_gateway_is_an_estimate_as_it_may_join_records() -> None:
    more = "g: {kind: gateway, calls: [v]}"
    finding = calling("requests: 600/min", "workers: 64, batching: {max_size: 1}", calls="g", more=more).findings[f"{JOB}.records"]
    assert finding.certainty == "estimated"


def test_more_workers_are_no_advice_where_the_quota_forbids_them() -> None:
    """The workers take 69.4 h, and the quota 27.8 h: both are too long."""
    message = calling("requests: 600/min", "workers: 8, batching: {max_size: 1}").findings[f"{JOB}.records"].message
    assert "69.4 h" in message and message.endswith("; with more workers, 1 M requests at the 10/s that `v` accepts (`rate_limit.requests`) take 27.8 h")
    assert "in parallel" not in message
    message = calling("requests: 6000/min", "workers: 8, batching: {max_size: 1}").findings[f"{JOB}.records"].message
    assert message.endswith("process 70 records in parallel instead of 8")


def test_an_objective_for_the_end_of_the_runs_counts_the_quota_too() -> None:
    found = lint("SRV007", """
    workloads: {e: {from: cron, waits: false, models: [m], slo: {latency: {p99: 20h}}}}
    models: {m: {}}
    components:
      cron: {kind: scheduler, triggers: [job]}
      job: {kind: batch-job, records: 1M, batching: {max_size: 1}, calls: [v]}
      v: {kind: external, serves: [m], rate_limit: {requests: 600/min}}
    """)
    assert "within p99 <= 20 h, but one run of `job` takes at least 27.8 h" in found.findings[f"{JOB}.records"].message


# --- generated answers


def test_a_run_takes_the_time_of_its_generated_answers() -> None:
    found = calling("requests: 1M/min", "workers: 32", "{ttft: 500ms, tpot: 10ms}")
    assert found.term(f"{JOB}.records", "run_time") == pytest.approx(1e6 * (0.5 + 99 * 0.01) / 32)
    assert found.findings[f"{JOB}.records"].certainty == "estimated"
    assert calling("requests: 1M/min", "workers: 64", "{ttft: 500ms, tpot: 10ms}") == Said({}, {})


@pytest.mark.parametrize(
    ("job", "model", "needs"),
    [("workers: 32", "{ttft: 500ms}", "models.m.tpot"), ("batching: {max_delay: 1s}", "{ttft: 500ms, tpot: 10ms}", "components.job.workers"),
     ("workers: 32", "{}", "models.m.service_time")],
)
def test_what_is_missing_of_a_generated_answer_is_a_question(job: str, model: str, needs: str) -> None:
    assert needs in calling("requests: 1M/min", job, model).undecided[JOB]
