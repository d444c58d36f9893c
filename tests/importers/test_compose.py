"""Docker Compose files to architectures."""

from __future__ import annotations

from pathlib import Path

import pytest

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
        ("web", "calls", "ranker"), ("web", "reads", "store"), ("web", "reads", "db"), ("mailer", "calls", "web"),
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
    (relation,) = found.draft.components["api"].relations
    assert (relation.verb, relation.target, relation.strength) == ("reads", "db", "fair")
    assert relation.derivation == "depends_on on a database"


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
