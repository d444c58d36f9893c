"""Reports that are written by hand for small real files."""

from archlint.about import docs_url
from archlint.baselined import BaselineEntry, BaselineUse
from archlint.inputs import InputError
from archlint.source.document import Document
from archlint.source.parser import parse
from archlint.verdicts import (
    Accepted,
    Baselined,
    Cure,
    FileReport,
    Finding,
    Location,
    OpenQuestion,
    RecognisedPattern,
    Report,
    ShownRelated,
    ShownTerm,
)

HOME = parse(
    "shop/arch.yaml",
    """\
archlint: 1
system: home-page
include: [models.yaml]

workloads:
  home:
    from: app
    rate: 300/s
    models: [ranker]
    slo: {latency: {p95: 300ms}, availability: 99.9%}
  mail: {from: mailer, inputs: known, slo: {freshness: 1d}}

components:
  app: {kind: client, calls: [{to: gateway, timeout: 5s}]}
  mailer: {kind: client, calls: [gateway]}
  gateway:
    kind: load-balancer
    uses: nginx
    replicas: 1
    calls: [{to: api, timeout: 2s}]
  api: {kind: servce, uses: flask, replica: 3, zones: [a], calls: [{to: rankr, timeout: 1s}], logs_to: [elk]}
  server: {kind: model-server, serves: [ranker], replicas: 4, zones: [a, b]}
  job:
    kind: batch-job
    serves: [ranker]
""",
)
MODELS = parse(
    "shop/models.yaml",
    """\
models:
  ranker:
    framework: pytorch
    artifact: 4.2GB
    service_time: {p50: 850ms, p99: 1.6s}
""",
)
SOURCES = {document.name: document.without_values() for document in (HOME, MODELS)}


def spot(document: Document, text: str, within: str = "", until: str = "") -> Location:
    """The place of a text: its first occurrence, or the first within another text; `until` the end of a third."""
    start = document.text.index(text, document.text.index(within) if within else 0)
    end = document.text.index(until, start) + len(until) if until else start + len(text)
    first, last = document.position(start), document.position(end)
    return Location(document.name, first.line, first.column, last.line, last.column)


def found(
    rule: str = "DOC003",
    name: str = "unknown-key",
    location: Location | None = None,
    message: str = "a component has no key `replica`",
    *,
    at: str = "components.api.replica",
    severity: str = "error",
    certainty: str = "proven",
    terms: tuple[ShownTerm, ...] = (),
    related: tuple[ShownRelated, ...] = (),
    cures: tuple[Cure, ...] = (),
    cause: str = "",
    band: tuple[float, float] | None = None,
    suggestion: str = "",
    path: tuple[ShownRelated, ...] = (),
) -> Finding:
    """A finding; by default, one about a misspelt key."""
    return Finding(
        rule=rule,
        name=name,
        severity=severity,
        certainty=certainty,
        at=at,
        location=location or spot(HOME, "replica", within="replica: 3"),
        message=message,
        terms=terms,
        related=related,
        cures=cures,
        fingerprint=f"{rule}-{at}",
        docs=docs_url(f"rules/{rule}-{name}.md"),
        cause=cause,
        band=band,
        suggestion=suggestion,
        path=path,
    )


def report_of(*findings: Finding, sources: dict[str, Document] | None = None) -> Report:
    """A report on one system."""
    file = FileReport(
        HOME.name, "home-page", findings, (), rules_run=28, sources=SOURCES if sources is None else sources
    )
    return Report((file,))


OBJECTIVE = spot(HOME, "300ms")
CACHE = Cure(
    "prediction-cache",
    "Prediction cache",
    "keep the answers to inputs that come again; a p95 of 300 ms needs 95 % of the requests to be hits",
    docs_url("patterns/prediction-cache.md"),
    "prediction-cache",
)
STAGES = Cure(
    "multiple-stage",
    "Multiple stage",
    "answer at once with a small model, and let the large one follow",
    docs_url("patterns/multiple-stage.md"),
)
QUEUE = Cure("asynchronous", "Asynchronous", "put requests on a queue", docs_url("patterns/asynchronous.md"))
BATCH = Cure("batch", "Batch", "score the known inputs each night", docs_url("patterns/batch.md"))
PREPARE = Cure("prep-pred", "Prep-pred", "split preprocessing off", docs_url("patterns/prep-pred.md"))

BIGSIZE = found(
    "SRV001",
    "online-bigsize",
    spot(MODELS, "service_time"),
    "one prediction of `ranker` alone takes longer than `home` may wait, so more replicas cannot help: "
    "854 ms at best, 300 ms allowed",
    at="models.ranker.service_time",
    terms=(
        ShownTerm("service_time", "model ranker, p50", 0.85, "s", "stated", "850 ms", spot(MODELS, "{p50")),
        ShownTerm("hops", "other hops, least", 0.004, "s", "derived", "4 ms", note="sum of gateway and api"),
        ShownTerm(
            "path", "waiting path", "app, gateway, api, server", "", "derived", "app, gateway, api, server"
        ),
        ShownTerm("limit", "latency p95", 0.3, "s", "stated", "300 ms", OBJECTIVE, limit=True),
    ),
    related=(ShownRelated("workloads.home.slo.latency.p95", "the objective", OBJECTIVE),),
    cures=(CACHE, STAGES, QUEUE, BATCH, PREPARE),
    cause="ranker is slow",
    path=(
        ShownRelated("components.app.calls[0]", "`app` calls `gateway`", spot(HOME, "gateway")),
        ShownRelated("components.gateway.calls[0]", "`gateway` calls `api`", spot(HOME, "api", "{to: api")),
    ),
)
SLOW_PAGE = found(
    "SRV005",
    "waiting-on-slow-model",
    spot(HOME, "home", within="  home:"),
    "the page waits on a slow model",
    at="workloads.home",
    severity="warning",
    certainty="estimated",
    cures=(QUEUE,),
    cause="ranker is slow",
)
BALANCER = found(
    "REL001",
    "single-point-of-failure",
    spot(HOME, "1", within="1\n    calls"),
    "`gateway` has only one replica: if it fails, `home` and `mail` fail (100 % of all traffic)",
    at="components.gateway.replicas",
    terms=(
        ShownTerm(
            "replicas", "replicas of gateway", 1.0, "count", "stated", "1", spot(HOME, "1", "1\n    calls")
        ),
        ShownTerm("traffic", "traffic lost with it", 1.0, "share", "derived", "100 %", note="by rate"),
        ShownTerm("workloads", "workloads lost with it", "home, mail", "", "derived", "home, mail"),
    ),
    related=(
        ShownRelated("components.app.calls[0]", "`home` enters here", spot(HOME, "gateway")),
        ShownRelated("components.mailer.calls[0]", "`mail` enters here", spot(HOME, "gateway", "[gateway]")),
        ShownRelated("workloads.home", "lost with it", spot(HOME, "home", within="  home:")),
        ShownRelated("workloads.mail", "lost with it", spot(HOME, "mail", within="  mail:")),
    ),
    cures=(STAGES,),
)
OVERLOAD = found(
    "CAP002",
    "latency-over-objective",
    OBJECTIVE,
    "`home` misses its p95 at the peak",
    at="workloads.home.slo.latency.p95",
    severity="warning",
    certainty="estimated",
    terms=(
        ShownTerm(
            "p95", "p95 of the path", 1.3, "s", "derived", "1.3 s", note="lognormal through p50 and p99"
        ),
        ShownTerm("limit", "latency p95", 0.3, "s", "stated", "300 ms", OBJECTIVE, limit=True),
    ),
    band=(1.1, 1.7),
)
KIND = found(
    "DOC004",
    "unknown-kind",
    spot(HOME, "servce"),
    "unknown kind of component `servce`",
    at="components.api.kind",
    suggestion="did you mean `service`?",
)
KEY = found(suggestion="did you mean `replicas`?")
TARGET = found(
    "DOC002",
    "dangling-reference",
    spot(HOME, "elk"),
    "unknown component `elk`",
    at="components.api.logs_to[0]",
    suggestion="define it under `components:`",
)
UNOWNED = found(
    "OPS003",
    "nobody-knows",
    spot(HOME, "system"),
    "this system has no owner",
    at="system",
    severity="info",
    certainty="heuristic",
)
QUESTIONS = (
    OpenQuestion(
        "SRV007", "batch-outlasts-window", "components.job", ("components.job.records",), spot(HOME, "job")
    ),
    OpenQuestion(
        "SRV004",
        "online-for-batch-need",
        "workloads.mail",
        ("workloads.mail.rate", "components.job.records"),
        spot(HOME, "mail", within="  mail:"),
        "how much there is to score",
    ),
    OpenQuestion(
        "REL001", "single-point-of-failure", "components.job", ("components.job.zones",), spot(HOME, "job")
    ),
)
PATTERNS = (
    RecognisedPattern("synchronous", "home", {"client": ("app",), "server": ("server",)}),
    RecognisedPattern("microservice-vertical", "home", {"front": ("api", "gateway")}),
)
ACCEPTED = (Accepted(UNOWNED, "pilot until the review", "2027-03-31", spot(HOME, "archlint")),)
ALONE = found(
    "REL002",
    "replicas-in-one-zone",
    spot(HOME, "[a]"),
    "all replicas of `api` run in one zone",
    at="components.api.zones",
    severity="warning",
)
BROKEN = InputError(
    "shop/broken.yaml:3:7: not YAML: mapping values are not allowed here",
    "check the indentation, brackets and quotes before this place",
    "shop/broken.yaml",
)
WHOLE = Report(
    (
        FileReport(
            HOME.name,
            "home-page",
            (SLOW_PAGE, OVERLOAD, BIGSIZE, BALANCER, KIND, KEY, TARGET),
            QUESTIONS,
            ACCEPTED,
            PATTERNS,
            28,
            sources=SOURCES,
            baselined=(Baselined(ALONE, "0123456789abcdef", "components.front.zones"),),
            baseline="shop/archlint-baseline.jsonl",
        ),
    ),
    (BROKEN,),
    skipped=4,
    baselines=(BaselineUse("shop/archlint-baseline.jsonl", (BaselineEntry("shop/arch.yaml", "REL003", "components.old"),)),),
)
