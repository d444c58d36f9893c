"""Every section, key and type of `arch.yaml`: the one table that the reader and the JSON Schema are made from."""

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
            raise ValueError(f"`{text}` is not in the calendar; write it like 2027-03-31") from None
    raise ValueError(f"`{shorten(text)}` is not a date; write it like 2027-03-31")


_BOUND = r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(<=|>=|==|<|>)\s*(.+?)\s*"


def parse_bound(text: str) -> tuple[str, str, str]:
    """Split a bound on a term into name, operator and limit.

    >>> parse_bound("rate < 50/s")
    ('rate', '<', '50/s')
    """
    match = re.fullmatch(_BOUND, text) if len(text) <= 200 else None
    if match is None:
        raise ValueError(f"`{shorten(text)}` is not a bound; write TERM OP QUANTITY, as in rate < 50/s")
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
BOUND: Parsed[tuple[str, str, str]] = Parsed(parse_bound, "a bound", "rate < 50/s", None, name="bound")
SCHEDULE: Parsed[Schedule] = Parsed(parse_schedule, "a schedule", "0 3 * * *", None, name="schedule")
TIMEOUT: Parsed[float] = Parsed(
    parse_duration, "a duration", "200ms", DURATION_PATTERN, name="duration",
    zero="every attempt would fail; remove the key if there is no timeout",
)  # fmt: skip
PERIOD: Parsed[float] = Parsed(
    parse_duration, "a duration", "30d", DURATION_PATTERN, name="duration",
    zero="a period cannot be zero; write one such as 30d, or remove the key",
)  # fmt: skip
COMPONENT = Name("components")
MODEL = Name("models")
SERVICE_TIME = ServiceTimeType()

NONE, UNKNOWN, NOT_ASKED = "none", "unknown, and a rule that needs it is undecided", "not asked"

OWNER: Rec[Owner] = Rec(
    Owner,
    (
        Field("team", TEXT, "The team that answers for it."),
        Field("contact", TEXT, "Where to reach it at night: a channel, an address."),
        Field("runbook", TEXT, "What to do when it fails: a path or a link."),
    ),
    "an owner",
    Wrapped(TEXT, lambda team: Owner(team=team)),
    name="owner",
)
TEAM: Rec[Team] = Rec(
    Team,
    (
        Field("engineers", WHOLE, "How many engineers build and run the system.", absent=UNKNOWN),
        Field("on_call", FLAG, "Whether somebody is on call.", absent=UNKNOWN),
    ),
    "a team",
    name="team",
)
HARDWARE: Rec[Hardware] = Rec(
    Hardware,
    (
        Field("cpu", CPU, "Cores of one replica.", absent=UNKNOWN),
        Field("memory", SIZE, "Memory of one replica.", attribute="memory_bytes", absent=UNKNOWN),
        Field("gpu", ACCELERATOR, "The accelerator: from the catalogue (t4, l4, h100), or another.", absent=UNKNOWN),
        Field("gpus", REPLICA_COUNT, "How many accelerators one replica has.",
              absent="1, assumed, where `gpu` is stated"),
        Field("gpu_memory", SIZE, "Memory of one accelerator.", attribute="gpu_memory_bytes",
              absent="what the hardware catalogue says"),
    ),
    "hardware",
    name="hardware",
)  # fmt: skip
SCALING: Rec[Scaling] = Rec(
    Scaling,
    (
        Field("min", REPLICA_COUNT, "The replicas that stand at any time.", attribute="minimum", absent=UNKNOWN),
        Field("max", REPLICA_COUNT, "The most that may stand.", attribute="maximum", absent=UNKNOWN),
        Field("on", TEXT, "What it follows: queue-depth, cpu, rate.", absent=UNKNOWN),
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
        Field("service_time", SERVICE_TIME, "How long it takes for one request, unloaded.", absent=UNKNOWN),
        Field("hardware", HARDWARE, "What it needs.", absent=UNKNOWN),
    ),
    "preprocessing",
    name="preprocessing",
)
BATCHING: Rec[Batching] = Rec(
    Batching,
    (
        Field("max_size", AT_LEAST_ONE, "The most requests in one batch.", absent=UNKNOWN),
        Field("max_delay", DURATION, "How long a request waits for others.", attribute="max_delay_s", absent=UNKNOWN),
    ),
    "batching",
    name="batching",
)
LOAD_TEST: Rec[LoadTest] = Rec(
    LoadTest,
    (
        Field("rate", RATE, "The rate that was reached.", attribute="rate_per_s", absent=UNKNOWN),
        Field("p99", DURATION, "The p99 at that rate.", attribute="p99_s", absent=UNKNOWN),
        Field("date", DATE, "When it was run.", absent=UNKNOWN),
    ),
    "a load test",
    name="load-test",
)
PRICE: Rec[Price] = Rec(
    Price,
    (
        Field("amount", MONEY, "The price of one replica.", required=True),
        Field("source", TEXT, "Where the price was read."),
        Field("date", DATE, "When it was read."),
    ),
    "a price",
    Wrapped(MONEY, lambda amount: Price(amount=amount)),
    name="price",
)
SLO: Rec[Slo] = Rec(
    Slo,
    (
        Field("latency", LatencyType(), "The time within which the answer is there, at percentiles; one duration "
              "alone is read as the p99.", absent=NOT_ASKED),
        Field("availability", SHARE, "The share of requests that are answered.", absent=NOT_ASKED),
        Field("freshness", DURATION, "How old a prediction may be.", attribute="freshness_s", absent=NOT_ASKED),
    ),
    "an objective",
    name="objectives",
)  # fmt: skip
ENTRANCE: Rec[Entrance] = Rec(
    Entrance,
    (
        Field("client", COMPONENT, "The component where the workload enters.", required=True),
        Field("to", COMPONENT, "The one of its relations that this workload takes.", absent="all of them"),
    ),
    "an entrance",
    Wrapped(COMPONENT, lambda client: Entrance(client=client)),
    name="entrance",
)
WORKLOAD: Rec[Workload] = Rec(
    Workload,
    (
        Field("description", TEXT, "What it is."),
        Field("from", ENTRANCE, "The client where it enters.", attribute="entrance", required=True),
        Field("rate", RATE, "The mean rate of requests.", attribute="rate_per_s", absent=UNKNOWN),
        Field("peak", RATE, "The highest rate that must still meet the objectives.", attribute="peak_per_s",
              absent=UNKNOWN),
        Field("models", Many(MODEL), "What one request runs, in order; needed only where a server on the way serves "
              "several.", absent="all models of the servers that it reaches"),
        Field("waits", FLAG, "Whether the product needs the answer before it can go on.", absent=UNKNOWN),
        Field("inputs", Choice("answer to when inputs are known", {
            "on-request": "the input is unknown before the request",
            "known": "the input could be scored ahead of time"}), "When the inputs are known.", absent=UNKNOWN),
        Field("distinct", COUNT, "With `inputs: known`: how many there are to score.", absent=UNKNOWN),
        Field("repeats", SHARE, "The share of requests whose input was seen within the cache's lifetime.",
              absent=UNKNOWN),
        Field("slo", SLO, "What the product asks.", absent=NOT_ASKED),
        Field("budget", MONEY, "What it may cost: per count of predictions, or per month.", absent=NOT_ASKED),
    ),
    "a workload",
    name="workload",
)  # fmt: skip
MODEL_RECORD: Rec[Model] = Rec(
    Model,
    (
        Field("description", TEXT, "What it predicts."),
        Field("framework", TEXT, "What it is made with: pytorch, scikit-learn, xgboost.", absent=UNKNOWN),
        Field("artifact", SIZE, "Bytes on disk; parameters and precision serve where it is unknown.",
              attribute="artifact_bytes", absent=UNKNOWN),
        Field("parameters", COUNT, "Parameters of a dense model.", absent=UNKNOWN),
        Field("active_parameters", COUNT, "Parameters that one prediction touches, of a sparse model.",
              absent="all of them"),
        Field("precision", Choice("precision", tuple(PRECISIONS)), "What a parameter is stored in.", absent=UNKNOWN),
        Field("service_time", SERVICE_TIME, "One prediction, unloaded, on its server's hardware.", absent=UNKNOWN),
        Field("version", TEXT, "The version that is served; kept as text, so that 1.10 is not 1.1."),
        Field("registry", COMPONENT, "The model registry or object store that it comes from."),
        Field("retrained", PERIOD, "How often it is retrained.", attribute="retrained_s", absent=UNKNOWN),
        Field("evaluated", Many(Choice("way to evaluate", {
            "offline": "on held-out data", "shadow": "on a copy of the traffic",
            "online-ab": "on a part of the traffic, against another", "canary": "on a small part of the traffic"})),
            "How it was evaluated."),
        Field("format", TEXT, "The format of the artefact: onnx, skops, safetensors, pickle.", absent=UNKNOWN),
        Field("owner", OWNER, "Who answers for it.", absent="the owner of the system"),
    ),
    "a model",
    name="model",
)  # fmt: skip
RELATION_FIELDS: tuple[Field[object], ...] = (
    Field("to", COMPONENT, "The component at the other end.", attribute="target", required=True),
    Field("timeout", TIMEOUT, "How long one attempt may take.", attribute="timeout_s"),
    Field("retries", WHOLE, "Further attempts after the first.", absent="none"),
    Field("backoff", TEXT, "How retries are spaced: none, fixed, exponential, exponential-jitter."),
    Field("retry_budget", SHARE, "The share of requests that may be retries."),
    Field("circuit_breaker", FLAG, "Whether calls stop while the other end fails."),
    Field("fallback", TEXT, "What answers in its place: a component, or a few words."),
    Field("optional", FLAG, "True where the answer is only poorer without it."),
    Field("share", SHARE, "The part of the traffic that takes this relation (A/B, canary).", absent="all of it"),
    Field("when", TEXT, "The condition under which a request takes this relation."),
    Field("parallel", TEXT, "A name: the relations of one group run side by side.", absent="one after another"),
    Field("either", TEXT, "A name: of the relations of one group any one suffices.", absent="all are needed"),
    Field("hit_ratio", SHARE, "To a cache: the share of look-ups that it answers.",
          absent="the cache is read, but skips nothing"),
    Field("ttl", DURATION, "To a cache: how long an entry lives.", attribute="ttl_s", absent=UNKNOWN),
    Field("kind", Choice("kind of cache", {
        "prediction": "a hit skips all relations written after it", "data": "a hit skips the reads behind it"}),
        "To a cache: what it keeps.", attribute="caches", absent="prediction"),
    Field("payload", SIZE, "Bytes of one message or answer.", attribute="payload_bytes", absent=UNKNOWN),
    Field("wait", FLAG, "False where the caller goes on before the write is done.", absent="true"),
    Field("network", DURATION, "Time on the wire, there and back.", attribute="network_s", absent=UNKNOWN),
    Field("max_attempts", AT_LEAST_ONE, "On `consumes`: how often a message is tried before it is given up."),
)  # fmt: skip
COMPONENT_FIELDS: tuple[Field[object], ...] = (
    Field("kind", Choice("kind of component", KINDS, "unknown-kind"), "What it does.", required=True),
    Field("description", TEXT, "What it is."),
    Field("uses", TECHNOLOGY, "The technology: from the catalogue (fastapi, kafka, triton), or your own.",
          absent=UNKNOWN),
    Field("serves", Many(MODEL), "The models that run in it."),
    Field("trains", Many(MODEL), "Of a training job: the models that it produces."),
    Field("service_time", SERVICE_TIME, "Its own work for one request, without the model.", absent=UNKNOWN),
    Field("replicas", REPLICAS, "How many stand: a number, or {min, max, on}.", absent=UNKNOWN),
    Field("autoscale", SCALING, "The range within which replicas follow the load.", absent="a fixed number"),
    Field("workers", WORKERS, "Requests that one replica works on at a time.", absent="1, assumed, or what the "
          "technology catalogue says"),
    Field("hardware", HARDWARE, "What one replica runs on.", absent=UNKNOWN),
    Field("zones", Many(TEXT), "Where the replicas stand: availability zones, racks, sites.", absent=UNKNOWN),
    Field("host", TEXT, "The one machine that all replicas share."),
    Field("balancing", Choice("way to balance", ("pooled", "round-robin", "least-loaded", "random")),
          "How requests are spread over the replicas."),
    Field("batching", BATCHING, "How requests are gathered into one prediction."),
    Field("limit", AT_LEAST_ONE, "Requests taken at once before it sheds."),
    Field("callback", Many(COMPONENT), "To whom a worker sends the result."),
    Field("features", COMPONENT, "The component that its features come from."),
    Field("image", TEXT, "The container image.", absent=UNKNOWN),
    Field("image_size", SIZE, "Bytes of the container image.", attribute="image_bytes", absent=UNKNOWN),
    Field("pull_bandwidth", BANDWIDTH, "How fast an image is pulled.", attribute="pull_bytes_per_s", absent=UNKNOWN),
    Field("loads_model", Choice("time to load a model", ("in-image", "at-start", "on-request")),
          "When the model is loaded.", absent=UNKNOWN),
    Field("start_time", DURATION, "From start to ready.", attribute="start_time_s", absent=UNKNOWN),
    Field("ready_check", FLAG, "True where traffic waits until the model is loaded.", absent="none"),
    Field("deadline", DURATION, "Of a probe, or of a scale-out from zero.", attribute="deadline_s", absent=UNKNOWN),
    Field("schedule", SCHEDULE, "When it runs: cron (0 3 * * *), a macro (@daily) or a period (6h).", absent=UNKNOWN),
    Field("records", COUNT, "Records of one run.", absent=UNKNOWN),
    Field("window", DURATION, "How long one run may take.", attribute="window_s", absent=NOT_ASKED),
    Field("run_time", DURATION, "How long one run takes, with its write.", attribute="run_time_s", absent=UNKNOWN),
    Field("retry", Choice("way to retry", ("all", "failed", "none")), "What a job does again after a failure.",
          absent=UNKNOWN),
    Field("persistent", FLAG, "Whether what it accepted survives a restart.", absent="what the technology catalogue "
          "says, else unknown"),
    Field("dead_letter", COMPONENT, "Of a queue: where messages go that cannot be worked."),
    Field("max_length", COUNT, "Of a queue: the most messages that it holds.", absent=UNKNOWN),
    Field("availability", SHARE, "The share of time that one replica is up.", absent=UNKNOWN),
    Field("mtbf", PERIOD, "Mean time between failures of one replica.", attribute="mtbf_s", absent=UNKNOWN),
    Field("mttr", DURATION, "Mean time to repair.", attribute="mttr_s", absent=UNKNOWN),
    Field("price", PRICE, "What one replica costs; archlint ships no prices.", absent=UNKNOWN),
    Field("exposed", Choice("reach", ("public", "internal")), "Who can reach it.", absent=UNKNOWN),
    Field("auth", TEXT, "How callers are authenticated."),
    Field("owner", OWNER, "Who answers for it.", absent="the owner of the system"),
    Field("preprocessing", PREPROCESSING, "Work on the input inside the same server."),
    Field("training_code", FLAG, "True where it ships training code.", absent="none"),
    Field("switch", TEXT, "A flag that turns the prediction off."),
    Field("load_tested", LOAD_TEST, "The load test that it passed."),
)  # fmt: skip
SYSTEM_FIELDS: tuple[Field[object], ...] = (
    Field("system", TEXT, "The name of the system.", attribute="name", absent="the name of the file"),
    Field("description", TEXT, "What it does, in a sentence."),
    Field("owner", OWNER, "Who answers for the system, and for each component that names nobody else."),
    Field("team", TEAM, "Who builds and runs it.", absent=UNKNOWN),
)
ACCEPT_FIELDS: tuple[Field[object], ...] = (
    Field("rule", RULE_ID, "The rule whose finding is accepted.", required=True),
    Field("at", TEXT, "Where: the structural path of the finding.", absent="anywhere in the file"),
    Field("reason", TEXT, "Why it is accepted.", required=True),
    Field("until", DATE, "The day after which the finding is open again.", absent="without end"),
    Field("while", BOUND, "A bound on a term of the finding, as in `rate < 50/s`; beyond it the finding is open again.",
          attribute="bound", absent="without bound"),
)  # fmt: skip

