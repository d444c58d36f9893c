"""What public images and programs are: data. Kinds are those of `arch.yaml`."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

import msgspec

from archlint.catalog.listening import repository_of
from archlint.catalog.technologies import shipped_technologies


class Known(msgspec.Struct, frozen=True):
    """A kind, with the technology of the catalogue if it is one, and why."""

    kind: str
    uses: str = ""
    reason: str = ""


_PAGES_OF_STORES: Final = (
    r"(^|/)(adminer|phpmyadmin|pgadmin4?|pgweb|redis-?commander|redisinsight|mongo-express|kafka-ui|kafdrop|attu|kibana|"
    r"opensearch-dashboards|akhq|dbeaver|cloudbeaver|redpandadata/console|qdrant-web-ui|cerebro|elasticvue|dejavu|"
    r"ch-ui|tabix|dozzle|conduktor-console)$"
)
IMAGES: Final[tuple[tuple[str, str, str], ...]] = (
    # part of the repository's path, kind, technology
    (r"(^|/)[\w-]+[_-]exporter$", "monitoring", ""), (r"(^|/)[\w-]*[_-]backup([_-][\w-]*)?$", "batch-job", ""),
    (r"michaelf34/infinity", "model-server", ""),
    (r"(^|/)redis/redis-stack|redislabs/(redismod|redisearch)|(^|/)redismod$|redis-stack", "vector-store", "redis"),
    (r"(^|/)(redis|valkey|keydb|dragonfly)(-server)?$|bitnami/redis", "cache", "redis"),
    (r"(^|/)pgvector", "vector-store", "pgvector"),
    (r"(^|/)(postgres|postgresql|postgis|timescaledb)(-\w+)?$", "database", "postgresql"),
    (r"(^|/)(mysql|mariadb|percona)(-server)?$", "database", "mysql"),
    (r"(^|/)(mongo|mongodb)(-community-server|-atlas-local|-enterprise-server)?$|(^|/)(documentdb|ferretdb)",
     "database", "mongodb"),
    (r"(^|/)(cassandra|scylla|couchdb|couchbase|cockroach|neo4j|arangodb|oceanbase[\w-]*|tidb|dgraph|influxdb|mssql\b.*|"
     r"azure-sql-edge|dynamodb-local|surrealdb|tarantool|foundationdb|hbase|questdb|victoria-metrics|memgraph[\w-]*|"
     r"janusgraph|falkordb|kuzu|meilisearch|typesense|solr|quickwit|manticore|zincsearch|rqlite|libsql-server|"
     r"supabase/postgres|nebula-graphd|tigergraph|yugabyte|singlestoredb[\w-]*|oracle-free|rethinkdb)$",
     "database", ""),
    (r"(^|/)elasticsearch", "database", "elasticsearch"),
    (r"(^|/)opensearch(-\w+)?$", "database", "opensearch"),
    (r"(^|/)(milvus)", "vector-store", "milvus"),
    (r"(^|/)qdrant$", "vector-store", "qdrant"),
    (r"(^|/)weaviate", "vector-store", "weaviate"),
    (r"(^|/)(chroma|chromadb)", "vector-store", "chroma"),
    (r"(^|/)(pgvecto-rs|vchord-postgres|pgvectorscale|timescaledb-ha)", "vector-store", "pgvector"),
    (r"(^|/)(vald|marqo|lancedb|infinity|seekdb|vespa|vearch|serenedb|myscaledb|deeplake|usearch|epsilla)([-:]|$)",
     "vector-store", ""),
    (r"(^|/)(clickhouse)(-server)?$", "warehouse", "clickhouse"),
    (r"(^|/)(trino|presto|druid|pinot|hive|spark-thrift|starrocks|doris|databend|dremio|duckdb)", "warehouse", ""),
    (r"(^|/)(cp-schema-registry|schema-registry|apicurio-registry[\w-]*|karapace|infisical|openbao)$|hashicorp/vault$",
     "config-store", ""),
    (r"(^|/)(cp-kafka-connect[\w-]*|debezium/connect|kafka-connect[\w-]*|ksqldb-server|cp-ksqldb-server|risingwave|"
     r"materialized|arroyo|bytewax|redpandadata/connect|benthos|storm|nifi|airbyte[\w/-]*|seatunnel)$",
     "stream-processor", ""),
    (r"(^|/)(cp-kafka|cp-enterprise-kafka|kafka|cp-server|redpanda|automq|bufstream)(-native|-local)?$",
     "queue", "kafka"),
    (r"(^|/)(cp-zookeeper|zookeeper)$", "config-store", "zookeeper"),
    (r"(^|/)(etcd)$", "config-store", "etcd"),
    (r"(^|/)(consul)$", "config-store", "consul"),
    (r"(^|/)flagd(-\w+)?$", "config-store", ""),
    (r"(^|/)rabbitmq", "queue", "rabbitmq"),
    (r"(^|/)nats(-\w+)?$", "queue", "nats"),
    (r"(^|/)(pulsar)(-all)?$", "queue", "pulsar"),
    (r"(^|/)(activemq|artemis|mosquitto|emqx|elasticmq|nsq|vernemq|beanstalkd|hivemq|rocketmq|iggy|rsmq|"
     r"eventhubs-emulator|servicebus-emulator|gcloud-pubsub-emulator|disque|faktory)", "queue", ""),
    (r"(^|/)memcached$", "cache", "memcached"),
    (r"(^|/)(minio|seaweedfs|rustfs|localstack|fake-gcs-server|azurite|garage|ceph|lakefs|s3proxy|versitygw|"
     r"adobe/s3mock|s3mock|moto|juicefs|alluxio|ozone)$", "object-store", ""),
    (r"(^|/)minio/mc$|(^|/)mc$", "batch-job", ""),
    (r"(^|/)(nginx|nginx-unprivileged|openresty|caddy|httpd|apache)(-\w+)?$", "load-balancer", "nginx"),
    (r"(^|/)haproxy", "load-balancer", "haproxy"),
    (r"(^|/)(traefik)$", "load-balancer", "traefik"),
    (r"(^|/)(nginx-proxy[\w-]*|swag|cloudflared|ngrok|frpc|frps|inlets[\w-]*|zoraxy|pgbouncer|pgpool|haproxy-ingress|"
     r"nginx-ingress[\w-]*|ingress-nginx|caddy-docker-proxy|tinyproxy|3proxy|mitmproxy)$", "gateway", ""),
    (r"(^|/)envoy(-\w+)?$|(^|/)envoyproxy/", "load-balancer", "envoy"),
    (r"(^|/)(kong|apisix|krakend|tyk|oauth2-proxy|squid)(-gateway)?$", "gateway", ""),
    (r"(^|/)litellm", "gateway", "litellm"),
    (r"(^|/)(portkeyai/gateway|portkey-gateway|one-api|new-api|bifrost|helicone[\w-]*|openrouter-runner|plano|archgw|"
     r"ai-gateway[\w-]*|envoy-ai-gateway[\w-]*|lunary|semantic-router|llm-d-router[\w-]*|lmstack-router|"
     r"aibrix-gateway[\w-]*|sgl-router|vllm-router|gateway-api-inference-extension/epp|llm-d-inference-scheduler)$",
     "gateway", ""),
    (r"(^|/)(nemo-microservices/guardrails|guardrails-server|guardrails-api|llm-guard-api|presidio-[a-z]+|"
     r"rebuff)$", "guardrail", ""),
    (r"(^|/)(prometheus|pushgateway|alertmanager|thanos|mimir|cortex|victoria-logs)$|prom/prometheus",
     "monitoring", "prometheus"),
    (r"(^|/)grafana(-oss|-enterprise)?$", "monitoring", "grafana"),
    (r"(^|/)(loki|promtail|tempo|alloy|jaeger|all-in-one|zipkin|opentelemetry-collector[\w-]*|otel[\w-]*collector[\w-]*|"
     r"fluentd[\w-]*|fluent-bit|vector|logstash|filebeat|metricbeat|statsd-exporter|node-exporter|cadvisor|dcgm-exporter|"
     r"[\w-]*exporter|flower|kafka-exporter|langfuse|langfuse-worker|phoenix|evidently-service|"
     r"graphite-statsd|graphite|telegraf|netdata|uptime-kuma|gatus|sentry|glitchtip|signoz[\w-]*|openobserve|hyperdx[\w-]*|"
     r"datadog-agent|newrelic-infra[\w-]*|beszel[\w-]*|gpustat[\w-]*|openlit|opik-[\w-]+|langsmith-[\w-]+|whylogs[\w-]*|"
     r"arize-phoenix|influxdb-telegraf|blackbox-exporter|pyroscope|beyla|"
     r"rq-dashboard|rq-monitor|bull-board|asynqmon)$|jaegertracing/|"
     r"(^|/)mher/flower", "monitoring", ""),
    (_PAGES_OF_STORES, "client", ""),
    (r"(^|/)(open-webui|swagger-ui|mailhog|mailpit|streamlit|gradio|anythingllm|flowise|lobe-chat[\w-]*|chat-ui|"
     r"chatgpt-next-web|nextchat|big-agi|chainlit|superset|metabase|redash|hoppscotch|lightdash|rstudio|shiny)$",
     "client", ""),
    (r"(^|/)(mlflow)([-_/]|$)", "model-registry", "mlflow"),
    (r"(^|/)(feature-server|feast[\w-]*)$|feastdev/", "feature-store", "feast"),
    (r"(^|/)airflow$", "scheduler", "airflow"),
    (r"(^|/)(prefect|dagster[\w-]*|temporal|auto-setup|argoexec|workflow-controller|kestra|mageai|windmill|"
     r"dolphinscheduler[\w-]*|azkaban[\w-]*|luigid|flyte[\w-]*|ofelia|cronicle|rundeck|hatchet-[\w-]+|"
     r"inngest|trigger\.dev)$", "scheduler", ""),
    (r"(^|/)tritonserver$", "model-server", "triton"),
    (r"tensorflow/serving|(^|/)tensorflow-serving|bitnami/tensorflow-serving", "model-server", "tensorflow-serving"),
    (r"(^|/)torchserve[\w-]*$", "model-server", "torchserve"),
    (r"(^|/)mlserver[\w-]*$", "model-server", "mlserver"),
    (r"(^|/)vllm(-[\w-]+)?$|vllm-(openai|cpu|gpu|tpu|rocm|hpu|xpu|gaudi)[\w-]*$|(^|/)vllm[\w-]*release-repo$",
     "model-server", "vllm"),
    (r"(^|/)sglang", "model-server", "sglang"),
    (r"(^|/)(text-generation-inference|tgi-gaudi)$", "model-server", "tgi"),
    (r"(^|/)(text-embeddings-inference|tei-gaudi)", "model-server", "tei"),
    (r"(^|/)ollama$", "model-server", "ollama"),
    (r"(^|/)llama[.-]cpp|(^|/)llama-server", "model-server", "llama-cpp"),
    (r"(^|/)(localai|lmdeploy|tabby|faster-whisper[\w-]*|whisper[\w-]*|infinity-emb|xinference|aphrodite[\w-]*|"
     r"openvino[\w-]*model_server|model_server|lorax|nim|paddle[\w-]*serving|lit-?serve|djl-serving|speaches|"
     r"kokoro-fastapi[\w-]*|openedai-speech[\w-]*|piper|wyoming-(piper|whisper|faster-whisper)|xtts[\w-]*|coqui[\w-]*|"
     r"tts-(cpu|server)|bark[\w-]*|text-generation-webui[\w-]*|koboldcpp[\w-]*|tabbyapi[\w-]*|exllama[\w-]*|"
     r"comfyui[\w-]*|invokeai|stable-diffusion[\w-]*|sd-webui[\w-]*|automatic1111[\w-]*|fooocus[\w-]*|"
     r"mistral\.?rs[\w-]*|mlc-llm[\w-]*|ramalama|llamafile[\w-]*|gpt4all[\w-]*|fastchat[\w-]*|deepspeed-mii|"
     r"deepsparse[\w-]*|argmax[\w-]*|riva-speech|nllb-serve|libretranslate|rembg|insightface[\w-]*|compreface[\w-]*|"
     r"immich-machine-learning|clip-(retrieval|as-service)|jina[\w-]*embeddings[\w-]*|multi2vec-clip|text2vec-[\w-]+|"
     r"t2v-transformers|reranker-transformers|transformers-inference|qna-transformers|img2vec-[\w-]+|"
     r"huggingface-[\w-]*inference[\w-]*|djl-inference|sagemaker-tritonserver|rasa|lmcache-vllm|dynamo-[\w-]+|"
     r"(vllm|sglang|tensorrtllm|trtllm)-runtime)$", "model-server", ""),
    (r"nvcr\.io/nim/", "model-server", "nim"),
    (r"nvcr\.io/nvidia/nemo-microservices/(nv|llama|nim)|nvcr\.io/nvidia/nemo(-inference)?$|"
     r"huggingfaceserver$|(sklearn|xgb|lgb|pmml|paddle|art)server$",
     "model-server", ""),
    (r"(^|/)(ray|ray-ml|ray-llm)$", "model-server", "ray-serve"),
    (r"(^|/)[\w-]*(notebook|jupyterlab|jupyter)[\w-]*$|(^|/)code-server$", "client", ""),
    (r"(^|/)(locust|k6|vegeta|hey|wrk|jmeter|artillery|perf_analyzer|genai-perf)$|peterevans/vegeta|grafana/k6",
     "client", ""),
    (r"(^|/)(curl|curlimages/curl|busybox|alpine|kubectl|aws-cli|cloud-sdk|google-cloud-cli|gsutil|rclone|git-sync|git|wait-for-it|"
     r"toolbox|netshoot|skopeo|ubuntu|debian)$", "batch-job", ""),
    (r"(^|/)(spark|flink|beam)([-_]\w+)?$", "stream-processor", ""),
)  # fmt: skip
"""Public images by their repository, without host of Docker Hub and tag; the first match counts."""

UTILITIES: Final = re.compile(
    r"(^|/)(curl|busybox|alpine|kubectl|aws-cli|cloud-sdk|google-cloud-cli|ubuntu|debian|python|node|"
    r"toolbox|netshoot|skopeo|rclone|pytorch|tensorflow|openjdk|golang)$"
)
"""Images that only give a shell or a language: the command decides."""

COMMANDS: Final[tuple[tuple[str, str, str], ...]] = (
    # pattern in the command, kind, technology
    (r"\bcelery\b.*\bflower\b|(^|\s)flower(\s|$)", "monitoring", ""),
    (r"\bcelery\b.*\bbeat\b", "scheduler", "celery"),
    (r"\bcelery\b.*\bworker\b", "worker", "celery"),
    (r"\brq-?scheduler\b|\bdask[- ]scheduler\b", "scheduler", ""),
    (r"\bdask[- ](cuda[- ])?worker\b", "worker", ""),
    (r"\brq-dashboard\b", "monitoring", ""),
    (r"\blmcache(_experimental)?[_.]server\b|\blmcache\.v1\.server\b|\bmooncake_master\b", "cache", ""),
    (r"\b(rq|arq|dramatiq|huey|huey_consumer|taskiq|streamz|faststream)\b.*\b(worker|run)?\b.*", "worker", ""),
    (r"\btemporal\b.*\bworker\b", "worker", ""),
    (r"\bvllm[-_]router\b|\bsgl(ang)?[-_]router\b|sglang_router|\bdynamo\.frontend\b", "gateway", ""),
    (r"\bdynamo\.vllm\b", "model-server", "vllm"), (r"\bdynamo\.sglang\b", "model-server", "sglang"),
    (r"\bdynamo\.trtllm\b", "model-server", "tensorrt-llm"),
    (r"\btritonserver\b", "model-server", "triton"),
    (r"\bvllm\s+serve\b|vllm\.entrypoints|\bvllm_serve\b", "model-server", "vllm"),
    (r"\bsglang\b.*launch_server|sglang\.launch_server|\bsglang\s+serve\b", "model-server", "sglang"),
    (r"\btext-generation-launcher\b|\btext-generation-router\b", "model-server", "tgi"),
    (r"\btext-embeddings-router\b", "model-server", "tei"),
    (r"\bllama-server\b|llama_cpp\.server", "model-server", "llama-cpp"),
    (r"\bollama\s+serve\b", "model-server", "ollama"),
    (r"\btensorflow_model_server\b|\btf_?serving\w*", "model-server", "tensorflow-serving"),
    (r"\btorchserve\b", "model-server", "torchserve"),
    (r"\bmlserver\s+(start|serve)\b", "model-server", "mlserver"),
    (r"\bbentoml\s+serve\b|\bbentoml\s+start", "model-server", "bentoml"),
    (r"\bmlflow\s+models\s+serve\b", "model-server", "mlflow"),
    (r"\bmlflow\s+(server|ui)\b", "model-registry", "mlflow"),
    (r"\bonnx_?runtime_?server|onnxruntime_server", "model-server", "onnx-runtime"),
    (r"\btrtllm-serve\b|tensorrt_llm\.commands\.serve|launch_triton_server", "model-server", "tensorrt-llm"),
    (r"\blmdeploy\s+serve\b|\bxinference-local\b|jetstream.*server|maxengine", "model-server", ""),
    (r"\bserve\s+(run|start|deploy)\b|\bray\s+start\b", "model-server", "ray-serve"),
    (r"\blitellm\b", "gateway", "litellm"),
    (r"\bfeast\s+serve\b", "feature-store", "feast"),
    (r"\bairflow\s+celery\s+worker\b", "worker", "airflow"),
    (r"\bairflow\s+(scheduler|triggerer|dag-processor|standalone)\b", "scheduler", "airflow"),
    (r"\bairflow\s+(webserver|api-server)\b", "client", "airflow"),
    (r"\b(jupyter|jupyter-lab|jupyterlab|jupyter-notebook)\b", "client", ""),
    (r"\b(locust|vegeta|k6\s+run|wrk|hey|artillery)\b", "client", ""),
    (r"\b(streamlit|gradio)\s", "client", ""),
    (r"\bprometheus\b.*--config", "monitoring", "prometheus"),
    (r"\b(redis-server|valkey-server)\b", "cache", "redis"),
    (r"\bmilvus\s+run\b", "vector-store", "milvus"),
    (r"\bnginx\b", "load-balancer", "nginx"),
    (r"\b(huggingface-cli|hf)\s+download\b|\bgsutil\b.*\bcp\b|\baws\s+s3\s+(cp|sync)\b|\bsnapshot_download\b|\bwget\b|\bgit\s+clone\b",
     "batch-job", ""),
    (r"\bspark-submit\b", "batch-job", ""),
)  # fmt: skip
"""Programs by their command line; the first match counts."""

MAX_COMMAND: Final = 20_000
WEB_SERVERS: Final[tuple[tuple[str, str], ...]] = (
    (r"\b(uvicorn|fastapi)\b", "fastapi"), (r"\bflask\b", "flask"), (r"manage\.py\s+runserver|\bdjango\b", "django"),
)  # fmt: skip
_SERVES: Final = re.compile(
    r"\b(uvicorn|gunicorn|hypercorn|waitress-serve)\b|\bflask\b.*\srun\b|manage\.py\s+runserver|\bfastapi\s+(run|dev)\b"
)

SCHEMES: Final[dict[str, tuple[str, str]]] = {
    "redis": ("cache", "redis"), "rediss": ("cache", "redis"), "memcached": ("cache", "memcached"),
    "postgresql": ("database", "postgresql"), "postgres": ("database", "postgresql"), "mysql": ("database", "mysql"),
    "mariadb": ("database", "mysql"), "mongodb": ("database", "mongodb"), "mongodb+srv": ("database", "mongodb"),
    "cassandra": ("database", "cassandra"), "bolt": ("database", "neo4j"), "neo4j": ("database", "neo4j"),
    "clickhouse": ("warehouse", "clickhouse"), "amqp": ("queue", "rabbitmq"), "amqps": ("queue", "rabbitmq"),
    "kafka": ("queue", "kafka"), "nats": ("queue", "nats"), "pulsar": ("queue", "pulsar"), "mqtt": ("queue", ""),
}  # fmt: skip
"""What answers at an address, by its scheme; a driver after `+` does not matter."""
VARIABLES: Final[tuple[tuple[str, str, str], ...]] = (
    (r"(^|_)(REDIS|VALKEY)(_|$)", "cache", "redis"), (r"(^|_)MEMCACHED?(_|$)", "cache", "memcached"),
    (r"(^|_)(POSTGRES|POSTGRESQL|PG|PGHOST)(_|$)", "database", "postgresql"),
    (r"(^|_)(MYSQL|MARIADB)(_|$)", "database", "mysql"),
    (r"(^|_)MONGO(DB)?(_|$)", "database", "mongodb"),
    (r"(^|_)(ELASTIC\w*|ES)_(URL|HOST|ENDPOINT)", "database", "elasticsearch"),
    (r"(^|_)(KAFKA|BOOTSTRAP_SERVERS)(_|$)", "queue", "kafka"), (r"(^|_)(RABBIT\w*|AMQP)(_|$)", "queue", "rabbitmq"),
    (r"(^|_)NATS(_|$)", "queue", "nats"), (r"(^|_)QDRANT(_|$)", "vector-store", "qdrant"),
    (r"(^|_)MILVUS(_|$)", "vector-store", "milvus"), (r"(^|_)WEAVIATE(_|$)", "vector-store", "weaviate"),
    (r"(^|_)CHROMA(DB)?(_|$)", "vector-store", "chroma"), (r"(^|_)VECTOR_?(DB|STORE)(_|$)", "vector-store", ""),
    (r"(^|_)(MINIO|S3_ENDPOINT|S3_ENDPOINT_URL)(_|$)", "object-store", ""),
    (r"(^|_)(MLFLOW|TRACKING_URI)(_|$)", "model-registry", "mlflow"), (r"(^|_)FEAST(_|$)", "feature-store", "feast"),
    (r"(^|_)(PROMETHEUS|PUSHGATEWAY)(_|$)", "monitoring", "prometheus"),
    (r"(^|_)(OTEL|OTLP|JAEGER|ZIPKIN|LOKI|STATSD)(_|$)", "monitoring", ""),
)  # fmt: skip
"""What answers at an address, by the name of the variable that holds it."""


def by_address(variable: str, scheme: str) -> Known | None:
    """Return what answers at an address, by its scheme or by its variable."""
    found = SCHEMES.get(scheme.partition("+")[0]) or SCHEMES.get(scheme)
    if found is not None:
        return Known(*found, f"an address {scheme}://")
    name = variable.upper().replace("-", "_")
    for pattern, kind, uses in _compiled(VARIABLES):
        if pattern.search(name):
            return Known(kind, uses, f"{variable} holds its address")
    return None


@cache
def _compiled(table: tuple[tuple[str, str, str], ...]) -> tuple[tuple[re.Pattern[str], str, str], ...]:
    return tuple((re.compile(pattern, re.DOTALL), kind, uses) for pattern, kind, uses in table)


@cache
def _catalogue() -> dict[str, tuple[str, str]]:
    entries = shipped_technologies().entries.values()
    return {image: (entry.kind, entry.name) for entry in entries for image in entry.images}


def by_image(image: str) -> Known | None:
    """Return what a public image is; None for any other."""
    name = repository_of(image)
    found = _catalogue().get(name)
    for pattern, kind, uses in _compiled(IMAGES):
        if pattern.search(name):
            return Known(kind, uses or (found[1] if found else ""), f"image {name}")
    return Known(found[0], found[1], f"image {name}") if found else None


def shows_a_store(image: str) -> bool:
    """Whether a public image is a page that shows one store.

    >>> shows_a_store("docker.elastic.co/kibana/kibana:8.1"), shows_a_store("acme/api")
    (True, False)
    """
    return re.search(_PAGES_OF_STORES, repository_of(image)) is not None


def by_command(command: str) -> Known | None:
    """Return what a command starts, if it is a known program."""
    command = command[:MAX_COMMAND]
    for pattern, kind, uses in _compiled(COMMANDS):
        match = pattern.search(command)
        if match is not None:
            return Known(kind, uses, f"command `{match[0].strip()[:40]}`")
    return None


def serves_requests(command: str) -> bool:
    """Whether a command starts a server of a web application.

    >>> serves_requests("uvicorn app:api --port 8000"), serves_requests("flask db upgrade")
    (True, False)
    """
    return _SERVES.search(command[:MAX_COMMAND]) is not None


def web_server(command: str) -> str:
    """Return the web framework that a command names, if any."""
    return next((uses for pattern, uses in WEB_SERVERS if re.search(pattern, command)), "")
