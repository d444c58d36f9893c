"""Kinds from public images, roles in variables, commands, and what a cloud starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.importers.technologies import by_command, by_image
from tests.importers.importing import architecture, found_in, kinds, relations


@pytest.mark.parametrize(("image", "kind"), [
    ("prometheuscommunity/postgres-exporter:v0.16", "monitoring"), ("oliver006/redis_exporter", "monitoring"),
    ("prodrigestivill/postgres-backup-local:16", "batch-job"), ("postgres:16", "database"), ("getmeili/meilisearch:v1", "database"),
    ("redpandadata/console:v2", "client"), ("redpandadata/redpanda:v24", "queue"), ("confluentinc/cp-schema-registry:7", "config-store"),
    ("debezium/connect:2", "stream-processor"), ("michaelf34/infinity:1", "model-server"), ("infiniflow/infinity:1", "vector-store"),
    ("nvcr.io/nim/acme/small:1", "model-server"), ("nvcr.io/nvidia/nemo-microservices/guardrails:25", "guardrail"),
    ("ghcr.io/remsky/kokoro-fastapi-gpu:v1", "model-server"), ("cloudflare/cloudflared:1", "gateway"),
])  # fmt: skip
def test_public_images(image: str, kind: str) -> None:
    known = by_image(image)
    assert known is not None and known.kind == kind


def test_a_cache_of_attention_is_no_model_server() -> None:
    known = by_command("lmcache_experimental_server 0.0.0.0 65432")
    assert known is not None and known.kind == "cache"


def test_the_image_of_a_nim_names_its_model(tmp_path: Path) -> None:
    found = architecture(tmp_path, 'services: {llm: {image: "nvcr.io/nim/acme/small-8b:1.3"}}\n')
    assert (found.components["llm"].uses, found.components["llm"].serves) == ("nim", ("acme/small-8b",))


@pytest.mark.parametrize(("mode", "kind"), [("worker", "worker"), ("beat", "scheduler"), ("api", "service")])
def test_a_variable_chooses_the_program_of_an_image(tmp_path: Path, mode: str, kind: str) -> None:
    ports = ', ports: ["80:80"]' if mode == "api" else ""
    found = architecture(tmp_path, f"""
        services:
          it: {{image: acme/app, environment: {{MODE: {mode}, REDIS_HOST: jobs}}{ports}}}
          other: {{image: acme/app, environment: {{MODE: worker, REDIS_HOST: jobs}}}}
          jobs: {{image: "redis:7"}}
          front: {{image: acme/front, ports: ["81:80"], environment: {{BROKER_HOST: jobs}}}}
    """)
    assert kinds(found)["it"] == kind
    assert kinds(found)["jobs"] == "queue"


def test_a_redis_of_an_image_that_is_a_worker_is_a_queue(tmp_path: Path) -> None:
    found = architecture(tmp_path, """
        services:
          web: {image: acme/traces, ports: ["80:80"], environment: {REDIS_HOST: jobs}}
          more: {image: acme/traces-worker, environment: {REDIS_HOST: jobs}}
          jobs: {image: "redis:7"}
    """)
    assert kinds(found)["jobs"] == "queue"


@pytest.mark.parametrize(("command", "kind"), [
    ("python train.py --epochs 3", "training-job"), ("torchrun --nproc-per-node 2 run.py", "training-job"),
    ("python serve.py --trained model.pt", "service"),
])  # fmt: skip
def test_a_service_whose_command_trains(tmp_path: Path, command: str, kind: str) -> None:
    found = architecture(tmp_path, f"""
        services:
          it: {{build: ., command: {command}, environment: {{MLFLOW_TRACKING_URI: "http://registry:5000"}}}}
          registry: {{image: "ghcr.io/mlflow/mlflow:v2"}}
          web: {{image: acme/web, ports: ["80:80"]}}
    """)
    assert kinds(found)["it"] == kind


def test_a_task_without_ports_takes_from_the_queue_that_its_variable_names(tmp_path: Path) -> None:
    task = """
        resource "aws_ecs_service" "{name}" {{
          name            = "{name}"
          task_definition = aws_ecs_task_definition.{name}.arn
        }}
        resource "aws_ecs_task_definition" "{name}" {{
          container_definitions = jsonencode([{{ name = "{name}", image = "acme/{name}", {ports}
            environment = [{{ name = "QUEUE_URL", value = aws_sqs_queue.jobs.url }}] }}])
        }}
    """
    found = found_in(tmp_path, {
        "main.tf": task.format(name="taker", ports="") + task.format(name="api", ports="portMappings = [{ containerPort = 80 }],")
        + 'resource "aws_sqs_queue" "jobs" { name = "jobs" }\n',
    })  # fmt: skip
    assert relations(found) == {("taker", "consumes", "jobs"), ("api", "publishes", "jobs")}
    assert kinds(found)["taker"] == "worker"


@pytest.mark.parametrize(("ingress", "kind"), [("INGRESS_TRAFFIC_ALL", "service"), ("INGRESS_TRAFFIC_INTERNAL_ONLY", "batch-job")])
def test_a_schedule_is_not_all_that_starts_a_public_function(tmp_path: Path, ingress: str, kind: str) -> None:
    found = found_in(tmp_path, {"main.tf": f"""
        resource "google_cloud_run_v2_service" "api" {{
          name    = "api"
          ingress = "{ingress}"
          template {{
            containers {{ image = "acme/api" }}
          }}
        }}
        resource "google_cloud_scheduler_job" "nightly" {{
          name     = "nightly"
          schedule = "0 2 * * *"
          http_target {{ uri = google_cloud_run_v2_service.api.uri }}
        }}
    """})
    assert kinds(found)["api"] == kind


def test_the_address_of_a_broker_of_knative_names_it(tmp_path: Path) -> None:
    found = architecture(tmp_path, {"a.yaml": """
        apiVersion: serving.kserve.io/v1beta1
        kind: InferenceService
        metadata: {name: fraud, namespace: ml}
        spec:
          predictor:
            logger: {url: "http://broker-ingress.knative-eventing.svc.cluster.local/ml/answers"}
            model: {modelFormat: {name: sklearn}, storageUri: "s3://a/v1"}
        ---
        apiVersion: eventing.knative.dev/v1
        kind: Broker
        metadata: {name: answers, namespace: ml}
    """})
    assert ("fraud", "logs_to", "answers") in relations(found)


def test_a_stream_processor_states_its_stores_in_its_arguments(tmp_path: Path) -> None:
    found = architecture(tmp_path, {"a.yaml": """
        apiVersion: flink.apache.org/v1beta1
        kind: FlinkDeployment
        metadata: {name: features}
        spec: {job: {args: ["--kafka", "events-kafka-bootstrap:9092"]}}
        ---
        apiVersion: kafka.strimzi.io/v1beta2
        kind: Kafka
        metadata: {name: events}
    """})
    assert relations(found) == {("features", "consumes", "events")}


def test_a_workflow_may_have_several_schedules(tmp_path: Path) -> None:
    found = architecture(tmp_path, {"a.yaml": """
        apiVersion: argoproj.io/v1alpha1
        kind: CronWorkflow
        metadata: {name: score}
        spec: {schedules: ["0 2 * * *"], workflowSpec: {templates: [{name: a, container: {image: acme/score}}]}}
    """})
    assert str(found.components["score"].schedule) != "None"


def test_a_file_that_only_adds_accelerators_is_a_compose_file(tmp_path: Path) -> None:
    found = architecture(tmp_path, {
        "compose.yaml": "services: {llm: {image: 'ollama/ollama:1'}}\n", "compose.gpu.yaml": "services: {llm: {gpus: all}}\n",
    }, explicit=True)  # fmt: skip
    assert set(kinds(found)) == {"llm"}
