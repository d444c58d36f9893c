"""What a file never mentions is unknown: one question for a family, and a finding only for what it states."""

from __future__ import annotations

from pathlib import Path

import pytest

import archlint
from archlint.config import Config
from archlint.config.reading import read_config
from archlint.errors import ConfigError
from archlint.linter import Linter, Options
from archlint.model.words import FACT_FAMILIES
from archlint.report.options import TextOptions
from archlint.report.text import render_text
from archlint.source.parser import parse
from archlint.verdicts import FileReport, Report

SKETCH = """\
archlint: 1
workloads: {{chat: {{from: app{workload}}}}}
models: {{llm: {{{model}}}}}
components:
  app: {{kind: client, calls: [{{to: api{call}}}]}}
  api: {{kind: service, calls: [server], publishes: [jobs]{api}}}
  server: {{kind: model-server, serves: [llm]{server}}}
  jobs: {{kind: queue{queue}}}
  hand: {{kind: worker, consumes: [jobs], serves: [llm]}}
  log: {{kind: log-store}}
  watch: {{kind: monitoring}}
{top}
"""
RULES = {
    "timeouts": "REL003", "dead-letters": "REL009", "logs": "OPS001", "monitoring": "OPS002", "owners": "OPS003",
    "versions": "OPS004",
}  # fmt: skip
PLACES = {
    "timeouts": "the file does not mention timeouts (2 calls)", "dead-letters": "the file does not mention dead letters (1 queue)",
    "logs": "the file does not mention logs (2 components)", "monitoring": "the file does not mention monitoring (2 components)",
    "owners": "the file does not mention owners (1 part)", "versions": "the file does not mention versions (1 model)",
}  # fmt: skip
LINTER = Linter(Config(Path(__file__).parent), Options(today="2026-06-30"))


def sketch(**more: str) -> str:
    facts = dict.fromkeys(("workload", "model", "call", "api", "server", "queue", "top"), "") | more
    return SKETCH.format(**facts)


def lint(text: str) -> FileReport:
    return LINTER.lint(parse("arch.yaml", text), None)[0]


def judged(report: FileReport, rule: str) -> tuple[list[str], list[str]]:
    """Where a rule finds something, and where it is undecided."""
    return [f.at for f in report.findings if f.rule == rule], [q.at for q in report.undecided if q.rule == rule]


def test_a_sketch_has_no_finding_and_one_question_for_each_family() -> None:
    report = lint(sketch())
    assert report.findings == ()        # a family that is not described may connect the stores that nothing uses
    told = {q.family: q for q in report.undecided if q.family}
    assert {family: question.because for family, question in told.items()} == PLACES
    assert {family: (q.rule, q.at, q.needs) for family, q in told.items()} == {
        family: (rule, "system", ("described",)) for family, rule in RULES.items()
    }


MENTIONED = [
    ("timeouts", {"call": ", timeout: 1s"}), ("timeouts", {"call": ", retries: 1"}), ("timeouts", {"call": ", retry_budget: 10%"}),
    ("timeouts", {"call": ", timeout: none"}), ("timeouts", {"call": ", timeout: 5"}),       # a value that cannot be read
    ("dead-letters", {"queue": ", dead_letter: none"}), ("logs", {"server": ", logs_to: [log]"}), ("logs", {"server": ", logs_to: none"}),
    ("monitoring", {"server": ", monitored_by: [watch]"}), ("monitoring", {"server": ", monitored_by: none"}),
    ("owners", {"top": "owner: {team: a}"}), ("owners", {"server": ", owner: a"}), ("owners", {"model": "owner: a"}), ("owners", {"top": "owner: none"}),
    ("versions", {"model": "version: 1"}), ("versions", {"model": "registry: log"}), ("versions", {"model": "version: none"}),
    ("access", {"server": ", auth: oauth"}), ("access", {"server": ", exposed: internal"}), ("access", {"server": ", auth: none"}),
]  # fmt: skip


@pytest.mark.parametrize(("family", "facts"), MENTIONED)
def test_one_fact_describes_its_family_and_no_other(family: str, facts: dict[str, str]) -> None:
    system = archlint.load(sketch(**facts))
    assert [name for name in FACT_FAMILIES if name != "all" and system.described(name)] == [family]


@pytest.mark.parametrize("family", RULES)
def test_in_a_described_family_what_is_missing_is_none(family: str) -> None:
    report = lint(sketch(top=f"described: [{family}]"))
    found, undecided = judged(report, RULES[family])
    assert found
    assert undecided == []
    assert {q.family for q in report.undecided} == {"", *RULES} - {family}
    assert judged(lint(sketch(top="described: all")), RULES[family])[0] == found


@pytest.mark.parametrize(("facts", "rule", "at"), [
    ({"call": ", timeout: none"}, "REL003", "components.app.calls[0]"),
    ({"queue": ", dead_letter: none"}, "REL009", "components.jobs"),
    ({"server": ", logs_to: none"}, "OPS001", "components.server"),
    ({"server": ", monitored_by: none"}, "OPS002", "components.server"),
    ({"server": ", owner: none"}, "OPS003", "components.server.owner"),
    ({"top": "owner: none"}, "OPS003", "owner"),
    ({"model": "version: none"}, "OPS004", "models.llm"),
])  # fmt: skip
def test_a_stated_none_makes_the_rule_fire(facts: dict[str, str], rule: str, at: str) -> None:
    assert at in judged(lint(sketch(**facts)), rule)[0]


def test_an_owner_that_is_none_does_not_inherit() -> None:
    whole = "owner: {team: a, contact: '#a', runbook: r.md}"
    assert judged(lint(sketch(top=whole)), "OPS003") == ([], [])
    found, _ = judged(lint(sketch(top=whole, server=", owner: none")), "OPS003")
    assert found == ["components.server.owner"]


def test_a_timeout_that_is_none_overrides_what_the_technology_assumes() -> None:
    text = """\
archlint: 1
workloads: {w: {from: app}}
models: {m: {}}
components:
  app: {kind: client, calls: [{to: front, timeout: 1s}]}
  front: {kind: load-balancer, uses: nginx, calls: [{to: server%s}]}
  server: {kind: model-server, serves: [m]}
"""
    assert judged(lint(text % ""), "REL003")[0] == []
    assert judged(lint(text % ", timeout: none"), "REL003")[0] == ["components.front.calls[0]"]


def test_an_acceptance_of_a_rule_whose_family_is_not_described_is_not_unused() -> None:
    accept = 'accept: [{rule: OPS001, at: components.server, reason: "a pilot"}]'
    assert [f for f in lint(sketch(top=accept)).findings if f.rule == "DOC017"] == []


@pytest.mark.parametrize(("written", "families"), [
    ("true", set(RULES)), ('["owners", "logs"]', {"owners", "logs"}), ("false", set()), ('["all"]', set(RULES)),
])  # fmt: skip
def test_a_configuration_requires_families_of_all_files(tmp_path: Path, written: str, families: set[str]) -> None:
    (tmp_path / "archlint.toml").write_text(f"require_described = {written}\n")
    linter = Linter(read_config(tmp_path / "archlint.toml"), Options(today="2026-06-30"))
    report, _ = linter.lint(parse("arch.yaml", sketch()), None)
    assert {f.rule for f in report.findings} >= {RULES[family] for family in families}
    assert {q.family for q in report.undecided} - {""} == set(RULES) - families


def test_an_unknown_family_in_a_configuration_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "archlint.toml").write_text('require_described = ["timeout"]\n')
    with pytest.raises(ConfigError) as raised:
        read_config(tmp_path / "archlint.toml")
    assert "unknown family of facts `timeout`" in raised.value.full_text
    assert "did you mean `timeouts`?" in raised.value.full_text


def test_the_summary_names_at_most_five_things_to_say_next() -> None:
    text = render_text(Report((lint(sketch()),)), TextOptions(color=False, width=120))
    summary = text[text.index("undecided. Add these facts; the first decides most") :].splitlines()
    keys = [line.strip() for line in summary if line.startswith("  ") and not line.startswith("   ")]
    assert 1 < len(keys) <= 5
    said = " ".join(" ".join(summary).split())
    assert keys[0].startswith("The file mentions no ")
    assert "`described: [dead-letters, logs, monitoring, owners, timeouts, versions]` if there are none" in said
    assert "timeouts (2 calls)" in said


def test_what_init_writes_describes_every_family(tmp_path: Path) -> None:
    from archlint.cli.init import STARTER

    system = archlint.load(STARTER.format(schema="s.json", name="arch.yaml"))
    assert all(system.described(family) for family in FACT_FAMILIES if family != "all")
