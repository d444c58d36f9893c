"""REL016: which guardrails the public can pass by."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint


def text(call: str, api: str = ", exposed: public", more: str = "", calls: str = "") -> str:
    return f"""
workloads: {{ask: {{from: app, rate: 1/s}}}}
models: {{llm: {{}}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: service, calls: [{{to: filter{call}}}, server{calls}]{api}}}
  filter: {{kind: guardrail}}
  server: {{kind: model-server, serves: [llm]}}
{more}
"""


@pytest.mark.parametrize(("call", "key"), [(", optional: true", "optional"), (", fails: open", "fails")])
def test_a_guardrail_that_may_be_passed_by_in_public(call: str, key: str) -> None:
    said = lint("REL016", text(call))
    assert said.places == {f"components.api.calls[0].{key}"}
    assert said.findings[f"components.api.calls[0].{key}"].certainty == "proven"


@pytest.mark.parametrize("call", [", fails: closed", ", optional: true, fails: closed"])
def test_a_guardrail_that_fails_closed(call: str) -> None:
    assert lint("REL016", text(call)).places == set()


def test_another_guardrail_that_fails_closed_is_enough() -> None:
    second = "  second: {kind: guardrail}"
    assert lint("REL016", text(", fails: open", more=second, calls=", {to: second, fails: closed}")).places == set()


def test_a_fallback_that_is_a_guardrail_checks_the_requests() -> None:
    second = "  second: {kind: guardrail}"
    assert lint("REL016", text(", fails: open, fallback: second", more=second)).places == set()
    plain = second.replace("guardrail", "service")
    assert lint("REL016", text(", fails: open, fallback: second", more=plain)).places != set()


def test_who_can_reach_it_decides() -> None:
    assert lint("REL016", text(", fails: open", ", exposed: internal")).places == set()
    unknown = lint("REL016", text(", fails: open", ""))
    assert unknown.undecided == {"components.api.calls[0]": ("components.api.exposed",)}


def test_how_it_fails_decides() -> None:
    at = "components.api.calls[0]"
    assert lint("REL016", text("")).undecided == {at: (f"{at}.fails",)}
    assert lint("REL016", text("", "")).undecided == {at: (f"{at}.fails", "components.api.exposed")}
    assert lint("REL016", text("", ", exposed: internal")).undecided == {}


def test_a_guardrail_that_fails_open_is_no_single_point_of_failure() -> None:
    filled = text(", fails: open").replace("kind: guardrail", "kind: guardrail, replicas: 1")
    assert "components.filter.replicas" not in lint("REL001", filled).places
    assert "components.filter.replicas" in lint("REL001", filled.replace("fails: open", "fails: closed")).places
