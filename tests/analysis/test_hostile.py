"""Laws of every readable system, even with absurd numbers, names and roles."""

from __future__ import annotations

import math
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import archlint
from archlint.analysis.patterns import recognise
from archlint.config import Config
from archlint.linter import Linter, Options
from archlint.report import FORMATS
from archlint.report.options import ReportOptions
from archlint.source.parser import parse
from archlint.verdicts import Report
from tests.analysis.hostile import Lot

LINTER = Linter(Config(Path(__file__).parent), Options(today="2026-06-30"))
SEEDS = st.integers(0, 10**9)


@settings(max_examples=120, deadline=None)
@example(75)     # a full queue of a worker without replicas
@example(83)     # a full queue whose worker takes no time
@example(3)      # a component with an empty name
@example(318)    # a device behind a queue
@given(SEEDS)
def test_every_check_ends_with_finite_terms(seed: int) -> None:
    report, _ = LINTER.lint(parse("arch.yaml", Lot(Random(seed)).text()), None)
    for finding in report.findings:
        assert 0 <= finding.loss <= 1, finding
        assert not {"inf", "nan", "-inf"} & set(finding.message.split()), finding
        for term in finding.terms:
            assert not isinstance(term.value, float) or math.isfinite(term.value), (finding.rule, term)


@settings(max_examples=120, deadline=None)
@example(3)
@example(4)
@given(SEEDS)
def test_every_question_about_a_system_has_an_answer(seed: int) -> None:
    system = archlint.load(Lot(Random(seed)).text())
    for pattern in recognise(system):
        assert all(name in system.components for names in pattern.roles.values() for name in names)
    assert set(system.articulation_points()) <= set(system.components)
    assert len(system.to_networkx()) == len(system.components)
    for cycle in system.waiting_cycles():
        assert cycle[0].source == cycle[-1].target
    for name in system.workloads:
        waiting = system.waiting_path(name)
        attempts = system.attempts(name)
        assert attempts is None or set(attempts) == set(waiting)
        needed = set(system.needed_components(name))
        for component in system.components:
            chain = system.dominators(name, component)
            assert bool(chain) == (component in waiting) and (not chain or chain[-1] == component)
            lost = system.components_lost_with(name, [component])
            assert (component in needed) <= (component in lost)
        for loss in system.blast_radius(waiting[:1]).losses:
            assert loss.share is None or 0 <= loss.share <= 1


GENERATING = """
archlint: 1
workloads:
  chat: {from: page, rate: 2/s, waits: true, tokens: {in: {p50: 1k}, out: OUT}, budget: 10 USD per day, slo: {latency: {p99: 1s}}}
  buy: {from: shop, rate: 2/s, waits: true, slo: {latency: {p99: 1s}}}
models: {llm: {parameters: 7B, precision: fp16, kv_per_token: 128kB, context: 8k}}
components:
  page: {kind: client, calls: [vllm, api]}
  shop: {kind: client, calls: [web]}
  web: {kind: service, service_time: TIME, replicas: 1, workers: 4}
  vllm: {kind: model-server, serves: [llm], replicas: 1, workers: 4, hardware: {gpu: h100}}
  api: {kind: external-api, price: {in: 1 USD per 1M tokens, out: 2 USD per 1M tokens}}
"""


@pytest.mark.parametrize(
    ("out", "time"),
    [
        ("{p50: 5s, max: 2k}", "{p50: 5, p99: x}"),                    # all that is stated was refused
        ("{p50: -1}", "{cv: 1}"), ("{}", "{}"), ("100", "{p50: 60ms, p95: 9999999999999999999990ms}"),
        ("{p50: 1, p99: 9e30}", "{p50: 1e-30s, p99: 9e99s}"), ("{mean: 1e99}", "{mean: 1e99s, cv: 9e99}"),
    ],
)  # fmt: skip
def test_facts_that_were_refused_or_are_absurd_do_not_end_a_check(out: str, time: str) -> None:
    text = GENERATING.replace("OUT", out).replace("TIME", time)
    report, _ = LINTER.lint(parse("arch.yaml", text), None)
    assert report.findings
    for name in ("text", "json"):
        assert "nan" not in FORMATS[name](Report((report,)), ReportOptions()).lower().split()
