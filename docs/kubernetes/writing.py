"""The text of the manifests, one file for each part."""

from __future__ import annotations

import json
import re
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import urlsplit

from docs.kubernetes import servers
from docs.kubernetes.reading import LEFT_OUT, Part, Pattern, read_pattern

SECRET: Final = {"SERVE_ADMIN_TOKENS": True, "SERVE_TENANTS": False}
"""Settings that come from a Secret; whether the part starts without it."""
LAME_DUCK_S: Final = 5
_USUAL: Final = ("250m", "256Mi", "512Mi", 60)
"""Cores, memory, its limit, and the checks at the start, one in 2 s."""
_LANGUAGE: Final = ("500m", "512Mi", "1Gi", 150)
"""The same of a server that trains a language model when it starts."""
_WORKLOAD = Template("""\
---
apiVersion: apps/v1
kind: $kind
metadata: {name: $name, labels: $labels}
spec:
$scale  selector: {matchLabels: $labels}
  template:
    metadata: {labels: $labels}
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: $grace
      securityContext: {runAsNonRoot: true, runAsUser: 10001, fsGroup: 10001, seccompProfile: {type: RuntimeDefault}}
      topologySpreadConstraints:               # one zone, or one node, may fail
        - maxSkew: 1
          topologyKey: topology.kubernetes.io/zone
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: {matchLabels: $labels}
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector: {matchLabels: $labels}
$affinity$before      containers:
        - name: $name
          image: $image
$command$ports          envFrom: [{configMapRef: {name: $name}}]
$secrets$probes          resources:                            # no limit of cores: a busy neighbour has its own request
            requests: {cpu: $cpu, memory: $memory}
            limits: {memory: $most}
          securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
          volumeMounts: $mounts
      volumes: $volumes
$claims""")
_PROBES = """\
          startupProbe:                         # it listens after its model is loaded
            httpGet: {path: /live, port: http}
            periodSeconds: 2
            failureThreshold: $starts
          livenessProbe:
            httpGet: {path: /live, port: http}
            periodSeconds: 10
            timeoutSeconds: 5
          readinessProbe:
            httpGet: {path: /ready, port: http}
            periodSeconds: 5
            timeoutSeconds: 2
            failureThreshold: 2
"""
_CLAIMS = """\
  volumeClaimTemplates:                         # what it keeps must outlive its pod
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""
_CLAIM = Template("""\
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: $name, labels: $labels}
spec: {accessModes: [$mode], resources: {requests: {storage: 1Gi}}}
""")
_SERVICE = Template("""\
---
apiVersion: v1
kind: Service
metadata: {name: $name, labels: $labels}
spec:
  selector: $labels
  ports: [{name: http, port: 8000, targetPort: http}]
""")
_BUDGET = Template("""\
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: $name, labels: $labels}
spec: {maxUnavailable: 1, selector: {matchLabels: $labels}}
""")
_AUTOSCALER = Template("""\
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: $name, labels: $labels}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: $kind, name: $name}
  minReplicas: $least
  maxReplicas: $most
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
  behavior: {scaleDown: {stabilizationWindowSeconds: 300}}
""")
_SCALED = Template("""\
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: $name, labels: $labels}
spec:
  scaleTargetRef: {name: $name}
  minReplicaCount: $least
  maxReplicaCount: $most
  cooldownPeriod: 300
  triggers:
$trigger""")
_RABBIT = Template("""\
    - type: rabbitmq
      metadata: {hostFromEnv: SERVE_QUEUE_URL, queueName: $queue, mode: QueueLength, value: "20"}
""")
_KAFKA = Template("""\
    - type: kafka
      metadata: {bootstrapServers: "$host", consumerGroup: $queue, topic: $queue, lagThreshold: "20"}
""")
_PARAMETERS = Template("""\
# The off switch: `kubectl edit configmap parameters`. Every pod reads it from its mount, within about a minute.
apiVersion: v1
kind: ConfigMap
metadata: {name: parameters, labels: $labels}
data:
  parameters.json: '{"parameters": {"enabled": true}}'
""")


def manifests(root: Path) -> dict[Path, str]:
    """Return the manifests of all reference implementations that run as services, with their texts."""
    folders = [path.parent for path in sorted(root.glob("*/compose.yaml")) if path.parent.name not in LEFT_OUT]
    return {folder / "kubernetes" / name: text for folder in folders for name, text in _files(folder).items()}


def _files(folder: Path) -> dict[str, str]:
    pattern = read_pattern(folder)
    files = {f"{part.name}.yaml": _part(pattern, part) for part in pattern.parts}
    if pattern.module == "parameter_based":
        files["parameters.yaml"] = _PARAMETERS.substitute(labels=servers.labels(pattern, "parameters"))
    return files | {f"{one.name}.yaml": servers.manifest(pattern, one) for one in pattern.servers}


def _part(pattern: Pattern, part: Part) -> str:
    labels = servers.labels(pattern, part.name)
    names = {"name": part.name, "labels": labels}
    least, most = part.replicas
    own = part.volume == "own"
    cores, memory, limit, starts = _needs(pattern, part)
    mounts, volumes = _volumes(pattern, part)
    text = _head(pattern, part) + _config(part, labels)
    text += _WORKLOAD.substitute(
        names, kind="StatefulSet" if own else "Deployment", image=f"{part.image}:1.0.0", scale=_scale(part),
        grace=part.grace_s, affinity=_affinity(pattern, part), before=_before(part), command=_command(part),
        secrets=_secrets(part), probes="" if part.quiet else Template(_PROBES).substitute(starts=starts),
        cpu=cores, memory=memory, most=limit, mounts=mounts, volumes=volumes, claims=_CLAIMS if own else "",
        ports="" if part.quiet else "          ports: [{name: http, containerPort: 8000}]\n",
    )  # fmt: skip
    if part.volume not in ("", "own") and part.name in ("api", "registry"):
        text += _CLAIM.substitute(labels=labels, name=_claim(pattern), mode=part.volume)
    text += "" if part.quiet else _SERVICE.substitute(names)
    text += _BUDGET.substitute(names) if least > 1 else ""
    if part.queue:
        url = servers.kafka_url(part.environment["SERVE_QUEUE_URL"])
        form = _KAFKA if url.startswith("kafka:") else _RABBIT
        trigger = form.substitute(queue=part.queue, host=urlsplit(url).netloc)
        text += _SCALED.substitute(names, least=least, most=most, trigger=trigger)
    elif most > least:
        kind = "StatefulSet" if own else "Deployment"
        text += _AUTOSCALER.substitute(names, kind=kind, least=least, most=most)
    return text


def _needs(pattern: Pattern, part: Part) -> tuple[str, str, str, int]:
    language = "kit.llm.server" in part.command or pattern.module in ("streamed_answer", "continuous_batching")
    return _LANGUAGE if language else _USUAL


def _claim(pattern: Pattern) -> str:
    return "documents" if pattern.module == "rag" else "versions"


def _head(pattern: Pattern, part: Part) -> str:
    target = part.image.removeprefix(pattern.name).removeprefix("-")
    argument = f" --build-arg PART={target}" if target else ""
    lines = [f"# docker build -f {pattern.module}/Dockerfile{argument} -t {part.image}:1.0.0 ."]
    if pattern.module == "model_in_image":
        lines = ["# Build and tag it as the Dockerfile says, and write that tag here: one image has one model."]
    for name in set(part.environment) & set(SECRET):
        key = name.removeprefix("SERVE_").lower()
        lines.append(f"# kubectl create secret generic {part.name} --from-literal={key}='{{…}}'")
    if part.queue:
        lines.append("# KEDA sets the number of pods by the messages that wait: https://keda.sh")
    return "\n".join(lines) + "\n"


def _config(part: Part, labels: str) -> str:
    """Return the ConfigMap with its settings; those with a password are in the pod."""
    plain = {name: _value(value) for name, value in part.environment.items() if not _is_secret(name, value)}
    if part.image == "parameter-based":
        plain["SERVE_PARAMETERS"] = "/etc/parameters/parameters.json"
    rows = [f"  {name}: {_quoted(value)}" for name, value in plain.items() if value]
    if not part.queue and not part.quiet:
        note = "# requests may come for so long after SIGTERM"
        rows.append(f'  SERVE_LAME_DUCK_S: "{LAME_DUCK_S}"                        {note}')
    data = "data:\n" + "\n".join(rows) if rows else "data: {}"
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {part.name}, labels: {labels}}}\n{data}\n"


def _quoted(value: str) -> str:
    return f"'{value}'" if '"' in value else f'"{value}"'


def _value(value: str) -> str:
    """Return a setting without the variables of Compose, whose defaults it takes."""
    value = " ".join(value.split())
    filled = re.sub(r"\$\{\w+(?::?[-?]([^}]*))?\}", lambda found: found[1] or "", value)
    return servers.kafka_url(filled)


def _is_secret(name: str, value: str) -> bool:
    return name in SECRET or (not value.startswith(("{", "[")) and bool(urlsplit(value).password))


def _secrets(part: Part) -> str:
    rows: list[str] = []
    for name, value in part.environment.items():
        if name in SECRET:
            optional = ", optional: true" if SECRET[name] else ""
            key = name.removeprefix("SERVE_").lower()
            rows.append(f"- {{name: {name}, valueFrom: {{secretKeyRef: {{name: {part.name}, key: {key}{optional}}}}}}}")
        elif _is_secret(name, value):
            rows += servers.address_of(name, value)
    return "          env:\n" + "".join(f"            {row}\n" for row in rows) if rows else ""


def _scale(part: Part) -> str:
    least, most = part.replicas
    count = f"  replicas: {least}\n" if least == most else ""
    if part.only:
        count = f"  replicas: 1                                   # it keeps its {part.only} in a file\n"
    if part.volume == "own":
        return f"{count}  serviceName: {part.name}\n"
    if part.volume == "ReadWriteOnce":
        return f"{count}  strategy: {{type: Recreate}}\n"
    return count + "  strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}\n"


def _affinity(pattern: Pattern, part: Part) -> str:
    if part.volume != "ReadWriteOnce" or part.name == "api":
        return ""
    term = f"{{topologyKey: kubernetes.io/hostname, labelSelector: {{matchLabels: {servers.labels(pattern, 'api')}}}}}"
    return (
        "      affinity:                                # where the volume is\n        podAffinity:\n"
        f"          requiredDuringSchedulingIgnoredDuringExecution:\n            - {term}\n"
    )


def _before(part: Part) -> str:
    if not part.before:
        return ""
    lines = ["      initContainers:"]
    needs = f"{{requests: {{cpu: {_USUAL[0]}, memory: {_USUAL[1]}}}, limits: {{memory: {_USUAL[2]}}}}}"
    bounds = "{allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}"
    for number, command in enumerate(part.before):
        lines += [
            f"        - name: prepare{f'-{number}' if number else ''}",
            f"          image: {part.image}:1.0.0",
            f"          command: {json.dumps(command)}",
            f"          resources: {needs}",
            f"          securityContext: {bounds}",
            "          volumeMounts: [{name: data, mountPath: /data}, {name: tmp, mountPath: /tmp}]",
        ]
    return "\n".join(lines) + "\n"


def _command(part: Part) -> str:
    return f"          command: {json.dumps(part.command)}\n" if part.command else ""


def _volumes(pattern: Pattern, part: Part) -> tuple[str, str]:
    mounts = ["{name: data, mountPath: /data}", "{name: tmp, mountPath: /tmp}"]
    volumes = ["{name: tmp, emptyDir: {}}"]
    if not part.volume:
        volumes.append("{name: data, emptyDir: {}}")
    elif part.volume != "own":
        volumes.append(f"{{name: data, persistentVolumeClaim: {{claimName: {_claim(pattern)}}}}}")
    if pattern.module == "parameter_based":
        mounts.append("{name: parameters, mountPath: /etc/parameters, readOnly: true}")
        volumes.append("{name: parameters, configMap: {name: parameters}}")
    return f"[{', '.join(mounts)}]", f"[{', '.join(volumes)}]"
