from __future__ import annotations

import csv
import io
import json

import jsonschema
import pytest

import archlint
from archlint.simulation.api import Simulated, simulate_system
from archlint.simulation.outages import Asked
from archlint.simulation.outputs import COLUMNS, render_csv, render_json, render_text, simulation_schema
from archlint.simulation.running import Plan
from tests.simulation.systems import SHOP, chain, simulated


@pytest.fixture(scope="module")
def shop() -> Simulated:
    return simulated(archlint.load(SHOP), 20_000)


def test_the_text_says_the_load_the_method_and_the_precision(shop: Simulated) -> None:
    lines = render_text("arch.yaml", shop).splitlines()
    assert lines[0].startswith("shop, simulated at the mean rates: ")
    assert lines[0].endswith("seed 1")
    assert lines[1] == "Method: recursion over arrival times, exact for this system."
    assert any(line.startswith("search ") and "50/s" in line and " to " in line for line in lines)
    assert any(line.startswith("  jobs: result") for line in lines)
    assert lines[-1].startswith("Precision: each p99 is within ")
    assert all(len(line) <= 140 and line == line.rstrip() for line in lines)


def test_the_text_of_an_overload_says_how_fast_the_queue_grows() -> None:
    text = render_text("arch.yaml", simulated(chain(rate="75/s"), 20_000))
    assert "The queue of server grows without limit, by 2" in text
    assert "of its workers" in text
    assert "Over time: search" in text


def test_the_text_of_an_outage_says_the_backlog_and_when_it_is_gone() -> None:
    found = simulate_system(chain(), plan=Plan(requests=10_000), outage=Asked("server", 5.0))
    text = render_text("arch.yaml", found)
    assert "Outage of server, 5 s from 12.5 s on: up to 2" in text
    assert "after it." in text


def test_the_text_says_that_the_precision_was_not_reached() -> None:
    found = simulate_system(chain(model="{mean: 20ms, cv: 4}"), plan=Plan(precision=0.001, most=256_000))
    last = render_text("arch.yaml", found).splitlines()[-1]
    assert "The aim was 0.1 %: simulate more with --requests " in last


def test_the_json_is_as_its_schema_says_and_has_no_number_that_json_lacks(shop: Simulated) -> None:
    text = render_json("arch.yaml", shop)
    found = json.loads(text, parse_constant=pytest.fail)
    jsonschema.Draft202012Validator(simulation_schema()).validate(found)
    assert found["found"]["streams"][0]["p99"]["low"] < found["found"]["streams"][0]["p99"]["value"]
    assert found["found"]["centres"][-1]["utilisation"] is None


def test_the_csv_is_the_course(shop: Simulated) -> None:
    rows = list(csv.DictReader(io.StringIO(render_csv(shop))))
    assert tuple(rows[0]) == COLUMNS
    assert {(row["workload"], row["queue"]) for row in rows} == {("search", ""), ("upload", ""), ("upload", "jobs")}
    ends = [float(row["end_s"]) for row in rows if row["workload"] == "search"]
    assert ends == sorted(ends)
    assert len(ends) == 40


def test_the_same_seed_gives_the_same_bytes_with_and_without_numpy() -> None:
    outputs = set()
    for numpy in (True, False, True):
        found = simulate_system(archlint.load(SHOP), plan=Plan(7, requests=10_000, numpy=numpy))
        outputs.add((render_text("a", found), render_json("a", found), render_csv(found)))
    assert len(outputs) == 1
