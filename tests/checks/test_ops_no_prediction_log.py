"""OPS001: what counts as a log of predictions."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint

AT = "components.server"


def text(server: str = "", api: str = "", more: str = "") -> str:
    return f"""
workloads: {{ask: {{from: app}}}}
models: {{net: {{}}, other: {{}}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: service, calls: [balancer], {api}}}
  balancer: {{kind: load-balancer, calls: [server]}}
  server: {{kind: model-server, serves: [net], {server}}}
  log: {{kind: log-store}}
  table: {{kind: database}}
  lake: {{kind: object-store}}
{more}
"""


@pytest.mark.parametrize(
    ("server", "api", "more"),
    [
        ("logs_to: [log]", "", ""),
        ("logs_to: [table]", "", ""),  # it is declared as a log
        ("writes: [log]", "", ""),
        ("writes: [lake]", "", ""),
        ("", "logs_to: [log]", ""),  # every answer passes it
        ("", "logs_to: [log]", "  metrics: {kind: monitoring, calls: [server]}"),
        ("publishes: [topic]", "", "  topic: {kind: queue}\n  sink: {kind: worker, consumes: [topic], writes: [lake]}"),
    ],
)
def test_a_log(server: str, api: str, more: str) -> None:
    assert lint("OPS001", text(server, api, more)).places == set()


@pytest.mark.parametrize(
    ("server", "api", "more"),
    [
        ("", "", ""),
        ("writes: [table]", "", ""),  # the next prediction overwrites the last
        ("publishes: [topic]", "", "  topic: {kind: queue}"),
        (
            "publishes: [topic]",
            "",
            "  topic: {kind: queue}\n  sink: {kind: worker, consumes: [topic], writes: [table]}",
        ),
        ("reads: [lake]", "", ""),
        ("", "logs_to: [log]", "  back-door: {kind: service, calls: [server]}"),  # one path has no log
    ],
)
def test_no_log(server: str, api: str, more: str) -> None:
    found = lint("OPS001", text(server, api, more))
    assert found.places == {AT}
    assert found.findings[AT].severity == "info"


def test_whoever_predicts_from_a_message_logs_for_itself() -> None:
    # The output of a second model is not a log of the first.
    more = "  topic: {kind: queue}\n  second: {kind: worker, consumes: [topic], serves: [other], logs_to: [log]}"
    assert lint("OPS001", text("publishes: [topic]", more=more)).places == {AT}


def test_jobs_and_vendors_serve_too_and_a_device_does_not() -> None:
    found = lint(
        "OPS001",
        text(
            "logs_to: [log]",
            more="""
  job: {kind: batch-job, serves: [other], writes: [table]}
  archived: {kind: batch-job, serves: [other], writes: [lake]}
  phone: {kind: edge-device, serves: [other]}
  provider: {kind: external, serves: [other]}
""",
        ),
    )
    assert found.places == {"components.job", "components.provider"}


def test_who_calls_a_vendor_may_log_its_predictions() -> None:
    vendor = "  provider: {kind: external, serves: [other]}"
    assert lint("OPS001", text("logs_to: [log], calls: [provider]", more=vendor)).places == set()


def test_who_calls_a_vendor_may_log_the_predictions_of_the_one_that_stands_in() -> None:
    both = "  provider: {kind: external, serves: [other]}\n  spare: {kind: external, serves: [other]}"
    calls = "calls: [{to: provider, fallback: spare}]"
    assert lint("OPS001", text(f"logs_to: [log], {calls}", more=both)).places == set()
    assert lint("OPS001", text(calls, more=both)).places == {AT, "components.provider", "components.spare"}


def test_vectors_are_kept_in_their_index() -> None:
    index = "  index: {kind: vector-store, index_of: net}"
    assert lint("OPS001", text(more=index)).places == set()
    assert lint("OPS001", text(more=index).replace("serves: [net]", "serves: [net, other]")).places == {AT}


def test_a_misspelt_log_is_no_absence() -> None:
    found = lint("OPS001", text("log_to: [log]"))
    assert found.places == set()
    assert found.undecided
