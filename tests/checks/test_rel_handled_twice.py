"""REL017: a message that is in hand for longer than its broker waits is handled twice."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.linting import Said, lint

RELATION = "components.worker.consumes[0]"
LIMIT = f"{RELATION}.redelivery_after"


def said(consumes: str, time: str = "4min", worker: str = "", uses: str = "", more: str = "", kind: str = "worker") -> Said:
    return lint("REL017", f"""
    workloads: {{tag: {{from: app, waits: false}}}}
    models: {{net: {{{f'service_time: {time}' if time else ''}}}, other: {{service_time: 1h}}}}
    components:
      app: {{kind: client, calls: [api]}}
      api: {{kind: service, publishes: [jobs]}}
      jobs: {{kind: queue{uses}}}
      worker: {{kind: {kind}, consumes: [{{to: jobs{consumes}}}]{worker or ', serves: [net]'}}}
      {more}
    """)


# --- a stated limit


def test_work_that_always_takes_longer() -> None:
    found = said(", redelivery_after: 1min")
    finding = found.findings[LIMIT]
    assert finding.message == (
        "`worker` keeps each message of `jobs` for at least 4 min, but it is delivered again after 1 min, so it is handled twice"
    )
    assert (finding.severity, finding.certainty) == ("error", "proven")
    assert (found.term(LIMIT, "handled_twice"), found.term(LIMIT, "redelivery_after")) == (1.0, 60.0)


@pytest.mark.parametrize(
    ("time", "share", "words"),
    [
        ("{p50: 4s, p99: 90s}", 0.01, "keeps 1 % of the messages of `jobs` for 1.5 min or longer, but they are"),
        ("{p50: 70s, p99: 90s}", 0.5, "keeps 50 % of the messages of `jobs` for 1.17 min or longer"),
        ("{mean: 70s, cv: 1}", None, "keeps a message of `jobs` for 1.17 min on average, but it is"),
    ],
)
def test_work_that_sometimes_takes_longer(time: str, share: float | None, words: str) -> None:
    found = said(", redelivery_after: 1min", time)
    finding = found.findings[LIMIT]
    assert words in finding.message
    assert finding.certainty == "proven"
    twice = [term.value for term in finding.terms if term.name == "handled_twice"]
    assert twice == ([] if share is None else [pytest.approx(share)])


@pytest.mark.parametrize(
    ("consumes", "time"),
    [
        (", redelivery_after: 4min", "4min"),
        (", redelivery_after: none", "4h"),
        (", redelivery_after: 1min, max_attempts: 1", "4min"),   # then it is given up, not repeated
        (", redelivery_after: 1min", "{p50: 4s, p99: 60s}"),
        (", redelivery_after: 1min", "{mean: 60s, cv: 3}"),
    ],
)
def test_work_in_time_or_never_repeated(consumes: str, time: str) -> None:
    found = said(consumes, time)
    assert (found.places, found.undecided) == (set(), {})


# --- what is in hand


def test_the_parts_of_the_work_add_up() -> None:
    worker = ", serves: [net], service_time: 15s, preprocessing: {service_time: 20s}"
    found = said(", redelivery_after: 1min", "30s", worker)
    assert found.term(LIMIT, "in_hand") == 65.0
    assert said(", redelivery_after: 65s", "30s", worker).places == set()
    # A percentile of one part, with the constants of the others.
    found = said(", redelivery_after: 1min", "{p50: 1s, p95: 30s}", worker)
    assert found.term(LIMIT, "in_hand") == 65.0
    assert found.term(LIMIT, "handled_twice") == pytest.approx(0.05)


def test_the_server_that_each_message_waits_for() -> None:
    server = "server: {kind: model-server, serves: [net]}"
    found = said(", redelivery_after: 1min", worker=", calls: [{to: server, timeout: 10min}]", more=server)
    assert found.term(LIMIT, "service_time") == 240.0
    # It gives up after half a minute, and is done with the message.
    assert said(", redelivery_after: 1min", worker=", calls: [{to: server, timeout: 30s}]", more=server).places == set()
    for branch in ("optional: true", "share: 10%", "when: a rare case", "fallback: nothing"):
        call = f", calls: [{{to: server, timeout: 10min, {branch}}}]"
        assert said(", redelivery_after: 1min", worker=call, more=server).places == set()


def test_a_worker_of_several_models_is_judged_by_those_that_a_workload_runs() -> None:
    def judged(models: str) -> set[str]:
        return lint("REL017", f"""
        workloads: {{tag: {{from: app, waits: false{models}}}}}
        models: {{net: {{service_time: 1s}}, other: {{service_time: 1h}}}}
        components:
          app: {{kind: client, calls: [api]}}
          api: {{kind: service, publishes: [jobs]}}
          jobs: {{kind: queue}}
          worker: {{kind: worker, consumes: [{{to: jobs, redelivery_after: 1min}}], serves: [net, other]}}
        """).places

    assert judged(", models: [net]") == set()
    assert judged(", models: [other]") == {LIMIT}


def test_a_job_that_a_message_starts_keeps_it_for_its_run() -> None:
    job = ", serves: [net], run_time: 3h"
    found = said("", "1s", job, ", uses: rabbitmq", kind="batch-job")
    assert found.term(RELATION, "run_time") == 10800.0
    assert said(", redelivery_after: 4h", "1s", job, kind="batch-job").places == set()


# --- defaults of technologies


@pytest.mark.parametrize(
    ("uses", "default_s"),
    [("sqs", 30), ("rabbitmq", 1800), ("kafka", 300), ("pubsub", 3600), ("nats-jetstream", 30)],
)
def test_the_default_of_a_broker(uses: str, default_s: int) -> None:
    assert said("", f"{default_s}s", uses=f", uses: {uses}").places == set()
    found = said("", f"{default_s + 1}s", uses=f", uses: {uses}")
    finding = found.findings[RELATION]
    assert (finding.severity, finding.certainty) == ("warning", "estimated")
    assert "by default" in finding.message
    assert found.term(RELATION, "redelivery_after") == default_s
    # What the file states is used instead.
    assert said(", redelivery_after: 2h", f"{default_s + 1}s", uses=f", uses: {uses}").places == set()


def test_a_long_task_of_celery_on_redis() -> None:
    """Tasks that take longer than the visibility timeout of one hour are handed to another worker."""
    worker = ", serves: [net], uses: celery"
    assert said("", "50min", worker, ", uses: redis").places == set()
    assert said("", "90min", worker, ", uses: redis").places == {RELATION}


def test_an_unknown_limit_is_asked_for_if_the_work_is_long() -> None:
    assert said("", "4min").undecided == {RELATION: (LIMIT,)}
    assert said("", "5s").undecided == {}
    assert said("", "").undecided == {}


def test_an_unknown_time_is_asked_for_if_the_limit_is_stated() -> None:
    assert said(", redelivery_after: 1min", "").undecided == {RELATION: ("models.net.service_time",)}
    assert said("", "", uses=", uses: sqs").undecided == {}


# --- laws

TIMES = ["0s", "1us", "29s", "2min", "90d"]


@settings(max_examples=40, deadline=None)
@given(first=st.sampled_from(TIMES), last=st.sampled_from(TIMES), own=st.sampled_from(TIMES), limit=st.sampled_from(TIMES[1:]))
def test_longer_work_or_an_earlier_redelivery_has_no_fewer_findings(first: str, last: str, own: str, limit: str) -> None:
    def judged(first: str, own: str, limit: str) -> bool:
        time = f"{{p50: {first}, p99: {last}}}"
        found = said(f", redelivery_after: {limit}", time, f", serves: [net], service_time: {own}")
        for finding in found.findings.values():
            assert all(isfinite(term.value) for term in finding.terms if isinstance(term.value, float))
            assert 0 <= finding.loss <= 1
        return bool(found.places)

    before = judged(first, own, limit)
    assert judged(first, "90d", limit) >= before
    assert judged(first, own, "1us") >= before


@pytest.mark.parametrize(("time", "share"), [("4min", 0.2), ("{p50: 70s, p99: 90s}", 0.1), ("30s", None)])
def test_what_a_cache_of_predictions_answers_is_not_in_hand(time: str, share: float | None) -> None:
    worker = ", serves: [net], reads: [{to: answers, hit_ratio: 80%, kind: prediction}]"
    found = said(", redelivery_after: 1min", time, worker, more="answers: {kind: cache}")
    assert bool(found.findings) is (share is not None)
    if share is not None:
        assert found.term(LIMIT, "handled_twice") == pytest.approx(share)
