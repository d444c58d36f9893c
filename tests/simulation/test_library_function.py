"""The library's `simulate`: what it takes, returns and refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

import archlint
from archlint import UsageError
from tests.simulation.systems import SHOP, stream

TEXT = """
archlint: 1
system: shop
workloads: {search: {from: page, rate: 60/s}}
components:
  page: {kind: client, calls: [api]}
  api: {kind: service, service_time: {mean: 20ms, cv: 1}, replicas: 2, workers: 1}
"""


def test_a_file_a_text_and_a_system_give_the_same_results(tmp_path: Path) -> None:
    file = tmp_path / "arch.yaml"
    file.write_text(TEXT, encoding="utf-8")
    found = archlint.simulate(file, requests=4000)
    assert found == archlint.simulate(TEXT, requests=4000) == archlint.simulate(archlint.load(TEXT), requests=4000)
    assert found != archlint.simulate(TEXT, requests=4000, seed=2)
    assert found.system == "shop" and [one.name for one in found.results.streams] == ["search"]


def test_it_takes_a_workload_a_load_a_precision_and_an_outage() -> None:
    found = archlint.simulate(SHOP, workload="search", load=0.5, precision=0.2)
    assert [one.name for one in found.results.streams] == ["search"]
    assert found.load == "at 0.5 times the mean rates"
    assert found.results.reached is not None and found.results.reached <= 0.2
    away = archlint.simulate(TEXT, outage="api/1:10s", requests=20_000)
    assert away.results.outage is not None and away.results.outage.replicas == 1
    usual, worse = stream(archlint.simulate(TEXT, requests=20_000), "search"), stream(away, "search")
    assert usual.p99 is not None and worse.p99 is not None and worse.p99.value > 2 * usual.p99.value


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"load": "much"}, "`much` is no load"),
        ({"load": 0}, "`0` is no load"),
        ({"load": "peak"}, "no workload has a `peak`"),
        ({"outage": "api"}, "`api`"),
        ({"outage": "ranker:5s"}, "ranker"),
        ({"requests": 5}, "100 to 20,000,000"),
        ({"precision": 2.0}, "is no share"),
        ({"workload": "checkout"}, "no workload `checkout`"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_one_error(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        archlint.simulate(TEXT, **arguments)  # type: ignore[arg-type]


def test_missing_facts_are_named() -> None:
    with pytest.raises(UsageError, match=r"components\.api\.service_time"):
        archlint.simulate(TEXT.replace("service_time: {mean: 20ms, cv: 1}, ", ""))
