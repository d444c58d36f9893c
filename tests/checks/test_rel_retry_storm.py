"""REL005: the attempts of callers, one behind the other, multiply."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archlint
from archlint.checks import retry_storm
from archlint.verdicts import Hit
from tests.checks.linting import Said, lint

AT = "components.b.calls[0].retries"


def text(first: str = "retries: 4", second: str = "retries: 4", third: str = "retries: 4", workload: str = "rate: 500/s") -> str:
    return f"""
workloads: {{w: {{from: app, {workload}}}}}
components:
  app: {{kind: client, calls: [{{to: a, timeout: 9s, {first}}}]}}
  a: {{kind: gateway, calls: [{{to: b, timeout: 5s, {second}}}]}}
  b: {{kind: service, calls: [{{to: s, timeout: 1s, {third}}}]}}
  s: {{kind: service}}
"""


def found(**changes: str) -> Said:
    return lint("REL005", text(**changes))


def test_three_layers_of_five_attempts_make_a_hundred_and_twenty_five() -> None:
    said = found()
    finding = said.findings[AT]
    assert (finding.severity, finding.certainty) == ("warning", "proven")
    assert "`app`, `a` and `b` retry one behind the other" in finding.message
    assert "5 x 5 x 5 = 125 attempts" in finding.message
    assert "500/s, becomes up to 62.5k/s, without a growing pause" in finding.message
    assert said.term(AT, "attempts") == 125
    assert said.term(AT, "load") == 62_500


@pytest.mark.parametrize(
    "changes",
    [
        {"second": "retries: 0", "third": "retries: 0"},                              # one layer, five attempts
        {"first": "retries: 2", "second": "retries: 2", "third": "retries: 0"},       # nine: the limit itself
        {"second": "retries: 4, circuit_breaker: true", "third": "retries: 0"},
        {"first": "retries: 4, retry_budget: 10%", "second": "retries: 4, retry_budget: 10%"},
        {"first": "retries: 40, backoff: exponential-jitter", "second": "retries: 0", "third": "retries: 0"},
    ],
)
def test_few_attempts_pass(changes: dict[str, str]) -> None:
    assert found(**changes) == Said({}, {})


def test_one_caller_with_fifty_retries_at_once_is_enough() -> None:
    said = found(first="retries: 50, backoff: none", second="retries: 0", third="retries: 0")
    assert "`app` retries: one request becomes up to 51 attempts" in said.findings["components.app.calls[0].retries"].message


def test_a_pause_makes_attempts_later_but_not_fewer() -> None:
    said = found(first="retries: 4, backoff: exponential", third="retries: 0")
    assert "without a growing pause" not in said.findings["components.a.calls[0].retries"].message


def test_only_one_finding_for_a_path_at_its_last_call_that_retries() -> None:
    more = text(third="retries: 0").replace("s: {kind: service}", "s: {kind: service, calls: [{to: t, retries: 1}]}\n  t: {kind: cache}")
    assert lint("REL005", more).places == {"components.s.calls[0].retries"}


def test_work_behind_a_queue_does_not_multiply() -> None:
    queue = """
workloads: {w: {from: app}}
models: {m: {}}
components:
  app: {kind: client, calls: [{to: a, timeout: 9s, retries: 4}]}
  a: {kind: service, publishes: [q]}
  q: {kind: queue}
  b: {kind: worker, serves: [m], consumes: [q], calls: [{to: s, timeout: 1s, retries: 4}]}
  s: {kind: service}
"""
    assert lint("REL005", queue) == Said({}, {})


def test_a_circle_of_callers_ends() -> None:
    circle = text().replace("s: {kind: service}", "s: {kind: service, calls: [{to: a, timeout: 1s, retries: 4}]}")
    assert lint("REL005", circle).undecided == {}


def products(*retries: int, budget: int = 100) -> list[float]:
    said = [f"retries: {each}, retry_budget: {budget}%" for each in retries]
    system = archlint.load("archlint: 1\n" + text(*said))
    hits = [verdict for verdict in retry_storm.check(system, retry_storm.Params()) if isinstance(verdict, Hit)]
    return [float(term.value) for hit in hits for term in hit.terms if term.name == "attempts"]


@settings(max_examples=40, deadline=None)
@given(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), st.integers(0, 100))
def test_the_product_is_that_of_all_layers_and_a_budget_never_adds(retries: tuple[int, int, int], budget: int) -> None:
    product = (retries[0] + 1) * (retries[1] + 1) * (retries[2] + 1)
    assert products(*retries) == ([product] if product > 9 else [])
    assert max(products(*retries, budget=budget), default=0) <= product
    assert max(products(retries[0] + 1, *retries[1:]), default=0) >= max(products(*retries), default=0)
