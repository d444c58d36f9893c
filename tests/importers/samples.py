"""A small file of each format that archlint imports, by the name of the format: what tests of hostile input damage."""

from __future__ import annotations

from typing import Final

SAMPLES: Final[dict[str, tuple[str, str]]] = {
    "compose": ("compose.yaml", """\
services:
  api:
    image: acme/api:${TAG:-1}
    ports: ["180:180", {target: 81}]
    environment:
      - RANKER_URL=http://ranker:8000
      - QUEUE=${QUEUE:-redis://queue:6379}
    depends_on: {queue: {condition: service_healthy}}
    env_file: [api.env]
    healthcheck: {test: ["CMD", "curl", "http://localhost:80"], interval: 10s}
  ranker:
    image: vllm/vllm-openai:v0.9.0
    command: --model acme/rank --tensor-parallel-size 2
    deploy: {replicas: 2, resources: {reservations: {devices: [{driver: nvidia, count: 2, capabilities: [gpu]}]}}}
  queue: {image: "redis:7", volumes: ["data:/data"]}
volumes: {data: }
"""),
    "kubernetes": ("manifests.yaml", """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      initContainers: [{name: get, image: fetch, command: [fetch, s3://bucket/m], volumeMounts: [{name: m, mountPath: /m}]}]
      containers:
        - name: api
          image: acme/api:1
          ports: [{containerPort: 80}]
          env: [{name: RANKER, value: "http://ranker.shop:80"}, {name: K, valueFrom: {configMapKeyRef: {name: c, key: k}}}]
          volumeMounts: [{name: m, mountPath: /m}]
          readinessProbe: {httpGet: {path: /, port: 80}}
          resources: {limits: {nvidia.com/gpu: 1, memory: 2Gi}}
      volumes: [{name: m, emptyDir: {}}]
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{port: 80}]}
---
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata: {name: ranker}
spec: {predictor: {minReplicas: 1, model: {modelFormat: {name: sklearn}, storageUri: "gs://m/1"}}}
---
apiVersion: ray.io/v1
kind: RayService
metadata: {name: ray}
spec:
  serveConfigV2: |
    applications:
      - {name: app, import_path: a.b, deployments: [{name: D, num_replicas: 2}]}
  rayClusterConfig: {headGroupSpec: {template: {spec: {containers: [{name: h, image: rayproject/ray:2}]}}}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: v}
spec: {hosts: [api], http: [{route: [{destination: {host: api}, weight: 90}, {destination: {host: ranker}, weight: 10}]}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: api, namespace: shop}
spec: {scaleTargetRef: {kind: Deployment, name: api}, minReplicas: 2, maxReplicas: 9}
"""),
    "kustomize": ("kustomization.yaml", """\
resources: [manifests.yaml, ../base]
namespace: prod
namePrefix: p-
commonLabels: {team: ml}
images: [{name: acme/api, newTag: "2"}]
replicas: [{name: api, count: 3}]
configMapGenerator: [{name: c, literals: [k=v], files: [a.conf]}]
patches:
  - target: {kind: Deployment, name: api}
    patch: |-
      - {op: replace, path: /spec/replicas, value: 4}
replacements: [{source: {kind: Service, name: api}, targets: [{select: {kind: Deployment}, fieldPaths: [spec.a.b]}]}]
"""),
    "helm": ("Chart.yaml", """\
apiVersion: v2
name: demo
version: 0.1.0
dependencies:
  - {name: store, version: 1.0.0, repository: "file://../store", condition: store.enabled, alias: db}
  - {name: redis, version: 1.0.0, repository: "https://charts.example.com", tags: [data]}
"""),
    "litellm": ("config.yaml", """\
model_list:
  - model_name: chat
    litellm_params: {model: openai/gpt, api_base: "http://vllm:8000", rpm: 10}
router_settings: {num_retries: 2, timeout: 30}
litellm_settings: {cache: true, cache_params: {type: redis, host: redis}}
"""),
    "triton": ("config.pbtxt", """\
name: "rank"
platform: "ensemble"
max_batch_size: 8
input [ { name: "X", data_type: TYPE_FP32, dims: [ 4 ] } ]
output [ { name: "Y" data_type: TYPE_FP32 dims: [ 1 ] } ]
instance_group [ { count: 2 kind: KIND_GPU } ]
dynamic_batching { preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 100 }
ensemble_scheduling { step [ { model_name: "a" model_version: -1 input_map { key: "X" value: "X" } } ] }
"""),
    "torchserve": ("config.properties", """\
inference_address=http://0.0.0.0:8080
management_address=http://0.0.0.0:8081
model_store=/models
load_models=all
models={"mnist": {"1.0": {"defaultVersion": true, "marName": "m.mar", "minWorkers": 1, "batchSize": 4, \\
  "maxBatchDelay": 10}}}
"""),
    "mlserver": ("model-settings.json", """\
{"name": "m", "implementation": "mlserver_sklearn.SKLearnModel", "max_batch_size": 5, "max_batch_time": 1,
 "parameters": {"uri": "./m.joblib", "version": "v1"}}
"""),
    "terraform": ("main.tf", """\
variable "n" { default = 2 }
locals { name = "q-${var.n}" }
resource "aws_sqs_queue" "q" {
  name           = local.name
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 3 })
}
resource "aws_sqs_queue" "dead" { name = "dead" }
resource "aws_lambda_function" "f" {
  function_name = "f"
  timeout       = 30
  environment { variables = { QUEUE = aws_sqs_queue.q.url } }
}
module "m" { source = "./m" }
"""),
    "cloudformation": ("template.yaml", """\
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Queue: {Type: "AWS::SQS::Queue", Properties: {QueueName: !Sub "${AWS::StackName}-q"}}
  Fn:
    Type: AWS::Lambda::Function
    Properties: {Timeout: 30, Environment: {Variables: {Q: !Ref Queue}}, Role: !GetAtt Role.Arn}
"""),
    "bentoml": ("service.py", """\
import bentoml

@bentoml.service(resources={"gpu": 1}, traffic={"timeout": 10})
class Rank:
    model = bentoml.models.BentoModel("rank:latest")

    @bentoml.api(batchable=True, max_batch_size=8)
    def rank(self, x: list) -> list: return x
"""),
    "modal": ("app.py", """\
import modal

app = modal.App("demo")

@app.function(gpu="A100", timeout=60, schedule=modal.Cron("0 3 * * *"))
def train() -> None: pass
"""),
    "ray": ("serve.py", """\
from ray import serve

@serve.deployment(num_replicas=2, ray_actor_options={"num_gpus": 1})
class Ranker:
    def __init__(self, other): self.other = other

app = Ranker.bind(Ranker.bind(None))
"""),
    "airflow": ("dag.py", """\
from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("nightly", schedule="0 3 * * *") as dag:
    a = BashOperator(task_id="a", bash_command="python a.py")
    b = BashOperator(task_id="b", bash_command="python b.py")
    a >> b
"""),
    "docker": ("run.sh", """\
#!/bin/sh
docker network create net
docker run -d --name api --network net -p 80:80 -e RANKER=http://ranker:8000 acme/api:1
docker run -d --name ranker --gpus all --network net vllm/vllm-openai:v0.9.0 --model "acme/rank"
"""),
    "langgraph": ("langgraph.json", '{"dependencies": ["."], "graphs": {"agent": "./agent.py:graph"}, "env": ".env"}\n'),
    "cog": ("cog.yaml", 'build: {gpu: true, python_version: "3.11"}\npredict: "predict.py:Predictor"\n'),
}  # fmt: skip
