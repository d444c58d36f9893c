"""`archlint explain KEY`: every key of the format, by every way to write its path."""

from __future__ import annotations

import re

import click
import pytest

from archlint.api import load
from archlint.cli.app import run_app
from archlint.cli.complete import complete_rule
from archlint.config import Config
from archlint.errors import UsageError
from archlint.linter import Linter, Options
from archlint.model.meaning import meaning_of
from archlint.model.places import Step
from archlint.packs import shipped_packs
from archlint.report.key_help import Key, all_keys, find_keys, key_text, nearest_key
from archlint.report.keys import keys_page
from archlint.source.parser import parse
from archlint.verdicts import Hit
from tests.conftest import ROOT

FILE = """
archlint: 1
workloads: {search: {from: web, rate: 1/s}}
models: {ranker: {}}
components: {web: {kind: client, calls: [api]}, api: {kind: service}, other: {kind: service}}
"""


def steps(path: str) -> tuple[Step, ...]:
    return tuple(int(one) if one.isdigit() else one for one in re.findall(r"[^.\[\]]+", path.replace("[]", "[0]")))


@pytest.mark.parametrize("key", all_keys(), ids=lambda key: key.path)
def test_each_key_is_found_by_its_path_and_shows_all_about_it(key: Key) -> None:
    assert [found.path for found in find_keys(key.path)] == [key.path]
    assert [found.path for found in find_keys(key.path.replace("*", "some-part").replace("[]", "[0]"))] == [key.path]
    assert key.path in [found.path for found in find_keys(key.short)]
    text = key_text([key], (), 100)
    assert text.startswith(f"{key.path}\n") and "`" not in text
    for row in ("  value  ", "  if left out  ", "  example  ", "  read by  "):
        assert row in text, row
    found = meaning_of(steps(key.path))
    assert found is not None and found.field is not None and found.field.doc == key.field.doc


def test_the_keys_of_the_table_are_all_explained() -> None:
    named = {row.split("`")[1] for row in keys_page().splitlines() if row.startswith("| `")}
    assert named <= {".".join(key.names) for key in all_keys()}


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("workloads.slo.ttft", ["workloads.*.slo.ttft"]),
        ("workload.slo.ttft", ["workloads.*.slo.ttft"]),
        ("slo.ttft", ["workloads.*.slo.ttft"]),
        ("components.queue.dead_letter", ["components.*.dead_letter"]),
        ("components.api.calls[ranker].timeout", ["components.*.calls[].timeout"]),
        ("relation.timeout", ["components.*.calls[].timeout"]),
        ("slo.latency.p99.9", ["workloads.*.slo.latency.p99.9"]),
        ("replicas.max", ["components.*.replicas.max"]),
        ("owner.runbook", ["owner.runbook"]),
        ("models.owner.runbook", ["models.*.owner.runbook"]),
        ("replcas", []),
        ("..", []),
    ],
)
def test_the_ways_to_write_a_path(text: str, paths: list[str]) -> None:
    assert [key.path for key in find_keys(text)] == paths


def test_each_example_is_a_fact_that_the_reader_knows() -> None:
    linter = Linter(Config(ROOT), Options(select=("DOC",)))
    for key in all_keys():
        example = re.search(r"  example +(.*(?:\n {15}.*)*)", key_text([key], (), 1000))
        assert example is not None
        line = example[1]
        if key.part == "relation":
            line = f"components: {{api: {{{line}}}}}"
        if key.part == "acceptance" or key.names[0] in {"archlint", "include", "workloads", "models", "components"}:
            continue
        top = line.split(":")[0]
        kept = "\n".join(row for row in FILE.splitlines() if not row.startswith(f"{top}:"))
        report = linter.lint(parse("arch.yaml", f"{kept}\n{line}\n"), None)[0]
        wrong = {"DOC002", "DOC004", "DOC005", "DOC014"}    # others miss the parts that the example leaves out
        assert [found.message for found in report.findings if found.rule in wrong] == [], (key.path, line)


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["explain", "workloads.slo.ttft"]) == 0
    out = capsys.readouterr().out
    assert "Maximum time to the first token" in out and "SRV001 online-bigsize" in out and "unit" in out
    assert run_app(["explain", "workloads.*.slo.p95"]) == 0
    assert "workloads.*.slo.tpot.p95" in capsys.readouterr().out
    with pytest.raises(UsageError, match="there is no key `components"):
        run_app(["explain", "components.api.replcas"])
    with pytest.raises(UsageError, match="there is no rule or key `replcas`"):
        run_app(["explain", "replcas"])
    for word, means in (("queue", "a kind of component"), ("msk", "Apache Kafka"), ("batch", "archlint patterns batch")):
        with pytest.raises(UsageError, match=f"there is no rule or key `{word}`") as error:
            run_app(["explain", word])
        assert means in error.value.hint
    assert nearest_key("components.api.replcas") == "components.*.replicas"


def test_the_shell_completes_paths() -> None:
    parameter = click.Argument(["word"])
    found = complete_rule(click.Context(click.Command("explain")), parameter, "workloads.slo.tt")
    assert (found[0].value, found[0].help) == (
        "workloads.slo.ttft", "Maximum time to the first token of a streamed answer."
    )  # fmt: skip
    assert [one.value for one in found][1:3] == ["workloads.slo.ttft.p50", "workloads.slo.ttft.p90"]


def test_rules_that_read_a_key_are_listed_though_their_pages_do_not_name_it() -> None:
    """Each term of a finding is a fact that the rule reads, so the help of its key lists the rule."""
    packs = [pack for pack in shipped_packs() if not pack.is_deployment]
    linter = Linter(Config(ROOT), Options())
    rules = {rule.pack.id: rule for rule in linter.rules(ROOT / "arch.yaml")}
    listed: set[tuple[str, str]] = set()
    for pack in packs:
        for path in pack.examples("bad")[:1]:
            for hit in rules[pack.id].run(load(path), rules[pack.id].params):
                terms = hit.terms if isinstance(hit, Hit) else ()
                for at in (term.at for term in terms if term.at is not None and len(term.at.steps) > 2):
                    keys = find_keys(at.at)
                    assert len(keys) == 1, at.at
                    assert pack.id in key_text(keys, [pack], 100), (pack.id, at.at)
                    listed.add((pack.id, keys[0].path))
    assert len(listed) > 80
    assert ("SRV001", "workloads.*.slo.latency.p95") in listed


def test_rules_that_name_a_key_are_listed() -> None:
    (key,) = find_keys("components.dead_letter")
    assert "REL009" in key_text([key], shipped_packs(), 100)
    (key,) = find_keys("workloads.slo.ttft.p95")
    assert "SRV001" in key_text([key], shipped_packs(), 200)
