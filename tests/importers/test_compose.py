"""Docker Compose files to architectures."""

from __future__ import annotations

from pathlib import Path

import pytest

from archlint.importers.importing import import_files
from tests.conftest import ROOT
from tests.importers.importing import architecture, imported, kinds, relations

SHOP = """
    x-common: &common
      restart: always
      environment: {LOG: info}
    services:
      web:
        <<: *common
        image: acme/web:1.4
        ports: ["${PORT:-8080}:8080"]
        environment:
          RANKER_URL: http://ranker:9000/v1
          CACHE_HOST: store
          DB_URL: postgresql://app:hunter2@db/shop
          NO_PROXY: db,ranker,store
        depends_on: {ranker: {condition: service_healthy}, mailer: {condition: service_started}}
      ranker:
        image: nvcr.io/nvidia/tritonserver:24.05-py3
        container_name: gpu-ranker
        deploy:
          replicas: 2
          resources:
            limits: {cpus: "4", memory: 16g}
            reservations: {devices: [{driver: nvidia, count: 1, capabilities: [gpu]}]}
      mailer:
        image: acme/mailer:2
        environment: [WEB=http://web:8080]
      store: {image: "redis:7.2"}
      db: {image: "postgres:16"}
"""


def test_one_file_gives_components_kinds_and_relations(tmp_path: Path) -> None:
    system = architecture(tmp_path, SHOP)
    assert kinds(system) == {
        "web": "service", "ranker": "model-server", "mailer": "client", "store": "cache", "db": "database",
    }
    assert relations(system) == {
        ("web", "calls", "ranker"), ("web", "reads", "store"), ("web", "reads", "db"), ("web", "writes", "db"),
        ("mailer", "calls", "web"),
    }
    ranker = system.components["ranker"]
    assert (ranker.uses, ranker.replicas) == ("triton", 2)
    assert ranker.hardware is not None
    assert (ranker.hardware.cpu, ranker.hardware.memory_bytes, ranker.hardware.gpus) == (4, 16 * 1024**3, 1)


def test_start_order_between_services_is_no_call(tmp_path: Path) -> None:
    system = architecture(tmp_path, """
        services:
          front: {image: acme/front, ports: ["80:80"], depends_on: [back]}
          back: {image: acme/back, ports: ["81:81"]}
        """)
    assert relations(system) == set()


def test_start_order_before_a_known_store_is_a_relation_that_says_so(tmp_path: Path) -> None:
    found = imported(tmp_path, """
        services:
          api: {image: acme/api, ports: ["80:80"], depends_on: [db]}
          db: {image: "mysql:8"}
        """)
    relations_of_api = found.draft.components["api"].relations
    assert [(one.verb, one.target, one.strength) for one in relations_of_api] == [("reads", "db", "fair"), ("writes", "db", "fair")]
    assert relations_of_api[0].derivation == "depends_on on a database"


def test_a_store_behind_a_called_service_is_only_waited_for(tmp_path: Path) -> None:
    system = architecture(tmp_path, """
        services:
          api: {image: acme/api, ports: ["80:80"], environment: {FINDER_HOST: finder}, depends_on: [db, finder]}
          finder: {image: acme/finder, environment: {DB_HOST: db}}
          db: {image: "qdrant/qdrant:v1.9"}
        """)
    assert relations(system) == {("api", "calls", "finder"), ("finder", "reads", "db")}


@pytest.mark.parametrize(("variable", "found"), [
    ("URL: http://b:80", True), ("B_HOST: b", True), ("TARGETS: 'x:1;b:2'", True), ("MODE: b", False),
    ("DB_USER: b", False), ("NO_PROXY: b", False), ("ALLOWED_HOSTS: b", False), ("URL: 'http://${B}:80'", False),
    ("URL: 'http://${B:-b}:80'", True), ("URL: http://localhost:80", False), ("TEXT: a b c", False),
    ("BROKERS: 'k1:9092,b:9092'", True), ("DSN: 'host=b port=5432'", True),
])  # fmt: skip
def test_which_variables_name_another_service(tmp_path: Path, variable: str, found: bool) -> None:
    system = architecture(tmp_path, f"""
        services:
          a: {{image: acme/a, ports: ["80:80"], environment: {{{variable}}}}}
          b: {{image: acme/b, ports: ["81:81"]}}
        """)
    assert (("a", "calls", "b") in relations(system)) is found


def test_the_own_address_is_no_relation(tmp_path: Path) -> None:
    system = architecture(tmp_path, """
        services:
          a: {image: acme/a, hostname: me, environment: {SELF_URL: "http://a:80", OTHER: "http://me:80"}}
        """)
    assert relations(system) == set()


def test_a_redis_that_carries_jobs_is_a_queue(tmp_path: Path) -> None:
    system = architecture(tmp_path, """
        services:
          api: {image: acme/app, ports: ["80:80"], environment: {CELERY_BROKER_URL: "redis://jobs:6379/0"}}
          worker: {image: acme/app, command: celery -A app worker, environment: {CELERY_BROKER_URL: "redis://jobs:6379/0"}}
          jobs: {image: redis}
        """)
    assert kinds(system)["jobs"] == "queue"
    assert relations(system) == {("api", "publishes", "jobs"), ("worker", "consumes", "jobs")}


def test_secrets_are_neither_kept_nor_written(tmp_path: Path) -> None:
    found = imported(tmp_path, {
        "compose.yaml": """
            services:
              api:
                image: acme/api
                env_file: api.env
                environment:
                  DB_URL: postgresql://app:hunter2@db/shop
                  API_TOKEN: hunter2
                  COPY: ${API_TOKEN}
              db: {image: postgres, environment: [POSTGRES_PASSWORD=hunter2]}
            """,
        ".env": "API_TOKEN=hunter2\n",
        "api.env": "SERVICE_SECRET=hunter2\n",
    })  # fmt: skip
    values = [value for component in found.draft.components.values() for value in component.unit.env.values()]
    assert values
    assert not any("hunter2" in value.text + value.raw for value in values)
    assert {one.target for one in found.draft.components["api"].relations} == {"db"}


@pytest.mark.parametrize(("variable", "kind"), [
    ("BROKER: 'amqp://u:p@x:5672/'", "queue"), ("DATABASE_URL: 'postgresql+psycopg2://u:p@x/db'", "database"),
    ("MLFLOW_TRACKING_URI: 'http://x:5000'", "model-registry"), ("S3_ENDPOINT_URL: 'http://x:9000'", "object-store"),
    ("TRITON_URL: 'x:8001'", "model-server"), ("QDRANT_HOST: x", "vector-store"), ("BILLING_URL: 'http://x:80'", "service"),
])  # fmt: skip
def test_the_kind_of_an_own_image_by_the_variables_of_its_callers(tmp_path: Path, variable: str, kind: str) -> None:
    system = architecture(tmp_path, f"""
        services:
          a: {{image: acme/a, ports: ["80:80"], environment: {{{variable}}}}}
          x: {{build: ./x, ports: ["81:81"]}}
        """)
    assert kinds(system)["x"] == kind


def test_projects_in_two_folders_share_an_external_network(tmp_path: Path) -> None:
    system = architecture(tmp_path, {
        "tracking/compose.yaml": "services: {mlflow: {image: 'ghcr.io/mlflow/mlflow:v2', networks: [ml]}}\nnetworks: {ml: {external: true}}\n",
        "serving/compose.yaml": "services: {api: {image: a/b, ports: ['80:80'], environment: {TRACKING_URL: 'http://mlflow:5000'}}}\n",
    })  # fmt: skip
    assert relations(system) == {("api", "reads", "mlflow")}


def test_configurations_of_proxies_and_monitors(tmp_path: Path) -> None:
    system = architecture(tmp_path, {
        "compose.yaml": """
            services:
              edge: {image: nginx, volumes: ["./nginx.conf:/etc/nginx/nginx.conf:ro"]}
              prom: {image: prom/prometheus, volumes: ["./prometheus.yml:/etc/prometheus/prometheus.yml"]}
              graphs: {image: grafana/grafana, volumes: ["./sources:/etc/grafana/provisioning/datasources"]}
              a: {image: x/a, ports: ["80:80"]}
              b: {image: x/b, ports: ["80:80"]}
            """,
        "nginx.conf": "upstream app { server a:80; }\nserver { location / { proxy_pass http://app; }\n# proxy_pass http://prom;\n}\n",
        "prometheus.yml": "scrape_configs:\n  - job_name: b\n    static_configs: [{targets: ['b:80']}]\n",
        "sources/s.yml": "datasources:\n  - {name: p, type: prometheus, url: 'http://prom:9090'}\n",
    })  # fmt: skip
    assert relations(system) == {("edge", "calls", "a"), ("b", "monitored_by", "prom"), ("graphs", "reads", "prom")}


@pytest.mark.parametrize(("volumes", "persistent"), [
    ("[data:/var/lib/postgresql/data]", True), ("['./data:/var/lib/postgresql/data']", True), ("[]", False),
    ("['./init:/docker-entrypoint-initdb.d', './pg.conf:/etc/pg.conf']", False), ("[/var/lib/postgresql/data]", None),
])  # fmt: skip
def test_whether_the_data_of_a_store_survives(tmp_path: Path, volumes: str, persistent: bool | None) -> None:
    system = architecture(tmp_path, f"services: {{db: {{image: 'postgres:16', volumes: {volumes}}}}}\nvolumes: {{data: {{}}}}\n")
    assert system.components["db"].persistent is persistent
    assert system.components["db"].replicas is None    # a Compose file is for one machine


@pytest.mark.parametrize("gpu", [
    "deploy: {resources: {reservations: {devices: [{driver: nvidia, count: all, capabilities: [gpu]}]}}}",
    "deploy: {resources: {reservations: {devices: [{driver: nvidia, device_ids: ['0', '1'], capabilities: [gpu]}]}}}",
    "runtime: nvidia", "runtime: habana", "devices: ['/dev/kfd:/dev/kfd', '/dev/dri:/dev/dri']", "gpus: all",
])  # fmt: skip
def test_an_image_of_the_project_with_an_accelerator_serves_a_model(tmp_path: Path, gpu: str) -> None:
    system = architecture(tmp_path, f"services: {{m: {{image: acme/m, ports: ['80:80'], {gpu}}}}}\n")
    assert kinds(system)["m"] == "model-server"
    assert system.components["m"].serves == ("m-model",)


def test_an_override_beside_the_file_is_merged_and_an_alternative_is_named(tmp_path: Path) -> None:
    found = imported(tmp_path, {
        "compose.yaml": "services: {a: {image: 'x:1'}}\n",
        "compose.override.yaml": "services: {a: {image: 'x:2'}}\n",
        "compose.gpu.yaml": "services: {a: {image: 'x:3'}}\n",
    })  # fmt: skip
    image = found.draft.components["a"].unit.image
    assert image is not None
    assert image.text == "x:2"
    assert [(Path(path).name, why.split(":")[0]) for path, why in found.left_out] == [("compose.gpu.yaml", "an alternative of a file that is read")]


def test_files_that_a_call_names_are_merged_in_order(tmp_path: Path) -> None:
    found = imported(tmp_path, {
        "base.yaml": "services: {a: {image: 'x:1', environment: {K: one}}}\n", "prod.yaml": "services: {a: {image: 'x:3'}}\n",
    }, explicit=True)  # fmt: skip
    unit = found.draft.components["a"].unit
    assert unit.image is not None
    assert (unit.image.text, unit.env["K"].text) == ("x:3", "one")


def test_the_models_of_a_mounted_repository_of_triton(tmp_path: Path) -> None:
    system = architecture(tmp_path, {
        "compose.yaml": "services: {t: {image: 'nvcr.io/nvidia/tritonserver:24.05-py3', volumes: ['./repo:/models']}}\n",
        "repo/a/config.pbtxt": 'name: "a"\n', "repo/b/config.pbtxt": 'name: "b"\n', "repo/notes/readme.txt": "no model\n",
    })  # fmt: skip
    assert system.components["t"].serves == ("a", "b")
    assert system.components["t"].loads_model == "at-start"


@pytest.mark.parametrize(("more", "path", "kind"), [
    ("", "/predict", "model-server"), ("", "/v1/chat/completions", "model-server"), ("", "/orders", "service"),
    ("healthcheck: {test: [CMD, curl, 'http://localhost:80/v2/health/ready']},", "/", "model-server"),
    ("environment: {NEXT_URL: 'http://other:80'},", "/predict", "service"),
])  # fmt: skip
def test_a_model_server_by_the_path_that_is_asked(tmp_path: Path, more: str, path: str, kind: str) -> None:
    system = architecture(tmp_path, f"""
        services:
          load: {{image: a/load, command: "run --target http://x:80{path}"}}
          x: {{image: a/x, {more} ports: ["80:80"]}}
          other: {{image: a/other}}
        """)
    assert kinds(system)["x"] == kind


@pytest.mark.parametrize(("dockerfile", "kind", "uses"), [
    ("FROM nginx:1.27\nCOPY nginx.conf /etc/nginx/\n", "load-balancer", "nginx"),
    ("FROM node:22 AS build\nRUN npm run build\nFROM nginx:1.27\nCOPY --from=build /d /usr/share/nginx/html\n", "service", None),
    ("ARG V=2.9\nFROM pytorch/torchserve:${V} AS base\nFROM base\nEXPOSE 8080\n", "model-server", "torchserve"),
    ('FROM python:3.12\nCMD ["uvicorn", "app:app", \\\n  "--port", "80"]\n', "service", "fastapi"),
    ("FROM python:3.12\nENTRYPOINT celery -A app worker\n", "worker", "celery"),
    ("FROM ubuntu\n", "service", None),
    ("FROM python:3.12\nEXPOSE 80\nCMD work\n", "worker", None),
])  # fmt: skip
def test_a_service_that_is_built_by_its_dockerfile(tmp_path: Path, dockerfile: str, kind: str, uses: str | None) -> None:
    ports = "ports: ['80:80']," if kind != "worker" else ""
    system = architecture(tmp_path, {
        "compose.yaml": f"services: {{a: {{build: ./a, {ports} environment: [BROKER_URL=amqp://jobs]}}, jobs: {{image: rabbitmq}}}}\n",
        "a/Dockerfile": dockerfile,
    })  # fmt: skip
    assert (system.components["a"].kind, system.components["a"].uses) == (kind, uses)


@pytest.mark.parametrize("command", [
    "redis-server --requirepass ${PW:-hunter2}", '["redis-server", "--requirepass", "hunter2"]', "run --api-key=hunter2 --port 1",
    'run --db postgresql://me:hunter2@db/x --password "hunter2"', '["sh", "-c", "run --auth-token hunter2"]',
])  # fmt: skip
def test_secrets_of_commands_are_not_kept(tmp_path: Path, command: str) -> None:
    text = f"services:\n  a:\n    image: acme/a\n    command: {command}\n  db: {{image: postgres}}\n"
    unit = imported(tmp_path, text).draft.components["a"].unit
    assert unit.command
    assert not any("hunter2" in value.text + value.raw for value in unit.command)


def test_a_port_that_only_the_machine_itself_reaches_is_no_entrance(tmp_path: Path) -> None:
    system = architecture(tmp_path, "services: {a: {image: x/a, ports: ['127.0.0.1:80:80']}, b: {image: x/b, ports: ['80:80']}}\n")
    assert set(system.workloads) == {"b"}


def test_the_compose_file_of_a_reference_implementation(tmp_path: Path) -> None:
    """It imports to the parts and the relations of its own architecture file, as far as a manifest can state them."""
    folder = ROOT / "reference_impls" / "asynchronous"
    found = import_files([folder / "compose.yaml"], folder).draft.components
    assert {name: one.kind for name, one in found.items() if name != "users"} == {
        "api": "service", "worker": "worker", "queue": "queue", "database": "database",
    }
    pairs = {(name, one.verb, one.target) for name, part in found.items() for one in part.relations}
    assert {("api", "publishes", "queue"), ("worker", "consumes", "queue"), ("worker", "writes", "database")} <= pairs


def test_stores_by_a_shared_file_of_variables(tmp_path: Path) -> None:
    system = architecture(tmp_path, {
        "compose.yaml": """
            services:
              api: {image: x/api, env_file: .env, ports: ["80:80"]}
              files: {image: x/silo, env_file: .env, expose: [9000]}
            """,
        ".env": "MINIO_HOST=files\n",
    })  # fmt: skip
    assert kinds(system) == {"api": "service", "files": "object-store"}
    assert relations(system) == {("api", "reads", "files")}
