"""DOC014, DOC015 and DOC016: what is drawn but hangs in the air."""

from __future__ import annotations

import pytest

from tests.checks.linting import Said, lint

# --- DOC014


def technologies(text: str) -> Said:
    return lint("DOC014", text)


def test_an_unknown_technology_is_one_finding_with_the_nearest_name() -> None:
    said = technologies("""
        components:
          b: {kind: queue, uses: Kafkka}
          a: {kind: queue, uses: kafkka}
          c: {kind: service}
          d: {kind: queue, uses: KAFKA}
        """)
    assert said.places == {"components.a.uses"}
    finding = said.findings["components.a.uses"]
    assert finding.message == "unknown technology `kafkka`, so no defaults apply; did you mean `kafka`?"
    assert [related.at for related in finding.related] == ["components.b.uses"]
    assert finding.severity == "info"


def test_a_technology_of_ones_own_is_to_be_described() -> None:
    said = technologies("components: {a: {kind: service, uses: zzz-in-house}}")
    assert said.findings["components.a.uses"].message.endswith("describe it under `technologies` in archlint.toml")


# --- DOC015


def strays(components: str, rest: str = "workloads: {search: {from: page}}") -> Said:
    return lint(
        "DOC015",
        f"""
        {rest}
        components:
          page: {{kind: client, calls: [api]}}
          api: {{kind: service}}
          {components}
        """,
    )


def test_a_component_without_ties() -> None:
    said = strays("old: {kind: database}")
    assert said.places == {"components.old"}
    message = said.findings["components.old"].message
    assert message == "`old` is not connected to any workload"


def test_components_that_know_one_another_only_are_one_finding() -> None:
    said = strays("""job: {kind: batch-job, writes: [report]}
          report: {kind: warehouse}
          alone: {kind: cache}""")
    assert said.places == {"components.job", "components.alone"}
    finding = said.findings["components.job"]
    assert finding.message == "`job` and `report` are not connected to any workload, only to each other"
    assert [related.at for related in finding.related] == ["components.report"]


@pytest.mark.parametrize(
    "tie",
    [
        "it: {kind: database}; b: {kind: service, reads: [it, c]}; c: {kind: service, calls: [api]}",
        "it: {kind: client, calls: [api]}",
        "q: {kind: queue, dead_letter: it}; it: {kind: queue}; w: {kind: service, publishes: [q], calls: [api]}",
        "b: {kind: service, calls: [{to: api, fallback: it}]}; it: {kind: service}",
        "b: {kind: service, calls: [api], features: it}; it: {kind: feature-store}",
        "b: {kind: service, calls: [api], monitored_by: [it]}; it: {kind: monitoring}",
        "b: {kind: batch-job, reads: [c]}; c: {kind: service, calls: [api]}; it: {kind: scheduler, triggers: [b]}",
        "it: {kind: worker, callback: [api]}",
    ],
)
def test_ties_of_every_sort(tie: str) -> None:
    assert not strays(tie.replace("; ", "\n          ")).findings


def test_models_tie_registries_servers_and_training_jobs() -> None:
    said = strays(
        """server: {kind: model-server, serves: [m]}
          it: {kind: model-registry}
          trainer: {kind: training-job, trains: [m], reads: [photos]}
          photos: {kind: object-store}""",
        "workloads: {search: {from: page, models: [m]}}\n        models: {m: {registry: it}}",
    )
    assert not said.findings, "that no path leads to the server is DOC016's finding"


def test_without_a_workload_nobody_can_tell() -> None:
    said = strays("old: {kind: database}", "description: no workload yet")
    assert not said.findings
    assert said.undecided == {"system": ("workloads",)}


def test_a_relation_that_could_not_be_read_may_be_the_tie() -> None:
    said = strays("old: {kind: database}\n          b: {kind: service, calls: [api], reads: {a: b}}")
    assert not said.findings
    assert set(said.undecided) == {"components.old"}


# --- DOC016


def models(text: str) -> Said:
    return lint("DOC016", text)


def test_a_model_that_nothing_serves() -> None:
    said = models("""
        workloads: {search: {from: page, models: [m]}}
        models: {m: {}, old: {}}
        components: {page: {kind: client}}
        """)
    assert said.places == {"models.m", "models.old"}
    assert said.findings["models.m"].message == "no component serves `m`"
    assert [related.at for related in said.findings["models.m"].related] == ["workloads.search.models"]
    assert not said.findings["models.old"].related


def test_a_model_that_its_workload_does_not_reach() -> None:
    said = models("""
        workloads: {search: {from: page, models: [m, n]}}
        models: {m: {}, n: {}}
        components:
          page: {kind: client, calls: [a]}
          a: {kind: model-server, serves: [m]}
          b: {kind: model-server, serves: [n]}
        """)
    assert said.places == {"workloads.search.models[1]"}
    message = said.findings["workloads.search.models[1]"].message
    assert message == "`search` uses `n`, but there is no path from `page` to `b`"


@pytest.mark.parametrize(
    "components",
    [
        "page: {kind: client, calls: [s]}, s: {kind: model-server, serves: [m]}",
        "page: {kind: client, publishes: [q]}, q: {kind: queue}, w: {kind: worker, consumes: [q], serves: [m]}",
        "page: {kind: client, reads: [d]}, d: {kind: database}, j: {kind: batch-job, serves: [m], writes: [d]}",
        "page: {kind: edge-device, serves: [m]}",
    ],
)
def test_every_way_of_serving_is_accepted(components: str) -> None:
    said = models(f"""
        workloads: {{search: {{from: page, models: m}}}}
        models: {{m: {{}}}}
        components: {{{components}}}
        """)
    assert not said.findings


def test_a_server_that_could_not_be_read_may_have_the_model() -> None:
    said = models("""
        workloads: {search: {from: page, models: m}}
        models: {m: {}}
        components: {page: {kind: client, calls: [s]}, s: {kind: modelserver, serves: [m]}}
        """)
    assert not said.findings
    assert set(said.undecided) == {"models.m"}
