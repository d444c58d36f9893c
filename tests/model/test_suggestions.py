"""Suggestions for an unknown key: a similar key that accepts the value, or none."""

from __future__ import annotations

import re

import pytest

import archlint as library
from archlint.about import docs_url
from archlint.model.places import Place
from archlint.report.markdown import render_markdown
from archlint.report.options import TextOptions
from archlint.report.plain import question_text
from archlint.report.text import render_text
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
    page = docs_url("keys.md")
    assert suggestion_for(key) == f"`archlint explain component` lists the keys, as does {page}"


@pytest.mark.parametrize("text", ["workload: 3", "componets: [a]", "ownr: [a]"])
def test_at_the_top_too(text: str) -> None:
    (found,) = [p for p in problems(f"components: {{a: {{kind: client}}}}\n{text}") if p.kind == "unknown-key"]
    assert found.suggestion.startswith("known keys: archlint, system,")


def test_few_keys_are_all_named() -> None:
    assert suggestion_for("slo: {throughput: 300ms}", "workloads") == "known keys: latency, ttft, tpot, availability, freshness"


@pytest.mark.parametrize(("section", "key", "suggestion"), [
    ("components", "cost: 3", "did you mean `price`?"), ("components", "post: 3", "`archlint explain component` lists"),
    ("components", "every: 6h", "did you mean `schedule`?"), ("components", 'cron: "0 1 * * *"', "did you mean `schedule`?"),
    ("components", "batch_size: 8", "write `batching: {max_size: 8}`"),
    ("components", "ttl: 6h", "`ttl` belongs to a relation, as in `reads: [{to: name, ttl: 6h}]`"),
    ("components", "max_attempts: 5", "`max_attempts` belongs to a relation, as in `consumes: [{to: name, max_attempts: 5}]`"),
    ("components", "redelivery_after: 5s", "`redelivery_after` belongs to a relation, as in `consumes: [{to: name, redelivery_after: 5s}]`"),
    ("components", "hardware: {count: 2}", "did you mean `gpus`?"),
    ("components", "replicas: 2, instances: 3", "`replicas` is set already; remove `instances`, or merge them"),
    ("models", "service_times: {p50: 20ms, p99: 15ms}", "did you mean `service_time`?"),
    ("models", "service_times: {p50: 20 parsecs}", "did you mean `service_time`?"),
    ("models", "params: 3B", "did you mean `parameters`?"), ("models", "active_params: 3B", "did you mean `active_parameters`?"),
    ("models", "quantization: int8", "did you mean `precision`?"),
    ("models", "service_time: {p50: 50ms, p9: 70ms}", "did you mean `p90` or `p99`?"),
    ("models", "context_window: 32k", "did you mean `context`?"),
    ("components", "accelerator: h100", "write `hardware: {gpu: h100}`"),
    ("components", "min_replicas: 3", "write `replicas: {min: 3}`"),
    ("workloads", "tokens: {input: 4000}", "did you mean `in`?"),
    ("workloads", "ttft: 1s", "`ttft` belongs to `slo`, as in `slo: {ttft: 1s}`"),
    ("workloads", "streaming: true", "did you mean `stream`?"),
])  # fmt: skip
def test_what_people_write_elsewhere_leads_to_the_key(section: str, key: str, suggestion: str) -> None:
    assert suggestion_for(key, section).startswith(suggestion)


@pytest.mark.parametrize("low", ["p1: 3ms", "p5: 4ms", "p9: 4ms"])
def test_a_low_percentile_in_order_is_one(low: str) -> None:
    assert not problems(f"models: {{m: {{service_time: {{{low}, p50: 5ms}}}}}}\ncomponents: {{a: {{kind: client}}}}")


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


WRONG = [
    "replica: 3", "replicas: 3/s", "serves: [m], model: x", "monitored-by: [s]", "hardware: {gpus: many}", "ttl: 6h",
]


@pytest.mark.parametrize("written", WRONG)
@pytest.mark.parametrize("workload", ["waits: true, inputs: known", "waits: maybe, inputs: known-ahead", "rate: lots"])
def test_a_key_that_cannot_be_read_is_to_be_corrected_never_added(written: str, workload: str) -> None:
    text = (
        "archlint: 1\nmodels: {m: {version: 1}}\nworkloads:\n"
        f"  w: {{from: page, models: [m], slo: {{latency: {{p99: 1s}}}}, {workload}}}\n"
        "components:\n  page: {kind: client, calls: [api, s]}\n"
        f"  api: {{kind: model-server, {written}}}\n"
        "  s: {kind: monitoring}\n  j: {kind: batch-job}\n"
    )
    report = library.check(text)
    stated = {"components.api.replicas", "components.api.serves", "components.api.monitored_by", "workloads.w.waits",
              "workloads.w.inputs", "workloads.w.rate", "components.api"}  # fmt: skip
    mistaken = {place for place in stated if library.load(text).architecture.is_unread(_place(place))}
    asked = {need for question in report.undecided for need in question.needs}
    assert not asked & mistaken
    wrong = {finding.location.line for finding in report.findings if finding.rule in {"DOC002", "DOC004", "DOC008"}}
    waiting = [question for question in report.undecided if question.mistakes]
    assert {place.line for question in waiting for place in question.mistakes} <= wrong
    shown = " ".join(render_text(report, TextOptions(color=False, width=200)).split())
    assert not waiting or re.search(r"undecided\. Correct lines? \d", shown)
    for question in waiting:
        assert re.fullmatch(r"undecided: correct lines? [\d, and]+ first", question_text(question))


def _place(text: str) -> Place:
    return Place(tuple(text.split(".")), tuple(text.split(".")))


def test_a_question_waits_for_the_line_to_correct_in_each_format() -> None:
    report = library.check(SYSTEM.format(slo="latency: {p99: 1s}", key="replica: 2"))
    (question, *_) = [question for question in report.undecided if question.mistakes]
    assert question.unread == ("components.api.replicas",)
    assert [place.line for place in question.mistakes] == [6]
    assert "correct line 6 first" in report.to_sarif()
    assert '"mistakes": [\n        {' in report.to_json()
    assert "Correct these lines first" in render_markdown(report)
    for text in (render_markdown(report), render_text(report, TextOptions(undecided=True))):
        assert re.search(r"correct the lines (and add the keys )?below", text)
    assert not re.search(r"[Aa]dd[^.]*components\.api\.replicas", report.to_sarif() + render_markdown(report))


def test_a_misspelt_key_still_keeps_its_meaning_from_counting_as_absent() -> None:
    read = architecture("components: {a: {kind: service, replcias: 2, sidecar: {b: 1}}}")
    assert read.is_unread(read.components["a"].place("replicas"))
    assert not read.is_unread(read.components["a"].place("sidecar"))
