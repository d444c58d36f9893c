"""What a workload costs: replicas, calls, tokens, shared components, jobs; and what is missing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archlint
from archlint.analysis.cost import Cost, Costs
from archlint.analysis.quantity import Missing, Quantity
from archlint.verdicts import Certainty


def cost(components: str, workloads: str = "w: {from: page, rate: 10/s, models: [m]}") -> Cost:
    """Return the cost of the workload `w`, whose client calls `api`."""
    text = f"archlint: 1\nworkloads: {{{workloads}}}\nmodels: {{m: {{}}}}\ncomponents:\n  page: {{kind: client, calls: [api]}}\n"
    system = archlint.load(text + components)
    found = Costs(system).of(system.workloads["w"])
    assert isinstance(found, Cost)
    return found


def amount(found: Quantity | Missing) -> float:
    """Return a computed number."""
    assert isinstance(found, Quantity)
    return found.value


def test_replicas_at_a_price_for_a_time() -> None:
    """Three replicas, 720 hours, 0.50 USD: for 25.92 million requests."""
    found = cost("  api: {kind: service, replicas: 3, serves: [m], price: 0.50 USD per h}\n")
    assert amount(found.per_month()) == pytest.approx(3 * 720 * 0.5)
    assert amount(found.per_thousand()) == pytest.approx(1000 * 3 * 0.5 / (3600 * 10))
    assert (found.currency, found.needs) == ("USD", ())


def test_calls_at_a_price_for_a_number_of_them() -> None:
    """Half of the requests are answered by a cache, and a quarter of the rest goes to the vendor."""
    found = cost(
        "  api: {kind: service, reads: [{to: hits, hit_ratio: 0.5}],"
        " calls: [{to: vendor, share: 0.25}, {to: own, share: 0.75}]}\n"
        "  hits: {kind: cache}\n  own: {kind: service}\n"
        "  vendor: {kind: external, serves: [m], price: {amount: 2 USD per 1k, source: the offer, date: 2026-05-01}}\n"
    )
    assert amount(found.per_thousand()) == pytest.approx(2 * 0.125)
    assert amount(found.per_month()) == pytest.approx(2 * 0.125 * 10 * 30 * 86400 / 1000)
    quantity = found.per_month()
    assert isinstance(quantity, Quantity)
    assert quantity.certainty is Certainty.PROVEN
    price = next(term for term in quantity.terms if term.name == "price")
    assert (price.value, price.note) == ("2.00 USD", "the offer, 2026-05-01")


def test_tokens_read_and_generated() -> None:
    """1,000 tokens at 2 USD and 500 tokens at 8 USD per million: 6 USD for 1,000 answers."""
    vendor = "  api: {kind: external, serves: [m], price: {input: 2 USD per 1M tokens, output: 8 USD per 1M tokens}}\n"
    workload = "w: {from: page, rate: 10/s, models: [m], tokens: {in: 1k, out: 500}}"
    assert amount(cost(vendor, workload).per_thousand()) == pytest.approx(6.0)
    without = cost(vendor)
    assert [key.at for key in without.needs] == ["workloads.w.tokens"]
    half = cost(vendor, workload.replace(", out: 500", ""))
    assert [key.at for key in half.needs] == ["workloads.w.tokens.out"]


def test_a_shared_component_is_divided_by_its_requests() -> None:
    """That is an estimate; without it, the cost is a bound."""
    workloads = "w: {from: page, rate: 10/s, models: [m]}, v: {from: page, rate: 30/s, models: [m]}"
    found = cost("  api: {kind: service, replicas: 4, serves: [m], price: 1 USD per h}\n", workloads)
    assert amount(found.per_month()) == pytest.approx(720.0)
    assert amount(found.per_month(certain=True)) == 0
    quantity = found.per_month()
    assert isinstance(quantity, Quantity)
    assert quantity.certainty is Certainty.ESTIMATED
    unknown = cost("  api: {kind: service, replicas: 4, price: 1 USD per h}\n", workloads.replace(", rate: 30/s", ""))
    assert [key.at for key in unknown.needs][:1] == ["workloads.v.rate"]


def test_a_job_pays_for_its_records_in_each_run() -> None:
    """1,000 records a day, 30 days, 0.10 USD each: the rate of the readers does not count."""
    text = """archlint: 1
workloads: {w: {from: page, rate: 1k/s, models: [m], inputs: known, tokens: {in: 100, out: 100}}}
models: {m: {}}
components:
  page: {kind: client, reads: [store]}
  store: {kind: database}
  job: {kind: batch-job, schedule: 24h, records: 1k, calls: [vendor], writes: [store]}
  vendor: {kind: external, serves: [m], price: 0.10 USD per 1}
"""
    system = archlint.load(text)
    found = Costs(system).of(system.workloads["w"])
    assert isinstance(found, Cost)
    assert amount(found.per_month(certain=True)) == pytest.approx(3000.0)
    missing = archlint.load(text.replace(", records: 1k", ""))
    asked = Costs(missing).of(missing.workloads["w"])
    assert isinstance(asked, Cost)
    assert [key.at for key in asked.needs] == ["components.job.records"]


def test_what_is_missing_is_named() -> None:
    """The rate, the replicas, and the prices of what serves the models."""
    no_rate = cost("  api: {kind: external, serves: [m], price: 2 USD per 1k}\n", "w: {from: page, models: [m]}")
    assert amount(no_rate.per_thousand()) == 2.0
    assert no_rate.per_month() == Missing("cost_per_month", (no_rate.workload.place("rate"),))
    standing = cost("  api: {kind: service, replicas: 1, price: 1 USD per h}\n", "w: {from: page}")
    assert standing.per_thousand() == Missing("cost_per_1000", (standing.workload.place("rate"),))
    replicas = cost("  api: {kind: service, price: 1 USD per h}\n")
    assert [key.at for key in replicas.needs] == ["components.api.replicas"]
    system = archlint.load("archlint: 1\nworkloads: {w: {from: page}}\nmodels: {m: {}}\ncomponents:\n"
                           "  page: {kind: client, calls: [api]}\n  api: {kind: model-server, serves: [m]}\n")
    assert Costs(system).of(system.workloads["w"]) == Missing("cost", (system.components["api"].place("price"),))


def test_prices_in_another_currency_are_left_out() -> None:
    """Nobody states a rate of exchange."""
    found = cost(
        "  api: {kind: service, replicas: 1, price: 1 USD per h, calls: [b]}\n  b: {kind: service, replicas: 1, price: 9 EUR per h}\n",
        "w: {from: page, rate: 1/s, budget: 5 USD per month}",
    )
    assert amount(found.per_month()) == pytest.approx(720.0)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 10**9), st.sampled_from(["0", "0.001", "1000000000"]))
def test_any_numbers_give_a_finite_cost_that_grows_with_them(replicas: int, rate: int, price: str) -> None:
    """More replicas, or more requests, never cost less in a month."""
    def month(count: int, per_s: int) -> float:
        parts = f"  api: {{kind: service, replicas: {count}, price: {price} USD per h, calls: [b]}}\n"
        vendor = f"  b: {{kind: external, serves: [m], price: {price} USD per 1k}}\n"
        return amount(cost(parts + vendor, f"w: {{from: page, rate: {per_s}/s, models: [m]}}").per_month())

    assert 0 <= month(replicas, rate) < float("inf")
    assert month(replicas + 1, rate) >= month(replicas, rate)
    assert month(replicas, rate + 1) >= month(replicas, rate)
