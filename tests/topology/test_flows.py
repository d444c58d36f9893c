"""The components that a workload uses, needs and loses, determined by hand."""

from __future__ import annotations

from itertools import pairwise

import pytest

from archlint.topology import EITHER, SHARE, Flow, Flows, attempts_along
from tests.topology.graphs import system_of


def flow_of(components: str, workloads: str = "", models: str = "") -> Flow:
    return system_of(components, workloads, models).flow("main")


CAR_PHOTOS = """
    driver-app: {kind: client, calls: [{to: gateway, timeout: 5s}]}
    gateway: {kind: load-balancer, replicas: 2, zones: [a, b], calls: [{to: upload-api, timeout: 4s}]}
    upload-api: {kind: service, publishes: [photos], reads: [{to: verdicts, timeout: 200ms}]}
    photos: {kind: queue, dead_letter: photos-dead}
    photos-dead: {kind: queue}
    classifier: {kind: worker, consumes: [photos], serves: [ranker], writes: [verdicts, labels], monitored_by: [metrics]}
    verdicts: {kind: database}
    labels: {kind: object-store}
    metrics: {kind: monitoring}
"""


def test_behind_a_queue_the_path_ends_where_the_result_is_stored() -> None:
    flow = flow_of(CAR_PHOTOS, "main: {from: driver-app}")
    assert list(flow.waiting) == ["driver-app", "gateway", "upload-api", "verdicts"]
    assert list(flow.eventual) == ["photos", "classifier", "labels"]
    assert [*flow.components] == [*flow.waiting, *flow.eventual]
    assert set(flow.needed()) == set(flow.components)
    assert "photos-dead" not in flow and "metrics" not in flow


def test_a_message_that_no_model_takes_is_not_on_the_way() -> None:
    flow = flow_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, calls: [server], publishes: [clicks]}
        server: {kind: model-server, serves: [ranker]}
        clicks: {kind: queue}
        statistics: {kind: worker, consumes: [clicks], writes: [reports]}
        reports: {kind: warehouse}
        """
    )
    assert list(flow.waiting) == ["client", "api", "server"]
    assert list(flow.eventual) == []


def test_a_result_may_be_given_on_by_a_message() -> None:
    """A worker that neither writes nor calls back publishes its result to a queue; the component that stores it is used."""
    components = """
        client: {kind: client, calls: [api]}
        api: {kind: service, publishes: [photos]}
        photos: {kind: queue}
        worker: {kind: worker, consumes: [photos], serves: [ranker], publishes: [results]}
        results: {kind: queue}
        writer: {kind: worker, consumes: [results], writes: [rows]}
        drain: {kind: log-store, consumes: [results]}
        rows: {kind: database}
    """
    flow = flow_of(components)
    assert list(flow.eventual) == ["photos", "worker", "results", "writer", "rows"]
    assert set(flow.needed()) == set(flow.components)
    # If it writes its result itself, its other messages are not part of the answer.
    writes = components.replace("publishes: [results]}", "publishes: [results], writes: [rows]}")
    assert list(flow_of(writes).eventual) == ["photos", "worker", "rows"]


def test_nobody_waits_for_a_write_that_says_so_but_it_is_the_answer_of_a_worker() -> None:
    flow = flow_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, publishes: [photos], writes: [{to: trail, wait: false}]}
        trail: {kind: database}
        photos: {kind: queue}
        worker: {kind: worker, consumes: [photos], serves: [ranker], writes: [{to: rows, wait: false}]}
        rows: {kind: database}
        """
    )
    assert list(flow.waiting) == ["client", "api"]
    assert list(flow.eventual) == ["photos", "trail", "worker", "rows"]
    assert list(flow.needed()) == ["client", "api", "photos", "worker", "rows"]


SHOP = """
    client: {kind: client, calls: [gateway]}
    gateway: {kind: gateway, calls: [search-api, {to: spam-filter}], reads: [sessions]}
    search-api: {kind: service, calls: [ranking, tagging]}
    spam-filter: {kind: model-server, serves: [scorer]}
    ranking: {kind: model-server, serves: [ranker]}
    tagging: {kind: model-server, serves: [tagger]}
    sessions: {kind: cache}
"""


@pytest.mark.parametrize(
    ("models", "left_out"),
    [
        ("", set()),
        (", models: [ranker]", {"spam-filter", "tagging"}),
        (", models: [ranker, tagger]", {"spam-filter"}),
        (", models: [scorer]", {"search-api", "ranking", "tagging"}),
    ],
)
def test_relations_that_lead_to_other_models_only_are_left_out(models: str, left_out: set[str]) -> None:
    flow = flow_of(SHOP, f"main: {{from: client{models}}}")
    assert set(flow.topology.components) - set(flow.waiting) == left_out


def test_an_entrance_takes_the_relation_that_it_names() -> None:
    components = """
        web: {kind: client, calls: [search, checkout]}
        search: {kind: service, calls: [ranking]}
        checkout: {kind: service, calls: [fraud]}
        ranking: {kind: model-server, serves: [ranker]}
        fraud: {kind: model-server, serves: [scorer]}
    """
    flow = flow_of(components, "main: {from: {client: web, to: checkout}}")
    assert list(flow.waiting) == ["web", "checkout", "fraud"]


def test_a_condition_is_certain_where_nothing_else_runs_the_models() -> None:
    """Requests in English run the English model: for them, the condition is true. A second stage is not always used."""
    languages = """
        client: {kind: client, calls: [api]}
        api: {kind: service, calls: [{to: english, when: lang == en}, {to: german, when: lang == de}]}
        english: {kind: model-server, serves: [ranker]}
        german: {kind: model-server, serves: [tagger]}
    """
    assert list(flow_of(languages, "main: {from: client, models: [ranker]}").needed()) == ["client", "api", "english"]
    assert list(flow_of(languages).needed()) == ["client", "api"]
    stages = """
        client: {kind: client, calls: [api]}
        api: {kind: service, calls: [quick, {to: thorough, when: unsure}]}
        quick: {kind: model-server, serves: [ranker]}
        thorough: {kind: model-server, serves: [tagger]}
    """
    both = flow_of(stages, "main: {from: client, models: [ranker, tagger]}")
    assert list(both.needed()) == ["client", "api", "quick"]
    assert both.share_lost_with(["thorough"]) is None
    assert both.share_lost_with(["quick"]) == 1.0


def test_conditions_that_make_no_difference_leave_the_share_known() -> None:
    flow = flow_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, calls: [{to: side, optional: true}, main-server]}
        side: {kind: service, calls: [{to: extra, when: it rains}]}
        extra: {kind: service}
        main-server: {kind: model-server, serves: [ranker]}
        """
    )
    assert flow.share_lost_with(["extra"]) == 0.0
    assert flow.share_lost_with(["extra", "main-server"]) == 1.0


CANARY = """
    client: {kind: client, calls: [api]}
    api: {kind: service, calls: [{to: stable, share: 90%}, {to: canary, share: 10%}]}
    stable: {kind: model-server, serves: [ranker], reads: [features]}
    canary: {kind: model-server, serves: [ranker], reads: [features, experiments]}
    features: {kind: database}
    experiments: {kind: database}
"""


@pytest.mark.parametrize(
    ("failed", "share"),
    [
        (["canary"], 0.1), (["stable"], 0.9), (["experiments"], 0.1), (["features"], 1.0),
        (["stable", "experiments"], 1.0), (["canary", "experiments"], 0.1), ([], 0.0), (["nobody"], 0.0), (["api"], 1.0),
    ],
)  # fmt: skip
def test_a_canary_loses_its_share(failed: list[str], share: float) -> None:
    flow = flow_of(CANARY)
    assert flow.share_lost_with(failed) == pytest.approx(share)
    assert flow.is_lost_with(failed) == (share == 1.0)
    assert list(flow.needed()) == ["client", "api", "features"]


def test_arms_that_are_not_the_whole_never_lose_everything() -> None:
    flow = flow_of(CANARY.replace("90%", "60%"))
    assert flow.share_lost_with(["features"]) == pytest.approx(0.7)
    assert list(flow.needed()) == ["client", "api"]


def test_shares_that_are_rounded_are_meant_to_be_the_whole() -> None:
    thirds = ", ".join(f"{{to: {name}, share: 33.3%}}" for name in "abc")
    servers = "\n".join(f"{name}: {{kind: model-server, serves: [ranker], reads: [rows]}}" for name in "abc")
    flow = flow_of(f"client: {{kind: client, calls: [{thirds}]}}\n{servers}\nrows: {{kind: database}}")
    assert flow.share_lost_with(["a"]) == pytest.approx(1 / 3)
    assert "rows" in flow.needed()


def test_of_each_parallel_group_one_arm_is_taken() -> None:
    """Two parallel experiments: each draws independently."""
    arms = ", ".join(
        f"{{to: {name}{number}, share: 50%, parallel: {name}}}" for name in "ab" for number in (1, 2)
    )  # fmt: skip
    servers = "\n".join(f"{name}{number}: {{kind: model-server, serves: [ranker]}}" for name in "ab" for number in (1, 2))
    flow = flow_of(f"client: {{kind: client, calls: [{arms}]}}\n{servers}")
    assert flow.share_lost_with(["a1"]) == pytest.approx(0.5)
    assert flow.share_lost_with(["a1", "b1"]) == pytest.approx(0.75)
    assert flow.share_lost_with(["a1", "a2"]) == 1.0


def test_shares_under_conditions_beyond_the_whole_stand_each_for_themselves() -> None:
    flow = flow_of(
        """
        client: {kind: client, calls: [{to: a, share: 80%, when: long}, {to: b, share: 70%, when: urgent}]}
        a: {kind: model-server, serves: [ranker]}
        b: {kind: model-server, serves: [tagger]}
        """
    )
    assert flow.share_lost_with(["a"]) == pytest.approx(0.8)
    assert flow.share_lost_with(["a", "b"]) == pytest.approx(1 - 0.2 * 0.3)


def test_shares_along_the_way_multiply() -> None:
    flow = flow_of(
        """
        client: {kind: client, calls: [{to: new, share: 20%}, {to: old, share: 80%}]}
        old: {kind: model-server, serves: [ranker]}
        new: {kind: service, calls: [{to: big, share: 25%}, {to: small, share: 75%}]}
        big: {kind: model-server, serves: [tagger]}
        small: {kind: model-server, serves: [tagger]}
        """
    )
    assert flow.share_lost_with(["big"]) == pytest.approx(0.05)
    assert flow.share_lost_with(["big", "old"]) == pytest.approx(0.85)


def test_of_two_balancers_behind_one_name_any_suffices() -> None:
    flow = flow_of(
        """
        client: {kind: client, calls: [{to: blue, either: dns}, {to: green, either: dns}]}
        blue: {kind: load-balancer, calls: [api]}
        green: {kind: load-balancer, calls: [api]}
        api: {kind: service, calls: [server]}
        server: {kind: model-server, serves: [ranker]}
        """
    )
    assert list(flow.needed()) == ["client", "api", "server"]
    assert [tuple(r.target for r in group.relations) for group in flow.either_groups()] == [("blue", "green")]
    assert not flow.is_lost_with(["blue"]) and flow.is_lost_with(["blue", "green"])
    assert flow.share_lost_with(["green"]) == 0.0
    assert flow.components_lost_with(["server"]) == ("client", "blue", "green", "api", "server")
    assert flow.components_lost_with(["blue"]) == ("blue",)


def test_consumers_of_a_queue_stand_in_for_one_another_where_they_run_the_same() -> None:
    flow = flow_of(
        """
        client: {kind: client, publishes: [photos]}
        photos: {kind: queue}
        a: {kind: worker, consumes: [photos], serves: [ranker]}
        b: {kind: worker, consumes: [photos], serves: [ranker]}
        c: {kind: worker, consumes: [photos], serves: [tagger]}
        d: {kind: worker, consumes: [photos], serves: [ranker, tagger]}
        mail: {kind: worker, consumes: [photos]}
        """
    )
    assert set(flow.eventual) == {"photos", "a", "b", "c", "d"}
    assert list(flow.needed()) == ["client", "photos"]
    groups = list(flow.either_groups())
    assert [[r.source for r in group.relations] for group in groups] == [["a", "b"]]


def test_what_has_a_fallback_or_is_optional_is_used_but_not_needed() -> None:
    flow = flow_of(
        """
        client: {kind: client, calls: [api]}
        api: {kind: service, calls: [{to: server, fallback: popular items}], reads: [{to: clicks, optional: true}]}
        server: {kind: model-server, serves: [ranker]}
        clicks: {kind: database}
        """
    )
    assert set(flow.waiting) == {"client", "api", "server", "clicks"}
    assert list(flow.needed()) == ["client", "api"]
    assert flow.share_lost_with(["server", "clicks"]) == 0.0


def test_callers_that_wait_for_one_another_do_not_fail_by_themselves() -> None:
    flow = flow_of(
        """
        client: {kind: client, calls: [a]}
        a: {kind: service, calls: [b]}
        b: {kind: service, calls: [a, c, client]}
        c: {kind: model-server, serves: [ranker]}
        """
    )
    assert list(flow.needed()) == ["client", "a", "b", "c"]
    assert not flow.is_lost_with([])
    assert flow.attempts() is None
    assert flow.components_lost_with(["c"]) == ("client", "a", "b", "c")
    assert flow.components_lost_with(["client"]) == ("client", "a", "b")


def test_attempts_multiply_along_a_way_and_add_up_over_ways() -> None:
    """3 attempts at the api, 2 at each of its two callees, and 4 from one of them at the rows: 3 x 2 x (4 + 1)."""
    flow = flow_of(
        """
        client: {kind: client, calls: [{to: api, retries: 2}]}
        api: {kind: service, calls: [{to: a, retries: 1}, {to: b, retries: 1}]}
        a: {kind: service, reads: [{to: rows, retries: 3}]}
        b: {kind: service, reads: [rows]}
        rows: {kind: database}
        """
    )
    assert flow.attempts() == {"client": 1, "api": 3, "a": 6, "b": 6, "rows": 30}
    assert attempts_along(flow.path_to("rows")) == 24
    assert flow.dominators("rows") == ("client", "api", "rows")


def test_a_path_leads_over_the_queue() -> None:
    flow = flow_of(CAR_PHOTOS, "main: {from: driver-app}")
    said = [(r.verb, r.source, r.target) for r in flow.path_to("classifier")]
    assert said == [
        ("calls", "driver-app", "gateway"), ("calls", "gateway", "upload-api"), ("publishes", "upload-api", "photos"),
        ("consumes", "classifier", "photos"),
    ]  # fmt: skip
    assert flow.path_to("driver-app") == () == flow.path_to("metrics")


def test_a_client_that_is_not_there_uses_nothing() -> None:
    from archlint.model.architecture import Architecture, Entrance
    from archlint.topology import Topology

    flow = Flows(Topology(Architecture(()))).of(Entrance("nobody"))
    assert list(flow.components) == [] and flow.needed() == {}
    assert not flow.is_lost_with(["nobody"]) and flow.share_lost_with(["nobody"]) == 0.0
    assert flow.path_to("nobody") == () and flow.dominators("nobody") == () and flow.attempts() == {}


def test_workloads_that_enter_alike_share_what_lies_behind_the_client() -> None:
    system = system_of(
        """
        web: {kind: client, calls: [{to: gateway, timeout: 1s}]}
        app: {kind: client, calls: [gateway]}
        kiosk: {kind: client, calls: [{to: gateway, optional: true}]}
        gateway: {kind: gateway, calls: [server]}
        server: {kind: model-server, serves: [ranker]}
        """,
        "web: {from: web}\napp: {from: app}\nkiosk: {from: kiosk}",
    )
    web, app, kiosk = (system.flow(name) for name in ("web", "app", "kiosk"))
    assert web.reach is app.reach is kiosk.reach
    assert web.alike == app.alike != kiosk.alike
    assert [next(iter(flow.waiting)) for flow in (web, app, kiosk)] == ["web", "app", "kiosk"]
    assert web.path_to("server")[0].source == "web" and app.path_to("server")[0].source == "app"
    assert list(kiosk.needed()) == ["kiosk"]
    assert [flow.client for flow in system.distinct_flows()] == ["web", "kiosk"]


def test_groups_know_what_they_are() -> None:
    flow = flow_of(CANARY)
    groups = {group.kind: group for group in flow.groups}
    assert groups[SHARE].complete and EITHER not in groups
    steps = flow.steps["api"]
    assert [step.share for step in steps] == pytest.approx([0.9, 0.1])
    assert not any(step.needed for step in steps)
    assert all(earlier.relation.index < later.relation.index for earlier, later in pairwise(steps))
