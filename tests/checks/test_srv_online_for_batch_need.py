"""SRV004: when a job is enough, what it saves, and when servers are needed."""

from __future__ import annotations

from collections import Counter

import pytest

from archlint import load
from archlint.checks.online_for_batch_need import Params, check
from archlint.model.architecture import Workload
from archlint.model.places import Place
from archlint.verdicts import MOST_NEEDS, Undecided
from tests.checks.linting import lint

AT = "components.server"
KNOWN = "inputs: known, distinct: 6.7M, slo: {freshness: 24h}"


def text(
    workload: str = KNOWN, server: str = "replicas: 8", more: str = "", head: str = "", model: str = "12ms",
    own: str = ", service_time: 0ms",
) -> str:  # fmt: skip
    return f"""
{head}
workloads:
  show: {{from: board, {workload}}}
  {more}
models: {{net: {{service_time: {model}}}, other: {{service_time: 1ms}}}}
components:
  board: {{kind: client, calls: [server]}}
  server: {{kind: model-server, serves: [net]{own}, {server}}}
"""


def test_the_saving_by_hand() -> None:
    # 6.7e6 x 12 ms = 80,400 s of work; on 8 replicas 10,050 s. A period may last 24 h less the run: 76,350 s.
    found = lint("SRV004", text())
    assert found.term(AT, "run_time") == pytest.approx(10050)
    assert found.term(AT, "period") == pytest.approx(86400 - 10050)
    assert found.term(AT, "saved") == pytest.approx((8 * 76350 - 80400) / 3600)
    assert found.findings[AT].message == (
        "`server` runs 24/7 for `show`, but all 6.7 M inputs are known and predictions may be 1 d old: "
        "a job could score them in 2.79 h and save 86.8 % of the replica-hours"
    )
    assert found.findings[AT].loss == pytest.approx(1 - 10050 / 76350)
    assert (found.findings[AT].severity, found.findings[AT].certainty) == ("error", "proven")


def test_without_the_server_s_own_work_it_is_an_estimate() -> None:
    assert lint("SRV004", text(own="")).findings[AT].certainty == "estimated"


@pytest.mark.parametrize("streamed", ["stream: true", "slo: {ttft: {p95: 1s}}", "slo: {tpot: {mean: 40ms}}"])
def test_somebody_waits_for_an_answer_that_is_read_while_it_is_made(streamed: str) -> None:
    found = lint("SRV004", text(f"inputs: known, distinct: 6.7M, {streamed}"))
    assert (found.findings, found.undecided) == ({}, {})


def test_a_price_turns_hours_into_money() -> None:
    server = "replicas: 8, price: {amount: 0.20 USD per h, source: the contract, date: 2026-01-15}"
    found = lint("SRV004", text(server=server))
    assert found.term(AT, "money_saved") == f"{(8 * 76350 - 80400) / 3600 * 0.20:.2f} USD"


@pytest.mark.parametrize(
    "workload",
    [
        "inputs: on-request, waits: false, slo: {freshness: 24h}",
        "inputs: known, distinct: 6.7M, waits: true",  # a waiting caller needs a current answer
        "inputs: known, distinct: 40B, slo: {freshness: 24h}",  # more work than the servers can do
        "inputs: known, distinct: 40B, waits: false",
        "inputs: known, distinct: 6.7M, slo: {freshness: 5h}",  # a period and a run of 2.8 h do not fit
        "inputs: known, distinct: 100, slo: {freshness: 5min}",  # a job every five minutes is a server
        "inputs: known, distinct: 6.7M, slo: {freshness: 6h}",  # saves 12 % only
    ],
)
def test_where_the_servers_have_to_stand(workload: str) -> None:
    found = lint("SRV004", text(workload))
    assert (found.places, found.undecided) == (set(), {})


def test_where_nobody_waits_a_period_of_a_day_is_assumed() -> None:
    found = lint("SRV004", text("inputs: known, distinct: 6.7M, waits: false"))
    assert found.term(AT, "period") == 86400
    assert "nobody waits for the answer" in found.findings[AT].message


def test_who_waits_may_read_what_was_scored_before() -> None:
    assert lint("SRV004", text(f"waits: true, {KNOWN}")).places == {AT}


def test_a_server_that_another_workload_needs_live_is_not_reported() -> None:
    live = "search: {from: board, inputs: on-request, waits: true}"
    assert lint("SRV004", text(more=live)).places == set()
    also = "print: {from: board, inputs: known, distinct: 1M, slo: {freshness: 12h}}"
    found = lint("SRV004", text(more=also))
    # 7.7e6 x 12 ms / 8 = 11,550 s, and the tighter freshness leaves 12 h less that.
    assert found.term(AT, "period") == pytest.approx(12 * 3600 - 7.7e6 * 0.012 / 8)


def test_another_workload_of_which_too_little_is_known_leaves_it_open() -> None:
    found = lint("SRV004", text(more="search: {from: board, waits: true}"))
    assert (found.places, found.undecided) == (set(), {})  # it waits, and allows no older prediction
    found = lint("SRV004", text(more="search: {from: board, waits: false, distinct: 5}"))
    assert found.undecided == {AT: ("workloads.search.inputs",)}


@pytest.mark.parametrize(
    ("workload", "server", "needs"),
    [
        ("inputs: known, slo: {freshness: 24h}", "replicas: 8", ["workloads.show.distinct"]),
        ("distinct: 6.7M, slo: {freshness: 24h}", "replicas: 8", ["workloads.show.inputs"]),
        ("inputs: known, distinct: 6.7M", "replicas: 8", ["workloads.show.waits"]),
        (KNOWN, "", ["components.server.replicas"]),
        (KNOWN, "replicas: {max: 9}", ["components.server.replicas.min"]),
    ],
)
def test_the_fact_that_is_missing_is_asked_for(workload: str, server: str, needs: list[str]) -> None:
    found = lint("SRV004", text(workload, server))
    assert (found.places, found.undecided) == (set(), {AT: tuple(needs)})


def test_what_cannot_be_is_not_asked_for() -> None:
    found = lint("SRV004", text("distinct: 40B, slo: {freshness: 24h}"))
    assert found.undecided == {}  # too much work, with known inputs or without


def test_servers_that_scale_to_nothing_do_not_stand() -> None:
    found = lint("SRV004", text(server="replicas: {min: 0, max: 9}"))
    assert (found.places, found.undecided) == (set(), {})


@pytest.mark.parametrize(
    ("team", "said"),
    [
        ("{engineers: 2, on_call: false}", "; the team has nobody on call, and a failed job can be repeated later"),
        ("{engineers: 1}", "; the team has 1 engineer to run a server"),
        ("{engineers: 12, on_call: true}", "replica-hours"),
    ],
)
def test_the_team_words_the_reason_and_never_the_verdict(team: str, said: str) -> None:
    finding = lint("SRV004", text(head=f"team: {team}")).findings[AT]
    assert finding.message.endswith(said)
    assert finding.certainty == "proven"


def test_the_team_orders_the_fixes() -> None:
    often = "inputs: known, distinct: 10k, slo: {freshness: 20min}"
    assert lint("SRV004", text(often, head="team: {engineers: 12, on_call: true}")).cures(AT) == [
        "prediction-cache",
        "batch",
    ]
    assert lint("SRV004", text(often, head="team: {engineers: 2}")).cures(AT) == ["batch", "prediction-cache"]


def test_a_mean_that_is_fitted_makes_an_estimate() -> None:
    assert lint("SRV004", text(model="{p50: 10ms, p99: 40ms}")).findings[AT].certainty == "estimated"


def test_the_parameters_decide() -> None:
    system = load("archlint: 1\n" + text())
    for params in (Params(least_saving=0.9), Params(shortest_period=80_000.0)):
        assert not list(check(system, params))


def many(workloads: int, servers: int) -> str:
    """Workloads without `inputs` that use every server."""
    loads = "".join(f"  w{n}: {{from: board, rate: 1/s, waits: true, slo: {{freshness: 1h}}}}\n" for n in range(workloads))
    models = "".join(f"  m{n}: {{service_time: 5ms}}\n" for n in range(servers))
    parts = "".join(f"  s{n}: {{kind: model-server, serves: [m{n}], replicas: 2}}\n" for n in range(servers))
    calls = ", ".join(f"s{n}" for n in range(servers))
    return (
        f"workloads:\n{loads}models:\n{models}components:\n  board: {{kind: client, calls: [api]}}\n"
        f"  api: {{kind: service, calls: [{calls}]}}\n{parts}"
    )


def test_a_question_names_the_first_keys_and_counts_the_others() -> None:
    found = [verdict for verdict in check(load(f"archlint: 1\n{many(30, 2)}"), Params()) if isinstance(verdict, Undecided)]
    assert [question.at.at for question in found] == ["components.s0", "components.s1"]
    for question in found:
        # Each workload lacks `inputs` and `distinct`.
        assert len(question.needs) == MOST_NEEDS and len(question.needs) + question.more == 60
        assert question.needs[0].at == "workloads.w0.inputs"


def test_servers_of_the_same_workloads_share_what_is_asked_of_these(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Counter[str]()
    place = Workload.place

    def counted(workload: Workload, *keys: str) -> Place:
        made[workload.name] += 1
        return place(workload, *keys)

    system = load(f"archlint: 1\n{many(20, 40)}")
    monkeypatch.setattr(Workload, "place", counted)
    assert len(list(check(system, Params()))) == 40
    assert max(made.values()) <= 2  # not once for each of the 40 servers
