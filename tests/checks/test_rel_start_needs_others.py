"""REL015: what a start needs, and how available that is."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint

AT = "components.server.loads[0]"


def text(server: str = "", source: str = "kind: external", loads: str = "hub", slo: str = "availability: 99.9%") -> str:
    return f"""
workloads: {{ask: {{from: app, rate: 1/s, slo: {{{slo}}}}}}}
models: {{net: {{}}}}
components:
  app: {{kind: client, calls: [server]}}
  server: {{kind: model-server, serves: [net], loads: [{loads}]{server}}}
  hub: {{{source}}}
"""


@pytest.mark.parametrize(
    ("server", "source", "certainty"),
    [
        ("", "kind: external", "heuristic"),
        (", loads_model: at-start", "kind: model-registry, availability: 99%", "proven"),
        ("", "kind: config-store, availability: 99%", "heuristic"),
    ],
)
def test_a_start_needs_something_less_available(server: str, source: str, certainty: str) -> None:
    assert lint("REL015", text(server, source)).findings[AT].certainty == certainty


def test_the_message_names_what_is_loaded_and_when() -> None:
    config = lint("REL015", text(", autoscale: {min: 1, max: 4}", "kind: config-store, availability: 99%"))
    assert "loads its configuration at start from `hub`" in config.findings[AT].message
    assert "cannot scale out or restart" in config.findings[AT].message


@pytest.mark.parametrize(
    ("server", "source", "loads", "slo"),
    [
        ("", "kind: external", "hub", "latency: 1s"),
        ("", "kind: external, availability: 99.9%", "hub", "availability: 99.9%"),
        ("", "kind: model-registry", "hub", "availability: 99.9%"),
        (", loads_model: in-image", "kind: external", "hub", "availability: 99.9%"),
        (", loads_model: on-request", "kind: external", "hub", "availability: 99.9%"),
        ("", "kind: external", "{to: hub, fallback: the copy on disk}", "availability: 99.9%"),
        ("", "kind: external", "{to: hub, optional: true}", "availability: 99.9%"),
    ],
)
def test_what_needs_nothing_less_available(server: str, source: str, loads: str, slo: str) -> None:
    assert lint("REL015", text(server, source, loads, slo)).places == set()


def test_a_source_with_an_alternative_is_not_needed() -> None:
    loads = "{to: hub, either: a}, {to: hub2, either: a}"
    source = "kind: external, availability: 99%}\n  hub2: {kind: external, availability: 99.9%"
    assert lint("REL015", text(", loads_model: at-start", source, loads)).places == set()
    assert lint("REL015", text(", loads_model: at-start", source, loads.replace("either: a}, {to: hub2, either: a", "either: a"))).places


REGIONS = """
workloads: {ask: {from: app, rate: 1/s, slo: {availability: 99.9%}}}
models: {net: {}}
components:
  app: {kind: client, calls: [dns]}
  dns: {kind: load-balancer, calls: [{to: us, share: 60%, fallback: eu}, {to: eu, share: 40%, fallback: us}]}
  us: {kind: model-server, serves: [net], loads: [hub]}
  eu: {kind: model-server, serves: [net], loads: [OF-EU]}
  hub: {kind: external}
  copy: {kind: external}
"""


def test_servers_that_stand_in_for_one_another_need_the_same_hub() -> None:
    said = lint("REL015", REGIONS.replace("OF-EU", "hub"))
    finding = said.findings["components.us.loads[0]"]
    assert finding.message.startswith("`us` and `eu` load their model at start from `hub`, which is external:")
    assert "components.eu.loads[0]" in [related.at for related in finding.related]
    assert lint("REL015", REGIONS.replace("OF-EU", "copy")).places == set()


def test_of_several_loads_one_finding_states_the_availability() -> None:
    both = REGIONS.replace("OF-EU", "hub")
    stated = both.replace("hub: {kind: external", "hub: {kind: model-registry, availability: 99%")
    assert "which is up 99 % of the time" in lint("REL015", stated).findings["components.us.loads[0]"].message
    unsaid = both.replace("hub: {kind: external", "hub: {kind: model-registry")
    assert lint("REL015", unsaid).undecided == {"components.us.loads[0]": ("components.hub.availability",)}
