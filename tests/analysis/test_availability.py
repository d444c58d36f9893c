"""The availability of workloads, against every state of every component; zones, load, queues and caches."""

from __future__ import annotations

import math
import random
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archlint
from archlint.analysis.availability import Availabilities, Availability
from archlint.analysis.pools import Pool, Pools, Sites
from archlint.analysis.quantity import Missing
from archlint.analysis.uptimes import at_least
from archlint.verdicts import Certainty
from tests.analysis.availability_systems import Drawing, drawn

HEAD = "archlint: 1\nworkloads: {w: {from: page, waits: true}}\ncomponents:\n  page: {kind: client, calls: [api]}\n"
CLOSE = 1e-9


def computed(text: str, sites: Sites | None = None, steps: int = 1_000_000) -> Availability:
    """Return the availability of the workload `w` of a system."""
    system = archlint.load(text)
    found = Availabilities(system, sites, steps).of(system.workloads["w"])
    assert isinstance(found, Availability)
    return found


@pytest.mark.parametrize("count", range(2, 11))
@pytest.mark.parametrize("cycles", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_it_equals_the_sum_over_all_states(count: int, cycles: bool, seed: int) -> None:
    """Needed and optional calls, alternatives, fallbacks, branches, and callers in a cycle."""
    drawing = drawn(random.Random(1000 * count + seed), count, cycles)
    found = computed(drawing.text())
    assert found.exact
    assert found.highest == pytest.approx(drawing.tried(), abs=CLOSE)


@pytest.mark.parametrize("seed", range(3))
def test_it_equals_the_sum_over_the_states_of_sixteen_components(seed: int) -> None:
    """65,536 states."""
    drawing = drawn(random.Random(seed), 16, cycles=seed == 1, shares=1)
    assert computed(drawing.text()).highest == pytest.approx(drawing.tried(), abs=CLOSE)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 7), st.booleans())
def test_any_system_equals_the_sum_over_all_states(seed: int, count: int, cycles: bool) -> None:
    """Systems that Hypothesis shrinks."""
    drawing = drawn(random.Random(seed), count, cycles)
    assert computed(drawing.text()).highest == pytest.approx(drawing.tried(), abs=CLOSE)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 7))
def test_the_order_of_the_file_changes_nothing(seed: int, count: int) -> None:
    """Neither the availability nor what each component costs."""
    rng = random.Random(seed)
    drawing = drawn(rng, count, cycles=True)
    order = rng.sample(range(count), count)
    before, after = computed(drawing.text()), computed(drawing.text(order))
    assert after.highest == pytest.approx(before.highest, abs=1e-12)
    costs = [{part.name: round(part.lost_s, 3) for part in found.parts} for found in (before, after)]
    assert costs[0] == costs[1]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 7), st.data())
def test_a_better_component_never_lowers_it(seed: int, count: int, data: st.DataObject) -> None:
    """The function of a system is monotone, and no bound is below it."""
    drawing = drawn(random.Random(seed), count, cycles=True)
    before = computed(drawing.text())
    assert before.ceiling >= before.highest
    better = data.draw(st.integers(0, count - 1))
    drawing.up[better] = (1 + drawing.up[better]) / 2
    assert computed(drawing.text()).highest >= before.highest - 1e-12


@pytest.mark.parametrize("seed", range(6))
def test_what_a_component_costs_is_what_it_takes_away(seed: int) -> None:
    """The minutes of a component are those that a system without its failures gains; importance is Birnbaum's."""
    drawing = drawn(random.Random(seed), 8, cycles=True)
    found = computed(drawing.text())
    for part in found.parts:
        number = int(part.name[1:])
        up = drawing.up[number]
        states = [Drawing([*drawing.up[:number], at, *drawing.up[number + 1 :]], drawing.edges) for at in (0.0, 1.0)]
        down, perfect = (state.tried() for state in states)
        assert part.available == pytest.approx(up)
        assert part.importance == pytest.approx(perfect - down, abs=CLOSE)
        assert part.lost_s == pytest.approx((perfect - found.highest) * 30 * 86400, abs=1e-2)


@pytest.mark.parametrize("seed", [2, 23, 26])
def test_a_hundred_tangled_components_give_a_bracket(seed: int) -> None:
    """Where the exact number takes too long, two bounds do, and the quantity is an estimate."""
    drawing = drawn(random.Random(seed), 100, cycles=True, shares=6)
    drawing.up = [0.9 if number % 3 else 0.999 for number in range(100)]
    found = computed(drawing.text(), steps=30_000)
    assert not found.exact
    assert 0 <= found.lowest < found.highest <= found.ceiling <= 1
    assert found.quantity.certainty is Certainty.ESTIMATED


@pytest.mark.parametrize("seed", range(12))
def test_a_bracket_contains_the_exact_availability(seed: int) -> None:
    """With hardly any steps, the least available components are still counted."""
    drawing = drawn(random.Random(seed), 9, cycles=True)
    found = computed(drawing.text(), steps=40)
    assert found.lowest - CLOSE <= drawing.tried() <= found.highest + CLOSE


@pytest.mark.parametrize(("needed", "replicas", "up"), [(1, 3, 0.5), (4, 6, 0.999), (6, 6, 0.9), (3, 9, 0.01)])
def test_enough_replicas_of_several(needed: int, replicas: int, up: float) -> None:
    """Against every state of the replicas."""
    states = list(product((0, 1), repeat=replicas))
    weights = [math.prod(up if each else 1 - up for each in state) for state in states]
    enough = sum(weight for weight, state in zip(weights, states, strict=True) if sum(state) >= needed)
    assert at_least(needed, replicas, up) == pytest.approx(enough, rel=1e-12)


@given(st.integers(1, 10**12), st.floats(0, 1), st.integers(1, 10**12))
def test_any_number_of_replicas_gives_a_probability(replicas: int, up: float, needed: int) -> None:
    """Also for a million million of them."""
    assert 0 <= at_least(needed, replicas, up) <= 1


@given(st.integers(1, 300), st.integers(1, 300), st.floats(0, 1))
def test_one_more_replica_never_lowers_it(needed: int, replicas: int, up: float) -> None:
    """If as many are needed as before."""
    assert at_least(needed, replicas + 1, up) >= at_least(needed, replicas, up) - 1e-12


SIX = HEAD.replace("w: {from: page", "w: {from: page, rate: 40/s, peak: 80/s") + (
    "  api: {kind: service, replicas: 6, workers: 1, service_time: 48ms, zones: [a, b, c], availability: 99.9%}\n"
)
"""At the peak, 3.84 of the 6 replicas are busy: 4 have to be up."""


def test_zones_that_fail_as_a_whole() -> None:
    """Four of six replicas in three zones: without the zones, the unavailability is 300 times too low."""
    zone, up = 0.9995, 0.999
    expected = 0.0
    for zones in product((0, 1), repeat=3):
        weight = math.prod(zone if each else 1 - zone for each in zones)
        expected += weight * at_least(4, 2 * sum(zones), up)
    found, without = computed(SIX, Sites(zone=zone)), computed(SIX)
    assert found.highest == pytest.approx(expected, abs=1e-15)
    assert 300 < (1 - found.highest) / (1 - without.highest) < 350
    assert [part.name for part in found.parts] == ["api", "zone a", "zone b", "zone c"]
    assert found.parts[1].lost_s > 0
    assert (without.quantity.bound, found.quantity.bound) == ("most", "")


def test_components_in_the_same_zones_fail_together() -> None:
    """Two components with one replica in each of two zones: any one zone is enough for both."""
    text = HEAD + (
        "  api: {kind: service, replicas: 2, zones: [a, b], availability: 99%, calls: [server]}\n"
        "  server: {kind: service, replicas: 2, zones: [b, a], availability: 98%}\n"
    )
    zone = 0.9
    one, two = 0.99 * 0.98, (1 - 0.01**2) * (1 - 0.02**2)
    expected = zone**2 * two + 2 * zone * (1 - zone) * one
    assert computed(text, Sites(zone=zone)).highest == pytest.approx(expected, abs=1e-12)


def test_a_region_fails_with_its_zones() -> None:
    """Two replicas in two regions."""
    text = HEAD + "  api: {kind: service, replicas: 2, regions: [eu, us], zones: [a, b], availability: 100%}\n"
    assert computed(text, Sites(region=0.9)).highest == pytest.approx(0.99)
    assert computed(text, Sites(zone=0.9, region=0.9)).highest == pytest.approx(1 - (1 - 0.81) ** 2)


def test_many_zones_give_a_bracket() -> None:
    """Sixteen zones have 65,536 states: those that are not tried are rare."""
    text = HEAD + "  api: {kind: service, replicas: 16, zones: 16, availability: 99%}\n"
    found = computed(text, Sites(zone=0.99))
    assert found.lowest < found.highest
    assert found.lowest == pytest.approx(1.0, abs=1e-4)


def test_the_load_decides_how_many_replicas_are_needed() -> None:
    """No stated load: one is enough. With a load, as many as are busy at the peak."""
    system = archlint.load(SIX)
    pool = Pools(system).of("api")
    assert isinstance(pool, Pool)
    assert (pool.needed, pool.overloaded) == (4, False)
    assert [term.note for term in pool.terms if term.name == "needed"] == ["3.84 are busy at the peak"]
    idle = Pools(archlint.load(SIX.replace("rate: 40/s, peak: 80/s, ", ""))).of("api")
    assert isinstance(idle, Pool)
    assert idle.needed == 1
    assert [term.note for term in idle.terms if term.name == "needed"] == ["no load that needs more is stated"]


def test_an_overload_needs_all_replicas_and_no_more() -> None:
    """That more are needed than exist is another rule's finding."""
    pool = Pools(archlint.load(SIX.replace("48ms", "480ms"))).of("api")
    assert isinstance(pool, Pool)
    assert (pool.needed, pool.overloaded) == (6, True)


def test_a_repair_takes_as_long_as_a_start() -> None:
    """A model of 60 GB at 100 MB/s takes 10 minutes to load: no failure is shorter."""
    text = HEAD + "  api: {kind: model-server, replicas: 1, mtbf: 99h, mttr: 1min, start_time: 1h}\n"
    found = computed(text)
    assert found.highest == pytest.approx(0.99)
    assert [term.name for term in found.quantity.terms if term.unit == "s"][:3] == ["mtbf", "mttr", "start_time"]
    larger = computed(text.replace("start_time: 1h", "start_time: 11h"))
    assert larger.highest == pytest.approx(0.9)
    downloaded = text.replace("start_time: 1h", "image_size: 360GB, pull_bandwidth: 100MB/s")
    assert computed(downloaded).highest == pytest.approx(0.99)
    assert computed(downloaded).ceiling > 0.999      # the node may hold the image already


def test_optional_parts_change_nothing() -> None:
    """A request succeeds without them."""
    text = HEAD + (
        "  api: {kind: service, replicas: 1, availability: 99%, reads: [{to: x, optional: true}]}\n"
        "  x: {kind: database, replicas: 1, availability: 1%}\n"
    )
    assert computed(text).highest == pytest.approx(0.99)


@pytest.mark.parametrize(
    ("hits", "expected"), [("0.75", 0.75 + 0.25 * 0.9), ("0", 0.9), ("1", 1.0)], ids=["some", "none", "all"]
)
def test_a_hit_in_a_cache_needs_nothing_behind_it(hits: str, expected: float) -> None:
    """While the server is down, the cache still answers at most its share."""
    text = HEAD + (
        f"  api: {{kind: service, reads: [{{to: answers, hit_ratio: {hits}}}], calls: [server]}}\n"
        "  answers: {kind: cache}\n  server: {kind: model-server, replicas: 1, availability: 90%}\n"
    )
    system = archlint.load(text)
    found = Availabilities(system).of(system.workloads["w"])
    assert (found.highest if isinstance(found, Availability) else 1.0) == pytest.approx(expected)


def test_a_cache_that_fails_is_a_miss() -> None:
    """A hit needs the cache, a miss the server: 0.5 x (0.8 + 0.2 x 0.9) + 0.5 x 0.9."""
    text = HEAD + (
        "  api: {kind: service, reads: [{to: answers, hit_ratio: 0.5}], calls: [server]}\n"
        "  answers: {kind: cache, replicas: 1, availability: 80%}\n"
        "  server: {kind: model-server, replicas: 1, availability: 90%}\n"
    )
    assert computed(text).highest == pytest.approx(0.5 * (0.8 + 0.2 * 0.9) + 0.5 * 0.9)


def test_a_data_cache_saves_the_reads_only() -> None:
    """The call after it is needed anyway."""
    text = HEAD + (
        "  api: {kind: service, reads: [{to: rows, hit_ratio: 0.5, kind: data}, db], calls: [server]}\n"
        "  rows: {kind: cache}\n  db: {kind: database, replicas: 1, availability: 80%}\n"
        "  server: {kind: model-server, replicas: 1, availability: 90%}\n"
    )
    assert computed(text).highest == pytest.approx(0.9 * (0.5 + 0.5 * 0.8))


@pytest.mark.parametrize(
    ("waits", "persistent", "expected"), [("true", "true", 0.9), ("false", "true", 1.0), ("false", "false", 0.9)]
)
def test_work_in_a_durable_queue_is_late_not_lost(waits: str, persistent: str, expected: float) -> None:
    """Unless the caller waits for it, or the queue forgets it."""
    text = (
        f"archlint: 1\nworkloads: {{w: {{from: page, waits: {waits}, models: [m]}}}}\nmodels: {{m: {{}}}}\n"
        "components:\n  page: {kind: client, calls: [api]}\n"
        "  api: {kind: service, replicas: 1, availability: 100%, publishes: [jobs]}\n"
        f"  jobs: {{kind: queue, persistent: {persistent}}}\n"
        "  worker: {kind: worker, consumes: [jobs], serves: [m], replicas: 1, availability: 90%}\n"
    )
    assert computed(text).highest == pytest.approx(expected)


def test_a_quorum_needs_more_than_one() -> None:
    """Two of three replicas have to answer each read."""
    text = HEAD + (
        "  api: {kind: service, reads: [{to: db, quorum: 2}]}\n  db: {kind: database, replicas: 3, availability: 90%}\n"
    )
    found = computed(text)
    assert found.highest == pytest.approx(at_least(2, 3, 0.9))
    assert found.ceiling == pytest.approx(at_least(1, 3, 0.9))


def test_the_certain_bound_ignores_how_failures_coincide() -> None:
    """Two needed parts may always fail together; two alternatives never less often than by chance."""
    two = HEAD + "  api: {kind: service, replicas: 1, availability: 99%, calls: [b]}\n"
    series = computed(two + "  b: {kind: service, replicas: 1, availability: 98%}\n")
    assert [series.highest, series.ceiling] == pytest.approx([0.99 * 0.98, 0.98])
    assert list(series.quantity.band or ()) == pytest.approx([0.9702, 0.98])
    text = HEAD + (
        "  api: {kind: service, calls: [{to: b, fallback: c}]}\n"
        "  b: {kind: external, availability: 99%}\n  c: {kind: external, availability: 98%}\n"
    )
    parallel = computed(text)
    assert [parallel.highest, parallel.ceiling] == pytest.approx([1 - 0.01 * 0.02] * 2)
    assert parallel.quantity.certainty is Certainty.PROVEN


def test_what_the_file_leaves_out_makes_it_a_bound() -> None:
    """The keys that would state the rest are named."""
    text = HEAD + (
        "  api: {kind: service, replicas: 1, availability: 99%, calls: [b], reads: [c]}\n"
        "  b: {kind: service, mtbf: 10d}\n  c: {kind: database, availability: 99%}\n"
    )
    found = computed(text)
    assert found.highest == pytest.approx(0.99)
    assert [key.at for key in found.unstated] == ["components.b.mttr", "components.c.replicas"]


@pytest.mark.parametrize(("facts", "needs", "because"), [
    ("", ("components.api.availability",), ""),
    ("availability: 99%", ("components.api.replicas",), ""),
    ("mtbf: 30d, replicas: 2", ("components.api.mttr",), ""),
    ("availability: 99%, replicas: 0", (), "`api` has no replicas"),
])  # fmt: skip
def test_what_is_missing_is_never_what_the_file_states(facts: str, needs: tuple[str, ...], because: str) -> None:
    system = archlint.load(f"{HEAD}  api: {{kind: service{', ' if facts else ''}{facts}}}\n")
    found = Availabilities(system).of(system.workloads["w"])
    assert isinstance(found, Missing)
    assert (tuple(key.at for key in found.needs), found.because) == (needs, because)


def test_nothing_stated_is_missing() -> None:
    """With the keys to add."""
    system = archlint.load(HEAD + "  api: {kind: service}\n")
    assert Availabilities(system).of(system.workloads["w"]) == Missing(
        "availability", (system.components["api"].place("availability"),)
    )


@pytest.mark.parametrize(
    "facts",
    [
        "availability: 0%, replicas: 0", "availability: 0%, replicas: 3", "availability: 100%, replicas: 1T",
        "availability: 50%, replicas: 1T, zones: 1T", "mtbf: 0s, mttr: 0s, replicas: 1", "mtbf: 0s, replicas: 2",
        "mtbf: 1s, mttr: 0s, replicas: 2", "mtbf: 10000000d, mttr: 10000000d, replicas: 1M, regions: [a]",
        "availability: 99%, replicas: {min: 0, max: 0}", "availability: 99%, autoscale: {min: 2}",
        "availability: 99%, replicas: 1, workers: 1, service_time: 0s",
        "availability: 99%, replicas: 1M, workers: 1, service_time: 100d",
        "availability: 99%, replicas: 1M, workers: 1, service_time: {p50: 3s, p99: 1s}",
    ],
)  # fmt: skip
def test_nonsense_gives_bounded_numbers(facts: str) -> None:
    """No division by zero, no number that is none."""
    head = HEAD.replace("w: {from: page", "w: {from: page, rate: 1T/s, peak: 1T/s")
    system = archlint.load(head + f"  api: {{kind: service, {facts}}}\n")
    found = Availabilities(system, Sites(zone=0.5, region=0.5)).of(system.workloads["w"])
    if isinstance(found, Availability):
        numbers = [found.lowest, found.highest, found.ceiling]
        numbers += [number for part in found.parts for number in (part.available, part.importance)]
        assert all(0 <= number <= 1 + CLOSE for number in numbers)
        assert all(0 <= part.lost_s <= 30 * 86400 * (1 + CLOSE) for part in found.parts)


def test_a_file_may_state_how_often_zones_and_regions_are_up() -> None:
    text = SIX.replace("archlint: 1\n", "archlint: 1\nzone_availability: 99%\n")
    found = computed(text)
    assert (found.highest, found.lowest) == (computed(SIX, Sites(zone=0.99)).highest, computed(SIX, Sites(zone=0.99)).lowest)
    sites = [term for term in found.quantity.terms if term.name == "site"]
    assert sites and {term.at.at for term in sites if term.at is not None} == {"zone_availability"}
    assert {term.origin.value for term in sites} == {"stated"}
    regions = text.replace("zone_availability", "region_availability")
    assert computed(regions).highest == computed(SIX, Sites(region=0.99)).highest
