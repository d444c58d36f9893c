"""Every key of `arch.yaml`, with its type and description. The reader and the JSON Schema both use this table."""

from __future__ import annotations

import re

from archlint.model.architecture import (
    Batching,
    Entrance,
    Hardware,
    LoadTest,
    Model,
    Owner,
    Preprocessing,
    Price,
    Scaling,
    Slo,
    Team,
    Workload,
)
from archlint.model.cron import Schedule, parse_schedule
from archlint.model.fields import Field, Rec, Wrapped
from archlint.model.percentiles import DURATION, LatencyType, ServiceTimeType
from archlint.model.quantities import (
    Money,
    parse_bandwidth,
    parse_count,
    parse_duration,
    parse_money,
    parse_rate,
    parse_share,
    parse_size,
    shorten,
)
from archlint.model.types import Choice, Flag, Many, Name, Parsed, Schema, Text
from archlint.model.units import (
    BANDWIDTH_PATTERN,
    COUNT_PATTERN,
    CPU_PATTERN,
    DATE_PATTERN,
    DURATION_PATTERN,
    MONEY_PATTERN,
    RATE_PATTERN,
    SHARE_PATTERN,
    SIZE_PATTERN,
    WHOLE_PATTERN,
)
from archlint.model.words import KINDS, PRECISIONS

FORMAT_VERSION = "1"
_MOST = 1e9
_MOST_REPLICAS = 1e6


def _parse_cpu(text: str) -> float:
    """Cores; `500m` is half a core, as Kubernetes writes it."""
    if re.fullmatch(r"[0-9]{1,7}m", text):
        return int(text[:-1]) / 1000
    return parse_count(text)


def _parse_whole(text: str) -> float:
    value = parse_count(text)
    if value != int(value):
        raise ValueError(f"`{shorten(text)}` is not a whole number; write 2 or 3")
    if value > _MOST:
        raise ValueError(f"`{shorten(text)}` is too large; write a number up to 1B")
    return value


def _parse_replicas(text: str) -> float:
    value = _parse_whole(text)
    if value > _MOST_REPLICAS:
        raise ValueError(f"`{shorten(text)}` is too large; write a number up to 1M")
    return value


def _parse_date(text: str) -> str:
    if re.fullmatch(DATE_PATTERN, text):
        from datetime import date

        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise ValueError(f"`{text}` is not a day of the calendar; write it like 2027-03-31") from None
    raise ValueError(f"`{shorten(text)}` is not a date; write it like 2027-03-31")


_BOUND = r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(<=|>=|==|<|>)\s*(.+?)\s*"


def parse_bound(text: str) -> tuple[str, str, str]:
    """Split a condition on a term into its name, operator and limit.

    >>> parse_bound("rate < 50/s")
    ('rate', '<', '50/s')
    """
    match = re.fullmatch(_BOUND, text) if len(text) <= 200 else None
    if match is None:
        raise ValueError(f"`{shorten(text)}` is not a condition; write TERM OP QUANTITY, as in rate < 50/s")
    return match[1], match[2], match[3]


def _parse_id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", text):
        raise ValueError(f"`{shorten(text)}` is not a rule id; write it like SRV001")
    return text


_AT_LEAST_ZERO: Schema = {"minimum": 0}
_INTEGER: Schema = {"minimum": 0, "maximum": int(_MOST), "multipleOf": 1}
_SHARE_NUMBER: Schema = {"minimum": 0, "maximum": 1}
_REPLICA_NUMBER: Schema = {"minimum": 0, "maximum": int(_MOST_REPLICAS), "multipleOf": 1}

TEXT = Text()
TECHNOLOGY, ACCELERATOR = Text("technology"), Text("accelerator")
FLAG = Flag()
COUNT: Parsed[float] = Parsed(parse_count, "a count", "12", COUNT_PATTERN, name="count", number=_AT_LEAST_ZERO)
WHOLE: Parsed[float] = Parsed(_parse_whole, "a whole number", "2", WHOLE_PATTERN, name="whole-number", number=_INTEGER)
REPLICA_COUNT: Parsed[float] = Parsed(
    _parse_replicas, "a whole number", "2", WHOLE_PATTERN, name="replica-count", number=_REPLICA_NUMBER
)  # fmt: skip
WORKERS: Parsed[float] = Parsed(
    _parse_replicas, "a whole number", "2", WHOLE_PATTERN, name="replica-count", number=_REPLICA_NUMBER,
    zero="no request would be handled; write at least 1",
)  # fmt: skip
AT_LEAST_ONE: Parsed[float] = Parsed(
    _parse_whole, "a whole number", "2", WHOLE_PATTERN, name="whole-number", number=_INTEGER,
    zero="nothing would be accepted; write at least 1, or remove the key",
)  # fmt: skip
CPU: Parsed[float] = Parsed(_parse_cpu, "a number of cores", "4", CPU_PATTERN, name="cores", number=_AT_LEAST_ZERO)
SIZE: Parsed[int] = Parsed(parse_size, "a size", "1.1GB", SIZE_PATTERN, name="size")
RATE: Parsed[float] = Parsed(parse_rate, "a rate", "40/s", RATE_PATTERN, name="rate")
BANDWIDTH: Parsed[float] = Parsed(parse_bandwidth, "a bandwidth", "200MB/s", BANDWIDTH_PATTERN, name="bandwidth")
SHARE: Parsed[float] = Parsed(parse_share, "a share", "99.5%", SHARE_PATTERN, name="share", number=_SHARE_NUMBER)
MONEY: Parsed[Money] = Parsed(parse_money, "a price", "0.40 USD per 1k", MONEY_PATTERN, name="money")
DATE: Parsed[str] = Parsed(_parse_date, "a date", "2027-03-31", DATE_PATTERN, name="date")
RULE_ID: Parsed[str] = Parsed(_parse_id, "a rule id", "SRV001", r"^[A-Za-z][A-Za-z0-9_-]*$", name="rule-id")
BOUND: Parsed[tuple[str, str, str]] = Parsed(parse_bound, "a condition", "rate < 50/s", None, name="bound")
SCHEDULE: Parsed[Schedule] = Parsed(parse_schedule, "a schedule", "0 3 * * *", None, name="schedule")
TIMEOUT: Parsed[float] = Parsed(
    parse_duration, "a duration", "200ms", DURATION_PATTERN, name="duration",
    zero="every attempt would time out; remove the key if there is no timeout",
)  # fmt: skip
PERIOD: Parsed[float] = Parsed(
    parse_duration, "a duration", "30d", DURATION_PATTERN, name="duration",
    zero="a period cannot be zero; write one such as 30d, or remove the key",
)  # fmt: skip
COMPONENT = Name("components")
MODEL = Name("models")
SERVICE_TIME = ServiceTimeType()

NONE, UNKNOWN, NOT_ASKED = "none", "unknown; a rule that needs it is undecided", "no objective"

OWNER: Rec[Owner] = Rec(
    Owner,
    (
        Field("team", TEXT, "The team responsible for it."),
        Field("contact", TEXT, "How to reach the team in an incident: a channel or an address."),
        Field("runbook", TEXT, "What to do when it fails: a path or a URL."),
    ),
    "an owner",
    Wrapped(TEXT, lambda team: Owner(team=team)),
    name="owner",
)
TEAM: Rec[Team] = Rec(
    Team,
    (
        Field("engineers", WHOLE, "How many engineers build and run the system.", absent=UNKNOWN),
        Field("on_call", FLAG, "Whether an engineer is on call.", absent=UNKNOWN),
    ),
    "a team",
    name="team",
)
HARDWARE: Rec[Hardware] = Rec(
    Hardware,
    (
        Field("cpu", CPU, "CPU cores per replica.", absent=UNKNOWN),
        Field("memory", SIZE, "Memory per replica.", attribute="memory_bytes", absent=UNKNOWN),
        Field("gpu", ACCELERATOR, "The accelerator: from the catalogue (t4, l4, h100), or another.", absent=UNKNOWN),
        Field("gpus", REPLICA_COUNT, "Number of accelerators per replica.",
              absent="assumed to be 1 if `gpu` is set"),
        Field("gpu_memory", SIZE, "Memory per accelerator.", attribute="gpu_memory_bytes",
              absent="the value from the hardware catalogue"),
    ),
    "hardware",
    name="hardware",
)  # fmt: skip
SCALING: Rec[Scaling] = Rec(
    Scaling,
    (
        Field("min", REPLICA_COUNT, "Minimum number of replicas.", attribute="minimum", absent=UNKNOWN),
        Field("max", REPLICA_COUNT, "Maximum number of replicas.", attribute="maximum", absent=UNKNOWN),
        Field("on", TEXT, "The metric that drives scaling: queue-depth, cpu, rate.", absent=UNKNOWN),
    ),
    "a range of replicas",
    name="range",
)
REPLICAS: Rec[float | Scaling] = Rec(
    Scaling, tuple(SCALING.fields.values()), "a range of replicas", REPLICA_COUNT, name="replicas"
)
PREPROCESSING: Rec[Preprocessing] = Rec(
    Preprocessing,
    (
        Field("service_time", SERVICE_TIME, "Time per request, without load.", absent=UNKNOWN),
        Field("hardware", HARDWARE, "The hardware that it needs.", absent=UNKNOWN),
    ),
    "preprocessing",
    name="preprocessing",
)
BATCHING: Rec[Batching] = Rec(
    Batching,
    (
        Field("max_size", AT_LEAST_ONE, "Maximum number of requests per batch.", absent=UNKNOWN),
        Field("max_delay", DURATION, "Maximum wait for a batch to fill.", attribute="max_delay_s", absent=UNKNOWN),
    ),
    "batching",
    name="batching",
)
LOAD_TEST: Rec[LoadTest] = Rec(
    LoadTest,
    (
        Field("rate", RATE, "The request rate that the test reached.", attribute="rate_per_s", absent=UNKNOWN),
        Field("p99", DURATION, "The p99 latency at that rate.", attribute="p99_s", absent=UNKNOWN),
        Field("date", DATE, "The date of the test.", absent=UNKNOWN),
    ),
    "a load test",
    name="load-test",
)
PRICE: Rec[Price] = Rec(
    Price,
    (
        Field("amount", MONEY, "The price per replica.", required=True),
        Field("source", TEXT, "Where the price comes from."),
        Field("date", DATE, "The date of the price."),
    ),
    "a price",
    Wrapped(MONEY, lambda amount: Price(amount=amount)),
    name="price",
)
SLO: Rec[Slo] = Rec(
    Slo,
    (
        Field("latency", LatencyType(), "Maximum latency per percentile. One duration is the p99.", absent=NOT_ASKED),
        Field("availability", SHARE, "Minimum share of requests that succeed.", absent=NOT_ASKED),
        Field("freshness", DURATION, "Maximum age of a prediction.", attribute="freshness_s", absent=NOT_ASKED),
    ),
    "an objective",
    name="objectives",
)  # fmt: skip
ENTRANCE: Rec[Entrance] = Rec(
    Entrance,
    (
        Field("client", COMPONENT, "The client component that sends these requests.", required=True),
        Field("to", COMPONENT, "The one component that these requests go to, if the client has several relations.",
              absent="all of them"),
    ),
    "an entrance",
    Wrapped(COMPONENT, lambda client: Entrance(client=client)),
    name="entrance",
)
WORKLOAD: Rec[Workload] = Rec(
    Workload,
    (
        Field("description", TEXT, "What this workload is."),
        Field("from", ENTRANCE, "The client that sends the requests.", attribute="entrance", required=True),
        Field("rate", RATE, "Mean request rate.", attribute="rate_per_s", absent=UNKNOWN),
        Field("peak", RATE, "The highest rate that must meet the objectives.", attribute="peak_per_s", absent=UNKNOWN),
        Field("models", Many(MODEL), "The models that one request runs, in order. Needed only if a server on the "
              "path serves several.", absent="all models of the servers that the workload reaches"),
        Field("waits", FLAG, "Whether the product waits for the answer.", absent=UNKNOWN),
        Field("inputs", Choice("value for when inputs are known", {
            "on-request": "the input is known only when the request arrives",
            "known": "the input is known in advance, so it can be scored ahead of time"}),
            "Whether inputs are known before the request.", absent=UNKNOWN),
        Field("distinct", COUNT, "Number of distinct inputs to score, with `inputs: known`.", absent=UNKNOWN),
        Field("repeats", SHARE, "Share of requests whose input was seen within the cache's TTL.", absent=UNKNOWN),
        Field("slo", SLO, "The objectives: what the product requires.", absent=NOT_ASKED),
        Field("budget", MONEY, "Maximum cost, per number of predictions or per month.", absent=NOT_ASKED),
    ),
    "a workload",
    name="workload",
)  # fmt: skip
MODEL_RECORD: Rec[Model] = Rec(
    Model,
    (
        Field("description", TEXT, "What the model predicts."),
        Field("framework", TEXT, "The training framework: pytorch, scikit-learn, xgboost.", absent=UNKNOWN),
        Field("artifact", SIZE, "Size on disk. If omitted, it follows from `parameters` and `precision`.",
              attribute="artifact_bytes", absent=UNKNOWN),
        Field("parameters", COUNT, "Number of parameters.", absent=UNKNOWN),
        Field("active_parameters", COUNT, "Parameters used per prediction, for a sparse model.",
              absent="all of them"),
        Field("precision", Choice("precision", tuple(PRECISIONS)), "The number format of a parameter.", absent=UNKNOWN),
        Field("service_time", SERVICE_TIME, "Time per prediction on its server, without load.", absent=UNKNOWN),
        Field("version", TEXT, "The served version. Kept as text: 1.10 is not 1.1."),
        Field("registry", COMPONENT, "The model registry or object store that holds the artefact."),
        Field("retrained", PERIOD, "Time between two retrainings.", attribute="retrained_s", absent=UNKNOWN),
        Field("evaluated", Many(Choice("evaluation method", {
            "offline": "on held-out data", "shadow": "on a copy of the traffic",
            "online-ab": "on part of the traffic, against another model", "canary": "first on a little traffic"})),
            "How the model was evaluated."),
        Field("format", TEXT, "The artefact's file format: onnx, skops, safetensors, pickle.", absent=UNKNOWN),
        Field("owner", OWNER, "Who is responsible for the model.", absent="the owner of the system"),
    ),
    "a model",
    name="model",
)  # fmt: skip
RELATION_FIELDS: tuple[Field[object], ...] = (
    Field("to", COMPONENT, "The target component.", attribute="target", required=True),
    Field("timeout", TIMEOUT, "Maximum time per attempt.", attribute="timeout_s"),
    Field("retries", WHOLE, "Number of attempts after the first.", absent="none"),
    Field("backoff", TEXT, "Delay between retries: none, fixed, exponential, exponential-jitter."),
    Field("retry_budget", SHARE, "Maximum share of requests that may be retries."),
    Field("circuit_breaker", FLAG, "Whether calls stop while the target fails."),
    Field("fallback", TEXT, "What is used if the target fails: a component, or a short description."),
    Field("optional", FLAG, "True if a request succeeds without it, with a degraded answer."),
    Field("share", SHARE, "Share of requests that take this relation (A/B test, canary).", absent="all of it"),
    Field("when", TEXT, "The condition under which a request takes this relation, in words."),
    Field("parallel", TEXT, "Name of a group. The relations of a group run in parallel.", absent="one after another"),
    Field("either", TEXT, "Name of a group. One working relation of a group is enough.", absent="all are needed"),
    Field("hit_ratio", SHARE, "For a cache: share of lookups that it answers.",
          absent="a plain read, which skips nothing"),
    Field("ttl", DURATION, "For a cache: how long an entry stays valid.", attribute="ttl_s", absent=UNKNOWN),
    Field("kind", Choice("kind of cache", {
        "prediction": "a hit skips all relations written after it", "data": "a hit skips the reads written after it"}),
        "For a cache: what it holds.", attribute="caches", absent="prediction"),
    Field("payload", SIZE, "Size of one message or response.", attribute="payload_bytes", absent=UNKNOWN),
    Field("wait", FLAG, "False if the caller continues before the write is done.", absent="true"),
    Field("network", DURATION, "Network round-trip time.", attribute="network_s", absent=UNKNOWN),
    Field("max_attempts", AT_LEAST_ONE, "For `consumes`: attempts per message before it is dropped or dead-lettered."),
)  # fmt: skip
COMPONENT_FIELDS: tuple[Field[object], ...] = (
    Field("kind", Choice("kind of component", KINDS, "unknown-kind"), "Its role in the system.", required=True),
    Field("description", TEXT, "What this component is."),
    Field("uses", TECHNOLOGY, "The technology: from the catalogue (fastapi, kafka, triton), or your own.",
          absent=UNKNOWN),
    Field("serves", Many(MODEL), "The models that it serves."),
    Field("trains", Many(MODEL), "For a training job: the models that it produces."),
    Field("service_time", SERVICE_TIME, "Its own time per request, without the model's.", absent=UNKNOWN),
    Field("replicas", REPLICAS, "Number of replicas, or a range {min, max, on}.", absent=UNKNOWN),
    Field("autoscale", SCALING, "The range for autoscaling.", absent="a fixed number"),
    Field("workers", WORKERS, "Number of requests that one replica handles in parallel.",
          absent="assumed to be 1, or the value from the technology catalogue"),
    Field("hardware", HARDWARE, "The hardware of one replica.", absent=UNKNOWN),
    Field("zones", Many(TEXT), "Where the replicas run: availability zones, racks or sites.", absent=UNKNOWN),
    Field("host", TEXT, "The single machine that all replicas run on."),
    Field("balancing", Choice("balancing strategy", ("pooled", "round-robin", "least-loaded", "random")),
          "How requests are distributed over the replicas."),
    Field("batching", BATCHING, "How requests are combined into one prediction."),
    Field("limit", AT_LEAST_ONE, "Maximum number of requests in progress. Further requests are rejected."),
    Field("callback", Many(COMPONENT), "For a worker: the components that it sends results to."),
    Field("features", COMPONENT, "The component that provides its features."),
    Field("image", TEXT, "The container image.", absent=UNKNOWN),
    Field("image_size", SIZE, "Size of the container image.", attribute="image_bytes", absent=UNKNOWN),
    Field("pull_bandwidth", BANDWIDTH, "Download speed of the image.", attribute="pull_bytes_per_s", absent=UNKNOWN),
    Field("loads_model", Choice("loading strategy", ("in-image", "at-start", "on-request")),
          "When the model is loaded.", absent=UNKNOWN),
    Field("start_time", DURATION, "Time from start to ready.", attribute="start_time_s", absent=UNKNOWN),
    Field("ready_check", FLAG, "True if it receives no traffic until the model is loaded.", absent="none"),
    Field("deadline", DURATION, "Maximum time to become ready.", attribute="deadline_s", absent=UNKNOWN),
    Field("schedule", SCHEDULE, "When it runs: cron (0 3 * * *), a macro (@daily), or a period (6h).", absent=UNKNOWN),
    Field("records", COUNT, "Number of records per run.", absent=UNKNOWN),
    Field("window", DURATION, "Maximum time for one run.", attribute="window_s", absent=NOT_ASKED),
    Field("run_time", DURATION, "Time of one run, including its writes.", attribute="run_time_s", absent=UNKNOWN),
    Field("retry", Choice("retry strategy", ("all", "failed", "none")), "What a failed job repeats.", absent=UNKNOWN),
    Field("persistent", FLAG, "Whether accepted data survives a restart.",
          absent="the value from the technology catalogue, if any; otherwise unknown"),
    Field("dead_letter", COMPONENT, "For a queue: where failed messages go."),
    Field("max_length", COUNT, "For a queue: maximum number of messages.", absent=UNKNOWN),
    Field("availability", SHARE, "Share of time that one replica is up.", absent=UNKNOWN),
    Field("mtbf", PERIOD, "Mean time between failures of one replica.", attribute="mtbf_s", absent=UNKNOWN),
    Field("mttr", DURATION, "Mean time to repair.", attribute="mttr_s", absent=UNKNOWN),
    Field("price", PRICE, "The price per replica. archlint ships no prices.", absent=UNKNOWN),
    Field("exposed", Choice("exposure", ("public", "internal")), "Who can reach it.", absent=UNKNOWN),
    Field("auth", TEXT, "How it authenticates callers."),
    Field("owner", OWNER, "Who is responsible for the component.", absent="the owner of the system"),
    Field("preprocessing", PREPROCESSING, "Work on the input before the model, in the same server."),
    Field("training_code", FLAG, "True if it includes training code.", absent="none"),
    Field("switch", TEXT, "The flag that turns the prediction off."),
    Field("load_tested", LOAD_TEST, "The last load test that it passed."),
)  # fmt: skip
SYSTEM_FIELDS: tuple[Field[object], ...] = (
    Field("system", TEXT, "The name of the system.", attribute="name", absent="the name of the file"),
    Field("description", TEXT, "What the system does, in one sentence."),
    Field("owner", OWNER, "Who is responsible for the system, and for each part without its own owner."),
    Field("team", TEAM, "The team that builds and runs the system.", absent=UNKNOWN),
)
ACCEPT_FIELDS: tuple[Field[object], ...] = (
    Field("rule", RULE_ID, "The id of the rule whose finding is accepted.", required=True),
    Field("at", TEXT, "The structural path of the finding, such as components.api.", absent="anywhere in the file"),
    Field("reason", TEXT, "Why the finding is accepted.", required=True),
    Field("until", DATE, "The last day of the acceptance. The finding reopens after it.", absent="no end"),
    Field("while", BOUND, "A condition on a term of the finding: `rate < 50/s`. If it fails, the finding reopens.",
          attribute="bound", absent="no condition"),
)  # fmt: skip

