"""Kubernetes manifests to architectures."""

from __future__ import annotations

from pathlib import Path

from tests.importers.importing import architecture, imported, kinds, relations

SHOP = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      replicas: 3
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers:
            - name: web
              image: acme/web:1
              ports: [{containerPort: 8080}]
              env:
                - {name: RANKER_URL, value: "http://ranker-svc.shop.svc.cluster.local:9000"}
                - {name: DB_HOST, valueFrom: {configMapKeyRef: {name: settings, key: db}}}
                - {name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db, key: password}}}
              readinessProbe: {httpGet: {path: /, port: 8080}}
    ---
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: settings, namespace: shop}
    data: {db: pg}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: shop}
    spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: {name: public, namespace: shop}
    spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: ranker, namespace: shop}
    spec:
      selector: {matchLabels: {app: ranker}}
      template:
        metadata: {labels: {app: ranker}}
        spec:
          nodeSelector: {cloud.google.com/gke-accelerator: nvidia-l4}
          initContainers:
            - {name: fetch, image: amazon/aws-cli, args: [s3, cp, "s3://models/ranker", /models], volumeMounts: [{name: m, mountPath: /models}]}
            - {name: wait, image: busybox, command: [sh, -c, "until nc -z pg 5432; do sleep 1; done"]}
          containers:
            - name: server
              image: vllm/vllm-openai:v0.9.0
              resources: {limits: {cpu: "4", memory: 32Gi, nvidia.com/gpu: "1"}}
              volumeMounts: [{name: m, mountPath: /models}]
          volumes: [{name: m, emptyDir: {}}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: ranker-svc, namespace: shop}
    spec: {selector: {app: ranker}, ports: [{port: 9000}]}
    ---
    apiVersion: autoscaling/v2
    kind: HorizontalPodAutoscaler
    metadata: {name: ranker, namespace: shop}
    spec:
      scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: ranker}
      minReplicas: 2
      maxReplicas: 6
      metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: pg, namespace: shop}
    spec:
      serviceName: pg
      template:
        metadata: {labels: {app: pg}}
        spec: {containers: [{name: pg, image: "postgres:16"}]}
"""


def test_workloads_with_services_ingress_scaling_and_loaders(tmp_path: Path) -> None:
    system = architecture(tmp_path, {"all.yaml": SHOP})
    assert kinds(system) == {
        "web": "service", "ranker": "model-server", "ranker-fetch": "batch-job", "pg": "database", "public": "gateway",
    }
    assert relations(system) == {
        ("web", "calls", "ranker"), ("web", "reads", "pg"), ("web", "writes", "pg"), ("public", "calls", "web"),
        ("ranker", "loads", "ranker-fetch"),
    }
    ranker, web = system.components["ranker"], system.components["web"]
    assert ranker.scaling is not None
    assert (ranker.scaling.minimum, ranker.scaling.maximum, ranker.scaling.on) == (2, 6, "cpu")
    assert ranker.hardware is not None
    assert (ranker.hardware.gpu, ranker.hardware.gpus, ranker.hardware.cpu) == ("nvidia-l4", 1, 4)
    assert (web.replicas, web.ready_check) == (3, True)


def test_a_virtual_service_that_splits_a_service(tmp_path: Path) -> None:
    system = architecture(tmp_path, {"a.yaml": """
        apiVersion: v1
        kind: Service
        metadata: {name: scorer}
        spec: {selector: {app: scorer}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: old}
        spec: {template: {metadata: {labels: {app: scorer, version: v1}}, spec: {containers: [{name: a, image: x/a}]}}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: new}
        spec: {template: {metadata: {labels: {app: scorer, version: v2}}, spec: {containers: [{name: a, image: x/b}]}}}
        ---
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {name: scorer}
        spec: {host: scorer, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}
        ---
        apiVersion: networking.istio.io/v1
        kind: VirtualService
        metadata: {name: scorer}
        spec:
          hosts: [scorer]
          http:
            - timeout: 5s
              retries: {attempts: 2}
              route:
                - {destination: {host: scorer, subset: v1}, weight: 90}
                - {destination: {host: scorer, subset: v2}, weight: 10}
        """})
    assert relations(system) == {("scorer", "calls", "old"), ("scorer", "calls", "new")}
    arms = system.components["scorer"].relations
    assert [(one.share, one.timeout_s, one.retries, one.circuit_breaker) for one in arms] == [(0.9, 5, 2, None), (0.1, 5, 2, None)]


def test_a_graph_of_kserve(tmp_path: Path) -> None:
    system = architecture(tmp_path, {"a.yaml": """
        apiVersion: serving.kserve.io/v1beta1
        kind: InferenceService
        metadata: {name: first}
        spec:
          predictor: {minReplicas: 1, maxReplicas: 4, sklearn: {storageUri: "gs://models/first"}}
          transformer: {containers: [{name: c, image: acme/prepare}]}
        ---
        apiVersion: serving.kserve.io/v1beta1
        kind: InferenceService
        metadata: {name: second}
        spec: {predictor: {xgboost: {storageUri: "gs://models/second"}}}
        ---
        apiVersion: serving.kserve.io/v1alpha1
        kind: InferenceGraph
        metadata: {name: both}
        spec: {nodes: {root: {routerType: Ensemble, steps: [{serviceName: first}, {serviceName: second}]}}}
        """})
    assert relations(system) == {
        ("first-transformer", "calls", "first"), ("both", "calls", "first"), ("both", "calls", "second"),
    }
    assert kinds(system)["first"] == "model-server"
    assert set(system.models) == {"first", "second"}


DEPLOYMENT = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {{name: {name}}}
    spec:
      template:
        metadata: {{labels: {{app: {name}}}}}
        spec: {{containers: [{{name: c, image: "{image}", {more}}}]}}
    ---
    apiVersion: v1
    kind: Service
    metadata: {{name: {name}}}
    spec: {{selector: {{app: {name}}}}}
    ---
"""


def deployment(name: str, image: str = "acme/x", more: str = "ports: [{containerPort: 80}]") -> str:
    return DEPLOYMENT.format(name=name, image=image, more=more)


def test_a_gateway_with_routes_weights_and_a_mirror(tmp_path: Path) -> None:
    system = architecture(tmp_path, {"a.yaml": deployment("old") + deployment("new") + deployment("trial") + """
    apiVersion: gateway.networking.k8s.io/v1
    kind: Gateway
    metadata: {name: edge}
    ---
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata: {name: r}
    spec:
      parentRefs: [{name: edge}]
      rules:
        - backendRefs: [{name: old, port: 80, weight: 3}, {name: new, port: 80, weight: 1}]
          filters: [{type: RequestMirror, requestMirror: {backendRef: {name: trial, port: 80}}}]
    """})
    assert relations(system) == {("edge", "calls", "old"), ("edge", "calls", "new"), ("edge", "mirrors", "trial")}
    assert [one.share for one in system.components["edge"].relations if one.verb == "calls"] == [0.75, 0.25]


def test_an_inference_pool_leads_to_the_pods_that_it_selects(tmp_path: Path) -> None:
    system = architecture(tmp_path, {"a.yaml": deployment("llm", "vllm/vllm-openai:v0.9.0") + """
    apiVersion: inference.networking.k8s.io/v1
    kind: InferencePool
    metadata: {name: pool}
    spec: {selector: {matchLabels: {app: llm}}}
    ---
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata: {name: route}
    spec: {rules: [{backendRefs: [{group: inference.networking.k8s.io, kind: InferencePool, name: pool}]}]}
    """})
    assert relations(system) == {("route", "calls", "llm")}


def test_keda_cron_jobs_and_training(tmp_path: Path) -> None:
    job = """
    apiVersion: batch/v1
    kind: {kind}
    metadata: {{name: {name}}}
    spec: {spec}
    ---
    """
    pod = '{template: {spec: {containers: [{name: c, image: acme/j, command: [python, %s.py]}]}}}'
    system = architecture(tmp_path, {"a.yaml": deployment("api") + """
    apiVersion: keda.sh/v1alpha1
    kind: ScaledObject
    metadata: {name: s}
    spec: {scaleTargetRef: {name: api}, minReplicaCount: 0, maxReplicaCount: 9, triggers: [{type: rabbitmq}]}
    ---
    """ + job.format(kind="CronJob", name="nightly", spec="{schedule: '0 3 * * *', jobTemplate: {spec: " + pod % "score" + "}}")
        + job.format(kind="Job", name="fit", spec=pod % "train")})  # fmt: skip
    assert kinds(system) == {"api": "model-server", "nightly": "batch-job", "fit": "training-job"}
    scaling, schedule = system.components["api"].scaling, system.components["nightly"].schedule
    assert scaling is not None
    assert (scaling.minimum, scaling.maximum, scaling.on) == (0, 9, "rabbitmq")
    assert schedule is not None


def test_names_that_operators_make(tmp_path: Path) -> None:
    names = {"K": "bus-kafka-bootstrap:9092", "P": "data-rw:5432", "M": "iris-predictor.default.svc.cluster.local", "R": "serve-serve-svc:8000"}
    env = ", ".join(f"{{name: {key}_HOST, value: '{value}'}}" for key, value in names.items())
    system = architecture(tmp_path, {"a.yaml": deployment("api", more=f"env: [{env}]") + """
    apiVersion: kafka.strimzi.io/v1beta2
    kind: Kafka
    metadata: {name: bus}
    ---
    apiVersion: postgresql.cnpg.io/v1
    kind: Cluster
    metadata: {name: data}
    ---
    apiVersion: serving.kserve.io/v1beta1
    kind: InferenceService
    metadata: {name: iris}
    spec: {predictor: {model: {modelFormat: {name: sklearn}, storageUri: "gs://m/iris"}}}
    ---
    apiVersion: ray.io/v1
    kind: RayService
    metadata: {name: serve}
    spec:
      serveConfigV2: |
        applications: [{name: app, deployments: [{name: D, num_replicas: 2}]}]
      rayClusterConfig: {headGroupSpec: {template: {spec: {containers: [{name: head, image: "rayproject/ray:2.9.0"}]}}}}
    """})
    assert relations(system) == {
        ("api", "publishes", "bus"), ("api", "reads", "data"), ("api", "writes", "data"), ("api", "calls", "iris"),
        ("api", "calls", "serve"), ("serve", "calls", "app"), ("app", "calls", "D"),
    }
    assert system.components["D"].replicas == 2


def test_any_kind_that_holds_containers_and_kinds_that_do_not(tmp_path: Path) -> None:
    found = imported(tmp_path, {"a.yaml": """
        apiVersion: acme.dev/v1
        kind: Brain
        metadata: {name: brain}
        spec: {parts: [{lobes: {template: {spec: {containers: [{name: c, image: "vllm/vllm-openai:v0.9.0"}]}}}}]}
        ---
        apiVersion: acme.dev/v1
        kind: Mood
        metadata: {name: good}
        """})
    assert found.draft.components["brain"].kind == "model-server"
    assert "1 × Mood: a kind that archlint does not read" in found.draft.notes


def test_the_same_name_twice_is_an_alternative(tmp_path: Path) -> None:
    found = imported(tmp_path, {"cpu.yaml": deployment("m", "acme/cpu"), "gpu.yaml": deployment("m", "acme/gpu")})
    assert found.draft.components["m"].unit.image is not None
    assert found.draft.components["m"].unit.image.text == "acme/cpu"
    assert any("gpu.yaml" in note and "a second Deployment `m`" in note for note in found.draft.notes)


def test_a_sidecar_on_localhost_and_secrets_of_a_pod(tmp_path: Path) -> None:
    found = imported(tmp_path, {"a.yaml": """
        apiVersion: v1
        kind: Pod
        metadata: {name: p}
        spec:
          containers:
            - {name: main, image: acme/main, env: [{name: CACHE, value: "redis://:hunter2@localhost:6379"}, {name: API_KEY, value: hunter2}]}
            - {name: cache, image: "redis:7", ports: [{containerPort: 6379}]}
            - {name: istio-proxy, image: istio/proxyv2, ports: [{containerPort: 15001}]}
        """})
    assert {name: one.kind for name, one in found.draft.components.items()} == {"p": "service", "p-cache": "cache"}
    assert [one.target for one in found.draft.components["p"].relations] == ["p-cache"]
    assert not any("hunter2" in value.text + value.raw for value in found.draft.components["p"].unit.env.values())


def test_a_destination_rule_that_ejects_is_a_circuit_breaker(tmp_path: Path) -> None:
    more = 'env: [{name: B_URL, value: "http://b:80"}], ports: [{containerPort: 80}]'
    system = architecture(tmp_path, {"a.yaml": deployment("a", more=more) + deployment("b") + """
    apiVersion: networking.istio.io/v1
    kind: DestinationRule
    metadata: {name: b}
    spec: {host: b, trafficPolicy: {outlierDetection: {consecutive5xxErrors: 5}}}
    """})
    assert [one.circuit_breaker for one in system.components["a"].relations] == [True]


def test_a_model_server_by_its_probe(tmp_path: Path) -> None:
    more = "readinessProbe: {httpGet: {path: /v2/health/ready, port: 80}}, ports: [{containerPort: 80}]"
    system = architecture(tmp_path, {"a.yaml": deployment("m", more=more) + deployment("n")})
    assert (kinds(system)["m"], kinds(system)["n"]) == ("model-server", "service")
