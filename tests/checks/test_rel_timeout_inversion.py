"""REL004: a caller that gives up before its callee."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archlint
from archlint.checks import timeout_inversion
from archlint.verdicts import Hit, NoParams
from tests.checks.linting import Said, lint

AT = "components.app.calls[0].timeout"


def text(first: str = "timeout: 2s", second: str = "timeout: 3s, retries: 2", more: str = "", workload: str = "rate: 1/s") -> str:
    return f"""
workloads: {{w: {{from: app, {workload}}}}}
models: {{m: {{}}}}
components:
  app: {{kind: client, calls: [{{to: api, {first}}}]}}
  api: {{kind: service, calls: [{{to: s, {second}}}]{more}}}
  s: {{kind: model-server, serves: [m]}}
  t: {{kind: database}}
"""


def found(**changes: str) -> Said:
    return lint("REL004", text(**changes))


def test_a_caller_gives_up_before_three_attempts_end() -> None:
    said = found()
    finding = said.findings[AT]
    assert (finding.severity, finding.certainty) == ("warning", "proven")
    assert "gives up on `api` after 2 s" in finding.message
    assert "3 attempts of 3 s, 9 s in total" in finding.message
    assert said.term(AT, "needed") == 9
    assert finding.loss == pytest.approx(7 / 9)


@pytest.mark.parametrize(
    "changes",
    [
        {"first": "timeout: 9s"},                                         # the same moment
        {"second": "timeout: 1s"},
        {"second": "retries: 9"},                                         # REL003: no timeout at all
        {"first": "retries: 1"},
        {"second": "timeout: 1s", "more": ", writes: [{to: t, timeout: 9s, wait: false}]"},
        {"workload": "stream: true, tokens: {in: 1k, out: {mean: 300, max: 1k}}", "second": "timeout: 9s"},      # SRV014
    ],
)
def test_a_callee_that_ends_first_passes(changes: dict[str, str]) -> None:
    assert found(**changes) == Said({}, {})


def test_repeated_attempts_behind_a_streamed_call_count() -> None:
    """The callee repeats a call that fails before its first token, however short a whole answer is."""
    said = found(workload="stream: true, tokens: {in: 1k, out: {mean: 300, max: 1k}}", more=", reads: [{to: t, timeout: 20s}]")
    assert said.term(AT, "needed") == 9


def test_the_longest_call_of_the_callee_decides() -> None:
    said = found(second="timeout: 1s", more=", reads: [{to: t, timeout: 5s}]")
    assert said.term(AT, "needed") == 5


def test_a_caller_has_one_finding_at_its_worst_call() -> None:
    several = """
workloads: {w: {from: app}}
components:
  app: {kind: client, calls: [{to: a, timeout: 2s}, {to: b, timeout: 1s}]}
  a: {kind: service, calls: [{to: c, timeout: 3s}]}
  b: {kind: service, calls: [{to: c, timeout: 30s}]}
  c: {kind: service}
"""
    said = lint("REL004", several)
    assert said.places == {"components.app.calls[1].timeout"}
    assert "1 more of its calls" in said.findings["components.app.calls[1].timeout"].message


def test_callers_in_a_circle_are_another_rule() -> None:
    circle = text(first="timeout: 99s").replace("serves: [m]", "serves: [m], calls: [{to: api, timeout: 1s}]")
    assert lint("REL004", circle) == Said({}, {})


def test_each_caller_of_a_chain_is_reported() -> None:
    chain = """
workloads: {order: {from: app, rate: 500/s}}
components:
  app: {kind: client, calls: [{to: edge, timeout: 250ms, retries: 4}]}
  edge: {kind: gateway, calls: [{to: api, timeout: 8s, retries: 4}]}
  api: {kind: service, calls: [{to: ranker, timeout: 20s, retries: 4}]}
  ranker: {kind: service}
"""
    assert lint("REL004", chain).places == {AT, "components.edge.calls[0].timeout"}
    assert lint("REL005", chain).places == {"components.api.calls[0].retries"}


def inverted(timeout_ms: int, callee_ms: int, retries: int, unit: str = "ms") -> bool:
    scale = {"ms": 1, "us": 1000}[unit]
    first = f"timeout: {timeout_ms * scale}{unit}"
    system = archlint.load("archlint: 1\n" + text(first, f"timeout: {callee_ms * scale}{unit}, retries: {retries}"))
    return any(isinstance(verdict, Hit) for verdict in timeout_inversion.check(system, NoParams()))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 999), st.integers(1, 999), st.integers(0, 5), st.integers(1, 99))
def test_a_longer_wait_never_adds_and_further_retries_never_remove(timeout: int, callee: int, retries: int, more: int) -> None:
    before = inverted(timeout, callee, retries)
    assert before == (timeout < callee * (1 + retries))
    assert inverted(timeout, callee, retries, "us") == before
    assert inverted(timeout + more, callee, retries) <= before <= inverted(timeout, callee, retries + 1)


def test_each_client_of_the_same_servers_is_judged_by_its_own_timeout() -> None:
    said = lint("REL004", """
        workloads: {patient: {from: desk}, hasty: {from: phone}}
        components:
          desk: {kind: client, calls: [edge]}
          phone: {kind: client, calls: [{to: edge, timeout: 10ms}]}
          edge: {kind: gateway, calls: [{to: api, timeout: 100ms}]}
          api: {kind: service}
    """)
    assert said.places == {"components.phone.calls[0].timeout"}
