"""REL001, clause by clause."""

from __future__ import annotations

import pytest

from tests.checks.linting import Said, lint

PAIR = "replicas: 2, zones: [a, b]"


def spof(text: str) -> Said:
    return lint("REL001", text)


def behind_page(component: str, more: str = "") -> Said:
    """The results for a component `it` that the only workload calls directly."""
    return spof(f"""
        workloads: {{search: {{from: page, rate: 10/s}}}}
        components:
          page: {{kind: client, calls: [it]}}
          it: {component}
          {more}
        """)


# --- single replicas, hosts and zones


@pytest.mark.parametrize(
    ("facts", "at", "words"),
    [
        ("replicas: 1", "replicas", "`it` has only one replica: if it fails"),
        ("replicas: 1, zones: [a]", "replicas", "`it` has only one replica"),
        ("replicas: {min: 1, max: 9}", "replicas.min", "`it` scales down to one replica"),
        ("autoscale: {min: 1, max: 9}", "autoscale.min", "`it` scales down to one replica"),
        ("replicas: 4, autoscale: {min: 1, max: 9}, zones: [a, b]", "autoscale.min", "scales down to one replica"),
        ("replicas: {min: 0, max: 9}", "replicas.min", "`it` scales down to zero"),
        ("replicas: 3, zones: [a]", "zones", "`it` runs in a single zone (`a`, 3 replicas): if that zone fails"),
        ("zones: [a]", "zones", "`it` runs in a single zone (`a`): if that zone fails"),
        ("replicas: 3, host: vm-7", "host", "`it` runs on a single host (`vm-7`, 3 replicas): if that host fails"),
        ("host: vm-7", "host", "`it` runs on a single host (`vm-7`)"),
        ("replicas: 3, zones: [a, b], host: vm-7", "host", "`it` runs on a single host"),
    ],
)
def test_one_replica_zone_or_host(facts: str, at: str, words: str) -> None:
    said = behind_page(f"{{kind: service, {facts}}}")
    assert said.places == {f"components.it.{at}"}
    assert words in said.findings[f"components.it.{at}"].message


@pytest.mark.parametrize(
    ("facts", "certainty"),
    [
        ("replicas: {min: 1, max: 9}", "heuristic"),
        ("uses: fastapi, replicas: {min: 1, max: 9}", "proven"),
        ("replicas: {min: 0, max: 9}", "heuristic"),
        ("uses: fastapi, replicas: {min: 0, max: 9}", "heuristic"),       # what runs it may be serverless
        ("replicas: 1", "proven"),
    ],
)
def test_what_scales_is_a_hint_unless_the_file_says_what_runs_it(facts: str, certainty: str) -> None:
    """A serverless platform replaces what fails, and `uses` may name one."""
    (finding,) = behind_page(f"{{kind: service, {facts}}}").findings.values()
    assert finding.certainty == certainty
    assert not behind_page("{kind: service, uses: cloud-run, replicas: {min: 0, max: 9}}").findings


@pytest.mark.parametrize("replicas", ["", "replicas: 1, ", "replicas: 3, ", "replicas: {max: 9}, "])
@pytest.mark.parametrize(("count", "names"), [("1", "[a]"), ("2", "[a, b]"), ("3", "[a, b, c]")])
def test_a_count_of_zones_equals_as_many_names(replicas: str, count: str, names: str) -> None:
    one, other = (behind_page(f"{{kind: service, {replicas}zones: {zones}}}") for zones in (count, names))
    assert {at: found.message.replace("`a`, ", "").replace(" (`a`)", "") for at, found in other.findings.items()} == {
        at: found.message for at, found in one.findings.items()
    }
    assert one.undecided == other.undecided


def test_siblings_in_one_zone_each_that_has_no_name_are_undecided() -> None:
    said = pair("replicas: 1, zones: 1", "replicas: 1, zones: 1")
    assert not said.findings
    assert said.undecided


@pytest.mark.parametrize("facts", [PAIR, "replicas: {min: 2, max: 9}, zones: [a, b]", "replicas: 9, zones: [a, b, c]"])
def test_two_replicas_in_two_zones_are_enough(facts: str) -> None:
    said = behind_page(f"{{kind: service, {facts}}}")
    assert not said.findings
    assert not said.undecided


@pytest.mark.parametrize(
    ("facts", "needs"),
    [
        ("description: nothing else", ["replicas", "zones", "uses"]),
        ("uses: postgresql", ["replicas", "zones"]),
        ("replicas: 2", ["zones"]),
        ("zones: [a, b]", ["replicas"]),
        ("replicas: {max: 9}, zones: [a, b]", ["replicas.min"]),
        ("autoscale: {max: 9}, zones: [a, b]", ["autoscale.min"]),
    ],
)
def test_what_is_unknown_is_asked_for(facts: str, needs: list[str]) -> None:
    said = behind_page(f"{{kind: service, {facts}}}")
    assert not said.findings
    assert said.undecided == {"components.it": tuple(f"components.it.{key}" for key in needs)}


@pytest.mark.parametrize("kind", ["database", "cache", "feature-store", "object-store", "queue", "gateway", "worker"])
def test_any_kind_that_the_system_runs_is_judged(kind: str) -> None:
    verb = {"queue": "publishes", "database": "reads", "cache": "reads", "feature-store": "reads"}.get(kind, "calls")
    said = spof(f"""
        workloads: {{search: {{from: page}}}}
        models: {{m: {{}}}}
        components:
          page: {{kind: client, {verb}: [it]}}
          it: {{kind: {kind}, replicas: 1}}
          worker: {{kind: worker, consumes: [it], serves: [m], {PAIR}}}
        """)
    assert said.places == {"components.it.replicas"}


@pytest.mark.parametrize(
    ("facts", "at"),
    [("replicas: 1", "replicas"), ("replicas: 3, zones: [a]", "zones"), ("availability: 99%", None), ("uses: openai", None)],
)
def test_an_external_system_is_judged_by_what_is_stated_of_it(facts: str, at: str | None) -> None:
    said = behind_page(f"{{kind: external, {facts}}}")
    assert said.places == (set() if at is None else {f"components.it.{at}"})
    assert not said.undecided


@pytest.mark.parametrize("facts", ["", ", replicas: {min: 0, max: 9}", ", replicas: 1"])
@pytest.mark.parametrize("uses", ["cloud-run", "lambda"])
def test_a_serverless_platform_starts_instances_in_any_zone(uses: str, facts: str) -> None:
    said = behind_page(f"{{kind: model-server, uses: {uses}{facts}}}")
    assert not said.findings
    assert not said.undecided
    assert behind_page(f"{{kind: model-server, uses: {uses}{facts or ', replicas: 3'}, zones: [a]}}").findings


def test_a_cache_whose_misses_are_answered_is_spared() -> None:
    text = """
        workloads: {{score: {{from: app, waits: true}}}}
        models: {{m: {{}}}}
        components:
          app: {{kind: client, calls: [s]}}
          s: {{kind: model-server, serves: [m], {pair}, reads: [{{to: hot, kind: data{ratio}}}, features]}}
          hot: {{kind: cache, replicas: 1}}
          features: {{kind: feature-store, uses: dynamodb}}
        """
    assert not spof(text.format(pair=PAIR, ratio=", hit_ratio: 90%")).findings
    assert spof(text.format(pair=PAIR, ratio=", hit_ratio: 100%")).places == {"components.hot.replicas"}


def test_what_a_call_and_its_fallback_both_need_is_a_single_point_of_failure() -> None:
    text = """
        workloads: {{score: {{from: app, waits: true}}}}
        components:
          app: {{kind: client, calls: [{{to: big, fallback: {fallback}}}]}}
          big: {{kind: service, replicas: 1, reads: [facts]}}
          small: {{kind: service, replicas: 1, reads: [facts]}}
          facts: {{kind: database, replicas: 1}}
        """
    assert spof(text.format(fallback="small")).places == {"components.facts.replicas"}
    assert not spof(text.format(fallback="a default")).findings


@pytest.mark.parametrize("kind", ["edge-device", "client", "monitoring", "log-store", "batch-job"])
def test_some_kinds_never_count(kind: str) -> None:
    said = behind_page(f"{{kind: {kind}, replicas: 1}}")
    assert not said.findings
    assert not said.undecided


def test_what_the_provider_spreads_over_zones_is_redundant() -> None:
    assert not behind_page("{kind: queue, uses: sqs}").findings
    assert not behind_page("{kind: database, uses: dynamodb}").undecided


@pytest.mark.parametrize(
    ("facts", "at"), [("zones: [a]", "zones"), ("replicas: 1", "replicas"), ("host: vm-7", "host")]
)
def test_the_file_speaks_louder_than_the_catalogue(facts: str, at: str) -> None:
    assert behind_page(f"{{kind: database, uses: dynamodb, {facts}}}").places == {f"components.it.{at}"}


# --- what is needed


@pytest.mark.parametrize(
    "attributes",
    [
        "optional: true",
        "fallback: yesterday's answer",
        "share: 10%",
        "either: copies",
        "when: in winter",
        "wait: false",
    ],
)
def test_what_the_answer_does_without_is_not_needed(attributes: str) -> None:
    said = spof(f"""
        workloads: {{search: {{from: page}}}}
        components:
          page: {{kind: client, calls: [{{to: api}}]}}
          api: {{kind: service, {PAIR}, writes: [{{to: it, {attributes}}}, {{to: other, either: copies}}]}}
          it: {{kind: database, replicas: 1}}
          other: {{kind: database, {PAIR}}}
        """)
    assert not said.findings


def test_a_leaf_store_is_needed() -> None:
    said = behind_page(f"{{kind: service, {PAIR}, reads: [facts]}}", "facts: {kind: database, replicas: 1}")
    assert said.places == {"components.facts.replicas"}
    assert said.cures("components.facts.replicas") == ["replicate"]


def test_a_lone_member_of_an_either_group_is_needed() -> None:
    said = behind_page(
        f"{{kind: service, {PAIR}, calls: [{{to: alone, either: dns}}]}}", "alone: {kind: service, replicas: 1}"
    )
    assert said.places == {"components.alone.replicas"}
    assert said.cures("components.alone.replicas") == ["replicate", "prediction-circuit-break"]


def test_sharing_fires_nothing_by_itself() -> None:
    said = spof(f"""
        workloads: {{search: {{from: page}}, suggest: {{from: page}}, ads: {{from: page}}}}
        components:
          page: {{kind: client, calls: [hub]}}
          hub: {{kind: service, {PAIR}}}
        """)
    assert not said.findings


def test_mirrors_logs_and_registries_are_not_on_the_way() -> None:
    said = behind_page(
        f"{{kind: model-server, {PAIR}, mirrors: [shadow], logs_to: [log], monitored_by: [watch], loads: [store]}}",
        "shadow: {kind: model-server, replicas: 1}\n"
        "          log: {kind: database, replicas: 1}\n"
        "          watch: {kind: monitoring, replicas: 1}\n"
        "          store: {kind: object-store, replicas: 1}",
    )
    assert not said.findings


def test_a_workload_may_name_the_relation_that_it_takes() -> None:
    said = spof(f"""
        workloads: {{search: {{from: {{client: page, to: api}}}}}}
        components:
          page: {{kind: client, calls: [api, admin]}}
          api: {{kind: service, {PAIR}}}
          admin: {{kind: service, replicas: 1}}
        """)
    assert not said.findings


# --- siblings


def pair(first: str, second: str, more: str = "") -> Said:
    """The results for two balancers of which one is enough."""
    return spof(f"""
        workloads: {{search: {{from: page, rate: 10/s}}}}
        components:
          page: {{kind: client, calls: [{{to: east, either: dns}}, {{to: west, either: dns}}]}}
          east: {{kind: load-balancer, {first}, calls: [api]}}
          west: {{kind: load-balancer, {second}, calls: [api]}}
          api: {{kind: service, {PAIR}}}
          {more}
        """)


def test_siblings_in_two_zones_are_redundant() -> None:
    said = pair("replicas: 1, zones: [a]", "replicas: 1, zones: [b]")
    assert not said.findings
    assert not said.undecided


def test_siblings_in_one_zone_are_one_finding() -> None:
    said = pair("replicas: 2, zones: [a]", "replicas: 1, zones: [a]")
    assert said.places == {"components.east.zones"}
    message = said.findings["components.east.zones"].message
    assert message.startswith("`east` and `west` run in a single zone (`a`, 3 replicas): if that zone fails")


def test_siblings_on_one_host() -> None:
    assert pair("replicas: 1, host: rack-1", "replicas: 1, host: rack-1").places == {"components.east.host"}
    assert not pair("replicas: 1, zones: [a], host: rack-1", "replicas: 1, zones: [b], host: rack-2").findings


def test_a_sibling_that_may_be_scaled_away_does_not_count() -> None:
    said = pair("replicas: {min: 0, max: 4}, zones: [a]", "replicas: 1, zones: [b]")
    assert said.places == {"components.west.replicas"}
    assert "components.east" in {related.at for related in said.findings["components.west.replicas"].related}
    said = pair("replicas: {min: 0, max: 4}, zones: [b]", "replicas: 2, zones: [a]")
    assert said.places == {"components.west.zones"}


def test_siblings_of_which_too_little_is_known() -> None:
    assert pair("replicas: 1, zones: [a]", "replicas: 1").undecided == {"components.east": ("components.west.zones",)}
    assert pair("replicas: 1, zones: [a]", "zones: [b]").undecided == {"components.east": ("components.west.replicas",)}
    assert not pair(PAIR, "description: unknown").undecided


def test_a_sibling_of_somebody_else_is_enough() -> None:
    said = spof(f"""
        workloads: {{search: {{from: page}}}}
        components:
          page: {{kind: client, calls: [api]}}
          api: {{kind: service, {PAIR}, calls: [{{to: own, either: llm}}, {{to: rented, either: llm}}]}}
          own: {{kind: model-server, replicas: 1}}
          rented: {{kind: external}}
        """)
    assert not said.findings
    assert not said.undecided


def test_a_sibling_that_is_needed_for_itself_is_judged_alone() -> None:
    said = spof(f"""
        workloads: {{search: {{from: page}}}}
        components:
          page: {{kind: client, calls: [api]}}
          api: {{kind: service, {PAIR}, calls: [{{to: near, either: x}}, {{to: far, either: x}}], reads: [near]}}
          near: {{kind: database, replicas: 1}}
          far: {{kind: database, replicas: 1}}
        """)
    assert said.places == {"components.near.replicas"}


def test_siblings_behind_a_sibling_are_not_needed() -> None:
    said = spof("""
        workloads: {search: {from: page}}
        components:
          page: {kind: client, calls: [{to: left, either: x}, {to: right, either: x}]}
          left: {kind: service, replicas: 1, zones: [a], calls: [{to: one, either: y}, {to: two, either: y}]}
          right: {kind: service, replicas: 1, zones: [b]}
          one: {kind: service, replicas: 1, zones: [a]}
          two: {kind: service, replicas: 1, zones: [a]}
        """)
    assert not said.findings


# --- shares and conditions


def arms(ranker: str, store_of_b: str) -> Said:
    return spof(f"""
        workloads: {{home: {{from: page, rate: 90/s}}, resume: {{from: phone, rate: 10/s}}}}
        components:
          page: {{kind: client, calls: [split]}}
          phone: {{kind: client, calls: [resumer]}}
          split: {{kind: service, {PAIR}, calls: [{{to: a, share: 75%}}, {{to: b, share: 25%}}]}}
          resumer: {{kind: service, {PAIR}, reads: [history]}}
          a: {{kind: model-server, {ranker}, reads: [history]}}
          b: {{kind: model-server, replicas: 1, reads: [{store_of_b}]}}
          history: {{kind: database, replicas: 1}}
          other: {{kind: database, replicas: 1}}
        """)


def test_an_arm_is_not_needed_but_what_all_arms_share_is() -> None:
    said = arms("replicas: 1", "history")
    assert said.places == {"components.history.replicas"}
    assert said.term("components.history.replicas", "traffic_lost") == pytest.approx(1.0)


def test_the_share_of_traffic_lost_is_exact_with_arms() -> None:
    at = "components.history.replicas"
    said = arms(PAIR, "other")
    assert said.places == {at}
    assert said.term(at, "share_lost") == pytest.approx(0.75)
    assert said.term(at, "rate_of_all") == pytest.approx(100)
    assert said.term(at, "traffic_lost") == pytest.approx((0.75 * 90 + 10) / 100)
    assert said.term(at, "requests_lost") == pytest.approx(0.75 * 90 + 10)
    assert "75 % of `home` and all of `resume` fail (77.5 % of all traffic, 77.5/s)" in said.findings[at].message


def test_without_the_rates_the_traffic_is_not_guessed() -> None:
    at = "components.api.replicas"
    text = """
        workloads: {search: {from: page, rate: 5/s}, ads: {from: page}, rest: {from: kiosk}}
        components:
          page: {kind: client, calls: [api]}
          kiosk: {kind: client, calls: [list]}
          api: {kind: service, replicas: 1}
          list: {kind: database, uses: dynamodb}
        """
    said = spof(text)
    assert said.findings[at].message.endswith("`search` and `ads` fail")
    assert {term.name for term in said.findings[at].terms} == {"replicas", "rate", "workloads_lost"}
    assert said.term(at, "workloads_lost") == 2
    # If every workload is lost, all of the traffic is, whatever the rates.
    assert spof(text.replace("[list]", "[api]")).term(at, "traffic_lost") == 1


# --- behind a queue
