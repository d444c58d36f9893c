"""Percentiles under load: against a simulation, what hops add, what is missing, and laws."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archlint
from archlint.analysis.latency import FRACTIONS, Latency, latency, percentiles, replicas_for
from archlint.analysis.quantity import Missing, Quantity
from archlint.analysis.system import System
from tests.analysis.simulated import Simulation
from tests.analysis.simulated import percentiles as simulated

ONE = """
archlint: 1
workloads: {{w: {{from: page, rate: {rate}/s{workload}}}}}
models: {{m: {{service_time: {time}}}}}
components:
  page: {{kind: client, calls: [s]}}
  s: {{kind: model-server, serves: [m], {server}}}
"""
SHAPES = {
    "one worker": ONE.format(rate=70, workload="", time="{mean: 10ms, cv: 0.7}", server="replicas: 1, workers: 1"),
    "constant times": ONE.format(rate=300, workload="", time="10ms", server="replicas: 4, workers: 1"),
    "a queue for each replica": ONE.format(
        rate=280, workload="", time="{mean: 10ms, cv: 0.5}", server="replicas: 4, workers: 1, balancing: random"
    ),
    "in turn": ONE.format(
        rate=280, workload="", time="{mean: 10ms, cv: 0.5}", server="replicas: 4, workers: 1, balancing: round-robin"
    ),
    "one after the other": """
archlint: 1
workloads: {w: {from: page, rate: 150/s}}
models: {m: {service_time: {mean: 10ms, cv: 0.5}}}
components:
  page: {kind: client, calls: [{to: gate, network: 2ms}]}
  gate: {kind: gateway, service_time: {mean: 8ms, cv: 1}, replicas: 2, calls: [api]}
  api: {kind: service, service_time: {mean: 9ms, cv: 0.3}, replicas: 2, calls: [s]}
  s: {kind: model-server, serves: [m], replicas: 2, workers: 1}
""".replace("replicas: 2, calls", "replicas: 2, workers: 1, calls").replace("workers: 1, calls", "workers: 64, calls"),
    "side by side": """
archlint: 1
workloads: {w: {from: page, rate: 120/s}}
models: {m: {service_time: {mean: 10ms, cv: 0.5}}}
components:
  page: {kind: client, calls: [api]}
  api: {kind: service, service_time: 1ms, replicas: 4, workers: 16, calls: [{to: a, parallel: x}, {to: b, parallel: x}, {to: c, parallel: x}]}
  a: {kind: service, service_time: {mean: 10ms, cv: 1}, replicas: 2, workers: 1}
  b: {kind: service, service_time: {mean: 8ms, cv: 0.5}, replicas: 2, workers: 1}
  c: {kind: service, service_time: {mean: 12ms, cv: 0.5}, replicas: 2, workers: 1}
""",
    "a cache in front": """
archlint: 1
workloads: {w: {from: page, rate: 300/s}}
models: {m: {service_time: {p50: 9ms, p99: 30ms}}}
components:
  page: {kind: client, calls: [api]}
  api: {kind: service, service_time: 1ms, replicas: 4, workers: 16, reads: [{to: answers, hit_ratio: 0.8}], calls: [s]}
  answers: {kind: cache, service_time: 1ms}
  s: {kind: model-server, serves: [m], replicas: 1, workers: 1}
""",
    "workers that wait for others": """
archlint: 1
workloads: {w: {from: page, rate: 100/s}, v: {from: page, rate: 40/s, models: [n]}}
models: {m: {service_time: {mean: 20ms, cv: 0.5}}, n: {service_time: 5ms}}
components:
  page: {kind: client, calls: [api]}
  api: {kind: service, service_time: 2ms, replicas: 1, workers: 5, calls: [s]}
  s: {kind: model-server, serves: [m, n], replicas: 4, workers: 1}
""".replace("rate: 100/s}", "rate: 100/s, models: [m]}"),
}


def answers(system: System, workload: str = "w", peak: bool = False) -> Latency:
    found = latency(system, system.workloads[workload], peak)
    assert isinstance(found, Latency), found
    return found


@pytest.mark.parametrize("shape", SHAPES)
def test_percentiles_are_those_of_a_simulation(shape: str) -> None:
    system = archlint.load(SHAPES[shape])
    found = answers(system)
    simulation = Simulation(system, {name: rate or 0.0 for name, rate in found.rates.items()}, seed=4)
    simulation.run(12_000)
    for fraction, true_s in zip(FRACTIONS, simulated(simulation.took["w"], FRACTIONS), strict=True):
        low_s, high_s = found.band(fraction)
        assert low_s * 0.95 <= true_s <= high_s * 1.05, (fraction, low_s, true_s, high_s)
        assert found.seconds(fraction) == pytest.approx(true_s, rel=0.2), (fraction, found.seconds(fraction), true_s)


@pytest.mark.parametrize("shape", SHAPES)
def test_what_the_hops_add_is_the_percentile(shape: str) -> None:
    found = answers(archlint.load(SHAPES[shape]))
    for fraction in FRACTIONS:
        hops = found.hops(fraction)
        assert sum(hop.total_s for hop in hops) == pytest.approx(found.seconds(fraction), rel=1e-9)
        assert all(hop.wait_s >= 0 and hop.work_s >= 0 for hop in hops)


def test_a_hop_adds_what_it_takes_in_answers_of_that_length() -> None:
    """Of two constant times, each adds itself, and the network belongs to the caller."""
    found = answers(archlint.load("""
archlint: 1
workloads: {w: {from: page, rate: 1/s}}
models: {m: {service_time: 30ms}}
components:
  page: {kind: client, calls: [{to: api, network: 5ms}]}
  api: {kind: service, service_time: 10ms, calls: [s]}
  s: {kind: model-server, serves: [m], replicas: 100, workers: 10}
"""))
    hops = {hop.component: round(hop.work_s, 6) for hop in found.hops(0.99)}
    assert hops == {"page": 0.005, "api": 0.01, "s": 0.03}
    assert found.seconds(0.5) == pytest.approx(0.045)


def test_the_slowest_hop_of_a_tail_adds_most() -> None:
    found = answers(archlint.load(SHAPES["one after the other"]))
    waits = {hop.component: hop.wait_s for hop in found.hops(0.99)}
    assert waits["s"] == max(waits.values())
    assert list(waits) == ["page", "gate", "api", "s"]


def test_a_quantity_has_the_terms_of_each_queue_and_a_band() -> None:
    system = archlint.load(SHAPES["one worker"])
    p50, p95, p99 = percentiles(system, system.workloads["w"])
    assert isinstance(p50, Quantity) and isinstance(p95, Quantity) and isinstance(p99, Quantity)
    assert (p99.name, p99.unit, p99.certainty.value) == ("p99", "s", "estimated")
    assert p50.value < p95.value < p99.value
    terms = {term.name: term.value for term in p99.terms}
    assert terms["rate"] == 70 and terms["utilisation"] == pytest.approx(0.7)
    assert terms["wait"] == pytest.approx(0.7 * 0.01 * 1.49 / 2 / 0.3)                # Pollaczek-Khinchine
    assert p99.band is not None and p99.band[0] < p99.value < p99.band[1]


def test_a_band_exists_at_every_percentile() -> None:
    found = answers(archlint.load(SHAPES["one worker"]))
    for fraction in (1e-6, 0.01, 0.5, 0.999, 1 - 1e-9):
        low_s, high_s = found.band(fraction)
        assert 0 <= low_s <= found.seconds(fraction) <= high_s


def test_without_a_queue_there_is_no_wait() -> None:
    found = answers(archlint.load(ONE.format(
        rate=1000, workload="", time="{mean: 10ms, cv: 1}", server="replicas: 1M, workers: 1"
    )))  # fmt: skip
    assert all(hop.wait_s == 0 for hop in found.hops(0.99))
    assert found.stations["s"].utilisation == pytest.approx(1e-5)


def test_what_is_overloaded_is_named_and_has_no_percentile() -> None:
    system = archlint.load(ONE.format(rate=200, workload="", time="10ms", server="replicas: 1, workers: 1"))
    found = latency(system, system.workloads["w"])
    assert isinstance(found, Missing) and not found.needs
    assert found.because == "`s` is overloaded (utilisation 200 %)"
    held = archlint.load(SHAPES["workers that wait for others"].replace("workers: 5", "workers: 2"))
    found = latency(held, held.workloads["w"])
    assert isinstance(found, Missing) and "`api` is overloaded" in found.because and "held" in found.because


@pytest.mark.parametrize(
    ("was", "left_out", "needs"),
    [
        ("rate: 70/s", "", "workloads.w.rate"),
        ("replicas: 1, ", "", "components.s.replicas"),
        (", workers: 1", "", "components.s.workers"),
        ("{mean: 10ms, cv: 0.7}", "{mean: 10ms}", "models.m.service_time.cv"),
        ("{mean: 10ms, cv: 0.7}", "{p50: 10ms}", "models.m.service_time.p99"),
        ("service_time: {mean: 10ms, cv: 0.7}", "", "models.m.service_time"),
    ],
)
def test_what_is_missing_is_named(was: str, left_out: str, needs: str) -> None:
    text = SHAPES["one worker"]
    assert was in text
    system = archlint.load(text.replace(was, left_out))
    found = latency(system, system.workloads["w"])
    assert isinstance(found, Missing)
    assert needs in [place.at for place in found.needs]


def test_few_workers_do_not_matter_where_hardly_anything_comes() -> None:
    system = archlint.load(ONE.format(rate=1, workload="", time="{mean: 10ms, cv: 1}", server="replicas: 1"))
    assert isinstance(latency(system, system.workloads["w"]), Latency)


def test_the_peak_of_one_workload_is_beside_the_means_of_the_others() -> None:
    system = archlint.load(SHAPES["workers that wait for others"].replace("rate: 40/s", "rate: 40/s, peak: 60/s"))
    quiet, busy = answers(system, "v"), answers(system, "v", peak=True)
    assert busy.seconds(0.99) > quiet.seconds(0.99)
    missing = latency(system, system.workloads["w"], peak=True)
    assert isinstance(missing, Missing) and [place.at for place in missing.needs] == ["workloads.w.peak"]


def test_the_replicas_that_are_enough_are_the_least() -> None:
    system = archlint.load(SHAPES["one worker"])
    found = answers(system)
    enough = replicas_for(found, 0.99, 0.045)
    assert enough is not None and (enough.component, enough.before) == ("s", 1)
    for replicas, meets in ((enough.replicas, True), (enough.replicas - 1, False)):
        other = archlint.load(SHAPES["one worker"].replace("replicas: 1", f"replicas: {replicas}"))
        assert (answers(other).seconds(0.99) <= 0.045) is meets
    assert replicas_for(found, 0.99, 0.01) is None                     # a prediction alone takes longer


@pytest.mark.parametrize(
    ("time", "server", "rate"),
    [
        ("{p50: 10ms, p99: 1ms}", "replicas: 1, workers: 1", 10),
        ("0s", "replicas: 1, workers: 1", 1e12),
        ("10ms", "replicas: 1M, workers: 1k", 1e12),
        ("{mean: 1ns, cv: 1000}", "replicas: 1M, workers: 1k", 1e12),
        ("{p50: 1us, p99: 10h}", "replicas: 3, workers: 1", 1),
        ("{mean: 10ms, cv: 1}", "replicas: 0, workers: 1", 10),
    ],
)
def test_nonsense_gives_numbers_or_says_what_is_missing(time: str, server: str, rate: float) -> None:
    system = archlint.load(ONE.format(rate=f"{rate:.0f}", workload="", time=time, server=server))
    for quantity in percentiles(system, system.workloads["w"]):
        if isinstance(quantity, Quantity):
            assert math.isfinite(quantity.value) and quantity.value >= 0
            assert quantity.band is not None and all(math.isfinite(end) for end in quantity.band)
        else:
            assert quantity.needs or quantity.because


def test_long_chains_and_wide_fans_end() -> None:
    chain = "\n".join(
        f"  c{n}: {{kind: service, service_time: {{mean: 1ms, cv: 1}}, calls: [c{n + 1}]}}" for n in range(2000)
    )
    text = "archlint: 1\nworkloads: {w: {from: page, rate: 1/s}}\ncomponents:\n  page: {kind: client, calls: [c0]}\n"
    system = archlint.load(text + chain + "\n  c2000: {kind: service, service_time: 1ms}\n")
    found = latency(system, system.workloads["w"])
    assert isinstance(found, Missing) and "2002 components" in found.because
    calls = ", ".join(["{to: d}"] * 150)
    wide = archlint.load(text.replace("c0", "a") + f"  a: {{kind: service, calls: [{calls}], service_time: 1ms}}\n"
                         "  d: {kind: external, service_time: {mean: 1ms, cv: 1}}\n")
    assert answers(wide).response.time.mean == pytest.approx(0.151, rel=0.01)


@settings(max_examples=12, deadline=None)
@given(st.floats(0.05, 0.9), st.integers(1, 6), st.sampled_from(["pooled", "random", "round-robin"]))
def test_more_load_is_slower_and_more_replicas_are_quicker(rho: float, replicas: int, balancing: str) -> None:
    def p99(rate: float, count: int) -> float:
        server = f"replicas: {count}, workers: 2, balancing: {balancing}"
        text = ONE.format(rate=f"{rate:.6f}", workload="", time="{mean: 10ms, cv: 0.8}", server=server)
        return answers(archlint.load(text)).seconds(0.99)

    rate = rho * replicas * 200
    assert p99(rate, replicas) <= p99(rate * 1.1, replicas) * (1 + 1e-9)
    assert p99(rate, replicas + 1) <= p99(rate, replicas) * (1 + 1e-9)


@settings(max_examples=8, deadline=None)
@given(st.floats(0.1, 0.9), st.sampled_from([("ms", "s", 1e3), ("us", "ms", 1e3)]))
def test_units_do_not_matter(rho: float, units: tuple[str, str, float]) -> None:
    small, large, factor = units
    one, other = (
        answers(archlint.load(ONE.format(
            rate=f"{rho * rate:.9f}", workload="", time=f"{{mean: 10{unit}, cv: 0.8}}", server="replicas: 2, workers: 1"
        ))).seconds(0.95)
        for unit, rate in ((small, 200 * (1 if small == "ms" else 1000)), (large, 200 / (1000 if large == "s" else 1)))
    )  # fmt: skip
    assert other == pytest.approx(one * factor, rel=1e-6)
