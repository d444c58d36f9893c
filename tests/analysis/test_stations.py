"""What a request does at each component, and the queues that it meets there."""

from __future__ import annotations

from pathlib import Path

import pytest

import archlint
from archlint.analysis.floors import FloorOf
from archlint.analysis.request_paths import Attempts, Mixture, Node, Series, Together, Visit, Work, calls_of
from archlint.analysis.stations import path_of, rates_at_mean, rates_at_peak, stations_at
from archlint.analysis.system import System
from tests.conftest import ROOT

SHOP = """
archlint: 1
workloads:
  search: {from: page, rate: 100/s, peak: 300/s, models: [ranker]}
  tag: {from: page, rate: 40/s, models: [tagger]}
models:
  ranker: {service_time: 10ms}
  tagger: {service_time: {mean: 20ms, cv: 0.5}}
components:
  page: {kind: client, calls: [api]}
  api:
    kind: service
    service_time: 2ms
    replicas: 2
    workers: 16
    balancing: round-robin
    reads: [{to: answers, hit_ratio: 0.6}, {to: users, parallel: lookup}, {to: items, parallel: lookup}]
    calls: [server, {to: old, share: 0.25}, {to: new, share: 0.75}, {to: ads, optional: true, timeout: 50ms}]
  answers: {kind: cache, service_time: 1ms}
  users: {kind: database, service_time: 3ms}
  items: {kind: database, service_time: 4ms}
  server: {kind: model-server, serves: [ranker, tagger], replicas: 3, workers: 1}
  old: {kind: service, service_time: 1ms}
  new: {kind: service, service_time: 1ms}
  ads: {kind: external, service_time: 30ms}
"""


@pytest.fixture
def shop() -> System:
    return archlint.load(SHOP)


def test_a_tree_has_the_caches_branches_and_optional_calls_of_its_component(shop: System) -> None:
    path = path_of(shop, shop.workloads["search"])
    assert path is not None
    body = path.bodies["api"].inside
    assert isinstance(body, Series)
    own, look_up, behind = body.parts
    assert isinstance(own, Work) and look_up == Visit("answers")
    assert isinstance(behind, Mixture)
    (missed, rest), (found, nothing) = behind.arms
    assert (missed, found) == pytest.approx((0.4, 0.6)) and nothing == Series(())
    assert isinstance(rest, Series)
    assert [part for part in rest.parts if isinstance(part, Together)] == [Together((Visit("users"), Visit("items")))]
    assert Attempts(Visit("ads"), 0.05, 1, True) in rest.parts


def test_visits_follow_caches_and_shares(shop: System) -> None:
    path = path_of(shop, shop.workloads["search"])
    assert path is not None
    assert dict(path.visits) == pytest.approx({
        "page": 1, "api": 1, "answers": 1, "users": 0.4, "items": 0.4, "server": 0.4, "old": 0.1, "new": 0.3, "ads": 0.4,
    })  # fmt: skip
    for name in path.order:
        assert all(path.order.index(to) < path.order.index(name) for to, _ in calls_of(path.bodies[name].inside))


def test_a_station_has_the_work_of_all_workloads(shop: System) -> None:
    server = stations_at(shop, rates_at_mean(shop))["server"]
    assert server.rate_per_s == pytest.approx(0.4 * 140)
    assert server.mean_s == pytest.approx((100 * 0.010 + 40 * 0.020) / 140)
    square = (100 * 0.010**2 + 40 * 0.020**2 * 1.25) / 140
    assert server.cv2 == pytest.approx(square / server.mean_s**2 - 1)
    assert (server.servers, server.queues, server.holds, server.needs) == (3, 1, False, ())
    peak = stations_at(shop, rates_at_peak(shop, shop.workloads["search"]), ("server",))
    assert list(peak) == ["server"] and peak["server"].rate_per_s == pytest.approx(0.4 * 340)


def test_only_the_rate_of_one_workload_is_at_its_peak(shop: System) -> None:
    means, peak = rates_at_mean(shop), rates_at_peak(shop, shop.workloads["search"])
    assert list(peak) == list(means) and len(peak) == len(means)
    assert {name: (means[name], peak[name]) for name in means if means[name] != peak[name]} == {"search": (100.0, 300.0)}
    assert stations_at(shop, dict(peak)) == stations_at(shop, peak)
    assert rates_at_peak(shop, shop.workloads["tag"]) is means and rates_at_mean(shop) is means


def test_replicas_that_get_requests_in_turn_have_queues_of_their_own(shop: System) -> None:
    api = stations_at(shop, rates_at_mean(shop))["api"]
    assert (api.queues, api.servers, api.in_turn, api.holds) == (2, 16, True, True)
    assert not stations_at(shop, rates_at_mean(shop))["users"].queued


def test_what_is_not_stated_is_named() -> None:
    system = archlint.load("""
archlint: 1
workloads: {search: {from: page, models: [ranker]}}
models: {ranker: {}}
components:
  page: {kind: client, calls: [api]}
  api: {kind: service, calls: [server], reads: [{to: answers, caches: predictions}]}
  answers: {kind: cache}
  server: {kind: model-server, serves: [ranker]}
""")
    path = path_of(system, system.workloads["search"])
    assert path is not None
    assert {place.at for place in path.unknown} >= {"components.api.service_time", "models.ranker.service_time"}
    server = stations_at(system, rates_at_mean(system))["server"]
    assert {place.at for place in server.needs} == {"components.server.replicas", "components.server.workers"}
    assert [place.at for place in server.unrated] == ["workloads.search.rate"]


def test_callers_in_a_circle_end() -> None:
    system = archlint.load("""
archlint: 1
workloads: {search: {from: page, rate: 1/s}}
components:
  page: {kind: client, calls: [one]}
  one: {kind: service, service_time: 1ms, calls: [two]}
  two: {kind: service, service_time: 1ms, calls: [one, three]}
  three: {kind: service, service_time: 1ms}
""")
    path = path_of(system, system.workloads["search"])
    assert path is not None and path.visits["one"] == 1.0
    assert set(path.order) == {"page", "one", "two", "three"}


@pytest.mark.parametrize("example", sorted((ROOT / "examples" / "passing").glob("*.yaml")), ids=lambda path: path.stem)
def test_no_tree_is_quicker_than_its_floor(example: Path) -> None:
    """The trees have all that the floors have: where both know the least time, that of the tree is not less."""
    system = archlint.load(example)
    for workload in system.workloads.values():
        path = path_of(system, workload)
        if path is None:
            continue
        least: dict[str, float] = {}
        for name in path.order:
            least[name] = least_s(path.bodies[name].inside, least)
        floor = FloorOf(system, workload, estimated=True).component(path.client, 0.5)
        assert least[path.client] == pytest.approx(floor.least_s, rel=1e-9) or least[path.client] > floor.least_s
        assert set(path.unknown) >= {at for at in floor.unknown if at.last == "service_time" and at.names[0] == "models"}


def least_s(node: Node, known: dict[str, float]) -> float:
    if isinstance(node, Work):
        return node.time.constant_s or 0.0
    if isinstance(node, Visit):
        return known[node.component]
    if isinstance(node, Series):
        return sum(least_s(part, known) for part in node.parts)
    if isinstance(node, Together):
        return max(least_s(branch, known) for branch in node.branches)
    if isinstance(node, Mixture):
        return min(least_s(arm, known) for _, arm in node.arms)
    if isinstance(node, Attempts):
        return min(least_s(node.inside, known), node.timeout_s)
    return node.seconds
