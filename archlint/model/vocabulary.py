"""Every key of `arch.yaml`, with its type and description. The reader and the JSON Schema both use this table."""

from __future__ import annotations

from archlint.model.architecture import Entrance, Hardware, Model, Owner, Preprocessing, Scaling, Workload
from archlint.model.fields import Field, Rec, Wrapped
from archlint.model.percentiles import DURATION, Objective
from archlint.model.pieces import Batching, Extra, LoadTest, Price, RateLimit, Slo, Team, Tokens
from archlint.model.types import Choice, Many
from archlint.model.values import (
    ACCELERATOR,
    AMOUNTS,
    AT_LEAST_ONE,
    BANDWIDTH,
    BOUND,
    COMPONENT,
    COUNT,
    CPU,
    DATE,
    FLAG,
    FRACTION,
    LATENCY,
    MODEL,
    MONEY,
    PERIOD,
    RATE,
    REPLICA_COUNT,
    RULE_ID,
    SCHEDULE,
    SERVICE_TIME,
    SHARE,
    SIZE,
    TECHNOLOGY,
    TEXT,
    TIMEOUT,
    TOKEN_PRICE,
    TOKEN_RATE,
    WHOLE,
    WORKERS,
    ZONES,
)
from archlint.model.words import BALANCING, FACT_FAMILIES, FAMILIES, KINDS, PRECISIONS

FORMAT_VERSION = "1"
NONE, UNKNOWN, NOT_ASKED = "none", "unknown; a rule that needs it is undecided", "no objective"
_NO_OBJECTIVE = Objective()

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
        Field("gpu_share", FRACTION, "Share of one accelerator that a replica gets (MIG, time slices).",
              absent="whole accelerators"),
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
        Field("amount", MONEY, "The price of a replica for a time, or of a number of calls.", main=True),
        Field("input", TOKEN_PRICE, "The price of tokens that the model reads."),
        Field("output", TOKEN_PRICE, "The price of tokens that the model generates."),
        Field("source", TEXT, "Where the price comes from."),
        Field("date", DATE, "The date of the price."),
    ),
    "a price",
    Wrapped(MONEY, lambda amount: Price(amount=amount)),
    name="price",
    one_of=("amount", "input", "output"),
)
TOKENS: Rec[Tokens] = Rec(
    Tokens,
    (
        Field("in", AMOUNTS, "Tokens that the model reads (the prompt).", attribute="input", absent=UNKNOWN),
        Field("out", AMOUNTS, "Tokens that the model generates (the answer).", attribute="output", absent=UNKNOWN),
    ),
    "a number of tokens",
    name="request-tokens",
)
RATE_LIMIT: Rec[RateLimit] = Rec(
    RateLimit,
    (
        Field("requests", RATE, "Maximum request rate.", attribute="requests_per_s", absent=UNKNOWN),
        Field("tokens", TOKEN_RATE, "Maximum rate of tokens, read and generated.", attribute="tokens_per_s",
              absent=UNKNOWN),
        Field("concurrent", AT_LEAST_ONE, "Maximum number of requests in progress.", absent=UNKNOWN),
    ),
    "a rate limit",
    name="rate-limit",
)  # fmt: skip


def _slo(
    latency: Objective = _NO_OBJECTIVE, ttft: Objective = _NO_OBJECTIVE, tpot: Objective = _NO_OBJECTIVE,
    availability: float | None = None, freshness_s: float | None = None, extra: Extra = (),
) -> Slo:  # fmt: skip
    """Make the objectives from what their keys hold; a user's own keys of each are kept under its name."""
    objectives = (("latency", latency), ("ttft", ttft), ("tpot", tpot))
    inner = tuple((f"{name}.{key}", text) for name, objective in objectives for key, text in objective.extra)
    return Slo(
        latency=latency.percentiles, latency_mean_s=latency.mean_s, ttft=ttft.percentiles, ttft_mean_s=ttft.mean_s,
        tpot=tpot.percentiles, tpot_mean_s=tpot.mean_s, availability=availability, freshness_s=freshness_s,
        extra=(*extra, *inner),
    )  # fmt: skip


SLO: Rec[Slo] = Rec(
    _slo,
    (
        Field("latency", LATENCY, "Maximum latency of the whole answer, per percentile. One duration is the p99.",
              absent=NOT_ASKED),
        Field("ttft", LATENCY, "Maximum time to the first token of a streamed answer.", absent=NOT_ASKED),
        Field("tpot", LATENCY, "Maximum time per output token after the first.", absent=NOT_ASKED),
        Field("availability", SHARE, "Minimum share of requests that succeed.", absent=NOT_ASKED),
        Field("freshness", DURATION, "Maximum age of a prediction, and of the data that it is made from.",
              attribute="freshness_s", absent=NOT_ASKED),
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
        Field("waits", FLAG, "Whether the product waits for the answer, as for a streamed one.", absent=UNKNOWN),
        Field("inputs", Choice("", {
            "on-request": "the input is known only when the request arrives",
            "known": "the input is known in advance, so it can be scored ahead of time"}),
            "Whether inputs are known before the request.", absent=UNKNOWN),
        Field("distinct", COUNT, "Number of distinct inputs to score, with `inputs: known`.", absent=UNKNOWN),
        Field("repeats", SHARE, "Share of requests whose input was seen within the cache's TTL.", absent=UNKNOWN),
        Field("tokens", TOKENS, "Tokens of one request to a generative model: {in: 1.2k, out: 350}.", absent=UNKNOWN),
        Field("stream", FLAG, "True if the caller uses the answer from its first token on.", absent=UNKNOWN),
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
        Field("embedding_parameters", COUNT, "Parameters in embedding tables: a prediction reads a few of them.",
              absent=UNKNOWN),
        Field("family", Choice("family of models", FAMILIES), "How the model computes.", absent=UNKNOWN),
        Field("layers", AT_LEAST_ONE, "Number of layers, of a transformer.", absent=UNKNOWN),
        Field("kv_heads", AT_LEAST_ONE, "Number of key-value heads per layer.", absent=UNKNOWN),
        Field("head_dim", AT_LEAST_ONE, "Size of one head.", absent=UNKNOWN),
        Field("kv_per_token", SIZE, "Size of the key-value cache per token.", attribute="kv_per_token_bytes",
              absent="from `layers`, `kv_heads` and `head_dim`"),
        Field("context", COUNT, "Maximum number of tokens in one sequence: 128k.", absent=UNKNOWN),
        Field("adapter_of", MODEL, "The base model that this adapter (LoRA) extends. Both run as one."),
        Field("quantised_from", TEXT, "The model that this one was quantised from."),
        Field("embedding_space", TEXT, "The space of its vectors. Vectors of models with one space can be compared: "
              "two towers, or a model for text and one for images."),
        Field("precision", Choice("precision", tuple(PRECISIONS)), "The number format of a parameter.", absent=UNKNOWN),
        Field("service_time", SERVICE_TIME, "Time per prediction on its server, without load.", absent=UNKNOWN),
        Field("ttft", SERVICE_TIME, "Time to the first token, without load, at the workload's tokens.", absent=UNKNOWN),
        Field("tpot", SERVICE_TIME, "Time per output token after the first, without load.", absent=UNKNOWN),
        Field("version", TEXT, "The served version. Kept as text: 1.10 is not 1.1.", may_be_none=True),
        Field("registry", COMPONENT, "The model registry or object store that holds the artefact."),
        Field("retrained", PERIOD, "Time between two retrainings.", attribute="retrained_s", absent=UNKNOWN),
        Field("evaluated", Many(Choice("evaluation method", {
            "offline": "on held-out data", "shadow": "on a copy of the traffic",
            "online-ab": "on part of the traffic, against another model", "canary": "first on a little traffic"})),
            "How the model was evaluated."),
        Field("format", TEXT, "The artefact's file format: onnx, skops, safetensors, pickle.", absent=UNKNOWN),
        Field("owner", OWNER, "Who is responsible for the model.", absent="the owner of the system",
              may_be_none=True),
    ),
    "a model",
    name="model",
)  # fmt: skip
RELATION_FIELDS: tuple[Field[object], ...] = (
    Field("to", COMPONENT, "The target component.", attribute="target", required=True),
    Field("timeout", TIMEOUT, "Maximum time per attempt.", attribute="timeout_s", may_be_none=True),
    Field("idle_timeout", TIMEOUT, "For a streamed answer: maximum time without data before the caller closes it.",
          attribute="idle_timeout_s", absent="none"),
    Field("retries", WHOLE, "Number of attempts after the first.", absent="none"),
    Field("backoff", TEXT, "Delay between retries: none, fixed, exponential, exponential-jitter."),
    Field("retry_budget", SHARE, "Maximum share of requests that may be retries."),
    Field("circuit_breaker", FLAG, "Whether calls stop while the target fails.", absent="false"),
    Field("fallback", TEXT, "What is used if the target fails: a component, or a short description."),
    Field("optional", FLAG, "True if a request succeeds without it, with a degraded answer.", absent="false"),
    Field("share", SHARE, "Share of requests that take this relation (A/B test, canary).", absent="all of it"),
    Field("when", TEXT, "The condition under which a request takes this relation, in words."),
    Field("parallel", TEXT, "Name of a group. The relations of a group run in parallel.", absent="one after another"),
    Field("either", TEXT, "Name of a group. One working relation of a group is enough.", absent="all are needed"),
    Field("hit_ratio", SHARE, "For a cache: share of lookups that it answers.",
          absent="a plain read, which skips nothing"),
    Field("ttl", DURATION, "For a cache: how long an entry stays valid.", attribute="ttl_s", absent=UNKNOWN),
    Field("kind", Choice("kind of cache", {
        "prediction": "a hit skips all relations written after it", "data": "a hit skips the reads written after it",
        "prefix": "a hit saves the model the work on the start of the prompt (prefill), and skips no relation"}),
        "For a cache: what it holds.", attribute="caches", absent="prediction"),
    Field("payload", SIZE, "Size of one message or response.", attribute="payload_bytes", absent=UNKNOWN),
    Field("wait", FLAG, "False if the caller continues before the write is done.", absent="true"),
    Field("network", DURATION, "Network round-trip time.", attribute="network_s", absent=UNKNOWN),
    Field("bandwidth", BANDWIDTH, "Data rate of the network for one message or response. With `payload`, its transfer "
          "adds to the latency.", attribute="bandwidth_bytes_per_s", absent=UNKNOWN),
    Field("max_attempts", AT_LEAST_ONE, "For `consumes`: attempts per message before it is dropped or dead-lettered."),
    Field("redelivery_after", TIMEOUT, "For `consumes`: how long a message may be in hand before it is delivered again "
          "(visibility timeout, acknowledgement timeout, poll interval).", attribute="redelivery_after_s",
          absent="the value from the technology catalogue, if any; otherwise unknown", may_be_none=True),
    Field("quorum", AT_LEAST_ONE, "Number of shards or replicas of the target that must answer.",
          absent="all shards, or one replica"),
    Field("freshness", PERIOD, "Maximum age of what is read.", attribute="freshness_s", absent=NOT_ASKED),
    Field("fails", Choice("way to fail", {
        "open": "if the target fails, the request continues without it",
        "closed": "if the target fails, so does the request"}),
        "What happens to a request if the target (a guardrail) fails.", absent=UNKNOWN),
    Field("in_process", FLAG, "True if the target runs in the caller's process or on its device.", absent="false"),
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
    Field("zones", ZONES, "Where the replicas run: availability zones, racks or sites. Names, or their number.",
          absent=UNKNOWN),
    Field("regions", Many(TEXT), "The region or regions where the replicas run. A region contains zones.",
          alias="region", absent=UNKNOWN),
    Field("jurisdiction", TEXT, "Where its data must stay: eu, us, kr.", absent=UNKNOWN),
    Field("host", TEXT, "The single machine that all replicas run on."),
    Field("balancing", Choice("balancing strategy", BALANCING),
          "How requests are distributed over the replicas."),
    Field("batching", BATCHING, "How requests are combined into one prediction."),
    Field("buffers", FLAG, "True if it passes an answer on only when the answer is complete.", absent="false"),
    Field("limit", AT_LEAST_ONE, "Maximum number of requests in progress. Further requests are rejected."),
    Field("rate_limit", RATE_LIMIT, "The most that it accepts, such as a vendor's quota.", absent=UNKNOWN),
    Field("max_sequences", AT_LEAST_ONE, "Maximum number of sequences that one replica generates at a time.",
          absent=UNKNOWN),
    Field("tensor_parallel", AT_LEAST_ONE, "Number of accelerators that share each layer.", absent=UNKNOWN),
    Field("pipeline_parallel", AT_LEAST_ONE, "Number of groups of accelerators that share the layers.", absent=UNKNOWN),
    Field("stage", Choice("stage of generation", {
        "prefill": "it reads the prompt", "decode": "it generates the tokens"}),
        "The stage of its model that it runs, if stages run apart.", absent="all stages"),
    Field("shards", AT_LEAST_ONE, "Number of shards that its data or model is split into.",
          absent="not split"),
    Field("index_of", MODEL, "For a vector store: the model whose embeddings it holds.", absent=UNKNOWN),
    Field("callback", Many(COMPONENT), "For a worker: the components that it sends results to."),
    Field("features", COMPONENT, "The component that provides its features."),
    Field("image", TEXT, "The container image.", absent=UNKNOWN),
    Field("image_size", SIZE, "Size of the container image.", attribute="image_bytes", absent=UNKNOWN),
    Field("pull_bandwidth", BANDWIDTH, "Download speed of the image.", attribute="pull_bytes_per_s", absent=UNKNOWN),
    Field("loads_model", Choice("loading strategy", ("in-image", "at-start", "on-request")),
          "When the model is loaded.", absent=UNKNOWN),
    Field("start_time", DURATION, "Time from start to ready.", attribute="start_time_s", absent=UNKNOWN),
    Field("ready_check", FLAG, "True if it receives no traffic until the model is loaded.",
          absent="false in a file that states it for another component; otherwise unknown"),
    Field("deadline", DURATION, "Maximum time to become ready.", attribute="deadline_s"),
    Field("schedule", SCHEDULE, "When it runs: cron (0 3 * * *), a macro (@daily), or a period (6h).", absent=UNKNOWN),
    Field("records", COUNT, "Number of records per run.", absent=UNKNOWN),
    Field("window", DURATION, "Maximum time for one run.", attribute="window_s", absent=NOT_ASKED),
    Field("run_time", DURATION, "Time of one run, including its writes.", attribute="run_time_s", absent=UNKNOWN),
    Field("retry", Choice("retry strategy", ("all", "failed", "none")), "What a failed job repeats.", absent=UNKNOWN),
    Field("persistent", FLAG, "Whether accepted data survives a restart.",
          absent="the value from the technology catalogue, if any; otherwise unknown"),
    Field("dead_letter", COMPONENT, "For a queue: where failed messages go.", may_be_none=True),
    Field("max_length", COUNT, "For a queue: maximum number of messages.", absent=UNKNOWN),
    Field("availability", SHARE, "Share of time that one replica is up.", absent=UNKNOWN),
    Field("mtbf", PERIOD, "Mean time between failures of one replica.", attribute="mtbf_s", absent=UNKNOWN),
    Field("mttr", DURATION, "Mean time to repair.", attribute="mttr_s", absent=UNKNOWN),
    Field("price", PRICE, "The price of a replica for a time, of calls, or of tokens. archlint ships no prices.",
          absent=UNKNOWN),
    Field("exposed", Choice("exposure", ("public", "internal")), "Who can reach it.", absent=UNKNOWN),
    Field("auth", TEXT, "How it authenticates callers.", may_be_none=True),
    Field("owner", OWNER, "Who is responsible for the component.", absent="the owner of the system",
          may_be_none=True),
    Field("preprocessing", PREPROCESSING, "Work on the input before the model, in the same server."),
    Field("training_code", FLAG, "True if it includes training code.", absent="false"),
    Field("switch", TEXT, "The flag that turns the prediction off."),
    Field("load_tested", LOAD_TEST, "The last load test that it passed."),
    Field("deployed_as", Many(TEXT), "For `archlint drift`: its names in deployment files, if they are other ones; "
          "none if those files do not deploy it.", absent="its own name", may_be_none=True),
)  # fmt: skip
SYSTEM_FIELDS: tuple[Field[object], ...] = (
    Field("system", TEXT, "The name of the system.", attribute="name", absent="the name of the file"),
    Field("description", TEXT, "What the system does, in one sentence."),
    Field("owner", OWNER, "Who is responsible for the system, and for each part without its own owner.",
          may_be_none=True),
    Field("team", TEAM, "The team that builds and runs the system.", absent=UNKNOWN),
    Field("described", Many(Choice("family of facts", FACT_FAMILIES)),
          "Families of facts that the file describes completely: what it leaves out there does not exist.",
          absent="a family is described once the file states one fact of it"),
    Field("imported", FLAG, "True if `archlint import` wrote the file: what deployment files cannot state, such as "
          "timeouts in code, is unknown, and findings about its absence are informative. Remove it once the file is "
          "complete.", absent="none"),
    Field("zone_availability", SHARE, "Share of time that one zone is up: all replicas in it fail together.",
          absent="zones never fail, so availabilities are upper bounds"),
    Field("region_availability", SHARE, "The same for one region.", absent="regions never fail"),
)  # fmt: skip
ACCEPT_FIELDS: tuple[Field[object], ...] = (
    Field("rule", RULE_ID, "The id of the rule whose finding is accepted.", required=True),
    Field("at", TEXT, "The structural path of the finding, such as components.api.", absent="anywhere in the file"),
    Field("reason", TEXT, "Why the finding is accepted.", required=True),
    Field("until", DATE, "The last day of the acceptance. The finding reopens after it.", absent="no end"),
    Field("while", BOUND, "A condition on a term of the finding: `rate < 50/s`. If it fails, the finding reopens.",
          attribute="bound", absent="no condition"),
)  # fmt: skip

