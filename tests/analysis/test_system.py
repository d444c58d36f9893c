"""The public methods of a system: blast radius, users of components, and others."""

from __future__ import annotations

from itertools import combinations

import pytest

import archlint
from archlint.analysis.blast import BlastRadius
from archlint.analysis.system import System
from archlint.errors import UsageError
from tests.topology.graphs import random_system, system_of
from tests.topology.oracle import Oracle

SHOP = """
    web: {kind: client, calls: [gateway]}
    app: {kind: client, calls: [gateway]}
    robot: {kind: client, calls: [fraud]}
    gateway: {kind: gateway, calls: [ranking, {to: tips, optional: true}]}
    ranking: {kind: service, calls: [{to: stable, share: 80%}, {to: canary, share: 20%}]}
    stable: {kind: model-server, serves: [ranker], reads: [features]}
    canary: {kind: model-server, serves: [ranker], reads: [features]}
    tips: {kind: model-server, serves: [tagger], reads: [features]}
    fraud: {kind: model-server, serves: [scorer], reads: [features]}
    features: {kind: database}
    unused: {kind: service}
"""
RATES = "web: {from: web, rate: 60/s}\napp: {from: app, rate: 30/s}\nrobot: {from: robot, rate: 10/s}"


def lost(blast: BlastRadius) -> dict[str, float | None]:
    return {loss.workload.name: loss.share for loss in blast.losses}


@pytest.mark.parametrize(
    ("failed", "losses", "traffic"),
    [
        (["gateway"], {"web": 1.0, "app": 1.0}, 0.9),
        (["features"], {"web": 1.0, "app": 1.0, "robot": 1.0}, 1.0),
        (["canary"], {"web": 0.2, "app": 0.2}, 0.18),
        (["canary", "fraud"], {"web": 0.2, "app": 0.2, "robot": 1.0}, 0.28),
        (["web"], {"web": 1.0}, 0.6),
        (["app", "stable"], {"web": 0.8, "app": 1.0}, 0.78),
        (["tips"], {}, 0.0),
        (["unused"], {}, 0.0),
        ([], {}, 0.0),
    ],
)
def test_blast_radius(failed: list[str], losses: dict[str, float], traffic: float) -> None:
    blast = system_of(SHOP, RATES).blast_radius(failed)
    assert lost(blast) == pytest.approx(losses)
    assert list(lost(blast)) == [name for name in ("web", "app", "robot") if name in losses]
    assert blast.traffic_share == pytest.approx(traffic)


def test_traffic_is_unknown_where_a_rate_is() -> None:
    system = system_of(SHOP, "web: {from: web, rate: 60/s}\nrobot: {from: robot}")
    assert system.blast_radius(["gateway"]).traffic_share is None
    # But if everything is lost, or nothing, no rate is needed.
    assert system.blast_radius(["features"]).traffic_share == 1.0
    assert system.blast_radius(["unused"]).traffic_share == 0.0


def test_traffic_is_unknown_where_a_condition_decides() -> None:
    system = system_of(
        """
        client: {kind: client, calls: [{to: small, when: short}, {to: big, when: long}]}
        small: {kind: model-server, serves: [ranker]}
        big: {kind: model-server, serves: [ranker]}
        """,
        "main: {from: client, rate: 5/s}",
    )
    blast = system.blast_radius(["big"])
    assert lost(blast) == {"main": None}
    assert blast.traffic_share is None


def test_without_workloads_nothing_is_lost() -> None:
    system = archlint.load("archlint: 1\ncomponents: {a: {kind: service}}\n")
    assert system.blast_radius(["a"]) == BlastRadius((), None)


@pytest.mark.parametrize("seed", range(80))
def test_blast_radius_against_brute_force(seed: int) -> None:
    system = random_system(seed)
    oracles = {name: Oracle(system.architecture, workload) for name, workload in system.workloads.items()}
    for failed in [*((name,) for name in system.components), *combinations(list(system.components)[:4], 2)]:
        expected = {name: oracle.lost_with(set(failed)) for name, oracle in oracles.items()}
        blast = system.blast_radius(failed)
        shown = {name: None if share is None else float(share) for name, share in expected.items() if share != 0}
        assert lost(blast) == pytest.approx(shown)
        if None in shown.values():
            assert blast.traffic_share is None
        else:
            rates = {name: workload.rate_per_s or 0.0 for name, workload in system.workloads.items()}
            gone = sum(rates[name] * (share or 0.0) for name, share in shown.items())
            assert blast.traffic_share == pytest.approx(gone / sum(rates.values()))


@pytest.mark.parametrize("seed", range(40))
def test_users_of_components(seed: int) -> None:
    system = random_system(seed)
    oracles = {name: Oracle(system.architecture, workload) for name, workload in system.workloads.items()}
    for name in system.components:
        users = [w for w, oracle in oracles.items() if name in oracle.waiting | oracle.eventual]
        assert [workload.name for workload in system.workloads_of.get(name, ())] == users
        served = [w for w in system.workloads if any(s.server == name for s in system.servings(w))]
        assert [workload.name for workload in system.workloads_served_by.get(name, ())] == served


def test_a_client_is_used_by_the_workloads_that_enter_there() -> None:
    system = system_of(SHOP, f"{RATES}\nlate: {{from: web}}")
    assert [w.name for w in system.workloads_of["web"]] == ["web", "late"]
    assert [w.name for w in system.workloads_of["features"]] == ["web", "app", "robot", "late"]
    assert [w.name for w in system.workloads_served_by["stable"]] == ["web", "app", "late"]
    assert "unused" not in system.workloads_of


def test_a_client_may_be_met_on_the_way_of_another_workload() -> None:
    """A backend that sends requests of its own is also called by the page."""
    system = system_of(
        """
        page: {kind: client, calls: [shop]}
        shop: {kind: service, calls: [server]}
        server: {kind: model-server, serves: [ranker]}
        """,
        "visits: {from: page, rate: 1/s}\nnightly: {from: shop, rate: 3/s}",
    )
    assert lost(system.blast_radius(["shop"])) == {"visits": 1.0, "nightly": 1.0}
    assert lost(system.blast_radius(["page"])) == {"visits": 1.0}
    assert system.blast_radius(["page"]).traffic_share == pytest.approx(0.25)
    assert [w.name for w in system.workloads_of["shop"]] == ["visits", "nightly"]


def test_questions_take_a_workload_or_its_name() -> None:
    system = system_of(SHOP, RATES)
    web = system.workloads["web"]
    assert system.flow("web") is system.flow(web)
    assert system.waiting_path("web") == system.waiting_path(web)
    assert system.waiting_path("robot") == ("robot", "fraud", "features")
    assert system.eventual_path("robot") == ()
    assert system.needed_components("web") == ("web", "gateway", "ranking", "features")
    assert system.components_lost_with("web", ["ranking"]) == ("web", "gateway", "ranking")
    assert system.dominators("web", "features") == ("web", "gateway", "features")
    assert system.attempts("robot") == {"robot": 1.0, "fraud": 1.0, "features": 1.0}
    assert system.waiting_cycles() == () and "gateway" in system.articulation_points()
    assert repr(system) == "<System: 11 components, 3 workloads, 3 models>"


def test_an_unknown_workload_is_a_wrong_call() -> None:
    system = system_of(SHOP, RATES)
    with pytest.raises(UsageError) as caught:
        system.flow("wep")
    assert "wep" in caught.value.message
    assert "web, app, robot" in caught.value.hint


def test_it_is_what_load_returns() -> None:
    assert isinstance(archlint.load("archlint: 1\nsystem: s\n"), System)
