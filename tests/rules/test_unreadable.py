"""A value that cannot be read may be any value: if one of them would end a proof, nothing stays proven."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archlint.source.parser import parse
from archlint.verdicts import FileReport
from tests.examples.stripping import Tree
from tests.examples.stripping import parse as parsed
from tests.rules.test_proven_unless import PACKS, before, check, linter, parts

UNREADABLE: list[Tree] = [["no such value"]]
VALUES: dict[str, dict[str, Tree]] = {
    "workload": {"waits": "false", "inputs": "known", "models": ["another"], "stream": "true", "repeats": "100%"},
    "model": {"service_time": "1ms", "family": "other", "active_parameters": "1k", "parameters": "1k", "ttft": "1ms",
              "tpot": "1ms", "adapter_of": "base"},
    "component": {"uses": "vllm", "service_time": "1ms", "replicas": "3", "zones": ["a", "b"], "host": "h", "stage": "prefill",
                  "availability": "100%", "hardware": {"gpu": "b300", "gpus": "64"}, "persistent": "true", "run_time": "1s",
                  "schedule": "1min", "dead_letter": "none", "buffers": "false"},
    "relation": {"timeout": "1s", "fallback": "older", "optional": "true", "share": "1%", "when": "rarely", "in_process": "true",
                 "fails": "open", "hit_ratio": "100%", "wait": "false", "kind": "prefix"},
}  # fmt: skip
"""Of each key, a value that ends proofs."""
CASES = [path for pack in PACKS for path in pack.examples("bad") if "include:" not in path.read_text(encoding="utf-8")]
WHICH = st.sampled_from([(part, key) for part, values in VALUES.items() for key in values])


def proofs(report: FileReport) -> set[tuple[str, str]]:
    judged = (finding for finding in report.findings if not finding.rule.startswith("DOC"))
    return {(finding.rule, finding.at) for finding in judged if finding.certainty == "proven"}


def has_errors(report: FileReport) -> bool:
    return any(finding.rule.startswith("DOC") and finding.severity == "error" for finding in report.findings)


@settings(max_examples=60)
@given(st.sampled_from(CASES), WHICH, st.integers(0, 30))
def test_an_unreadable_value_proves_no_more_than_each_value(path: Path, which: tuple[str, str], number: int) -> None:
    (part, key), tree = which, parsed(path.read_text(encoding="utf-8"))
    count = len(list(parts(tree, part)))
    if not count or not proofs(before(path)):
        return
    reports = []
    for value in (UNREADABLE, VALUES[part][key]):
        changed = deepcopy(tree)
        list(parts(changed, part))[number % count][key] = value
        reports.append(check(changed, path))
    unread, known = reports
    if not has_errors(known):
        assert proofs(unread) & proofs(before(path)) <= proofs(known)


def lint(text: str) -> FileReport:
    return linter().lint(parse("arch.yaml", text), Path("arch.yaml"))[0]


LLM = """
archlint: 1
workloads: {ask: {from: app, tokens: {in: 1k, out: 200}, stream: true, slo: {ttft: {p99: 30ms}}}}
models: {chat: {parameters: 70B, active_parameters: 70B, family: transformer, precision: fp16}}
components:
  app: {kind: client, calls: [{to: llm, timeout: 9s}]}
  llm: {kind: model-server, serves: chat, replicas: 4, hardware: {gpu: h100}}
"""


@pytest.mark.parametrize(("old", "new", "unread"), [
    ("gpu: h100", "gpu: h100, gpuss: 4", "components.llm.hardware.gpus"),
    ("gpu: h100", "gpu: h100, gpus: four", "components.llm.hardware.gpus"),
])  # fmt: skip
def test_a_mistake_in_a_fact_of_the_proof_leaves_it_undecided(old: str, new: str, unread: str) -> None:
    assert [finding.certainty for finding in lint(LLM).findings if finding.rule == "SRV001"] == ["proven"]
    report = lint(LLM.replace(old, new))
    assert [finding for finding in report.findings if finding.rule == "SRV001"] == []
    assert [question.unread for question in report.undecided if question.rule == "SRV001"] == [(unread,)]


def test_a_mistake_elsewhere_leaves_an_estimate() -> None:
    elsewhere = f"{LLM}  log: {{kind: object-store, replicas: two}}\n"
    for text in (elsewhere, LLM.replace("active_parameters: 70B,", "active_parameter: 7B,")):
        assert [finding.certainty for finding in lint(text).findings if finding.rule == "SRV001"] == ["estimated"]


def test_a_mistake_in_a_description_changes_no_proof() -> None:
    report = lint(LLM.replace("replicas: 4", "replicas: 4, description: [a]"))
    assert [finding.certainty for finding in report.findings if finding.rule == "SRV001"] == ["proven"]
