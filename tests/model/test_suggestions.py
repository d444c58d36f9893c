"""Suggestions for an unknown key: a similar key that accepts the value, or none."""

from __future__ import annotations

import pytest

import archlint as library
from archlint.about import docs_url
from tests.model.help import architecture, problems


def suggestion_for(key: str, section: str = "components") -> str:
    head = {"components": "kind: service", "workloads": "from: a", "models": "framework: x"}[section]
    (found,) = [p for p in problems(f"{section}: {{a: {{{head}, {key}}}}}") if p.kind == "unknown-key"]
    return found.suggestion


@pytest.mark.parametrize(("key", "likely"), [
    ("replcias: 2", "replicas"), ("replcias: two", "replicas"), ("Replicas: 3", "replicas"), ("instances: 3", "replicas"),
    ("availabilty: 99%", "availability"), ("availibilty: 99%", "availability"), ("servis_time: 3ms", "service_time"),
    ("call: [b]", "calls"), ("zone: a", "zones"), ("replcias: ~", "replicas"), ("hardwear: {cpu: 2}", "hardware"),
    ("hardwear: {cpus: 2}", "hardware"),
])  # fmt: skip
def test_a_near_key_that_takes_the_value_is_suggested(key: str, likely: str) -> None:
    assert suggestion_for(key) == f"did you mean `{likely}`?"


@pytest.mark.parametrize("key", [
    "rate_limits: 5/s", "routes: [a, b]", "replcias: [1, 2]", "hardwear: 3", "zone: {a: b}", "sidecar: x", "a: 1",
])  # fmt: skip
def test_a_far_key_or_one_that_takes_another_value_is_not_suggested(key: str) -> None:
    assert suggestion_for(key) == f"see {docs_url('format.md')} for the keys"


@pytest.mark.parametrize("text", ["workload: 3", "componets: [a]", "ownr: [a]"])
def test_at_the_top_too(text: str) -> None:
    (found,) = [p for p in problems(f"components: {{a: {{kind: client}}}}\n{text}") if p.kind == "unknown-key"]
    assert found.suggestion.startswith("known keys: archlint, system,")


def test_few_keys_are_all_named() -> None:
    assert suggestion_for("slo: {throughput: 300ms}", "workloads") == "known keys: latency, ttft, tpot, availability, freshness"


def test_a_suggestion_reads_nested_mistakes_once() -> None:
    nested = "{hardwear: " * 50 + "x" + "}" * 50
    assert len(problems(f"components: {{a: {{kind: service, preprocesing: {nested}}}}}")) == 1


SYSTEM = """\
archlint: 1
workloads: {{w: {{from: page, rate: 5/s, models: [m], waits: true, inputs: on-request, slo: {{{slo}}}}}}}
models: {{m: {{service_time: 50ms, version: 1.0.0}}}}
components:
  page: {{kind: client, calls: [{{to: api, timeout: 1s}}]}}
  api: {{kind: model-server, serves: [m], {key}}}
"""


@pytest.mark.parametrize(("slo", "key", "written"), [
    ("jitter: 300ms", "replicas: 2", "jitter"), ("latency: {p99: 1s}", "sidecar: {a: 1}", "sidecar"),
    ("latency: {p99: 1s}", "gpus: 2", "gpus"), ("latency: {p99: 1s}", "replcias: 2", "replcias"), ("latncy: {p99: 1s}", "replicas: 2", "latncy"),
])  # fmt: skip
def test_an_unknown_key_is_never_asked_for(slo: str, key: str, written: str) -> None:
    report = library.check(SYSTEM.format(slo=slo, key=key))
    assert [f.rule for f in report.findings if f.rule == "DOC002"] == ["DOC002"]
    assert not [need for question in report.undecided for need in question.needs if written in need]


def test_a_misspelt_key_still_keeps_its_meaning_from_counting_as_absent() -> None:
    read = architecture("components: {a: {kind: service, replcias: 2, sidecar: {b: 1}}}")
    assert read.is_unread(read.components["a"].place("replicas"))
    assert not read.is_unread(read.components["a"].place("sidecar"))
