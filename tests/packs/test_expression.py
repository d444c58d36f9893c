"""House rules in one expression: their facts, their messages, and missing facts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from archlint.analysis.cel import words_in
from archlint.analysis.fact_names import SUBJECTS, fact_names
from archlint.analysis.fact_sheets import Sheets
from archlint.analysis.system import System
from archlint.catalog.technologies import shipped_technologies
from archlint.checks.expression import Params, check, prepare
from archlint.config import Config, find_config
from archlint.errors import PackError
from archlint.linter import Linter, Options
from archlint.model.read import no_includes, read
from archlint.packs import PackSource, Problems, load_packs
from archlint.source.files import read_document
from archlint.source.parser import parse
from archlint.verdicts import FileReport, Hit, Undecided
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
    assert [(question.at, question.needs) for question in report.undecided] == [
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


def test_a_parameter_of_the_rule_is_configured_in_its_unit(tmp_path: Path) -> None:
    rule(tmp_path / "house", "ACME001-x", _rule("component.replicas >= params.least", 'component.name == "api"',
                                                "  least: {value: 2, unit: count}\n"))  # fmt: skip
    (tmp_path / "arch.yaml").write_text(SYSTEM)

    def fired(text: str) -> list[str]:
        (tmp_path / "archlint.toml").write_text('packs = ["house"]\nselect = ["ACME001"]\n' + text)
        return [
            f.at
            for f in Linter(find_config(tmp_path / "arch.yaml"))
            .lint(read_document(tmp_path / "arch.yaml"), tmp_path / "arch.yaml")[0]
            .findings
        ]

    assert fired("") == []
    assert fired("rules.ACME001.params.least = 3\n") == ["components.api"]


# --- mistakes of the rule


@pytest.mark.parametrize(
    ("require", "said"),
    [
        ("component.replcias > 1.0", "`require`: `component` has no fact `replcias`\n  hint: did you mean `replicas`?"),
        ("component.timeout > 1.0", "`require`: `component` has no fact `timeout`"),
        (
            "component.hardware.cpus > 1.0",
            "`require`: `component.hardware` has no fact `cpus`\n  hint: did you mean `cpu`?",
        ),
        (
            "workload.rate_per_s > 1.0",
            "column 9: there is no `workload.rate_per_s` here\n  hint: the variables are component, system, params",
        ),
        (
            "replicas > 1.0",
            "`require`: `replicas > 1.0`, column 1: there is no `replicas` here\n  hint: the variables are",
        ),
        ("component.replicas >", "`require`: `component.replicas >`, column 21: Syntax error"),
        (
            "component.replicas",
            "`require`: `component.replicas` is double, not true or false\n  hint: compare it with something",
        ),
        ("1 + 1", "`require`: `1 + 1` is not true or false"),
        (
            "component.replicas * 2 > 3",
            "`require`: `component.replicas * 2 > 3` fails for `api`: No matching overloads",
        ),
        (
            "component.relations.all(r, r.timout_s < 1.0)",
            "uses `timout_s`, which does not exist here\n  hint: did you mean `timeout_s`?",
        ),
        (
            "component.replicas > params.least",
            "`require`: the rule has no parameter `least`\n  hint: did you mean `lest`?",
        ),
        (
            "component['repl' + 'icas'] > 1.0",
            "uses `replicas`, which does not exist here\n  hint: name facts by words",
        ),
    ],
)
def test_a_mistake_in_an_expression_is_an_error_of_the_rule(require: str, said: str) -> None:
    params = Params(require=require, message="no", when='component.name == "api"', values={"lest": 1.0})
    with pytest.raises(PackError) as raised:
        list(prepare(params, "rule.yaml")(system_of(), params))
    assert str(raised.value).startswith("rule.yaml: ")
    assert said in str(raised.value)


def test_more_work_than_the_language_allows_is_one_error() -> None:
    numbers = str([float(number) for number in range(60)])
    loops = f"{numbers}.all(a, {numbers}.all(b, {numbers}.all(c, {numbers}.all(d, a + b + c + d >= 0.0))))"
    params = Params(require=loops, message="no", when='component.name == "api"')
    with pytest.raises(PackError, match="fails for `api`: Iteration budget exceeded\\n  hint: put fewer loops"):
        list(prepare(params, "rule.yaml")(system_of(), params))


def test_arithmetic_with_whole_numbers_says_what_to_write() -> None:
    params = Params(require="component.replicas * 2 > 3", message="no", when='component.name == "api"')
    with pytest.raises(
        PackError, match=re.escape("hint: facts are floating-point numbers: in arithmetic write 2.0, not 2")
    ):
        list(prepare(params, "rule.yaml")(system_of(), params))


@pytest.mark.parametrize(
    ("params", "said"),
    [
        (
            Params(require="true", message="no", subject="componet"),
            "`for`: `componet` is not a subject of rules\n  hint: did you mean `component`?",
        ),
        (
            Params(require="true", message="{component.nam}"),
            "`message`: `component` has no fact `nam`\n  hint: did you mean `name`?",
        ),
        (
            Params(require="true", message="{model.name}"),
            "`message`: there is no `model.name` here\n  hint: the variables are component, system",
        ),
        (Params(require="true", message="{params.most}"), "`message`: the rule has no parameter `most`"),
        (Params(require="true", message="x", when="component.kind =="), "`when`: `component.kind ==`, column "),
    ],
)
def test_other_mistakes_are_found_before_anything_is_checked(params: Params, said: str) -> None:
    with pytest.raises(PackError) as raised:
        prepare(params, "rule.yaml")
    assert str(raised.value).startswith(f"rule.yaml: {said}")


# --- the names


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_documented_fact_is_there(subject: str) -> None:
    documented = {".".join(name.path) for name in fact_names(subject)}
    mentioned = words_in(*documented)
    for sheet in Sheets(system_of(), mentioned).of(subject):
        found = {leaf.path for leaf in sheet.leaves}
        variable = sheet.variables[subject]
        assert isinstance(variable, dict)
        found |= {f"{subject}.{name}" for name in ("says", "relations", "incoming") if name in variable}
        assert documented - found == set()


def test_documented_facts_say_what_they_are() -> None:
    for subject in SUBJECTS:
        for name in fact_names(subject):
            assert name.doc
            assert name.path[0] == subject


def test_only_what_is_mentioned_is_worked_out() -> None:
    for sheet in Sheets(system_of(), frozenset({"name"})).of("component"):
        assert sheet.variables["component"] == {"name": sheet.name}


# --- the extra


def _run(code: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=HOUSE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_without_the_extra_a_clear_line_says_what_to_install() -> None:
    done = _run(
        "import sys; sys.modules['cel_expr_python'] = None; sys.argv = ['archlint', 'check', '.'];"
        "from archlint.cli import main; main()"
    )
    assert done.returncode == 2
    told = "".join((done.stdout + done.stderr).split())      # lines are broken where the path's length puts it
    assert "ACME001-store-without-an-owner/rule.yaml:thecheck`expression`needsCEL" in told
    assert "pipinstall'archlint-ml[cel]'" in told
    assert "Traceback" not in done.stdout + done.stderr


def test_the_extra_is_loaded_only_where_a_rule_needs_it() -> None:
    done = _run(
        "import sys, archlint; from pathlib import Path; from archlint.config import Config;"
        "archlint.check('archlint: 1\\nsystem: x\\n', config=Config(Path())); print('cel_expr_python' in sys.modules)"
    )
    assert (done.stdout.split(), done.stderr) == (["False"], "")


def test_problems_of_several_rules_are_not_mixed_up() -> None:
    problems = Problems()
    problems.add("b:2:1", "second")
    problems.add("b:1:9", "first", "do this")
    with pytest.raises(PackError) as raised:
        problems.raise_as(PackError)
    assert raised.value.message.splitlines() == ["b:1:9: first (do this)", "b:2:1: second"]


def test_undecided_names_no_more_keys_than_one_can_read() -> None:
    callers = "".join(f"  c{n}: {{kind: service, calls: [hub]}}\n" for n in range(40))
    text = f"archlint: 1\ncomponents:\n  hub: {{kind: service}}\n{callers}"
    params = Params(
        require="component.incoming.all(r, r.network_s < 1.0)", message="no", when='component.name == "hub"'
    )
    (verdict,) = check(system_of(text), params)
    assert isinstance(verdict, Undecided)
    assert [place.at for place in verdict.needs[:2]] == [
        "components.c0.calls[0].network",
        "components.c1.calls[0].network",
    ]
    assert len(verdict.needs) <= 12
