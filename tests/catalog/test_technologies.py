"""The technology catalogue, and users' own catalogues."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from archlint.catalog.reading import plain_name
from archlint.catalog.technologies import Technologies, Technology, read_technologies, shipped_technologies
from archlint.errors import ConfigError
from archlint.model.words import KINDS
from archlint.report.pages import technologies_table
from archlint.shipped import catalogue_file
from tests.conftest import ROOT

SHIPPED = shipped_technologies()


@pytest.mark.parametrize(("name", "kind"), [
    ("Airflow", "scheduler"), ("cron", "scheduler"), ("Prefect", "scheduler"), ("Dagster", "scheduler"),
    ("FastAPI", "service"), ("Flask", "service"), ("Django", "service"), ("gRPC", "service"),
    ("TorchServe", "model-server"), ("TensorFlow Serving", "model-server"), ("Triton", "model-server"),
    ("KServe", "model-server"), ("Seldon", "model-server"), ("BentoML", "model-server"), ("Ray Serve", "model-server"),
    ("MLServer", "model-server"), ("vLLM", "model-server"), ("TGI", "model-server"),
    ("Nginx", "load-balancer"), ("Envoy", "load-balancer"), ("HAProxy", "load-balancer"), ("AWS ELB", "load-balancer"),
    ("elb", "load-balancer"), ("Istio", "gateway"),
    ("Kafka", "queue"), ("RabbitMQ", "queue"), ("Redis", "cache"), ("SQS", "queue"), ("Pub/Sub", "queue"), ("NATS",
     "queue"),
    ("Celery", "worker"), ("PostgreSQL", "database"), ("MySQL", "database"), ("MongoDB", "database"),
    ("Cassandra", "database"), ("DynamoDB", "database"), ("SQLite", "database"), ("BigQuery", "warehouse"),
    ("Snowflake", "warehouse"), ("Redshift", "warehouse"), ("S3", "object-store"), ("GCS", "object-store"),
    ("MinIO", "object-store"), ("Feast", "feature-store"), ("MLflow", "model-registry"), ("Prometheus", "monitoring"),
    ("Grafana", "monitoring"), ("Elasticsearch", "database"), ("Flink", "stream-processor"), ("Spark", "batch-job"),
    ("Anthropic", "external"), ("gemini", "external"), ("Azure OpenAI", "external"), ("mistral", "external"),
    ("groq", "external"), ("together", "external"), ("fireworks", "external"), ("replicate", "external"),
    ("LiteLLM", "gateway"), ("portkey", "gateway"), ("langfuse", "monitoring"), ("LangGraph", "service"),
    ("llama-index", "service"), ("TEI", "model-server"), ("TensorRT-LLM", "model-server"), ("NIM", "model-server"),
    ("dynamo", "model-server"), ("llm-d", "model-server"), ("llama.cpp", "model-server"), ("MLX", "model-server"),
    ("lorax", "model-server"), ("Qdrant", "vector-store"), ("milvus", "vector-store"), ("weaviate", "vector-store"),
    ("pinecone", "vector-store"), ("chroma", "vector-store"), ("pgvector", "vector-store"), ("vespa", "vector-store"),
    ("azure-ai-search", "vector-store"), ("OpenSearch", "database"), ("temporal", "scheduler"), ("KEDA", "scheduler"),
    ("kubernetes", "service"), ("fargate", "service"), ("ECS", "service"), ("azure-ml", "model-server"),
    ("azure-functions", "service"), ("service-bus", "queue"), ("event-hubs", "queue"), ("cosmos-db", "database"),
    ("spanner", "database"), ("alloydb", "database"), ("clickhouse", "warehouse"), ("duckdb", "warehouse"),
    ("iceberg", "warehouse"), ("delta", "warehouse"), ("trino", "warehouse"), ("tecton", "feature-store"),
    ("hopsworks", "feature-store"), ("openfeature", "config-store"), ("opentelemetry", "monitoring"),
    ("datadog", "monitoring"), ("cloudflare-workers", "service"), ("modal", "model-server"),
    ("runpod", "model-server"), ("nemo-guardrails", "guardrail"), ("presidio", "guardrail"), ("etcd", "config-store"),
    ("launchdarkly", "config-store"), ("langchain", "service"), ("openrouter", "external"), ("workers-ai", "external"),
])  # fmt: skip
def test_what_people_use_is_known(name: str, kind: str) -> None:
    technology = SHIPPED.get(name)
    assert technology is not None
    assert technology.kind == kind


def test_the_compiled_catalogue_equals_its_source() -> None:
    assert list(SHIPPED.entries.values()) == read_technologies(catalogue_file("technologies.yaml"))


def test_each_name_and_alias_means_one_technology() -> None:
    entries = read_technologies(catalogue_file("technologies.yaml"))
    counted = Counter(plain_name(word) for entry in entries for word in (entry.name, *entry.aliases))
    assert [word for word, count in counted.items() if count > 1] == []


def test_entries_that_are_easily_confused_name_each_other() -> None:
    entries = {entry.name: entry for entry in SHIPPED.entries.values()}
    for entry in entries.values():
        for other in entry.unlike:
            assert entry.name in entries[other].unlike
            assert other != entry.name


def test_a_name_that_starts_another_name_is_listed_as_unlike_it() -> None:
    pairs = [(plain_name(word), entry) for entry in SHIPPED.entries.values() for word in (entry.name, *entry.aliases)]
    words = sorted(pairs, key=lambda pair: pair[0])
    for (short, one), (long, other) in combinations(words, 2):
        starts = long.startswith(short) and not long[len(short) :].startswith("-")
        if starts and one is not other:
            assert other.name in one.unlike, f"`{short}` may be taken for `{long}`"


def test_page_and_table_distinguish_dynamo_and_dynamodb() -> None:
    page = (ROOT / "docs" / "technologies.md").read_text(encoding="utf-8")
    assert "| `dynamo` | NVIDIA Dynamo (not `dynamodb`) |" in page
    assert "| `dynamodb` | Amazon DynamoDB (not `dynamo`) |" in page
    table = technologies_table(SHIPPED.entries.values(), 400, color=False)
    assert next(line for line in table.splitlines() if line.startswith("dynamo ")).endswith("; not the same as dynamodb")


def test_each_image_identifies_one_technology() -> None:
    entries = read_technologies(catalogue_file("technologies.yaml"))
    counted = Counter(image for entry in entries for image in entry.images)
    assert [image for image, count in counted.items() if count > 1] == []


@pytest.mark.parametrize("name", list(SHIPPED.entries))
def test_an_entry_has_a_title_a_site_and_sources(name: str) -> None:
    entry = SHIPPED.entries[name]
    assert name == plain_name(name)
    assert entry.title
    assert entry.site.startswith("https://")
    assert {entry.kind, *entry.also} <= set(KINDS)
    assert entry.kind not in entry.also
    for fact in entry.assumed.values():
        assert fact.because
        assert fact.source.startswith("https://")


@pytest.mark.parametrize(("name", "key", "value"), [
    ("event-hubs", "redundant", True), ("service-bus", "persistent", True), ("cosmos-db", "persistent", True),
    ("spanner", "redundant", True), ("milvus", "persistent", True), ("chroma", "persistent", True),
    ("pinecone", "persistent", True), ("vespa", "persistent", True), ("pgvector", "persistent", True),
    ("cloudflare-workers", "serverless", True), ("modal", "balanced", True),
    ("runpod", "balanced", True), ("llm-d", "balancing", "prefix-aware"), ("dynamo", "balancing", "round-robin"),
    ("anthropic", "generates", True), ("gemini", "generates", True), ("azure-openai", "generates", True),
    ("mistral", "generates", True), ("groq", "generates", True), ("together", "generates", True),
    ("fireworks", "generates", True), ("llama.cpp", "generates", True), ("lorax", "generates", True),
])  # fmt: skip
def test_what_is_assumed_of_the_technologies_of_today(name: str, key: str, value: bool | float | str) -> None:
    technology = SHIPPED.get(name)
    assert technology is not None
    assert technology.assumed[key].value == value


@pytest.mark.parametrize("entry", SHIPPED.entries.values(), ids=list(SHIPPED.entries))
def test_a_technology_fits_its_kinds_and_those_of_others_but_not_every_kind(entry: Technology) -> None:
    fitting = {kind for kind in KINDS if entry.fits(kind)}
    assert {*entry.kinds, "client", "external"} <= fitting
    assert fitting < set(KINDS)


def test_the_table_of_technologies_fits_a_terminal() -> None:
    lines = technologies_table(SHIPPED.entries.values(), 120, color=False).splitlines()
    assert max(map(len, lines)) <= 120
    assert "service, load-balancer, config-store +8" in next(line for line in lines if line.startswith("kubernetes "))


def test_an_unknown_name_is_not_found() -> None:
    assert SHIPPED.get("home-made") is None
    assert SHIPPED.get(None) is None


def test_a_users_own_entry_takes_the_place_of_a_shipped_one(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("""\
kafka:
  {title: Our Kafka, kind: queue, aliases: [bus],
   assumed: {persistent: {value: false, because: in memory, source: wiki}}}
fraud-engine: {title: Fraud Engine, kind: model-server, also: service, assumed: {
  workers: {value: 8, because: ours, source: wiki},
  timeout: {value: 2s, because: ours, source: wiki}, balancing: {value: random, because: ours, source: wiki}}}
""")
    technologies = Technologies([*SHIPPED.entries.values(), *read_technologies(file)])
    kafka, engine = technologies.get("Bus"), technologies.get("fraud engine")
    assert kafka is technologies.get("kafka")
    assert kafka is not None
    assert engine is not None
    assert (kafka.title, kafka.assumed["persistent"].value) == ("Our Kafka", False)
    assert (engine.also, engine.assumed["workers"].value, engine.assumed["timeout"].value) == (("service",), 8, 2)


def test_an_empty_catalogue_has_no_entries(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("# nothing yet\n")
    assert read_technologies(file) == []


@pytest.mark.parametrize(("text", "message"), [
    ("[a]", "mine.yaml:1:1: a catalogue is a mapping of names to entries"),
    ("a: x", "mine.yaml:1:4: `a` needs a mapping"),
    ("a: {kind: queue}", "mine.yaml:1:4: `a` needs `title`: some words"),
    ("a: {title: , kind: queue}", "`a` needs `title`: some words"),
    ("a: {title: A}", "mine.yaml:1:4: `a` needs `kind`: some words"),
    ("a: {title: A, kind: bus}", "mine.yaml:1:4: `a`: unknown kind of component `bus`"),
    ("a: {title: A, kind: queue, also: [bus]}", "unknown kind of component `bus`"),
    ("a: {title: A, kind: queue, alias: b}", "mine.yaml:1:35: `a` has no key `alias`"),
    ("a: {title: A, kind: queue, aliases: [{b: c}]}", "`aliases` of `a` needs a list of words"),
    ("a: {title: A, kind: queue}\na: {title: B, kind: queue}", "mine.yaml:2:1: the key `a` is repeated"),
    ("a: {title: A, kind: queue, assumed: {speed: {value: 1}}}", "`a` has no key `speed`"),
    ("a: {title: A, kind: queue, assumed: {persistent: true}}", "`a.persistent` needs a mapping"),
    ("a: {title: A, kind: queue, assumed: {persistent: {value: yes, because: b, source: c}}}",
     "mine.yaml:1:58: `a.persistent`: `yes` is not allowed here"),
    ("a: {title: A, kind: queue, assumed: {timeout: {value: 5, because: b, source: c}}}",
     "`a.timeout`: `5` has no unit"),
    ("a: {title: A, kind: queue, assumed: {workers: {value: 5}}}", "`a.workers` needs `because`: some words"),
])  # fmt: skip
def test_a_wrong_catalogue_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_technologies(file)
    assert message in str(caught.value)
