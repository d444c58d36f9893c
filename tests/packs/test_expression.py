"""House rules in one expression: their facts, their messages, and missing facts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archlint.analysis.system import System
from archlint.catalog.technologies import shipped_technologies
from archlint.checks.expression import Params, check
from archlint.config import Config, find_config
from archlint.linter import Linter, Options
from archlint.model.read import no_includes, read
from archlint.packs import PackSource, load_packs
from archlint.source.files import read_document
from archlint.source.parser import parse
from archlint.verdicts import FileReport, Hit
from tests.packs.help import rule

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "examples/house-rules"
SYSTEM = """\
archlint: 1
system: shop
owner: {team: search, contact: "#search"}
team: {engineers: 2}
workloads:
  find: {from: page, rate: 5/s, models: [ranker], waits: true, slo: {latency: {p99: 300ms}}}
  digest: {from: {client: mailer, to: scores}, inputs: known}
models:
  ranker: {framework: xgboost, artifact: 30MB, service_time: {p50: 10ms, p99: 25ms}, version: "1.10"}
components:
  page: {kind: client, calls: [{to: api, timeout: 5s, retries: 1}]}
  mailer: {kind: client, reads: [scores]}
  api:
    kind: service
    uses: fastapi
    replicas: 2
    zones: [a, b]
    owner: {contact: "#api"}
    calls: [{to: server, timeout: 1s}]
    reads: [db]
    hardware: {gpu: t4, memory: 8GB}
  server: {kind: model-server, serves: [ranker], uses: triton, service_time: 2ms, price: 1.5 USD per h}
  db: {kind: database, uses: postgresql, limit: 100}
  scores: {kind: database, uses: dynamodb}
  nightly: {kind: batch-job, serves: [ranker], writes: [scores], schedule: "0 3 * * *"}
  events: {kind: queue, uses: kafka}
"""


def system_of(text: str = SYSTEM) -> System:
    return System(read(parse("arch.yaml", text), no_includes), shipped_technologies())


def judged(require: str, when: str = "true", subject: str = "component", text: str = SYSTEM) -> dict[str, str]:
    """The result for each subject: `hit`, or the keys that it needs; passing subjects are left out."""
    params = Params(require=require, message="no", when=when, subject=subject)
    found = {}
    for verdict in check(system_of(text), params):
        at = verdict.at.identity.removeprefix(f"{subject}s.").removeprefix("components.")
        found[at] = "hit" if isinstance(verdict, Hit) else " ".join(place.at for place in verdict.needs)
    return found


# --- the example that ships


def _examples(kind: str) -> list[Path]:
    return sorted(HOUSE.glob(f"*/{kind}-*.yaml"))


def _linted(path: Path) -> FileReport:
    linter = Linter(find_config(path), Options(today="2026-06-30"))
    return linter.lint(read_document(path), path)[0]


@pytest.mark.parametrize("path", _examples("bad"), ids=lambda path: f"{path.parent.name[:7]}-{path.stem}")
def test_a_bad_example_fires_exactly_where_it_says(path: Path) -> None:
    lines = path.read_text().splitlines()
    marked = {(n, m[1]) for n, line in enumerate(lines, 1) if (m := re.search(r"# expect: (\w+)", line))}
    assert {(f.location.line, f.rule) for f in _linted(path).findings} == marked
    assert {rule for _, rule in marked} == {path.parent.name[:7]}


@pytest.mark.parametrize("path", _examples("good"), ids=lambda path: f"{path.parent.name[:7]}-{path.stem}")
def test_a_good_example_is_clean_under_every_rule(path: Path) -> None:
    report = _linted(path)
    assert [(f.rule, f.at) for f in report.findings] == []
    assert [q.rule for q in report.undecided if q.rule.startswith("ACME")] == []


def test_each_example_rule_has_two_examples_of_each_kind() -> None:
    packs = load_packs([PackSource(".", HOUSE)])
    own = [pack for pack in packs if pack.family == "ACME"]
    assert {pack.check for pack in own} == {"expression"}
    assert all(len(pack.examples(kind)) >= 2 for pack in own for kind in ("bad", "good"))


def test_an_example_rule_declares_the_terms_of_its_findings() -> None:
    for pack in load_packs([PackSource(".", HOUSE)]):
        if pack.family == "ACME":
            findings = [f for path in pack.examples("bad") for f in _linted(path).findings]
            assert {term.name for finding in findings for term in finding.terms} == set(pack.terms)


# --- three values


@pytest.mark.parametrize(
    ("require", "when", "expected"),
    [
        ("component.replicas >= 2", 'component.kind == "service"', {}),
        ("component.replicas >= 3", 'component.kind == "service"', {"api": "hit"}),
        ("component.replicas >= 2", 'component.kind == "model-server"', {"server": "components.server.replicas"}),
        # a result that does not need the missing fact
        ('component.kind == "model-server" || component.replicas >= 2', 'component.name == "server"', {}),
        ('component.kind == "service" && component.replicas >= 2', 'component.name == "server"', {"server": "hit"}),
        # all missing facts are requested together
        ("component.replicas >= 2 && component.zones.size() >= 2", 'component.name == "db"',
         {"db": "components.db.replicas components.db.zones"}),
        # a missing fact in `when`
        ("false", 'component.name == "db" && component.replicas > 1', {"db": "components.db.replicas"}),
        ("true", 'component.name == "db" && component.replicas > 1', {}),
        # a test of presence is a test of the file
        ("has(component.replicas)", 'component.kind == "database"', {"db": "hit", "scores": "hit"}),
        ('"replicas" in component.says', 'component.kind in ["service", "database"]', {"db": "hit", "scores": "hit"}),
        # absence that means none
        ("component.owner.runbook != ''", 'component.name == "api"', {"api": "hit"}),
        ("component.owner.team == 'search' && component.owner.contact == '#api'", 'component.name == "api"', {}),
        ("component.monitored_by.size() > 0", 'component.name == "server"', {"server": "hit"}),
        ("component.ready_check", 'component.name == "server"', {"server": "hit"}),
        ("component.dead_letter != ''", 'component.kind == "queue"', {"events": "hit"}),
        ("component.limit < 1000.0", 'component.name in ["db", "server"]', {"server": "hit"}),
        # assumed by the catalogue
        ("component.workers == 1.0", 'component.name == "server"', {}),
        ("component.persistent", 'component.name == "db"', {}),
        ("component.hardware.gpus == 1.0 && component.hardware.gpu_memory_bytes == 16e9",
         'component.name == "api"', {}),
        # derived
        ("component.models == ['ranker'] && component.technology == 'triton'", 'component.name == "server"', {}),
        ("component.reached_by == ['find']", 'component.name in ["api", "db", "server"]', {}),
        ("component.schedule.longest_gap_s <= 3600.0", 'component.kind == "batch-job"', {"nightly": "hit"}),
        ("component.price.amount.amount < 1.0", 'component.name == "server"', {"server": "hit"}),
        ("component.service_time.p95 == 0.002 && component.service_time.mean_s == 0.002",
         'component.name == "server"', {}),
        # through relations
        ("component.relations.all(r, r.timeout_s <= 2.0)", 'component.kind == "service"', {"api": "hit"}),
        ("component.incoming.exists(r, r.source == 'page')", 'component.name == "api"', {}),
        ("component.relations.all(r, r.ttl_s < 60.0)", 'component.name == "mailer"',
         {"mailer": "components.mailer.reads[0].ttl"}),
        ("system.team.engineers > 2.0", 'component.name == "api"', {"api": "hit"}),
        ("system.team.on_call", 'component.name == "api"', {"api": "team.on_call"}),
    ],
)  # fmt: skip
def test_components(require: str, when: str, expected: dict[str, str]) -> None:
    assert judged(require, when) == expected


@pytest.mark.parametrize(
    ("subject", "require", "when", "expected"),
    [
        ("workload", "workload.slo.latency.p99 <= 0.2", "true", {"find": "hit"}),
        ("workload", "workload.slo.latency.p99 <= 0.5", "true", {}),
        # not applicable: the rule does not apply, although `digest` and p95 are missing
        ("workload", "workload.slo.availability >= 0.999", "true", {}),
        ("workload", "workload.slo.latency.p95 <= 0.1", "true", {}),
        ("workload", "has(workload.slo.latency.p99)", "true", {"digest": "hit"}),
        ("workload", "workload.peak_per_s > 2.0 * workload.rate_per_s", 'workload.name == "find"',
         {"find": "workloads.find.peak"}),
        ("workload", "'online' in workload.modes", "true", {"digest": "hit"}),
        ("workload", "workload.models == ['ranker']", "true", {}),
        ("workload", "workload.waiting.size() < 4", 'workload.name == "find"', {"find": "hit"}),
        ("workload", "workload.servers == ['server']", 'workload.name == "find"', {}),
        ("workload", "workload.budget.amount < 10.0", "true", {}),
        ("model", "model.service_time.p99 < 0.02", "true", {"ranker": "hit"}),
        ("model", "model.service_time.p95 < 0.02", "true", {"ranker": "models.ranker.service_time.p95"}),
        ("model", "model.version == '1.10' && model.registry == ''", "true", {}),
        ("model", "model.artifact_bytes <= 100e6 && model.modes == ['online', 'batch']", "true", {}),
        ("model", "model.active_parameters > 1e6", "true", {"ranker": "models.ranker.active_parameters"}),
        ("model", "model.servers.size() == 1", "true", {"ranker": "hit"}),
        ("relation", "relation.timeout_s <= 2.0", 'relation.waits && source.kind != "client"',
         {"api.reads.db": "hit", "nightly.writes.scores": "hit"}),
        ("relation", "target.kind != 'database' || source.kind == 'service'", 'relation.verb == "reads"',
         {"mailer.reads.scores": "hit"}),
        ("relation", "relation.retries == 0.0", "true", {"page.calls.api": "hit"}),
        ("system", "system.owner.runbook != ''", "true", {"system": "hit"}),
        ("system", "system.components.size() <= 4", "true", {"system": "hit"}),
        ("system", "system.name == 'shop' && 'owner' in system.says", "true", {}),
    ],
)  # fmt: skip
def test_other_subjects(subject: str, require: str, when: str, expected: dict[str, str]) -> None:
    assert judged(require, when, subject) == expected


@pytest.mark.parametrize(("key", "stated"), [("replicas", "replicas: 2"), ("zones", "zones: [a, b]")])
def test_a_fact_that_is_taken_out_makes_the_rule_undecided(key: str, stated: str) -> None:
    require, when = "component.replicas >= 2 && component.zones.size() >= 2", 'component.name == "api"'
    assert judged(require, when) == {}
    assert judged(require, when, text=SYSTEM.replace(f"    {stated}\n", "")) == {"api": f"components.api.{key}"}


def test_a_fact_that_cannot_be_read_proves_nothing(tmp_path: Path) -> None:
    text = SYSTEM.replace('owner: {contact: "#api"}', "dead_letter: [x]")
    rule(tmp_path, "ACME001-x", _rule("component.dead_letter != ''", 'component.name == "api"'))
    config = Config(tmp_path, packs=(PackSource(".", tmp_path),)).with_options(select=["ACME001"])
    report, _ = Linter(config).lint(parse("arch.yaml", text), None)
    assert report.findings == ()
    assert [(question.at, question.unread) for question in report.undecided] == [
        ("components.api", ("components.api.dead_letter",))
    ]


# --- the content of a finding


def _rule(require: str, when: str = "true", more: str = "") -> str:
    return (
        "title: A house rule\ncheck: expression\nseverity: warning\nsummary: It asks for something.\nparams:\n"
        f"  when: {{value: '{when}', unit: text}}\n  require: {{value: \"{require}\", unit: text}}\n"
        "  message: {value: 'not as agreed', unit: text}\n" + more
    )


def test_a_finding_shows_its_facts_with_units_and_places() -> None:
    params = Params(
        require="component.replicas >= params.least && component.hardware.memory_bytes > params.memory",
        message="`{component.name}` ({component.kind}) of {component.owner.team} has {component.replicas} "
        "of {params.least} replicas in {component.zones}, {component.hardware.memory_bytes} of {params.memory}, "
        "{component.limit} as limit, "
        "{component.image_bytes} of image, {component.ready_check}",
        when='component.name == "api"', at="replicas",
        values={"least": 3.0, "memory": 16e9}, units={"least": "count", "memory": "B"},
    )  # fmt: skip
    (hit,) = check(system_of(), params)
    assert isinstance(hit, Hit)
    assert hit.at.at == "components.api.replicas"
    assert hit.message == (
        "`api` (service) of search has 2 of 3 replicas in a, b, 8 GB of 16 GB, none as limit, unknown of image, no"
    )
    assert [(t.name, t.value, t.unit, t.origin.value, t.limit) for t in hit.terms] == [
        ("replicas", 2.0, "count", "stated", False),
        ("hardware_memory_bytes", 8e9, "B", "stated", False),
        ("params_least", 3.0, "count", "assumed", True),
        ("params_memory", 16e9, "B", "assumed", True),
    ]
    assert hit.terms[0].at == system_of().components["api"].place("replicas")


def test_an_assumed_fact_says_who_assumes_it() -> None:
    text = SYSTEM.replace("db: {kind: database, uses: postgresql, limit: 100}", "db: {kind: database, uses: redis}")
    params = Params(require="component.workers > 1.0", message="no", when='component.name == "server"')
    (hit,) = check(system_of(text), params)
    assert isinstance(hit, Hit)
    (term,) = hit.terms
    assert (term.origin.value, term.at) == ("assumed", None)
    assert term.note == "default: one at a time"


def test_a_term_bounds_an_acceptance(tmp_path: Path) -> None:
    rule(tmp_path, "ACME001-x", _rule("component.replicas > 2.0", 'component.name == "api"'))
    config = Config(tmp_path, packs=(PackSource(".", tmp_path),)).with_options(select=["ACME001"])
    held = "accept: [{rule: ACME001, reason: small, while: replicas >= 2}]\n"
    report, _ = Linter(config).lint(parse("arch.yaml", SYSTEM + held), None)
    assert (report.findings, [accepted.reason for accepted in report.accepted]) == ((), ["small"])
    report, _ = Linter(config).lint(parse("arch.yaml", SYSTEM + held.replace(">= 2", "> 2")), None)
    assert [finding.rule for finding in report.findings] == ["ACME001"]
