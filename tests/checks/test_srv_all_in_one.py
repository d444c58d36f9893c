"""SRV002: what is one pipeline and what is not."""

from __future__ import annotations

import pytest

from archlint import load
from archlint.checks.all_in_one import Params, check
from archlint.verdicts import Hit
from tests.checks.linting import lint

AT = "components.server.serves"


def text(first: str, second: str = "", server: str = "serves: [x, y]", relation: str = "calls: [server]") -> str:
    return f"""
workloads:
  one: {{from: app, rate: 30/s{first}}}
  {f"two: {{from: app, rate: 10/s{second}}}" if second else ""}
models: {{x: {{framework: pytorch, artifact: 1GB}}, y: {{framework: xgboost, artifact: 10MB}}, z: {{}}}}
components:
  app: {{kind: client, {relation}}}
  server: {{kind: model-server, {server}}}
"""


@pytest.mark.parametrize(
    ("first", "second", "violated"),
    [
        (", models: [x, y]", ", models: [y, x]", False),  # one pipeline, in any order
        (", models: [x, y]", "", False),
        ("", "", False),  # without `models`, it runs all
        ("", ", models: [x, y]", False),
        (", models: [x]", ", models: [y]", True),
        (", models: [x, y]", ", models: [y]", True),  # y runs without x
        ("", ", models: [y]", True),
        (", models: [x]", "", True),  # a warning: nobody uses y
    ],
)
def test_models_that_always_run_together_are_one(first: str, second: str, violated: bool) -> None:
    assert lint("SRV002", text(first, second)).places == ({AT} if violated else set())


def test_workloads_that_name_no_models_leave_it_undecided() -> None:
    said = lint("SRV002", text("", ", waits: true"))
    assert not said.findings
    assert said.undecided == {AT: ("workloads.one.models", "workloads.two.models")}
    # A third workload that uses a part of them decides it, whatever the other two use.
    third = text("", ", waits: true").replace("models: {x", "  three: {from: app, models: [y]}\nmodels: {x")
    assert lint("SRV002", third).places == {AT}


def test_a_shadow_in_the_process_of_the_live_model_is_a_warning() -> None:
    found = lint("SRV002", text(", models: [x]")).findings[AT]
    assert (found.severity, found.certainty) == ("warning", "proven")
    assert found.message == (
        "`y` is used by no workload, but runs in the same process of `server` as `x`: if `y` crashes or takes all "
        "memory, `one` fails (100 % of all traffic, 30/s)"
    )
    assert [related.at for related in found.related] == ["models.y"]


@pytest.mark.parametrize(("inside", "violated"), [(", in_process: true", True), ("", False)])
def test_a_mirror_in_the_process_of_the_live_model_is_a_warning(inside: str, violated: bool) -> None:
    shadow = "  shadow: {kind: model-server, serves: [z]}\n"
    server = f"serves: [x], mirrors: [{{to: shadow{inside}}}]"
    found = lint("SRV002", text(", models: [x]", server=server) + shadow)
    assert {at: f.severity for at, f in found.findings.items()} == (
        {"components.server.mirrors[0]": "warning"} if violated else {}
    )


def test_a_shadow_beside_independent_models_changes_nothing() -> None:
    found = lint("SRV002", text(", models: [x]", ", models: [y]", server="serves: [x, y, z]")).findings[AT]
    assert found.severity == "error"
    assert "serves 2 independent models (`x` and `y`)" in found.message


def test_the_finding_shows_what_is_lost_and_nothing_else() -> None:
    found = lint("SRV002", text(", models: [x]", ", models: [y]"))
    assert found.findings[AT].message == (
        "`server` serves 2 independent models (`x` and `y`): after one crash or bad release, "
        "`one` and `two` fail (100 % of all traffic, 40/s)"
    )
    assert found.term(AT, "workloads_lost") == 2
    assert found.term(AT, "traffic_lost") == pytest.approx(1.0)
    shown = {term.name for term in found.findings[AT].terms}
    assert shown == {"models", "workloads_lost", "rate", "requests_lost", "traffic_lost"}
    assert found.term(AT, "requests_lost") == 40
    assert found.findings[AT].loss == 1


def test_only_the_traffic_that_needs_it_is_lost() -> None:
    found = lint(
        "SRV002",
        text(", models: [x]", ", models: [y]").replace(
            "workloads:", "workloads:\n  three: {from: other, rate: 60/s, models: [z]}"
        )
        + "  other: {kind: client, calls: [apart]}\n  apart: {kind: model-server, serves: [z]}\n",
    )
    assert found.term(AT, "traffic_lost") == pytest.approx(40 / 100)
    assert found.findings[AT].loss == pytest.approx(40 / 100)
    assert [term.label for term in found.findings[AT].terms if term.name == "rate"] == ["rate of one", "rate of two"]
    assert found.term(AT, "rate_of_all") == 100


def test_behind_a_fallback_the_predictions_are_lost_and_not_the_answers() -> None:
    found = lint("SRV002", text(
        ", models: [x]", ", models: [y]", relation="calls: [{to: server, fallback: the popular ones}]"
    ))  # fmt: skip
    assert "one crash or bad release stops all their predictions for `one` and `two`" in found.findings[AT].message
    assert found.term(AT, "workloads_lost") == 0


def test_a_copy_of_the_traffic_is_no_use() -> None:
    facts = text("", relation="calls: [live], mirrors: [server]") + "  live: {kind: model-server, serves: [z]}\n"
    found = lint("SRV002", facts)
    assert (found.places, found.undecided) == (set(), {})


def test_a_server_that_no_workload_reaches_is_undecided() -> None:
    found = lint(
        "SRV002",
        """
        models: {x: {}, y: {}}
        components: {server: {kind: model-server, serves: [x, y]}}
        """,
    )
    assert found.undecided == {AT: ("workloads",)}


def test_a_job_or_a_device_is_no_server() -> None:
    for kind in ("batch-job", "edge-device", "training-job"):
        found = lint("SRV002", text(", models: [x]", ", models: [y]").replace("kind: model-server", f"kind: {kind}"))
        assert found.places == set()


def test_a_list_of_models_that_cannot_be_read_leaves_it_open() -> None:
    found = lint("SRV002", text(", models: {x: y}", ", models: [y]"))
    assert found.places == set()
    assert found.undecided == {AT: ("workloads.one.models",)}


def test_the_most_is_a_parameter() -> None:
    system = load("archlint: 1\n" + text(", models: [x]", ", models: [y]"))
    assert [verdict for verdict in check(system, Params()) if isinstance(verdict, Hit)]
    assert not list(check(system, Params(most=2)))


@pytest.mark.parametrize("server", [
    "kind: guardrail", "kind: gateway, uses: litellm", "kind: gateway, uses: portkey", "kind: model-server, uses: ray-serve",
    "kind: service, uses: langgraph", "kind: model-server",
])  # fmt: skip
@pytest.mark.parametrize(("models", "certainty"), [("x: {}, y: {}", "heuristic"), ("x: {family: gbdt}, y: {family: gbdt}", "proven")])
def test_models_that_may_be_adapters_are_no_proof(server: str, models: str, certainty: str) -> None:
    found = lint("SRV002", f"""
    workloads: {{one: {{from: app, models: [x]}}, two: {{from: app, models: [y]}}}}
    models: {{{models}}}
    components:
      app: {{kind: client, calls: [server]}}
      server: {{{server}, serves: [x, y]}}
    """)
    assert {finding.certainty for finding in found.findings.values()} <= {certainty}
    assert found.findings or "guardrail" in server
