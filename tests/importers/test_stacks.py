"""Stacks that teams deploy: task queues with their consoles, streams, gateways of models, autoscalers of queues."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.api import check_targets
from archlint.linter import Options
from tests.importers.importing import architecture, found_in, imported, kinds, relations, searched, write_files


def test_variables_that_only_monitors_share_are_theirs(tmp_path: Path) -> None:
    """Both programs of a monitor have one block of variables; a proxy of the models sends its traces to the web part."""
    found = found_in(tmp_path, {
        "compose.yaml": """
            services:
              traces:
                image: langfuse/langfuse:3
                ports: ["3000:3000"]
                environment: &shared {DATABASE_URL: "postgresql://u@records:5432/t", CLICKHOUSE_URL: "http://events:8123"}
              traces-jobs: {image: "langfuse/langfuse-worker:3", environment: *shared}
              records: {image: "postgres:16"}
              events: {image: "clickhouse/clickhouse-server:24"}
              models: {image: "ghcr.io/berriai/litellm:main", volumes: ["./models.yaml:/app/config.yaml"]}
        """,
        "models.yaml": """
            model_list:
              - {model_name: small, litellm_params: {model: openai/gpt-4o-mini}}
            litellm_settings: {success_callback: [langfuse]}
        """,
    })  # fmt: skip
    assert {(one, "reads", other) for one in ("traces", "traces-jobs") for other in ("records", "events")} <= relations(found)
    assert ("models", "monitored_by", "traces") in relations(found)
    assert "langfuse" not in found.components


def test_files_that_services_mount_are_not_called_unknown(tmp_path: Path) -> None:
    found = searched(tmp_path, {
        "compose.yaml": """
            services:
              api: {image: acme/api, ports: ["80:80"]}
              metrics: {image: prom/prometheus, volumes: ["./metrics.yml:/etc/prometheus/prometheus.yml"]}
        """,
        "metrics.yml": "scrape_configs: [{job_name: a, static_configs: [{targets: ['api:80']}]}]\n", "other.yml": "a: 1\n",
    })  # fmt: skip
    assert [Path(path).name for path, _ in found.left_out] == ["other.yml"]


@pytest.mark.parametrize(("command", "kind"), [
    ("rqscheduler --host jobs", "scheduler"), ("rq worker -u redis://jobs:6379 high", "worker"), ("rq-dashboard --redis-url x", "monitoring"),
])  # fmt: skip
def test_programs_of_task_queues(tmp_path: Path, command: str, kind: str) -> None:
    services = f"""
        services:
          jobs: {{image: "redis:7"}}
          it: {{image: acme/x, command: {command}, environment: {{BROKER_URL: "redis://jobs:6379"}}}}
          more: {{image: acme/x, command: rq worker, environment: {{BROKER_URL: "redis://jobs:6379"}}}}
    """
    assert kinds(architecture(tmp_path, services))["it"] == kind


def test_the_clock_and_the_console_of_a_queue_use_nothing_else(tmp_path: Path) -> None:
    found = architecture(tmp_path, {
        "compose.yaml": """
            services:
              broker: {image: "rabbitmq:3"}
              model: {image: "vllm/vllm-openai:v0.6.3"}
              worker: {image: acme/x, command: celery -A a worker, env_file: vars.env}
              clock: {image: acme/x, command: celery -A a beat, env_file: vars.env}
              console: {image: acme/x, command: "celery flower --broker=amqp://broker:5672"}
        """,
        "vars.env": "CELERY_BROKER_URL=amqp://broker:5672\nLLM_URL=http://model:8000/v1\n",
    })  # fmt: skip
    assert relations(found) == {
        ("worker", "consumes", "broker"), ("worker", "calls", "model"), ("clock", "publishes", "broker"),
        ("broker", "monitored_by", "console"),
    }  # fmt: skip


def test_lines_of_settings_in_one_variable(tmp_path: Path) -> None:
    found = architecture(tmp_path, """
        services:
          manager: {image: "flink:1.18", command: jobmanager}
          tasks:
            image: flink:1.18
            command: taskmanager
            environment:
              FLINK_PROPERTIES: |
                jobmanager.rpc.address: manager
                taskmanager.numberOfTaskSlots: 4
    """)
    assert relations(found) == {("tasks", "calls", "manager")}


def test_a_registry_of_the_projects_own_image_and_the_server_that_loads_from_it(tmp_path: Path) -> None:
    found = architecture(tmp_path, """
        services:
          tracking: {build: ./tracking, ports: ["5000:5000"], environment: {STORE: "postgresql://u@runs:5432/r"}}
          runs: {image: "postgres:16"}
          serve: {build: ./serve, ports: ["80:80"], environment: {MLFLOW_TRACKING_URI: "http://tracking:5000", MODEL_NAME: churn}}
    """)
    assert kinds(found) == {"tracking": "model-registry", "runs": "database", "serve": "model-server"}
    assert ("serve", "loads", "tracking") in relations(found)


def test_a_bucket_at_a_host_of_the_project(tmp_path: Path) -> None:
    found = architecture(tmp_path, """
        services:
          models: {image: "nvcr.io/nvidia/tritonserver:24.08-py3", command: "tritonserver --model-repository=s3://files:9000/models"}
          other: {image: "nvcr.io/nvidia/tritonserver:24.08-py3", command: "tritonserver --model-repository=s3://files/models"}
          files: {image: minio/minio}
    """)
    assert {(one, end) for one, _, end in relations(found)} == {("models", "files")}


def test_queues_of_clouds_and_the_autoscalers_that_count_their_messages(tmp_path: Path) -> None:
    found = architecture(tmp_path, {"a.yaml": """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: speech}
        spec: {template: {metadata: {labels: {app: s}}, spec: {containers: [{name: c, image: acme/speech, env: [{name: QUEUE_URL, value: "https://sqs.eu-west-1.amazonaws.com/1/audio"}]}]}}}
        ---
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: {name: speech}
        spec:
          scaleTargetRef: {name: speech}
          triggers: [{type: aws-sqs-queue, metadata: {queueURL: "https://sqs.eu-west-1.amazonaws.com/1/audio"}}]
        ---
        apiVersion: keda.sh/v1alpha1
        kind: ScaledJob
        metadata: {name: images}
        spec:
          jobTargetRef: {template: {spec: {containers: [{name: c, image: acme/images}]}}}
          triggers: [{type: kafka, metadata: {bootstrapServers: "bus:9092", topic: images}}]
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: bus}
        spec: {serviceName: bus, template: {metadata: {labels: {app: bus}}, spec: {containers: [{name: c, image: apache/kafka}]}}}
    """})
    assert kinds(found) == {"speech": "worker", "images": "batch-job", "bus": "queue", "audio": "queue"}
    assert relations(found) == {("speech", "consumes", "audio"), ("images", "consumes", "bus")}
    assert found.components["audio"].uses == "sqs"


def test_the_picker_of_an_inference_pool_is_asked_by_its_gateway(tmp_path: Path) -> None:
    def workload(name: str, image: str) -> str:
        pod = f"{{metadata: {{labels: {{app: {name}}}}}, spec: {{containers: [{{name: c, image: '{image}'}}]}}}}"
        return f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{template: {pod}}}\n---\n"

    rest = """\
apiVersion: v1
kind: Service
metadata: {name: picker}
spec: {selector: {app: picker}}
---
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: pool}
spec: {selector: {matchLabels: {app: llm}}, endpointPickerRef: {name: picker}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r}
spec: {parentRefs: [{name: edge}], rules: [{backendRefs: [{kind: InferencePool, name: pool}]}]}
"""
    found = architecture(tmp_path, {"a.yaml": workload("llm", "vllm/vllm-openai:v0.7.2") + workload("picker", "acme/epp:1") + rest})
    assert relations(found) == {("edge", "calls", "llm"), ("edge", "calls", "picker")}


def test_a_predictor_of_several_serves_the_models_of_its_graph(tmp_path: Path) -> None:
    found = architecture(tmp_path, {"a.yaml": """
        apiVersion: machinelearning.seldon.io/v1
        kind: SeldonDeployment
        metadata: {name: iris}
        spec:
          predictors:
            - name: main
              traffic: 80
              graph: {name: scale, type: TRANSFORMER, children: [{name: trees, implementation: SKLEARN_SERVER, modelUri: "gs://a/1"}]}
            - {name: next, traffic: 20, graph: {name: boosted, implementation: XGBOOST_SERVER, modelUri: "gs://a/2"}}
    """})
    assert [found.components[name].serves for name in ("iris-main", "iris-next")] == [("trees",), ("boosted",)]


PULL = """
    services:
      llm: {image: "ollama/ollama:0.3"}
      pull: {image: "curlimages/curl:8", command: ["http://llm:11434/api/pull"], depends_on: [llm], restart: "no"}
"""
JOB = """
    apiVersion: batch/v1
    kind: Job
    metadata: {name: fetch}
    spec: {template: {spec: {containers: [{name: c, image: python, command: [huggingface-cli, download, a/b]}]}}}
    ---
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: nightly}
    spec: {schedule: "0 1 * * *", jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: acme/score}]}}}}}
"""
KNATIVE = """
    apiVersion: serving.knative.dev/v1
    kind: Service
    metadata: {name: classify}
    spec: {template: {metadata: {annotations: {autoscaling.knative.dev/max-scale: "9"}}, spec: {containers: [{image: acme/c:1, ports: [{containerPort: 80}]}]}}}
"""
CACHE = 'resource "google_redis_instance" "c" {\n  name = "c"\n  memory_size_gb = 1\n}\n'


@pytest.mark.parametrize(("name", "text"), [("compose.yaml", PULL), ("job.yaml", JOB), ("k.yaml", KNATIVE), ("main.tf", CACHE)])
def test_what_only_code_or_the_platform_decides_is_no_finding(tmp_path: Path, name: str, text: str) -> None:
    """Applying files starts a job, code writes its results, platforms spread requests, and managed caches have limits."""
    write_files(tmp_path, {name: text})
    assert check_targets([tmp_path], Options(select=("SRV012", "REL002", "DEP022"))).findings == ()


def test_a_cache_of_the_projects_own_may_grow(tmp_path: Path) -> None:
    (path,) = write_files(tmp_path, {"compose.yaml": "services: {cache: {image: 'redis:7'}, api: {image: a/b, environment: {REDIS_URL: 'redis://cache'}}}"})
    assert [one.rule for one in check_targets([path], Options(select=("DEP022",))).findings] == ["DEP022"]


def test_an_import_of_a_mistake_still_says_where_it_is(tmp_path: Path) -> None:
    """A file that another one mounts may be a mistake too."""
    found = imported(tmp_path, {"compose.yaml": "services: {a: {image: x/y, volumes: ['./b.yaml:/b.yaml']}}", "b.yaml": "services: [\n"})
    assert any("b.yaml" in error.message for error in found.errors)


def test_a_page_of_one_store_does_not_use_all_that_a_shared_file_names(tmp_path: Path) -> None:
    found = architecture(tmp_path, {
        "compose.yaml": """
            services:
              api: {image: acme/api, env_file: vars.env, ports: ["80:80"]}
              page: {image: "docker.elastic.co/kibana/kibana:8.1", env_file: vars.env, depends_on: [search]}
              search: {image: "elasticsearch:8.1"}
              records: {image: "mysql:8"}
        """,
        "vars.env": "MYSQL_HOST=records\nES_HOST=search\n",
    })  # fmt: skip
    assert {(one, end) for one, _, end in relations(found)} == {("api", "records"), ("api", "search"), ("page", "search")}


@pytest.mark.parametrize(("waits", "said"), [("", "a hang shows only to its users"), ("depends_on: [api]", "services that need it cannot wait")])
def test_the_message_about_a_health_check_names_who_suffers(tmp_path: Path, waits: str, said: str) -> None:
    text = f"services:\n  api: {{image: acme/api, ports: ['80:80']}}\n  other: {{image: acme/o, {waits}}}\n"
    (path,) = write_files(tmp_path, {"compose.yaml": text})
    assert [said in one.message for one in check_targets([path], Options(select=("DEP003",))).findings] == [True]


def test_workers_that_ask_a_scheduler(tmp_path: Path) -> None:
    found = architecture(tmp_path, """
        services:
          plan: {image: "ghcr.io/dask/dask:2024.9.0", command: dask scheduler}
          work: {image: "ghcr.io/dask/dask:2024.9.0", command: "dask worker tcp://plan:8786"}
          flow: {image: "temporalio/auto-setup:1.24", environment: {POSTGRES_SEEDS: records}}
          steps: {image: acme/steps, command: python worker.py, environment: {TEMPORAL_ADDRESS: "flow:7233"}}
          records: {image: "postgres:16"}
    """)
    assert kinds(found) == {"plan": "scheduler", "work": "worker", "flow": "scheduler", "steps": "worker", "records": "database"}
    assert {(one, end) for one, _, end in relations(found)} == {("work", "plan"), ("steps", "flow"), ("flow", "records")}


def test_the_steps_of_a_workflow_use_what_their_containers_name(tmp_path: Path) -> None:
    found = architecture(tmp_path, {"a.yaml": """
        apiVersion: argoproj.io/v1alpha1
        kind: CronWorkflow
        metadata: {name: retrain}
        spec:
          schedule: "0 3 * * 0"
          workflowSpec:
            templates:
              - {name: main, dag: {tasks: [{name: a, template: fetch}]}}
              - {name: fetch, container: {image: acme/fetch, args: ["--source=postgresql://u@records:5432/d"]}}
              - {name: train, container: {image: acme/train, env: [{name: MLFLOW_TRACKING_URI, value: "http://runs:5000"}]}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: runs}
        spec: {template: {metadata: {labels: {app: runs}}, spec: {containers: [{name: m, image: ghcr.io/mlflow/mlflow, args: [server]}]}}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: runs}
        spec: {selector: {app: runs}}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: records}
        spec: {serviceName: records, template: {metadata: {labels: {app: r}}, spec: {containers: [{name: p, image: "postgres:16"}]}}}
    """})
    assert {(one, end) for one, _, end in relations(found)} == {("retrain", "records"), ("retrain", "runs")}
