"""SRV010: a cache of predictions that cannot help."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.linting import Said, lint

READ = "components.server.reads[0]"
RATIO, TTL = f"{READ}.hit_ratio", f"{READ}.ttl"


def said(
    look_up: str = "hit_ratio: 50%, ttl: 1h", repeats: str = "repeats: 60%", cache: str = "service_time: 1ms",
    time: str = "service_time: 50ms", server: str = "", rates: str = "rate: 10/s",
    kind: str = "prediction",
) -> Said:  # fmt: skip
    return lint("SRV010", f"""
    workloads: {{ask: {{from: app, models: [net], {rates}, {repeats}}}}}
    models: {{net: {{{time}}}}}
    components:
      app: {{kind: client, calls: [{{to: server, timeout: 1s}}]}}
      server:
        {{kind: model-server, serves: [net], {server}
         reads: [{{to: answers, kind: {kind}, {look_up}}}]}}
      answers: {{kind: cache, {cache}}}
    """)


def test_more_hits_than_inputs_that_repeat() -> None:
    finding = said(repeats="repeats: 40%").findings[RATIO]
    assert finding.message == (
        "`server` expects 50 % of its look-ups in `answers` to be hits, but only 40 % of the inputs repeat within its TTL"
    )
    assert (finding.severity, finding.certainty) == ("warning", "proven")


def test_two_workloads_share_a_cache_by_their_rates() -> None:
    text = """
    workloads:
      one: {{from: app, rate: 30/s, repeats: 80%}}
      two: {{from: app, rate: 10/s, repeats: {}}}
    models: {{net: {{}}}}
    components:
      app: {{kind: client, calls: [{{to: server, timeout: 1s}}]}}
      server: {{kind: model-server, serves: [net], reads: [{{to: answers, kind: prediction, hit_ratio: 60%, ttl: 1h}}]}}
      answers: {{kind: cache}}
    """
    assert lint("SRV010", text.format("0%")).places == set()           # (30 x 80 % + 10 x 0 %) / 40 = 60 %
    assert lint("SRV010", text.format("0%").replace("rate: 10/s", "rate: 11/s")).places == {RATIO}


def test_a_look_up_that_costs_more_than_it_saves() -> None:
    found = said(cache="service_time: 30ms")
    assert (found.term(RATIO, "saved"), found.term(RATIO, "look_up")) == (0.025, 0.03)
    assert found.findings[RATIO].certainty == "estimated"
    assert said(cache="service_time: 25ms").places == set()
    # Nothing is said about the time of the model, or of the cache.
    assert said(cache="service_time: 30ms", time="version: 1").places == set()
    assert said(cache="zones: 2").places == set()


def test_an_empty_cache_overloads_the_server() -> None:
    """60/s x 50 ms keep 3 workers busy without the cache, 1.5 with it."""
    rates, cache = "rate: 10/s, peak: 60/s", "replicas: 1, service_time: 1ms"
    found = said(server="replicas: 2, workers: 1,", rates=rates, cache=cache)
    assert (found.term(RATIO, "busy"), found.term(RATIO, "cold"), found.term(RATIO, "workers")) == (1.5, 3, 2)
    assert "`server` has 2 times the work: at the peak of `ask` it keeps about 3 workers busy" in found.findings[RATIO].message
    assert said(server="replicas: 3, workers: 1,", rates=rates, cache=cache).places == set()
    # A second replica of the cache keeps a copy; with one worker, the server is overloaded anyway.
    assert said(server="replicas: 2, workers: 1,", rates=rates, cache="replicas: 2").places == set()
    assert said(server="replicas: 1, workers: 1,", rates=rates, cache=cache).places == set()
    unknown = said(server="replicas: 2, workers: 1,", rates=rates)
    assert (unknown.places, unknown.undecided) == (set(), {READ: ("components.answers.replicas",)})


def test_predictions_of_replaced_models() -> None:
    found = said("hit_ratio: 50%, ttl: 2d", time="service_time: 50ms, retrained: 1d")
    assert (found.places, found.findings[TTL].certainty) == ({TTL}, "heuristic")
    assert said("hit_ratio: 50%, ttl: 1d", time="service_time: 50ms, retrained: 1d").places == set()
    assert said("hit_ratio: 50%", time="service_time: 50ms, retrained: 1d").undecided == {TTL: (TTL,)}


@pytest.mark.parametrize("kind", ["data", "prefix"])
@pytest.mark.parametrize("look_up", ["hit_ratio: 50%, network: 1s", "ttl: 1h, network: 1s"])
def test_other_caches_are_not_judged(look_up: str, kind: str) -> None:
    found = said(look_up, repeats="repeats: 1%", kind=kind)
    assert (found.places, found.undecided) == (set(), {})


def test_without_a_ratio_and_without_repeats_the_rule_asks() -> None:
    assert said("ttl: 1h", repeats="waits: true").undecided == {READ: ("workloads.ask.repeats",)}


def test_a_share_that_is_not_stated_is_asked_for_only_if_it_decides() -> None:
    text = """
    workloads:
      one: {from: app, rate: 30/s, repeats: 40%}
      two: {from: app, rate: 10/s}
    models: {net: {}}
    components:
      app: {kind: client, calls: [{to: server, timeout: 1s}]}
      server: {kind: model-server, serves: [net], reads: [{to: answers, kind: prediction, hit_ratio: RATIO, ttl: 1h}]}
      answers: {kind: cache}
    """
    assert lint("SRV010", text.replace("RATIO", "30%")) == Said({}, {})              # 30 x 40 % are enough
    assert lint("SRV010", text.replace("RATIO", "31%")).undecided == {READ: ("workloads.two.repeats",)}
    assert lint("SRV010", text.replace("RATIO", "56%")).places == {RATIO}            # not even if all of `two` repeat


def test_what_decides_is_asked_for() -> None:
    assert said(time="version: 1").undecided == {READ: ("models.net.service_time",)}
    assert said(cache="zones: 2", time="service_time: 1ms").undecided == {READ: ("components.answers.service_time",)}
    assert said(cache="zones: 2").undecided == {}                        # hits save 25 ms: no cache takes that long
    assert said("hit_ratio: 50%, ttl: 2d").undecided == {TTL: ("models.net.retrained",)}
    small = {"server": "replicas: 2,", "rates": "peak: 60/s", "cache": "replicas: 1, service_time: 1ms"}
    assert said(**small).undecided == {READ: ("components.server.workers",)}


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1e6), st.floats(0, 1e12))
@settings(max_examples=25, deadline=None)
def test_more_repeats_are_never_worse(one: float, other: float, time: float, rate: float) -> None:
    low, high = sorted((one, other))
    rare = said(repeats=f"repeats: {low:f}", cache=f"service_time: {time:f}s", rates=f"rate: {rate:f}/s")
    often = said(repeats=f"repeats: {high:f}", cache=f"service_time: {time:f}s", rates=f"rate: {rate:f}/s")
    assert rare.places or not often.places
    for finding in (*rare.findings.values(), *often.findings.values()):
        assert all(isfinite(term.value) for term in finding.terms if isinstance(term.value, float))


@pytest.mark.parametrize(("one", "other", "asked"), [
    ("rate: 1/s", "repeats: 0.5%", {"workloads.one.repeats", "workloads.two.rate"}),
    ("rate: 1/s, repeats: 90%", "repeats: 10%", {"workloads.two.rate"}),
    ("rate: 1/s, repeats: 70%", "repeats: 65%", set()),
])  # fmt: skip
def test_rates_that_would_decide_are_asked_for(one: str, other: str, asked: set[str]) -> None:
    text = f"""
    workloads: {{one: {{from: app, {one}}}, two: {{from: app, {other}}}}}
    models: {{net: {{}}}}
    components:
      app: {{kind: client, calls: [server]}}
      server: {{kind: model-server, serves: [net], reads: [{{to: answers, kind: prediction, hit_ratio: 60%}}]}}
      answers: {{kind: cache}}
    """
    found = lint("SRV010", text)
    assert found.places == set()
    assert {need for needs in found.undecided.values() for need in needs} == asked
