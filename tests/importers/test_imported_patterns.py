"""Patterns that deployment files show by their structure; every name in them says nothing."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from archlint.api import check_targets
from archlint.linter import Options

SERVER = "image: tensorflow/serving:2.14.0"
CASES: dict[str, tuple[str, set[str], set[str]]] = {
    "a service before one model server": ("""
        services:
          a: {image: acme/a:1, ports: ["80:80"], environment: {NEXT: "http://b:8501"}}
          b: {image: tensorflow/serving:2.14.0}
        """, {"prep-pred"}, {"microservice-horizontal"}),
    "a proxy prepares nothing": ("""
        services:
          a: {image: nginx:1.27, ports: ["80:80"], environment: {NEXT: "http://b:8501"}, depends_on: [b]}
          b: {image: tensorflow/serving:2.14.0}
        """, set(), {"prep-pred"}),
    "variants of one program behind one caller": ("""
        services:
          a: {image: acme/a:1, ports: ["80:80"], environment: {X: "b:1000", Y: "c:1001"}}
          b: {image: acme/b:1, command: ./run.sh, environment: {PORT: 1000, MODE: p}}
          c: {image: acme/c:1, command: ./run.sh, environment: {PORT: 1001, MODE: q}}
        """, {"microservice-horizontal"}, {"microservice-vertical", "parameter-based"}),
    "settings turn parts of an answer off": ("""
        services:
          a: {image: acme/a:1, ports: ["80:80"], environment: {X: "b:1000", Y: "c:1001", ACTIVATE_P: 0, ACTIVATE_Q: 1}}
          b: {image: acme/b:1, command: ./run.sh, environment: {PORT: 1000, MODE: p}}
          c: {image: acme/c:1, command: ./run.sh, environment: {PORT: 1001, MODE: q}}
        """, {"microservice-horizontal", "parameter-based"}, set()),
    "one answer now, and a better one after a queue": ("""
        services:
          a: {image: acme/a:1, ports: ["80:80"], environment: {X: "http://b:8501", BROKER: "redis://q:6379"}, depends_on: [q]}
          b: {image: tensorflow/serving:2.14.0}
          c: {image: tensorflow/serving:2.15.0}
          q: {image: redis:7.2}
          w: {image: acme/w:1, command: celery -A jobs worker, environment: {Y: "http://c:8501", BROKER: "redis://q:6379"}}
        """, {"multiple-stage", "asynchronous"}, set()),
    "a worker without a model predicts nothing": ("""
        services:
          a: {image: acme/a:1, ports: ["80:80"], environment: {BROKER: "redis://q:6379"}}
          q: {image: redis:7.2}
          w: {image: acme/w:1, command: celery -A jobs worker, environment: {BROKER: "redis://q:6379"}}
        """, set(), {"asynchronous", "multiple-stage"}),
    "a monitor of the project reads what was predicted": ("""
        services:
          a: {image: acme/a:1, ports: ["80:80"], environment: {MODEL_PATH: /m, DB_HOST: s}, depends_on: [s]}
          s: {image: mysql:8.0, volumes: ["d:/var/lib/mysql"]}
          m: {image: acme/a:1, command: python -m src.monitor.main, environment: {DB_HOST: s}, depends_on: [s]}
        volumes: {d: }
        """, {"prediction-monitoring"}, set()),
    "an engine beside services that nothing connects to it is no web server": ("""
        services:
          e: {image: "nvcr.io/nvidia/tritonserver:24.08-py3", ports: ["8000:8000"]}
          a: {image: acme/a:1, ports: ["80:80"], depends_on: [e]}
          b: {image: acme/b:1, ports: ["81:80"]}
        """, set(), {"web-single"}),
}  # fmt: skip
POD = "template: {metadata: {labels: {app: %s}}, spec: {containers: [{name: m, image: %s, ports: [{containerPort: 8501}]}]}}"
FRONTED = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: a}}
spec: {{replicas: 3, selector: {{matchLabels: {{app: a}}}}, {POD % ("a", "tensorflow/serving:2.14.0")}}}
---
apiVersion: v1
kind: Service
metadata: {{name: a}}
spec: {{selector: {{app: a}}, ports: [{{port: 8501}}]}}
"""
CLUSTERS: dict[str, tuple[str, set[str], set[str]]] = {
    "a proxy ejects replicas": (FRONTED + """---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: a}
spec: {host: a, trafficPolicy: {outlierDetection: {consecutive5xxErrors: 5}}}
""", {"prediction-circuit-break"}, set()),
    "targets of a load generator": (FRONTED + """---
apiVersion: v1
kind: Pod
metadata: {name: c}
spec:
  containers: [{name: c, image: acme/c:1, command: [tail, -f, /dev/null], volumeMounts: [{name: t, mountPath: /opt}]}]
  volumes: [{name: t, configMap: {name: t}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: t}
data: {one: "GET http://a:8501/v1/models/a"}
""", {"load-test"}, set()),
    "a scheduled job and a service that reads its store": (FRONTED + """---
apiVersion: batch/v1
kind: CronJob
metadata: {name: j}
spec:
  schedule: "0 * * * *"
  jobTemplate: {spec: {template: {spec: {containers: [{name: j, image: acme/j:1, env: [{name: DB_HOST, value: s}]}]}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: r}
spec:
  selector: {matchLabels: {app: r}}
  template: {metadata: {labels: {app: r}}, spec: {containers: [{name: r, image: acme/r:1, env: [{name: DB_HOST, value: s}]}]}}
---
apiVersion: v1
kind: Service
metadata: {name: r}
spec: {selector: {app: r}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: s}
spec:
  serviceName: s
  selector: {matchLabels: {app: s}}
  template: {metadata: {labels: {app: s}}, spec: {containers: [{name: s, image: "postgres:16.4"}]}}
""", {"batch"}, set()),
    "a job that downloads is no batch prediction": (FRONTED + """---
apiVersion: batch/v1
kind: Job
metadata: {name: j}
spec: {template: {spec: {containers: [{name: j, image: acme/j:1, command: [python, download.py]}]}}}
""", set(), {"batch"}),
}  # fmt: skip


@pytest.mark.parametrize("name", [*CASES, *CLUSTERS])
def test_structure_decides_the_pattern(tmp_path: Path, name: str) -> None:
    text, present, absent = {**CASES, **CLUSTERS}[name]
    file = tmp_path / "x.yaml"
    file.write_text(dedent(text), encoding="utf-8")
    report = check_targets([file], Options(patterns=True, isolated=True))
    found = {one.pattern for one in report.files[0].patterns}
    assert present <= found
    assert not absent & found


KINDS = {
    "the only server of the files": ("services: {a: {image: acme/a:1, ports: ['80:80']}}", {"a": "model-server"}),
    "a page with a database is no model server": (
        "services: {a: {image: acme/a:1, ports: ['80:80'], environment: {DB_HOST: s}}, s: {image: 'postgres:16.4'}}", {"a": "service"},
    ),
    "what only writes to the queue of a worker": ("""
        services:
          q: {image: confluentinc/cp-kafka:7.6.0}
          t: {image: confluentinc/cp-kafka:7.6.0, command: kafka-topics --bootstrap-server q:9092 --create --topic x, depends_on: [q]}
          v: {image: "qdrant/qdrant:v1.12.0"}
          w: {image: acme/w:1, command: python main.py, depends_on: [t, v]}
          p: {image: acme/p:1, depends_on: [t, q]}
        """, {"w": "worker", "p": "client"}),
}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
def test_relations_decide_the_kind(tmp_path: Path, name: str) -> None:
    from tests.importers.importing import architecture, kinds

    text, wanted = KINDS[name]
    found = kinds(architecture(tmp_path, text))
    assert {part: found[part] for part in wanted} == wanted
