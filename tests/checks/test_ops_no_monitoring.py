"""OPS002: what monitors a server, and when missing monitoring is more than information."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint

AT = "components.server"


def text(server: str = "", slo: str = "", more: str = "") -> str:
    return f"""
workloads: {{ask: {{from: app, {slo}}}}}
models: {{net: {{}}}}
components:
  app: {{kind: client, calls: [server]}}
  server: {{kind: model-server, serves: [net], {server}}}
{more}
"""


@pytest.mark.parametrize(
    ("server", "more"),
    [
        ("monitored_by: [metrics]", "  metrics: {kind: monitoring}"),
        ("", "  metrics: {kind: monitoring, calls: [server]}"),
        ("monitored_by: [provider]", "  provider: {kind: external}"),
    ],
)
def test_watched(server: str, more: str) -> None:
    assert lint("OPS002", text(server, more=more)).places == set()


def vendor(caller: str) -> str:
    return text(f"{caller}, calls: [llm]", "slo: {availability: 99%}", """
  llm: {kind: external, serves: [other]}
  metrics: {kind: monitoring}
""").replace("models: {net: {}}", "models: {net: {}, other: {}}")  # fmt: skip


def test_a_vendor_is_watched_by_who_calls_it() -> None:
    assert lint("OPS002", vendor("replicas: 2")).places == {AT, "components.llm"}
    assert lint("OPS002", vendor("monitored_by: [metrics]")).places == set()


def test_a_vendor_that_stands_in_for_another_is_watched_by_the_same_caller() -> None:
    standing_in = "  llm: {kind: external, serves: [other]}\n  spare: {kind: external, serves: [other]}\n  metrics: {kind: monitoring}"
    watched = text("monitored_by: [metrics], calls: [{to: llm, fallback: spare}]", more=standing_in)
    assert lint("OPS002", watched.replace("models: {net: {}}", "models: {net: {}, other: {}}")).places == set()
    blind = watched.replace("monitored_by: [metrics], ", "")
    found = lint("OPS002", blind.replace("models: {net: {}}", "models: {net: {}, other: {}}")).places
    assert found == {AT, "components.llm", "components.spare"}


def test_other_callers_watch_nothing() -> None:
    found = lint("OPS002", text(more="  batch: {kind: service, calls: [server]}\n  metrics: {kind: monitoring}"))
    assert found.places == {AT}


def test_behind_an_availability_objective_it_is_a_warning() -> None:
    finding = lint("OPS002", text(slo="slo: {availability: 99.9%}")).findings[AT]
    assert finding.severity == "warning"
    assert finding.message == "`server` is not monitored: nobody can tell whether `ask` meets its 99.9 % availability"
    assert [(term.name, term.value) for term in finding.terms] == [("availability", 0.999)]


@pytest.mark.parametrize("slo", ["", "slo: {latency: {p95: 1s}}"])
def test_else_it_is_information(slo: str) -> None:
    assert lint("OPS002", text(slo=slo)).findings[AT].severity == "info"


def test_a_job_whose_predictions_are_read_serves_who_reads_them() -> None:
    found = lint(
        "OPS002",
        """
        workloads:
          show: {from: app, slo: {availability: 99%}}
          list: {from: app, slo: {availability: 99.5%}}
        models: {net: {}}
        components:
          app: {kind: client, reads: [scores]}
          scores: {kind: database}
          nightly: {kind: batch-job, serves: [net], writes: [scores], schedule: 24h}
        """,
    )
    finding = found.findings["components.nightly"]
    assert finding.severity == "warning"
    assert finding.message.endswith("nobody can tell whether `list` and `show` meet their availability (up to 99.5 %)")


def test_a_misspelt_monitor_is_no_absence() -> None:
    found = lint("OPS002", text("monitored: [metrics]"))
    assert found.places == set()
    assert found.undecided
