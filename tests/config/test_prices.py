"""Prices in a configuration, and the components that get them."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.config import read_config
from archlint.linter import Linter
from archlint.model.quantities import Money
from archlint.source.parser import parse

PRICES = """\
[prices]
nvidia-l4 = {amount = "0.75 USD per h", source = "price list", date = 2026-11-01}
Redis = "120 EUR per month"
cpu = "0.04 USD per h"
mi250 = "3 USD per h"
"""


def price_of(folder: Path, component: str) -> tuple[Money, str | None, str | None] | None:
    """The price of a component with these facts."""
    (folder / "archlint.toml").write_text(PRICES)
    linter = Linter(read_config(folder / "archlint.toml"))
    system, _ = linter.system(
        parse("arch.yaml", f"archlint: 1\ncomponents:\n  it: {{kind: service, {component}}}\n"), None
    )
    price = system.components["it"].price
    return None if price is None or price.amount is None else (price.amount, price.source, price.date)


@pytest.mark.parametrize(
    ("component", "amount", "line"),
    [
        ("hardware: {gpu: l4}", Money(0.75, "USD", per_s=3600.0), 2),
        ("hardware: {gpu: L4, gpus: 4, cpu: 8}", Money(3.0, "USD", per_s=3600.0), 2),
        ("hardware: {gpu: MI250, gpus: 2}", Money(6.0, "USD", per_s=3600.0), 5),
        ("hardware: {gpu: l4}, uses: redis", Money(0.75, "USD", per_s=3600.0), 2),
        ("uses: redis, hardware: {cpu: 2}", Money(120.0, "EUR", per_s=2592000.0), 3),
        ("uses: fastapi, hardware: {cpu: 500m}", Money(0.02, "USD", per_s=3600.0), 4),
        ("uses: triton, hardware: {gpu: h100}", None, 0),
        ("uses: fastapi", None, 0),
    ],
)
def test_a_component_without_a_price_gets_the_listed_one(
    tmp_path: Path, component: str, amount: Money | None, line: int
) -> None:
    found = price_of(tmp_path, component)
    if amount is None:
        assert found is None
        return
    assert found is not None
    assert found[0] == amount
    assert found[1] is not None
    assert found[1].startswith(f"{tmp_path}/archlint.toml:{line}:1")


def test_its_source_names_the_configuration_and_what_that_names(tmp_path: Path) -> None:
    found = price_of(tmp_path, "hardware: {gpu: l4}")
    assert found is not None
    assert found[1:] == (f"{tmp_path}/archlint.toml:2:1, price list", "2026-11-01")


def test_a_price_that_the_file_states_stays(tmp_path: Path) -> None:
    found = price_of(tmp_path, "hardware: {gpu: l4}, price: {amount: 2 EUR per day, source: contract}")
    assert found == (Money(2.0, "EUR", per_s=86400.0), "contract", None)


SERVED = """\
archlint: 1
workloads:
  rank: {from: page, rate: 1/s, inputs: known, distinct: 1M, waits: false, slo: {freshness: 24h}}
models:
  ranker: {service_time: {mean: 10ms, cv: 0.1}}
components:
  page: {kind: client, calls: [server]}
  server: {kind: model-server, serves: [ranker], replicas: 4, hardware: {gpu: l4}}
"""


def test_a_finding_in_money_names_the_line_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "archlint.toml").write_text(PRICES)
    linter = Linter(read_config(tmp_path / "archlint.toml").with_options(select=["SRV004"]))
    report, _ = linter.lint(parse("arch.yaml", SERVED), None)
    (money,) = [term for finding in report.findings for term in finding.terms if term.name == "money_saved"]
    assert str(money.value).endswith(" USD")
    assert money.note == f"{tmp_path}/archlint.toml:2:1, price list, 2026-11-01"
