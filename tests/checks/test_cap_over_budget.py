"""CAP007: which workloads cost more than their budget, by the stated prices."""

from __future__ import annotations

import pytest

import archlint
from archlint.report.options import TextOptions
from archlint.report.text import render_text
from tests.checks.linting import lint

AT = "workloads.ask.budget"


def text(budget: str = "100 USD per month", parts: str = "", workload: str = "rate: 5/s", more: str = "") -> str:
    vendor = parts or "price: 0.40 USD per 1k"
    return f"""
workloads: {{ask: {{from: web, models: [llm], waits: true, budget: {budget}, {workload}}}{more}}}
models: {{llm: {{}}}}
components:
  web: {{kind: client, calls: [vendor]}}
  vendor: {{kind: external, serves: [llm], {vendor}}}
"""


def test_calls_that_look_cheap() -> None:
    said = lint("CAP007", text())
    finding = said.findings[AT]
    assert finding.message == (
        "`ask` costs at least 5,184 USD a month, but its budget is 100 USD: `vendor` 5,184 USD (13 M requests a month)"
    )
    assert (finding.severity, finding.certainty) == ("error", "proven")
    assert said.term(AT, "cost_of_all") == pytest.approx(5184.0)
    assert said.term(AT, "budget") == 100


@pytest.mark.parametrize(
    ("budget", "fails"),
    [
        ("5184 USD per month", False), ("5183 USD per month", True), ("0.40 USD per 1k", False), ("0.39 USD per 1k", True),
        ("7 USD per h", True), ("7.2 USD per h", False), ("400 USD per 1M", False), ("399 USD per 1M", True),
    ],
)  # fmt: skip
def test_a_budget_for_any_time_or_number(budget: str, fails: bool) -> None:
    assert bool(lint("CAP007", text(budget)).places) is fails


def test_tokens_are_paid_for() -> None:
    price = "price: {input: 2 USD per 1M tokens, output: 8 USD per 1M tokens}"
    said = lint("CAP007", text("5 USD per 1k", price, "tokens: {in: 1k, out: 500}"))
    assert "at least 6.00 USD for 1,000 requests, but its budget is 5.00 USD" in said.findings[AT].message
    assert lint("CAP007", text("7 USD per 1k", price, "tokens: {in: 1k, out: 500}")).places == set()


def test_a_shared_component_makes_it_an_estimate() -> None:
    shared = ", other: {from: web, models: [llm], waits: true, rate: 5/s}"
    finding = lint("CAP007", text("100 USD per month", "replicas: 2, price: 1 USD per h", more=shared)).findings[AT]
    assert (finding.severity, finding.certainty) == ("warning", "estimated")
    assert "costs about 720 USD a month" in finding.message


def test_what_is_not_stated_is_asked_for() -> None:
    assert lint("CAP007", text(parts="availability: 99%")).undecided == {AT: ("components.vendor.price",)}
    assert lint("CAP007", text(workload="inputs: on-request")).undecided == {AT: ("workloads.ask.rate",)}
    assert lint("CAP007", text("9 EUR per month")).places == set()


def test_no_budget_no_question() -> None:
    assert lint("CAP007", text().replace("budget: 100 USD per month, ", "")).undecided == {}


def test_the_report_shows_each_price_that_the_cost_rests_on() -> None:
    price = "price: {input: 2 USD per 1M tokens, output: 8 USD per 1M tokens, source: the offer, date: 2026-05-04}"
    api = "api: {kind: service, price: 1 USD per h, replicas: 2, calls: [vendor]}"
    told = text("5 USD per month", price, "rate: 5/s, tokens: {in: 1k, out: {p50: 300, p95: 600}}")
    told = told.replace("calls: [vendor]}", f"calls: [api]}}\n  {api}", 1)
    shown = " ".join(render_text(archlint.check("archlint: 1\n" + told), TextOptions(all=True)).split())
    assert "price of `vendor`: 0.002 USD per 1,000 tokens (input), 0.008 USD per 1,000 tokens (output)" in shown
    assert "price of `api`: 1.00 USD per replica and hour" in shown
