"""REL010: a queue that gets more messages at the mean than its consumers handle."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.linting import Said, lint

AT = "components.jobs"


def said(
    rate: str = "40/s", time: str = "400ms", worker: str = "replicas: 4, workers: 2", queue: str = "",
    publish: str = "jobs", more: str = "", served: str = "serves: [net]",
) -> Said:  # fmt: skip
    return lint("REL010", f"""
    workloads: {{tag: {{from: app, waits: false{f', rate: {rate}' if rate else ''}}}}}
    models: {{net: {{{f'service_time: {time}' if time else ''}}}}}
    components:
      app: {{kind: client, calls: [api]}}
      api: {{kind: service, publishes: [{publish}]}}
      jobs: {{kind: queue{queue}}}
      worker: {{kind: worker, consumes: [jobs], {served}{f', {worker}' if worker else ''}}}
      {more}
    """)


def test_twice_the_capacity_without_a_limit() -> None:
    """A queue without a limit hides an overload until its memory ends."""
    found = said()
    finding = found.findings[AT]
    assert finding.message == (
        "`jobs` gets 40/s on average, but `worker` handles at most 20/s: the queue grows by 20/s and never drains; "
        "handle 16 in parallel instead of 8"
    )
    assert (finding.severity, finding.certainty) == ("error", "proven")
    assert (found.term(AT, "arrivals"), found.term(AT, "capacity")) == (40.0, 20.0)
    assert finding.loss == 0.5


def test_a_limit_says_when_the_queue_is_full() -> None:
    assert "is full after 50 s; then messages are lost or refused" in said(queue=", max_length: 1000").findings[AT].message


@pytest.mark.parametrize(
    ("rate", "worker", "publish"),
    [
        ("20/s", "replicas: 4, workers: 2", "jobs"),
        ("40/s", "replicas: 8, workers: 2", "jobs"),
        ("40/s", "replicas: {min: 1, max: 8}, workers: 2", "jobs"),
        ("40/s", "replicas: 4, workers: 2, batching: {max_size: 2}", "jobs"),
        ("40/s", "replicas: 4, workers: 2", "{to: jobs, share: 50%}"),
    ],
)
def test_enough_consumers(rate: str, worker: str, publish: str) -> None:
    found = said(rate, worker=worker, publish=publish)
    assert (found.places, found.undecided) == (set(), {})


@pytest.mark.parametrize(
    ("time", "worker"),
    [("400ms", "replicas: 4"), ("{p50: 300ms, p99: 2s}", "replicas: 4, workers: 2")],
)
def test_an_assumed_worker_or_a_fitted_mean_is_an_estimate(time: str, worker: str) -> None:
    finding = said(time=time, worker=worker).findings[AT]
    assert (finding.severity, finding.certainty) == ("warning", "estimated")
    assert "handles about" in finding.message


def test_a_stated_mean_is_a_bound() -> None:
    assert said(time="{mean: 400ms, cv: 3}").findings[AT].certainty == "proven"


def test_the_share_that_comes_to_the_queue() -> None:
    found = said("100/s", publish="{to: jobs, share: 30%}")
    assert (found.term(AT, "arrivals"), found.term(AT, "share")) == (30.0, 0.3)
    assert said("100/s", publish="{to: jobs, when: the photo is new}").places == set()


def test_the_server_that_each_message_waits_for() -> None:
    server = "server: {kind: model-server, serves: [net], replicas: 50}"
    found = said(served="calls: [{to: server, timeout: 20s}]", more=server)
    assert found.term(AT, "capacity") == 20.0


def test_several_consumers_share_the_work() -> None:
    second = "second: {kind: worker, consumes: [jobs], serves: [net], replicas: 8, workers: 1}"
    assert said(more=second).places == set()                            # 20/s and 20/s
    assert "`worker` and `second` handle at most 40/s" in said("50/s", more=second).findings[AT].message
    unknown = "second: {kind: worker, consumes: [jobs], serves: [net]}"
    assert said("50/s", more=unknown).undecided == {AT: ("components.second.replicas",)}


def test_a_queue_behind_another_one() -> None:
    def judged(first: int) -> set[str]:
        return said(
            "40/s", "100ms", f"replicas: {first}, workers: 1, publishes: [later]",
            more="later: {kind: queue}\n      last: {kind: worker, consumes: [later], service_time: 1s, replicas: 3, workers: 1}",
        ).places  # fmt: skip

    assert judged(5) == {"components.later"}
    # The first queue hands on only what its workers can do: whether the second gets too much is not known.
    assert judged(3) == {AT}


@pytest.mark.parametrize(
    ("rate", "time", "worker", "needs"),
    [
        ("", "400ms", "replicas: 4, workers: 2", "workloads.tag.rate"),
        ("40/s", "", "replicas: 4, workers: 2", "models.net.service_time"),
        ("40/s", "400ms", "workers: 2", "components.worker.replicas"),
        ("40/s", "", "", None),
        ("", "400ms", "", None),
    ],
)
def test_the_one_missing_fact_is_asked_for(rate: str, time: str, worker: str, needs: str | None) -> None:
    found = said(rate, time, worker)
    assert (found.places, found.undecided) == (set(), {} if needs is None else {AT: (needs,)})


def test_a_server_whose_callers_wait_is_not_judged() -> None:
    found = lint("REL010", """
    workloads: {ask: {from: app, rate: 1000/s}}
    models: {net: {service_time: 1s}}
    components:
      app: {kind: client, calls: [server]}
      server: {kind: model-server, serves: [net], replicas: 1, workers: 1}
    """)
    assert (found.places, found.undecided) == (set(), {})


# --- laws


@settings(max_examples=40, deadline=None)
@given(
    rate=st.sampled_from(["0.001/s", "1/min", "40/s", "1000000000000/s"]),
    time=st.sampled_from(["0s", "1us", "400ms", "90d", "{p50: 5s, p99: 1s}", "{mean: 1s, cv: 9}"]),
    replicas=st.sampled_from([1, 3, 1_000_000]),
)
def test_more_load_or_fewer_replicas_have_no_fewer_findings(rate: str, time: str, replicas: int) -> None:
    def judged(rate: str, replicas: int) -> bool:
        found = said(rate, time, f"replicas: {replicas}, workers: 1", ", max_length: 10")
        for finding in found.findings.values():
            assert "nan" not in finding.message and "inf" not in finding.message
            assert all(isfinite(term.value) for term in finding.terms if isinstance(term.value, float))
            assert 0 <= finding.loss <= 1
        return bool(found.places)

    before = judged(rate, replicas)
    assert judged("1000000000000/s", replicas) >= before
    assert judged(rate, 1) >= before
    assert judged(rate, 1_000_000) <= before


@pytest.mark.parametrize(("rate", "kind", "capacity"), [
    ("300/s", "prediction", 100.0), ("300/s", "data", 20.0), ("90/s", "prediction", None),
])  # fmt: skip
def test_a_cache_of_predictions_saves_the_model(rate: str, kind: str, capacity: float | None) -> None:
    """Four of five messages find their answer: 8 / (20 % x 400 ms). Cached data saves no prediction."""
    served = f"serves: [net], reads: [{{to: answers, hit_ratio: 80%, kind: {kind}}}]"
    found = said(rate, served=served, more="answers: {kind: cache}")
    assert (AT in found.findings) is (capacity is not None)
    if capacity is not None:
        assert found.term(AT, "capacity") == pytest.approx(capacity)
        assert found.findings[AT].certainty == "proven"


def test_without_a_hit_ratio_no_message_is_certain_to_need_the_model() -> None:
    found = said(served="serves: [net], reads: [{to: answers, kind: prediction}]", more="answers: {kind: cache}")
    assert not found.findings
    assert "components.worker.reads[0].hit_ratio" in str(found.undecided)
