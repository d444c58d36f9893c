"""OPS007 on small systems: which tests support an objective, and when silence is judged."""

from __future__ import annotations

import pytest

from archlint.config import Config
from archlint.linter import Linter, Options
from archlint.source.parser import parse
from tests.conftest import ROOT

TEXT = """\
archlint: 1
{top}
workloads:
  search: {{from: page, {demand}, models: [ranker], waits: true, slo: {{latency: {{{slo}}}}}}}
  browse: {{from: page, rate: 50/s, models: [ranker]}}
models: {{ranker: {{service_time: 5ms}}}}
components:
  page: {{kind: client, calls: [{{to: api}}]}}
  api: {{kind: service, calls: [ranking]{api}}}
  ranking: {{kind: model-server, serves: [ranker]{ranking}}}
  other: {{kind: service{other}}}
"""
LINTER = Linter(Config(ROOT), Options(select=("OPS007",), today="2026-06-30"))


def judged(
    demand: str = "rate: 60/s, peak: 100/s", slo: str = "p99: 200ms", top: str = "", **tests: str
) -> tuple[list[tuple[str, str, str]], list[str]]:
    """What OPS007 finds, and the keys that would decide what it cannot."""
    facts = {name: f", load_tested: {{{tests[name]}}}" if name in tests else "" for name in ("api", "ranking", "other")}
    text = TEXT.format(demand=demand, slo=slo, top=top, **facts)
    report = LINTER.lint(parse("arch.yaml", text), None)[0]
    found = [(one.at, one.message, one.severity) for one in report.findings if one.rule == "OPS007"]
    return found, [key for one in report.undecided if one.rule == "OPS007" for key in one.needs]


def test_a_file_without_any_load_test_is_judged_only_if_it_leaves_nothing_out() -> None:
    assert judged() == ([], [])
    ((at, message, severity),), _ = judged(top="described: all")
    assert (at, severity) == ("components.ranking", "info")
    assert message == "`ranking` has no load test: whether `search` meets p99 <= 200 ms at its peak of 100/s is unproven"
    assert [one[0] for one in judged(other="rate: 5/s")[0]] == ["components.ranking"]


@pytest.mark.parametrize("name", ["api", "ranking"])
def test_a_test_of_the_server_or_of_what_its_requests_pass_reaches_all_that_arrives(name: str) -> None:
    assert judged(**{name: "rate: 150/s, p99: 200ms"}) == ([], [])      # the peak of one, and the mean rate of the other
    ((at, message, severity),), _ = judged(**{name: "rate: 149/s"})
    assert (at, severity) == (f"components.{name}.load_tested.rate", "warning")
    assert "reached 149/s, but 150/s arrive there at the peak of `search`" in message


def test_one_sufficient_test_is_enough() -> None:
    assert judged(api="rate: 150/s, p99: 90ms", ranking="rate: 10/s") == ([], [])


def test_a_test_that_was_slower_than_the_objective_does_not_support_it() -> None:
    ((at, message, _),), _ = judged(ranking="rate: 200/s, p99: 201ms")
    assert at == "components.ranking.load_tested.p99" and "p99 of 201 ms, but `search` requires p99 <= 200 ms" in message
    assert judged(slo="p95: 200ms", ranking="rate: 200/s, p99: 201ms") == ([], [])       # p95 may still be quicker
    assert judged(slo="p95: 100ms, p99: 300ms", ranking="rate: 200/s, p99: 201ms") == ([], [])
    assert judged(slo="p99.9: 150ms", ranking="rate: 200/s, p99: 201ms")[0]


def test_a_test_that_was_too_slow_and_sent_too_little_says_both() -> None:
    ((at, message, _),), _ = judged(ranking="rate: 30/s, p99: 201ms")
    assert at == "components.ranking.load_tested.p99"
    assert "p99 of 201 ms, but `search` requires p99 <= 200 ms, though only 30/s of the 150/s that arrive were sent" in message


def test_what_is_missing_is_asked_for() -> None:
    assert judged(ranking="date: 2026-01-01") == ([], ["components.ranking.load_tested.rate"])
    assert judged(ranking="rate: 200/s") == ([], ["components.ranking.load_tested.p99"])
    assert judged(demand="rate: 60/s", ranking="rate: 500/s, p99: 90ms") == ([], ["workloads.search.peak"])
    assert judged(demand="inputs: on-request", ranking="rate: 500/s, p99: 90ms") == ([], ["workloads.search.peak"])
    (found,), _ = judged(demand="rate: 60/s", ranking="rate: 100/s")
    assert "110/s arrive there at the mean rates" in found[1]


def test_who_has_no_latency_objective_needs_no_test() -> None:
    assert judged(slo="", ranking="rate: 1/s") == ([], [])
