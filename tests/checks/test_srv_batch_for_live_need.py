"""SRV003: what no schedule can meet, and what one can."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint

AT = "components.nightly"


def text(workload: str, job: str, server: str = "", model: str = "service_time: 20ms") -> str:
    return f"""
workloads:
  show: {{from: app, {workload}}}
models: {{scorer: {{{model}}}, live: {{service_time: 5ms}}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: service, reads: [scores], {server}}}
  scores: {{kind: database}}
  nightly: {{kind: batch-job, serves: [scorer], writes: [scores], schedule: "0 3 * * *", {job}}}
"""


def test_what_a_live_model_reads_is_written_as_it_changes_and_not_at_the_request() -> None:
    found = lint("SRV003", text("waits: true, inputs: on-request, slo: {freshness: 5min}", "run_time: 1h", "serves: [live]"))
    assert found.cures(AT) == ["streaming", "asynchronous", "parallel-jobs"]


def test_what_is_known_only_with_the_request_cannot_be_scored_ahead() -> None:
    found = lint("SRV003", text("inputs: on-request, rate: 3/s", ""))
    assert found.findings[AT].message == (
        "`nightly` precomputes predictions of `scorer`, but the inputs of `show` are known only at request time: "
        "no schedule can score them in advance"
    )
    assert found.term(AT, "inputs") == "on-request"
    assert found.findings[AT].severity == "error"


@pytest.mark.parametrize("live", ["serves: [live]", "calls: [ranker]", "publishes: [jobs]"])
def test_where_another_model_answers_live_the_scores_are_one_of_its_inputs(live: str) -> None:
    more = {
        "calls: [ranker]": "  ranker: {kind: model-server, serves: [live]}\n",
        "publishes: [jobs]": "  jobs: {kind: queue}\n  worker: {kind: worker, consumes: [jobs], serves: [live]}\n",
    }.get(live, "")
    found = lint("SRV003", text("inputs: on-request", "", live) + more)
    assert (found.places, found.undecided) == (set(), {})


@pytest.mark.parametrize(("freshness", "violated"), [("5h", True), ("6h", False), ("7h", False)])
def test_a_stated_run_is_held_against_the_freshness(freshness: str, violated: bool) -> None:
    found = lint("SRV003", text(f"inputs: known, slo: {{freshness: {freshness}}}", "run_time: 6h"))
    assert found.places == ({AT} if violated else set())
    assert found.undecided == {}


def test_a_run_follows_from_its_records() -> None:
    # 30e6 records x 20 ms / (6 replicas x 4 workers) = 25,000 s, or 6.94 h: an estimate, so a warning.
    job = "records: 30M, replicas: 6, workers: 4"
    found = lint("SRV003", text("inputs: known, slo: {freshness: 2h}", job))
    assert found.term(AT, "run_time") == pytest.approx(30e6 * 0.02 / 24)
    assert (found.findings[AT].certainty, found.findings[AT].severity) == ("estimated", "warning")
    assert found.cures(AT)[0] == "parallel-jobs"


def test_full_batches_and_the_widest_range_count_for_the_job() -> None:
    # 25,000 s become 1,563 s with batches of 16; a range is used with its upper end.
    for job in ("replicas: 6, workers: 4, batching: {max_size: 16}", "replicas: {min: 1, max: 96}, workers: 4"):
        found = lint("SRV003", text("inputs: known, slo: {freshness: 2h}", f"records: 30M, {job}"))
        assert found.places == set()


@pytest.mark.parametrize(
    ("job", "model", "needs"),
    [
        ("", "service_time: 20ms", ["run_time"]),
        ("replicas: 6", "service_time: 20ms", ["run_time", "records"]),
        ("records: 30M", "service_time: 20ms", ["run_time", "replicas"]),
        ("records: 30M, replicas: {min: 1}", "service_time: 20ms", ["run_time", "replicas.max"]),
        ("records: 30M, replicas: 6", "", ["run_time", "models.scorer.service_time"]),
        ("records: 30M, replicas: 6", "service_time: {p50: 9ms}", ["run_time", "models.scorer.service_time.mean"]),
    ],
)
def test_the_one_fact_that_is_missing_of_a_run_is_asked_for(job: str, model: str, needs: list[str]) -> None:
    found = lint("SRV003", text("inputs: known, slo: {freshness: 2h}", job, model=model))
    expected = tuple(need if need.startswith("models") else f"{AT}.{need}" for need in needs)
    assert found.undecided == {AT: expected}


def test_unknown_inputs_are_asked_for() -> None:
    assert lint("SRV003", text("waits: true", "")).undecided == {AT: ("workloads.show.inputs",)}


def test_two_readers_of_one_job_are_one_finding_with_the_tightest_first() -> None:
    facts = text("inputs: known, slo: {freshness: 5h}", "run_time: 6h").replace(
        "workloads:", "workloads:\n  alert: {from: app, inputs: known, slo: {freshness: 1h}}"
    )
    finding = lint("SRV003", facts).findings[AT]
    assert "`alert` allows an age of at most 1 h (5 h over)" in finding.message
    assert {related.at for related in finding.related} >= {
        "workloads.alert.slo.freshness",
        "workloads.show.slo.freshness",
    }


@pytest.mark.parametrize(
    ("workload", "first"),
    [("waits: false", "asynchronous"), ("waits: true", "synchronous"), ("repeats: 0", "synchronous")],
)
def test_the_fix_depends_on_who_waits(workload: str, first: str) -> None:
    assert lint("SRV003", text(f"inputs: on-request, {workload}", "")).cures(AT)[0] == first


def test_a_relation_that_cannot_be_read_may_lead_to_a_live_model() -> None:
    found = lint(
        "SRV003", text("inputs: on-request", "", "calls: [rankr]") + "  ranker: {kind: model-server, serves: [live]}\n"
    )
    assert found.places == set()
    assert found.undecided


@pytest.mark.parametrize(("kind", "first"), [("model-server", "parallel-jobs"), ("external", "streaming")])
def test_more_workers_do_not_shorten_the_batches_of_a_vendor(kind: str, first: str) -> None:
    found = lint("SRV003", f"""
workloads: {{show: {{from: app, inputs: known, slo: {{freshness: 6h}}}}}}
models: {{writer: {{}}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: service, reads: [texts]}}
  texts: {{kind: database}}
  nightly: {{kind: batch-job, schedule: 24h, run_time: 24h, calls: [server], writes: [texts]}}
  server: {{kind: {kind}, serves: [writer]}}
""")
    assert found.cures("components.nightly")[0] == first
