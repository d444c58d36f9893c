"""DOC014, DOC015, DOC016 and DOC018: parts that are unknown, not connected, or of another kind."""

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


@pytest.mark.parametrize(("written", "meant"), [("apigatway", "aws-api-gateway"), ("postgress", "postgresql")])
def test_the_hint_names_the_entry_of_the_catalogue(written: str, meant: str) -> None:
    text = f"components: {{a: {{kind: service, uses: {written}}}}}"
    [finding] = lint("DOC014", text).findings.values()
    assert finding.message.endswith(f"did you mean `{meant}`?")


def test_a_technology_of_ones_own_is_to_be_described() -> None:
    said = technologies("components: {a: {kind: service, uses: zzz-in-house}}")
    assert said.findings["components.a.uses"].message.endswith("describe it under `technologies` in archlint.toml")


def test_an_unknown_accelerator_is_one_finding_with_the_nearest_names_and_what_stays_open() -> None:
    said = technologies("""
        models: {llm: {parameters: 7B}, ranker: {service_time: {p50: 5ms}}}
        components:
          b: {kind: model-server, serves: [llm, ranker], hardware: {gpu: H1000}}
          a: {kind: model-server, serves: [llm], hardware: {gpu: h1000, gpu_memory: 80GB}}
          c: {kind: model-server, serves: [llm], hardware: {gpu: H100}}
        """)
    assert said.places == {"components.a.hardware.gpu"}
    finding = said.findings["components.a.hardware.gpu"]
    assert finding.message.startswith(
        "unknown accelerator `h1000`: the least time of `llm` is undecided (state `service_time`), "
        "and so is what fits on `b` (state `gpu_memory`); did you mean `h100`"
    )
    assert [related.at for related in finding.related] == ["components.b.hardware.gpu"]
    assert finding.severity == "info"


@pytest.mark.parametrize(("hardware", "model", "message"), [
    ("gpu: abacus", "service_time: {p50: 1s}", "what fits on `a` is undecided (state `gpu_memory`)"),
    ("gpu: abacus, gpu_memory: 1GB", "ttft: {p50: 1s}", "stated times and memory are not checked"),
    ("gpu: abacus, gpu_memory: 1GB", "artifact: 1GB", "the least time of `m` is undecided (state `service_time`)"),
])  # fmt: skip
def test_an_unknown_accelerator_names_only_what_is_missing(hardware: str, model: str, message: str) -> None:
    said = technologies(f"""
        models: {{m: {{{model}}}}}
        components: {{a: {{kind: model-server, serves: [m], hardware: {{{hardware}}}}}}}
        """)
    assert said.findings["components.a.hardware.gpu"].message.startswith(f"unknown accelerator `abacus`: {message}")


# --- DOC018


def kinds(kind: str, uses: str) -> list[str]:
    said = lint("DOC018", f"components: {{it: {{kind: {kind}, uses: {uses}}}}}")
    return [finding.message for finding in said.findings.values()]


@pytest.mark.parametrize(("kind", "uses"), [
    ("model-server", "kafka"), ("database", "nginx"), ("queue", "vllm"), ("cache", "airflow"), ("worker", "s3"),
    ("load-balancer", "postgresql"), ("monitoring", "sqs"), ("model-registry", "rabbitmq"), ("scheduler", "qdrant"),
    ("object-store", "anthropic"), ("vector-store", "litellm"), ("edge-device", "clickhouse"), ("queue", "memcached"),
    ("guardrail", "pinecone"), ("gateway", "feast"), ("feature-store", "haproxy"), ("training-job", "redis"),
    ("stream-processor", "grafana"), ("log-store", "triton"), ("config-store", "celery"), ("service", "snowflake"),
])  # fmt: skip
def test_a_technology_of_another_kind(kind: str, uses: str) -> None:
    (message,) = kinds(kind, uses)
    assert f"`it` has `kind: {kind}`, but " in message
    assert message.endswith("; correct `kind` or `uses`")


def test_the_finding_says_what_the_technology_is() -> None:
    assert kinds("model-server", "Kafka") == [
        "`it` has `kind: model-server`, but Apache Kafka serves as queue, log-store or stream-processor; "
        "correct `kind` or `uses`"
    ]


@pytest.mark.parametrize(("kind", "uses", "meant"), [
    ("database", "dynamo", "did you mean `dynamodb` (Amazon DynamoDB)?"),
    ("model-server", "dynamodb", "did you mean `dynamo` (NVIDIA Dynamo)?"),
])  # fmt: skip
def test_a_name_that_is_easily_taken_for_another(kind: str, uses: str, meant: str) -> None:
    (message,) = kinds(kind, uses)
    assert message.endswith(meant)


@pytest.mark.parametrize(("uses", "roles"), [
    ("redis", "cache queue database feature-store vector-store config-store log-store"),
    ("postgresql", "database queue feature-store vector-store log-store config-store model-registry cache warehouse"),
    ("pgvector", "vector-store database feature-store queue cache"),
    ("kafka", "queue log-store stream-processor"),
    ("dynamodb", "database feature-store cache config-store"),
    ("s3", "object-store log-store model-registry feature-store database warehouse vector-store"),
    ("huggingface-hub", "model-registry object-store cache database feature-store external"),
    ("fastapi", "service model-server worker gateway guardrail batch-job model-registry feature-store scheduler"),
    ("vllm", "model-server service worker batch-job guardrail edge-device"),
    ("openai", "external model-server guardrail service batch-job"),
    ("lambda", "service worker batch-job model-server gateway guardrail"),
    ("kubernetes", "service model-server worker batch-job training-job scheduler gateway load-balancer database queue"),
    ("envoy", "load-balancer gateway service"), ("litellm", "gateway load-balancer service guardrail"),
    ("airflow", "scheduler batch-job training-job"), ("temporal", "scheduler worker service queue batch-job"),
    ("spark", "batch-job stream-processor training-job"), ("flink", "stream-processor model-server worker"), ("snowflake", "warehouse log-store database feature-store"),
    ("clickhouse", "warehouse database log-store monitoring"), ("datadog", "monitoring log-store"),
    ("kafka", "client external"), ("own-thing", "model-server queue"),
])  # fmt: skip
def test_a_technology_may_have_several_roles(uses: str, roles: str) -> None:
    assert [message for kind in roles.split() for message in kinds(kind, uses)] == []


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


def test_a_component_without_relations() -> None:
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
def test_relations_of_every_kind(tie: str) -> None:
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


@pytest.mark.parametrize(("kind", "needs", "described"), [
    ("queue", "components.jobs.dead_letter", "dead-letters"),
    ("model-registry", "models.net.registry", "versions"),
    ("object-store", "models.net.registry", "versions"),
    ("log-store", "components.server.logs_to", "logs"),
    ("monitoring", "components.server.monitored_by", "monitoring"),
])  # fmt: skip
def test_a_fact_that_the_file_does_not_describe_may_connect_a_part(kind: str, needs: str, described: str) -> None:
    parts = f"""jobs: {{kind: queue}}
          server: {{kind: worker, serves: [net], consumes: [jobs], calls: [api]}}
          alone: {{kind: {kind}}}
        models: {{net: {{}}}}"""
    workload = "workloads: {search: {from: page}}\n        described: [%s]"
    assert strays(parts, workload % "access").undecided == {"components.alone": (needs,)}
    said = strays(parts, workload % described)
    assert (said.places, said.undecided) == ({"components.alone"}, {})


def test_parts_that_are_connected_only_to_each_other_are_strays_on_a_sketch() -> None:
    assert strays("old: {kind: worker, consumes: [jobs]}\n          jobs: {kind: queue}").places == {"components.jobs"}


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


def test_a_model_that_no_workload_uses_is_info() -> None:
    text = "workloads: {{w: {{from: app{uses}}}}}\nmodels: {{old: {{}}}}\ncomponents: {{app: {{kind: client}}}}"
    assert models(text.format(uses="")).findings["models.old"].severity == "info"
    assert models(text.format(uses=", models: [old]")).findings["models.old"].severity == "warning"


@pytest.mark.parametrize("key", ["quantised_from", "adapter_of"])
def test_a_model_from_which_another_is_made_need_not_run(key: str) -> None:
    text = """
workloads: {{search: {{from: page, models: [{models}]}}}}
models: {{whole: {{}}, small: {{{key}: whole}}}}
components:
  page: {{kind: client, calls: [server]}}
  server: {{kind: model-server, serves: [small]}}
"""
    assert not models(text.format(models="small", key=key)).findings
    assert set(models(text.format(models="small, whole", key=key)).findings) == {"models.whole"}


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
        "page: {kind: client, triggers: [j]}, j: {kind: batch-job, serves: [m], writes: [d]}, d: {kind: database}",
        "page: {kind: client, calls: [a]}, a: {kind: service, triggers: [j]}, j: {kind: batch-job, calls: [s]}, "
        "s: {kind: model-server, serves: [m]}",
        "page: {kind: client, calls: [{to: v, fallback: s}]}, v: {kind: external}, s: {kind: external, serves: [m]}",
        "page: {kind: client, calls: [{to: v, fallback: a}]}, v: {kind: external}, a: {kind: service, calls: [s]}, "
        "s: {kind: model-server, serves: [m]}",
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
