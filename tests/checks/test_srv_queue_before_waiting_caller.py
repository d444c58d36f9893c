"""SRV006: which paths return a result to the waiting caller, and when it is too late."""

from __future__ import annotations

from collections import Counter

import pytest

from archlint import load
from archlint.analysis.modes import Serving
from archlint.checks import queue_before_waiting_caller
from archlint.verdicts import NoParams
from tests.checks.linting import lint

AT = "components.api.publishes[0]"


def text(
    worker: str = "",
    api: str = "",
    page: str = "",
    more: str = "",
    workload: str = "waits: true",
    model: str = "service_time: 2s",
) -> str:
    return f"""
workloads: {{ask: {{from: page, {workload}}}}}
models: {{net: {{{model}}}, other: {{service_time: 5ms}}}}
components:
  page: {{kind: client, calls: [api], {page}}}
  api: {{kind: service, service_time: 1ms, publishes: [jobs], {api}}}
  jobs: {{kind: queue}}
  worker: {{kind: worker, consumes: [jobs], serves: [net], {worker}}}
  results: {{kind: database, service_time: 1ms}}
{more}
"""


@pytest.mark.parametrize(
    ("worker", "api", "page", "more"),
    [
        ("writes: [results]", "reads: [results]", "", ""),
        ("writes: [results]", "calls: [status]", "", "  status: {kind: service, reads: [results]}"),
        ("callback: [page]", "", "", ""),
        ("calls: [api]", "", "", ""),
        ("publishes: [replies]", "consumes: [replies]", "", "  replies: {kind: queue}"),
        ("publishes: [done]", "reads: [results]", "",
         "  done: {kind: queue}\n  saver: {kind: worker, consumes: [done], writes: [results]}"),
        ("calls: [saver]", "reads: [results]", "", "  saver: {kind: service, writes: [results]}"),
        ("writes: [results]", "", "", "  notifier: {kind: service, reads: [results], callback: [page]}"),
    ],
)  # fmt: skip
def test_a_way_back_is_found(worker: str, api: str, page: str, more: str) -> None:
    found = lint("SRV006", text(worker, api, page, more))
    assert (found.places, found.undecided) == (set(), {})


@pytest.mark.parametrize(
    ("worker", "api", "more"),
    [
        ("", "", ""),
        ("writes: [results]", "", ""),
        ("writes: [results]", "", "  office: {kind: client, reads: [results]}"),  # somebody else reads
        ("callback: [office]", "", "  office: {kind: client}"),
        ("publishes: [replies]", "", "  replies: {kind: queue}"),
        ("calls: [users]", "calls: [users]", "  users: {kind: feature-store, service_time: 1ms}"),  # polled, not notified
        ("logs_to: [results]", "reads: [results]", ""),
    ],
)
def test_without_one_the_request_disappears(worker: str, api: str, more: str) -> None:
    finding = lint("SRV006", text(worker, api, more=more)).findings[AT]
    assert finding.message == (
        "`ask` waits for `net`, but the request goes to queue `jobs` and nothing returns the result of `worker`: "
        "no store that the caller can poll, no callback, no reply queue"
    )
    assert finding.loss == 1


def test_the_page_may_poll_elsewhere_than_it_posts() -> None:
    facts = text("writes: [results]", page="reads: [results]").replace("from: page", "from: {client: page, to: api}")
    assert lint("SRV006", facts).places == set()


def test_what_waits_for_the_server_has_its_result() -> None:
    # The worker calls a service, which calls the model server; the worker writes the result.
    found = lint(
        "SRV006",
        """
        workloads: {ask: {from: page, waits: true}}
        models: {net: {service_time: 2s}}
        components:
          page: {kind: client, publishes: [jobs], reads: [results]}
          jobs: {kind: queue}
          worker: {kind: worker, consumes: [jobs], calls: [prepare], writes: [results]}
          prepare: {kind: service, calls: [server]}
          server: {kind: model-server, serves: [net]}
          results: {kind: database}
        """,
    )
    assert found.places == set()


@pytest.mark.parametrize(("objective", "violated"), [("1.9s", True), ("2s", True), ("2.1s", False), ("15s", False)])
def test_an_answer_that_comes_back_has_to_come_in_time(objective: str, violated: bool) -> None:
    # 2 s of the model and 1 ms of the store that the result is written to.
    workload = f"waits: true, slo: {{latency: {{p95: {objective}}}}}"
    found = lint("SRV006", text("writes: [results]", "reads: [results]", workload=workload))
    assert found.places == ({AT} if violated else set())
    assert found.undecided == {}


def test_too_late_shows_its_arithmetic() -> None:
    workload = "waits: true, slo: {latency: {p95: 1s}}"
    found = lint("SRV006", text("writes: [results]", "reads: [results]", workload=workload))
    assert found.term(AT, "floor") == pytest.approx(2.001)
    assert found.findings[AT].message == (
        "`ask` needs p95 <= 1 s, but its request goes to queue `jobs`, and the work behind it takes at least 2 s "
        "even if the queue is empty (1 s over)"
    )


def test_where_nobody_waits_a_queue_is_right() -> None:
    found = lint("SRV006", text(workload="waits: false"))
    assert (found.places, found.undecided) == (set(), {})


def test_whether_somebody_waits_is_asked_only_where_it_decides() -> None:
    assert lint("SRV006", text(workload="rate: 1/s")).undecided == {AT: ("workloads.ask.waits",)}
    assert lint("SRV006", text("writes: [results]", "reads: [results]", workload="rate: 1/s")).undecided == {}


def test_the_time_of_the_model_is_asked_for() -> None:
    workload = "slo: {latency: {p95: 1s}}"
    found = lint("SRV006", text("writes: [results]", "reads: [results]", workload=workload, model="version: 1.0"))
    assert found.undecided == {AT: ("models.net.service_time", "workloads.ask.waits")}


def test_a_side_path_is_no_answer_that_anybody_waits_for() -> None:
    side = text(api="serves: [other]")
    assert lint("SRV006", side).places == set()
    assert lint("SRV006", side.replace("waits: true", "waits: true, models: [other, net]")).places == {AT}


@pytest.mark.parametrize(("objective", "first"), [("10s", "synchronous"), ("1s", "asynchronous")])
def test_to_ask_directly_helps_only_where_the_model_is_quick_enough(objective: str, first: str) -> None:
    found = lint("SRV006", text(workload=f"waits: true, slo: {{latency: {{p95: {objective}}}}}"))
    assert found.cures(AT)[0] == first


def test_a_relation_that_cannot_be_read_may_be_the_way_back() -> None:
    found = lint("SRV006", text("writes: [result]"))
    assert found.places == set()
    assert found.undecided


def test_many_queues_of_one_publisher_are_looked_at_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    queued = queue_before_waiting_caller._queued

    def counted(serving: Serving) -> bool:
        looked.append(serving.server)
        return queued(serving)

    monkeypatch.setattr(queue_before_waiting_caller, "_queued", counted)
    parts = "".join(
        f"  q{n}: {{kind: queue}}\n  w{n}: {{kind: worker, serves: [net], consumes: [q{n}]}}\n" for n in range(20)
    )
    published = ", ".join(f"q{n}" for n in range(20))
    system = load(
        "archlint: 1\nworkloads: {ask: {from: page, waits: true}}\nmodels: {net: {}}\ncomponents:\n"
        f"  page: {{kind: client, calls: [api]}}\n  api: {{kind: service, publishes: [{published}]}}\n{parts}"
    )
    found = list(queue_before_waiting_caller.check(system, NoParams()))
    assert len(found) == 20
    assert max(Counter(looked).values()) == 2  # not once for each of the 20 queues
