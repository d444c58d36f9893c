"""Kubernetes manifests to architectures."""

from __future__ import annotations

from pathlib import Path

from tests.importers.importing import architecture, kinds, relations

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
        ("web", "calls", "ranker"), ("web", "reads", "pg"), ("public", "calls", "web"), ("ranker", "loads", "ranker-fetch"),
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
            - route:
                - {destination: {host: scorer, subset: v1}, weight: 90}
                - {destination: {host: scorer, subset: v2}, weight: 10}
        """})
    assert relations(system) == {("scorer", "calls", "old"), ("scorer", "calls", "new")}
    assert [one.share for one in system.components["scorer"].relations] == [0.9, 0.1]


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
