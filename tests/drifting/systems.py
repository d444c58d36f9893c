"""Deployment files of small systems, each with a number of replicas that a test changes."""

from __future__ import annotations

from typing import Final

COMPOSE: Final = """
services:
  web:
    image: acme/web:1.0
    ports: ["80:80"]
    environment: {API_URL: "http://api:8000"}
  api:
    image: acme/api:1.0
    container_name: shop_api
    deploy: {replicas: 2}
    environment: {REDIS_URL: "redis://cache:6379", LLM_URL: "http://llm:8000/v1"}
  cache:
    image: redis:7.2
  llm:
    image: vllm/vllm-openai:v0.9.0
    command: --model acme/chat-7b --tensor-parallel-size 2
    deploy:
      resources: {reservations: {devices: [{driver: nvidia, count: 2, capabilities: [gpu]}]}}
"""
KUBERNETES: Final = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: front}
spec:
  replicas: 2
  selector: {matchLabels: {app: front}}
  template:
    metadata: {labels: {app: front}}
    spec:
      containers:
        - name: main
          image: acme/front:1.0
          ports: [{containerPort: 80}]
          env: [{name: RANKER_URL, value: "http://ranker-svc:80"}]
          readinessProbe: {httpGet: {path: /ready, port: 80}}
---
apiVersion: v1
kind: Service
metadata: {name: ranker-svc}
spec: {selector: {app: ranker}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ranker}
spec:
  selector: {matchLabels: {app: ranker}}
  template:
    metadata: {labels: {app: ranker}}
    spec:
      containers:
        - name: main
          image: nvcr.io/nvidia/tritonserver:24.05-py3
          resources: {limits: {nvidia.com/gpu: 1, memory: 8Gi}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: ranker}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: ranker}
  minReplicas: 2
  maxReplicas: 6
"""
SERVING: Final = """
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: iris}
spec:
  predictor:
    minReplicas: 2
    model: {modelFormat: {name: sklearn}, storageUri: "s3://models/iris"}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: score}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          containers: [{name: main, image: "acme/score:1.0", env: [{name: IRIS_URL, value: "http://iris-predictor"}]}]
"""
SYSTEMS: Final = {
    "compose": (COMPOSE, "replicas: 2", "api"),
    "kubernetes": (KUBERNETES, "replicas: 2", "front"),
    "autoscaled": (KUBERNETES, "minReplicas: 2", "ranker"),
    "kserve": (SERVING, "minReplicas: 2", "iris"),
}
"""Each system with the text that states replicas, and the component that has them."""
