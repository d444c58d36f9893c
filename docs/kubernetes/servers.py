"""Manifests of other people's programs: nginx, Redis, Prometheus, and the operators of databases and queues."""

from __future__ import annotations

import re
from string import Template
from textwrap import indent
from typing import Final
from urllib.parse import urlsplit

from docs.kubernetes.reading import Pattern, Server

_SECRETS: Final = {
    "postgres": ("{host}-app", "{host}-rw", "app"), "amqp": ("{host}-default-user", "{host}", ""),
}  # fmt: skip
_POD = Template("""\
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: $name, labels: $labels}
spec:
  replicas: $replicas
  selector: {matchLabels: $labels}
  template:
    metadata: {labels: $labels}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: $grace
      securityContext: {runAsNonRoot: true, runAsUser: $user, fsGroup: $user, seccompProfile: {type: RuntimeDefault}}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: {matchLabels: $labels}
      containers:
        - name: $name
          image: $image
$more          ports: [{name: http, containerPort: $port}]
          livenessProbe: {tcpSocket: {port: http}, periodSeconds: 10, timeoutSeconds: 2}
          readinessProbe: {$ready, periodSeconds: 5, timeoutSeconds: 2}
          resources:
            requests: {cpu: $cpu, memory: $memory}
            limits: {memory: $memory}
          securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
          volumeMounts: $mounts
      volumes: $volumes
---
apiVersion: v1
kind: Service
metadata: {name: $name, labels: $labels}
spec:
  selector: $labels
  ports: [{name: http, port: $port, targetPort: http}]
""")
_BUDGET = Template("""\
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: $name, labels: $labels}
spec: {maxUnavailable: 1, selector: {matchLabels: $labels}}
""")
_POSTGRES = Template("""\
# PostgreSQL with a second instance that takes over, by CloudNativePG: https://cloudnative-pg.io
# Its operator makes the Service $name-rw and the Secret $name-app.
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: $name, labels: $labels}
spec:
  instances: $replicas
  imageName: ghcr.io/cloudnative-pg/postgresql:15.14
  affinity: {topologyKey: topology.kubernetes.io/zone}
  resources: {requests: {cpu: 500m, memory: 512Mi}, limits: {memory: 1Gi}}
  storage: {size: 10Gi}
""")
_RABBIT = Template("""\
# RabbitMQ by its operator: https://www.rabbitmq.com/kubernetes/operator/operator-overview
# It makes the Service $name and the Secret $name-default-user; quorum queues keep a copy on each of the nodes.
apiVersion: rabbitmq.com/v1beta1
kind: RabbitmqCluster
metadata: {name: $name, labels: $labels}
spec:
  replicas: $replicas
  image: rabbitmq:3.13.7-management
  resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {cpu: "1", memory: 1Gi}}
  persistence: {storage: 10Gi}
""")
_KAFKA = Template("""\
# Kafka by Strimzi: https://strimzi.io. Its operator makes the Service $name-kafka-bootstrap.
apiVersion: kafka.strimzi.io/v1
kind: Kafka
metadata: {name: $name, labels: $labels}
spec:
  kafka:
    version: 4.1.0
    listeners: [{name: plain, port: 9092, type: internal, tls: false}]
    config: {default.replication.factor: 3, min.insync.replicas: 2, offsets.topic.replication.factor: 3}
    rack: {topologyKey: topology.kubernetes.io/zone}
  entityOperator: {topicOperator: {}}
---
apiVersion: kafka.strimzi.io/v1
kind: KafkaNodePool
metadata: {name: nodes, labels: {strimzi.io/cluster: $name}}
spec:
  replicas: $replicas
  roles: [controller, broker]
  resources: {requests: {cpu: 500m, memory: 2Gi}, limits: {memory: 2Gi}}
  storage: {type: persistent-claim, size: 20Gi}
""")
_TOPIC = Template("""\
---
apiVersion: kafka.strimzi.io/v1
kind: KafkaTopic
metadata: {name: $topic, labels: {strimzi.io/cluster: $name}}
spec: {partitions: 8, replicas: 3$config}
""")
_HEALTH = "  location = /healthz { access_log off; return 204; }      # of nginx itself\n"


def labels(pattern: Pattern, name: str) -> str:
    """Return the labels of a part, which also select its pods."""
    return f"{{app.kubernetes.io/name: {name}, app.kubernetes.io/part-of: {pattern.name}}}"


def kafka_host(host: str) -> str:
    """Return the address of Kafka, as its operator names it."""
    name, _, port = host.partition(":")
    return f"{name}-kafka-bootstrap:{port}"


def kafka_url(value: str) -> str:
    """Return a setting with the address of Kafka, if it is one.

    >>> kafka_url("kafka://stream:9092")
    'kafka://stream-kafka-bootstrap:9092'
    """
    return f"kafka://{kafka_host(value.removeprefix('kafka://'))}" if value.startswith("kafka://") else value


def address_of(name: str, value: str) -> list[str]:
    """Return the variables of an address with a password: user and password are in the Secret of the operator."""
    url = urlsplit(value)
    secret, host, path = _SECRETS["amqp" if url.scheme == "amqp" else "postgres"]
    stem = url.hostname or ""
    prefix = stem.upper()
    of = secret.format(host=stem)
    rows = [
        f"- {{name: {prefix}_{key.upper()}, valueFrom: {{secretKeyRef: {{name: {of}, key: {key}}}}}}}"
        for key in ("username", "password")
    ]
    where = f"{url.scheme}://$({prefix}_USERNAME):$({prefix}_PASSWORD)@{host.format(host=stem)}/{path}"
    return [*rows, f"- {{name: {name}, value: {where}}}"]


def manifest(pattern: Pattern, server: Server) -> str:
    """Return the file of a server."""
    names = {"name": server.name, "labels": labels(pattern, server.name), "replicas": str(server.replicas)}
    if server.what == "postgres":
        return _POSTGRES.substitute(names)
    if server.what == "rabbitmq":
        return _RABBIT.substitute(names)
    if server.what == "kafka":
        return _KAFKA.substitute(names) + "".join(_topics(server.name))
    if server.what == "redis":
        return _redis(names)
    if server.what == "prometheus":
        return _prometheus(names, server)
    return _nginx(names, server, pattern)


def _topics(name: str) -> list[str]:
    kinds = {"": "", ".retry": "", ".dead": "", ".hand": ", config: {cleanup.policy: compact}"}
    return [_TOPIC.substitute(name=name, topic=f"measurements{end}", config=config) for end, config in kinds.items()]


def _redis(names: dict[str, str]) -> str:
    command = '["redis-server", "--save", "", "--maxmemory", "200mb", "--maxmemory-policy", "allkeys-lru"]'
    return "# A cache: the parts work without it, so one is enough.\n" + _POD.substitute(
        names, image="redis:7.4", user=999, port=6379, more=f"          command: {command}\n", grace=30,
        ready="tcpSocket: {port: http}", cpu="100m", memory="256Mi", mounts="[{name: data, mountPath: /data}]",
        volumes="[{name: data, emptyDir: {}}]",
    ).removeprefix("---\n")  # fmt: skip


def _nginx(names: dict[str, str], server: Server, pattern: Pattern) -> str:
    (file,) = server.files
    text = _balancing(file.read_text(encoding="utf-8"), pattern)
    slowest = max(int(seconds) for seconds in re.findall(r"proxy_read_timeout (\d+)s", text))
    stop = "          lifecycle: {preStop: {sleep: {seconds: 5}}}      # connections may come for so long\n"
    text = _config(names, {"default.conf": text}) + _POD.substitute(
        names, image="nginxinc/nginx-unprivileged:1.27.5", user=101, port=8000, more=stop, grace=15 + slowest,
        ready="httpGet: {path: /healthz, port: http}", cpu="100m", memory="64Mi",
        mounts="[{name: config, mountPath: /etc/nginx/conf.d, readOnly: true}, {name: tmp, mountPath: /tmp}]",
        volumes=f"[{{name: config, configMap: {{name: {names['name']}}}}}, {{name: tmp, emptyDir: {{}}}}]",
    )  # fmt: skip
    head = "# nginx, with the configuration of compose.yaml. In front of it, an Ingress or a Gateway of your cluster.\n"
    return head + text + _BUDGET.substitute(names)


def _balancing(text: str, pattern: Pattern) -> str:
    """Return a configuration of Compose for Kubernetes, where a Service picks one of the ready pods.

    Each request has a connection of its own, so each is balanced. A second line of the same Service allows a retry.
    """
    text = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("# "))
    text = re.sub(r" +# below fail_timeout.*", "", text)
    found = re.search(r"upstream (\w+) \{.*?\n\}\n", text, re.DOTALL)
    if found:
        name = re.findall(r"server ([\w-]+):8000", found[0])[0]
        line = f"  server {pattern.renamed.get(name, name)}:8000 max_fails=0;\n"
        block = "# The Service picks a ready pod for each connection; the second line allows a retry.\n"
        text = text.replace(found[0], f"{block}upstream {found[1]} {{\n{line}{line}}}\n")
    return text.replace("  listen 8000;\n", f"  listen 8000;\n{_HEALTH}")


def _prometheus(names: dict[str, str], server: Server) -> str:
    files = {
        ("prometheus.yml" if file.stem == "prometheus" else file.name): _scraping(file.read_text(encoding="utf-8"))
        for file in server.files
    }
    pod = _POD.substitute(
        names, image="prom/prometheus:v2.55.1", user=65534, port=9090, grace=30,
        more='          args: ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]\n',
        ready="httpGet: {path: /-/ready, port: http}", cpu="250m", memory="512Mi",
        mounts="[{name: config, mountPath: /etc/prometheus, readOnly: true}, {name: data, mountPath: /prometheus}]",
        volumes=f"[{{name: config, configMap: {{name: {names['name']}}}}}, {{name: data, emptyDir: {{}}}}]",
    )  # fmt: skip
    pods = f"""\
---
apiVersion: v1
kind: Service
metadata: {{name: api-pods, labels: {names["labels"]}}}
spec:
  clusterIP: None                               # its name resolves to all pods: each has metrics of its own
  selector: {names["labels"].replace("name: prometheus", "name: api")}
  ports: [{{name: metrics, port: 8000, targetPort: http}}]
"""
    head = "# For a cluster without Prometheus; otherwise give its operator these rules.\n"
    return head + _config(names, files) + pod + pods


def _scraping(text: str) -> str:
    text = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("# "))
    all_pods = "dns_sd_configs: [{names: [api-pods], type: A, port: 8000}]"
    return text.replace('static_configs: [{targets: ["api:8000"]}]', all_pods)


def _config(names: dict[str, str], files: dict[str, str]) -> str:
    rows = "".join(f"  {name}: |\n{indent(text, '    ')}" for name, text in files.items())
    metadata = f"{{name: {names['name']}, labels: {names['labels']}}}"
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {metadata}\ndata:\n{rows}"
