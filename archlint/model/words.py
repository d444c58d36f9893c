"""The fixed vocabulary of `arch.yaml`: kinds of component, verbs of relation, and what each means."""

from __future__ import annotations

from typing import Final

KINDS: Final = {
    "client": "sends requests: an app, a page, another product's backend",
    "load-balancer": "spreads requests over replicas (nginx, ELB)",
    "gateway": "routes, authenticates or limits incoming requests",
    "service": "runs application code, without a model",
    "model-server": "answers requests with a model",
    "worker": "takes work from a queue",
    "batch-job": "processes many records, then ends",
    "stream-processor": "processes an endless stream (Flink, Spark Streaming)",
    "scheduler": "starts jobs (Airflow, cron)",
    "training-job": "produces a model",
    "queue": "keeps messages between publishers and consumers (Kafka, RabbitMQ)",
    "cache": "keeps copies of answers or data, which may be lost (Redis, Memcached)",
    "database": "keeps records (PostgreSQL, MongoDB)",
    "warehouse": "keeps data for analysis (BigQuery, Snowflake)",
    "object-store": "keeps files (S3, GCS)",
    "feature-store": "keeps features for training and serving (Feast)",
    "model-registry": "keeps model artefacts and their versions (MLflow)",
    "log-store": "keeps logs of predictions",
    "vector-store": "finds the nearest embeddings (Qdrant, Milvus, pgvector)",
    "config-store": "keeps settings and flags that components read (etcd, OpenFeature)",
    "monitoring": "collects metrics and alerts (Prometheus, Grafana)",
    "guardrail": "checks requests or answers, and stops what is not allowed",
    "edge-device": "runs a model on the caller's own device",
    "external": "belongs to another organisation or team",
}
STORES: Final = frozenset(
    {
        "cache", "database", "warehouse", "object-store", "feature-store", "vector-store", "config-store", "log-store",
        "model-registry",
    }
)  # fmt: skip
DURABLE_STORES: Final = STORES - {"cache", "log-store", "model-registry", "config-store"}
BALANCERS: Final = frozenset({"load-balancer", "gateway"})
SERVERS: Final = frozenset({"service", "model-server", "worker", "stream-processor", "gateway", "guardrail"})
"""Kinds that run all the time and may answer with a model."""
WORKING_KINDS: Final = frozenset({
    "service", "model-server", "worker", "stream-processor", "feature-store", "database", "warehouse", "external",
})  # fmt: skip
"""Kinds whose own work is unknown if it is not stated; balancers, gateways and caches are assumed to need none."""
WITHOUT_MODEL: Final = frozenset(
    {"load-balancer", "scheduler", "queue", "cache", "object-store", "model-registry", "log-store", "config-store"}
)
"""Kinds that serve no model, with any technology."""
WITHOUT_TRAINING: Final = WITHOUT_MODEL - {"scheduler"} | {
    "client", "gateway", "database", "monitoring", "guardrail",
}  # fmt: skip
DEAD_LETTER_KINDS: Final = STORES | {"queue", "external"}
REGISTRY_KINDS: Final = frozenset({"model-registry", "object-store", "external", "database", "warehouse", "service"})
MAY_CACHE: Final = STORES - {"log-store", "model-registry", "config-store"} | {"external"}

VERBS: Final = {
    "calls": "request and response; the caller waits",
    "reads": "data from a store; the caller waits",
    "writes": "data to a store; the caller waits unless `wait: false`",
    "publishes": "a message to a queue; the caller does not wait",
    "consumes": "messages from a queue",
    "triggers": "starts a job",
    "mirrors": "a copy of the traffic; its answers are discarded",
    "loads": "a model artefact, at start or on request",
    "logs_to": "predictions, to a log store",
    "monitored_by": "metrics, to a monitoring system",
}
PRECISIONS: Final = {
    "fp64": 8.0, "fp32": 4.0, "tf32": 4.0, "fp16": 2.0, "bf16": 2.0, "fp8": 1.0, "int8": 1.0, "uint8": 1.0,
    "fp4": 0.5, "int4": 0.5,
}  # fmt: skip
"""Bytes of one parameter."""

BALANCING: Final = {
    "pooled": "free workers of all replicas take requests from one queue",
    "round-robin": "each replica in turn",
    "least-loaded": "the replica with the fewest requests",
    "random": "any replica",
    "consistent-hash": "equal keys go to the same replica",
    "prefix-aware": "prompts that start alike go to the same replica",
}
FAMILIES: Final = {
    "transformer": "a language, vision or embedding model with attention",
    "cnn": "a convolutional network",
    "mlp": "a plain feed-forward network",
    "gbdt": "gradient-boosted trees",
    "linear": "a linear or logistic model",
    "dlrm": "a recommender with large embedding tables",
    "other": "none of these",
}
READ_WHOLE: Final = frozenset({"transformer", "cnn", "mlp"})
"""Families of models whose weights, except embedding tables, are all read for each prediction, if they are dense."""
MAY_HAVE_EXPERTS: Final = frozenset({"transformer"})
"""Families of models of which a mixture of experts reads a part for each prediction: `active_parameters`."""
_KEYS_OF_FAMILIES: Final = {
    "timeouts": ("timeout", "retries", "retry_budget"),
    "dead-letters": ("dead_letter", "max_attempts"),
    "logs": ("logs_to",),
    "monitoring": ("monitored_by",),
    "owners": ("owner",),
    "versions": ("version", "registry"),
    "access": ("auth", "exposed"),
}
FACT_FAMILIES: Final = {
    **{family: ", ".join(f"`{key}`" for key in keys) for family, keys in _KEYS_OF_FAMILIES.items()},
    "all": "all of these",
}
"""Families of facts, and the keys that describe each."""
FAMILY_OF_KEY: Final = {key: family for family, keys in _KEYS_OF_FAMILIES.items() for key in keys}
"""The family that each key describes: without any of its keys, whether a fact of the family exists is unknown."""

SYNONYMS: Final = {
    "vector_database": "vector-store", "vector_db": "vector-store", "vectordb": "vector-store",
    "lb": "load-balancer", "loadbalancer": "load-balancer", "proxy": "gateway", "api": "service", "app": "service",
    "server": "model-server", "db": "database", "job": "batch-job", "cron": "scheduler", "broker": "queue",
    "topic": "queue", "bucket": "object-store", "storage": "object-store", "dwh": "warehouse", "frontend": "client",
    "user": "client", "predictor": "model-server", "instances": "replicas", "replica": "replicas", "count": "replicas",
    "azs": "zones", "availability_zones": "zones", "az": "zones", "depends_on": "calls", "call": "calls",
    "technology": "uses", "type": "kind", "tech": "uses", "size": "artifact", "latency": "service_time",
    "cron_schedule": "schedule", "dlq": "dead_letter", "requests": "rate", "qps": "rate", "rps": "rate",
    "client": "from", "objectives": "slo", "sla": "slo", "name": "system", "services": "components",
    "ram": "memory", "mem": "memory", "vram": "gpu_memory", "cores": "cpu", "cpus": "cpu", "vcpu": "cpu",
    "vcpus": "cpu", "accelerator": "gpu", "gpu_type": "gpu", "gpu_count": "gpus", "models": "serves",
    "model": "serves", "dependencies": "calls", "links": "calls", "produces": "publishes", "publishes_to": "publishes",
    "subscribes": "consumes", "subscribes_to": "consumes", "consumes_from": "consumes", "reads_from": "reads",
    "writes_to": "writes", "logs": "logs_to", "metrics": "monitored_by", "monitoring": "monitored_by",
    "monitors": "monitored_by", "target": "to", "retry": "retries", "concurrency": "workers", "threads": "workers",
    "processes": "workers", "autoscaling": "autoscale", "hpa": "autoscale", "crontab": "schedule",
    "slack": "contact", "headcount": "engineers", "max_batch_size": "max_size", "max_latency": "max_delay",
    "float64": "fp64", "double": "fp64", "float32": "fp32", "float": "fp32", "single": "fp32", "float16": "fp16",
    "moe": "transformer", "llm": "transformer", "kv_precision": "kv_per_token", "kv_cache_dtype": "kv_per_token",
    "half": "fp16", "bfloat16": "bf16", "float8": "fp8", "4bit": "int4", "8bit": "int8",
    "fast_api": "fastapi", "tf_serving": "tensorflow-serving", "params": "parameters", "n_params": "parameters",
    "num_parameters": "parameters", "active_params": "active_parameters", "quantization": "precision",
    "quantisation": "precision", "dtype": "precision", "every": "schedule", "interval": "schedule", "cost": "price",
    "input": "in", "output": "out", "prompt": "in", "completion": "out", "input_tokens": "in", "output_tokens": "out",
    "prompt_tokens": "in", "completion_tokens": "out", "streaming": "stream", "streams": "stream",
    "context_length": "context", "context_window": "context", "min_replicas": "min", "max_replicas": "max",
    "accelerators": "gpus", "time_to_first_token": "ttft", "time_per_output_token": "tpot", "uptime": "availability",
}  # fmt: skip
"""Common synonyms, and the word of the format; used only in suggestions."""
OTHER_SYNONYMS: Final = {"count": "gpus", "cron": "schedule"}
"""What a synonym means where the format does not have the word of `SYNONYMS`."""
WRITTEN_INSIDE: Final = {
    "batch_size": "batching: {max_size: %s}", "max_batch_size": "batching: {max_size: %s}",
    "batch_timeout": "batching: {max_delay: %s}",
}  # fmt: skip
"""Synonyms of keys of a component that are written inside another key, with that form."""
