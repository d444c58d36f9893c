"""REL002: what distributes calls over replicas."""

from __future__ import annotations

import pytest

from tests.checks.linting import Said, lint


def called_by(caller: str, it: str) -> Said:
    """The results for `it`, called by a component with the given facts."""
    return lint(
        "REL002",
        f"""
        components:
          caller: {{{caller}, calls: [it]}}
          it: {{{it}}}
        """,
    )


@pytest.mark.parametrize("kind", ["service", "model-server"])
@pytest.mark.parametrize("caller", ["client", "service", "external", "worker", "batch-job"])
def test_replicas_that_are_called_directly(kind: str, caller: str) -> None:
    said = called_by(f"kind: {caller}", f"kind: {kind}, replicas: 3")
    assert said.places == {"components.it.replicas"}
    message = said.findings["components.it.replicas"].message
    assert message == "`caller` calls `it` directly: no load balancer spreads the calls over its replicas (3)"
    assert said.term("components.it.replicas", "replicas") == 3


def test_a_finding_is_a_hint_where_the_file_describes_no_balancing() -> None:
    said = called_by("kind: service", "kind: service, replicas: 3")
    assert said.findings["components.it.replicas"].certainty == "heuristic"
    said = called_by("kind: service, balancing: random", "kind: service, replicas: 3")
    assert said.findings["components.it.replicas"].certainty == "proven"


@pytest.mark.parametrize(("front", "certainty"), [("client", "heuristic"), ("service", "proven")])
def test_a_balancer_at_the_entry_says_nothing_of_the_calls_behind_it(front: str, certainty: str) -> None:
    said = lint("REL002", f"""
        components:
          front: {{kind: {front}, calls: [balancer]}}
          balancer: {{kind: load-balancer, calls: [caller]}}
          caller: {{kind: service, calls: [it]}}
          it: {{kind: model-server, replicas: 3}}
        """)
    assert said.findings["components.it.replicas"].certainty == certainty


def test_a_pair_may_be_active_and_standby() -> None:
    said = called_by("kind: service, balancing: random", "kind: service, replicas: 2")
    found = said.findings["components.it.replicas"]
    assert (found.severity, found.certainty) == ("info", "heuristic")
    scaled = called_by("kind: service, balancing: random", "kind: service, replicas: {min: 1, max: 2}")
    assert scaled.findings["components.it.replicas.max"].severity == "warning"


@pytest.mark.parametrize(
    "caller", ["kind: load-balancer", "kind: gateway", "kind: monitoring", "kind: service, uses: envoy"]
)
def test_callers_that_find_the_replicas(caller: str) -> None:
    assert not called_by(caller, "kind: service, replicas: 3").findings


@pytest.mark.parametrize(
    "it",
    [
        "kind: service, replicas: 1",
        "kind: service, replicas: 3, balancing: round-robin",
        "kind: model-server, replicas: 3, uses: ray-serve",
        *(f"kind: model-server, replicas: 3, uses: {uses}" for uses in
          ("cloud-run", "lambda", "knative", "kserve", "vertex-ai", "azure-ml", "bedrock")),
        "kind: database, replicas: 3",
        "kind: load-balancer, replicas: 2",
        "kind: service, replicas: {min: 1, max: 1}",
    ],
)
def test_nothing_to_spread_or_somebody_who_does(it: str) -> None:
    said = called_by("kind: client", it)
    assert not said.findings
    assert not said.undecided


@pytest.mark.parametrize(
    ("facts", "at", "count"),
    [
        ("replicas: {min: 1, max: 8}", "replicas.max", 8),
        ("autoscale: {min: 1, max: 8}", "autoscale.max", 8),
        ("replicas: 2, autoscale: {min: 1, max: 8}", "autoscale.max", 8),
        ("replicas: {min: 3}", "replicas.min", 3),
    ],
)
def test_a_range_is_judged_by_its_maximum(facts: str, at: str, count: int) -> None:
    said = called_by("kind: client", f"kind: service, {facts}")
    assert said.places == {f"components.it.{at}"}
    assert said.term(f"components.it.{at}", "replicas") == count


@pytest.mark.parametrize(
    ("facts", "needs"),
    [("uses: flask", "replicas"), ("replicas: {min: 1}", "replicas.max"), ("autoscale: {min: 0}", "autoscale.max")],
)
def test_an_unknown_number_is_asked_for(facts: str, needs: str) -> None:
    said = called_by("kind: client", f"kind: service, {facts}")
    assert not said.findings
    assert said.undecided == {"components.it": (f"components.it.{needs}",)}


def test_one_direct_caller_beside_a_balancer_is_enough() -> None:
    said = lint(
        "REL002",
        """
        components:
          page: {kind: client, calls: [edge, it]}
          app: {kind: client, calls: [it]}
          edge: {kind: load-balancer, calls: [it]}
          it: {kind: service, replicas: 12k}
        """,
    )
    message = said.findings["components.it.replicas"].message
    assert message == "`app` and `page` call `it` directly: no load balancer spreads the calls over its replicas (12 k)"


def test_an_unread_balancing_is_not_taken_for_none() -> None:
    said = called_by("kind: client", "kind: service, replicas: 3, balancing: roundrobin")
    assert not said.findings
    assert said.undecided == {"components.it.replicas": ("components.it.balancing",)}


def test_a_call_inside_one_process_needs_no_balancer() -> None:
    text = """
        components:
          caller: {kind: service, calls: [{to: it, in_process: %s}]}
          it: {kind: service, replicas: 3}
        """
    assert not lint("REL002", text % "true").findings
    assert lint("REL002", text % "false").findings


@pytest.mark.parametrize(("facts", "lost"), [
    ("service_time: 10ms, workers: 4", 0.0), ("service_time: 100ms, workers: 4", 0.75 * (1 - 4 / 7.5)), ("service_time: 100ms", 0.0),
])  # fmt: skip
def test_the_impact_is_what_one_replica_cannot_handle(facts: str, lost: float) -> None:
    """So it comes after what is lost for certain: most systems spread calls in ways that their file does not state."""
    said = lint("REL002", f"""
        workloads: {{search: {{from: page, rate: 75/s}}, mail: {{from: form, rate: 25/s}}}}
        components:
          page: {{kind: client, calls: [api]}}
          form: {{kind: client, calls: [other]}}
          other: {{kind: service}}
          api: {{kind: service, calls: [it]}}
          it: {{kind: service, replicas: 12, {facts}}}
    """)
    assert said.findings["components.it.replicas"].loss == pytest.approx(lost)
