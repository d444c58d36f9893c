"""Realistic systems, for laws that hold for any system."""

from __future__ import annotations

import yaml
from hypothesis import strategies as st

from archlint.model.records import NONE_VERBS
from archlint.model.words import BALANCING, FACT_FAMILIES, FAMILIES, KINDS, PRECISIONS, VERBS

Facts = dict[str, object]
NAMES = st.sampled_from(["api", "ranker", "web", "store-1", "q", "a.b", "1", "서버", "true"])
MODELS = st.sampled_from(["m", "ctr-model", "2", "모델"])
WORDS = st.sampled_from(["nginx", "team-a", "docs/run.md", "a few words", "NO", "1.10", "#chan", "x: y", "- z"])


def with_units(least: int, *units: str) -> st.SearchStrategy[str]:
    """Quantities such as `850ms`."""
    return st.builds(lambda number, unit: f"{number}{unit}", st.integers(least, 900), st.sampled_from(units))


DURATIONS = with_units(1, "ms", "s", "min", "h", "d", " s")
SIZES = with_units(1, "kB", "MB", "GB", "GiB", "Mi")
RATES = with_units(0, "/s", "/min", "k/day", "M/month", " req/s")
COUNTS = st.one_of(st.integers(0, 10**6), st.sampled_from(["2M", "40k", "7B", "1,000", "1_000"]))
WHOLE = st.integers(1, 500)
SHARES = st.one_of(st.sampled_from(["99.5%", "30 %", "0%", "0.02"]), st.floats(0, 1).map(lambda x: round(x, 4)))
MONEY = st.sampled_from(["0.40 USD per 1k", "1200 EUR per month", "0.75 USD/h"])
DATES = st.dates().map(lambda day: f"{day.year:04}-{day.month:02}-{day.day:02}")
FLAGS = st.booleans()


TOKEN_PRICES = st.sampled_from(["2.50 USD per 1M tokens", "10 EUR/1k tokens", "0.01 USD per token"])
BANDWIDTHS = with_units(1, "MB/s", "Gbit/s", "MiB/s")
TOKEN_RATES = with_units(1, "k/min", "M/min", " tokens/s")
OWN = st.one_of(WORDS, st.lists(WORDS, max_size=2), st.dictionaries(WORDS, WORDS, max_size=2), st.booleans())
NONE = st.just("none")


def some(**facts: st.SearchStrategy[object]) -> st.SearchStrategy[Facts]:
    """Some of the facts, in any order; rarely with a key that starts with `x-`."""
    return st.fixed_dictionaries({}, optional={**facts, "x-own": OWN}).flatmap(
        lambda chosen: st.permutations(list(chosen.items())).map(dict)
    )


def one_or_many(item: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.one_of(item, st.lists(item, max_size=3))


PERCENTILES = st.dictionaries(st.sampled_from(["p50", "p90", "p95", "p99", "p99.9"]), st.just("5s"), min_size=1)
OBJECTIVES = st.one_of(DURATIONS, PERCENTILES, PERCENTILES.map(lambda stated: {**stated, "mean": "2s"}), st.just({"mean": "2s"}))
AMOUNTS = st.one_of(COUNTS, st.just({"p50": 200, "p99": "4k"}), st.just({"mean": "1.2k"}))
SERVICE_TIMES = st.one_of(DURATIONS, PERCENTILES, st.just({"mean": "3ms", "cv": 0.5}))
HARDWARE = some(cpu=st.sampled_from([4, "500m", 0.5]), memory=SIZES, gpu=WORDS, gpus=WHOLE, gpu_memory=SIZES, gpu_share=st.sampled_from([0.5, "25%", 1]))
OWNERS = st.one_of(WORDS, some(team=WORDS, contact=WORDS, runbook=WORDS))
RANGES = st.builds(lambda low, more: {"min": low, "max": low + more, "on": "cpu"}, st.integers(1, 9), st.integers(0, 9))

RELATIONS = some(
    timeout=st.one_of(DURATIONS, NONE), quorum=WHOLE, freshness=DURATIONS, fails=st.sampled_from(["open", "closed"]), in_process=FLAGS,
    retries=st.integers(0, 9), backoff=WORDS, retry_budget=SHARES, circuit_breaker=FLAGS,
    fallback=WORDS,
    optional=FLAGS, share=SHARES, when=WORDS, parallel=WORDS, either=WORDS, hit_ratio=SHARES, ttl=DURATIONS,
    kind=st.sampled_from(["prediction", "data", "prefix"]), payload=SIZES, wait=FLAGS, network=DURATIONS, bandwidth=BANDWIDTHS, max_attempts=WHOLE, redelivery_after=st.one_of(DURATIONS, NONE),
).flatmap(lambda facts: NAMES.map(lambda name: {"to": name, **facts}))  # fmt: skip
_SCHEDULES = st.sampled_from(["0 3 * * *", "*/15 * * * 1-5", "@daily", "6h"])
COMPONENTS = some(
    description=WORDS, uses=WORDS, serves=one_or_many(MODELS), trains=one_or_many(MODELS), service_time=SERVICE_TIMES,
    replicas=st.one_of(st.integers(0, 99), RANGES), autoscale=RANGES, workers=WHOLE, hardware=HARDWARE,
    zones=st.one_of(one_or_many(WORDS), st.integers(0, 9)), host=WORDS, jurisdiction=WORDS, balancing=st.sampled_from(list(BALANCING)),
    rate_limit=some(requests=RATES, tokens=TOKEN_RATES, concurrent=WHOLE), max_sequences=WHOLE, tensor_parallel=WHOLE, pipeline_parallel=WHOLE,
    stage=st.sampled_from(["prefill", "decode"]), shards=WHOLE, index_of=MODELS, region=WORDS, regions=one_or_many(WORDS),
    batching=some(max_size=WHOLE, max_delay=DURATIONS), limit=WHOLE, callback=one_or_many(NAMES), features=NAMES,
    image=WORDS, image_size=SIZES, pull_bandwidth=st.sampled_from(["200MB/s", "8Gbit/s"]),
    loads_model=st.sampled_from(["in-image", "at-start", "on-request"]), start_time=DURATIONS, ready_check=FLAGS,
    deadline=DURATIONS, schedule=_SCHEDULES, records=COUNTS, window=DURATIONS, run_time=DURATIONS,
    retry=st.sampled_from(["all", "failed", "none"]), persistent=FLAGS, dead_letter=st.one_of(NAMES, NONE), max_length=COUNTS,
    availability=SHARES, mtbf=DURATIONS, mttr=DURATIONS,
    price=st.one_of(MONEY, st.fixed_dictionaries({"amount": MONEY, "source": WORDS, "date": DATES}), st.fixed_dictionaries({"input": TOKEN_PRICES}, optional={"output": TOKEN_PRICES})),
    exposed=st.sampled_from(["public", "internal"]), auth=st.one_of(WORDS, NONE), owner=st.one_of(OWNERS, NONE),
    preprocessing=some(service_time=SERVICE_TIMES, hardware=HARDWARE), training_code=FLAGS, switch=WORDS,
    load_tested=some(rate=RATES, p99=DURATIONS, date=DATES),
    **{verb: one_or_many(st.one_of(NAMES, RELATIONS)) for verb in VERBS if verb not in NONE_VERBS},
    **{verb: st.one_of(one_or_many(st.one_of(NAMES, RELATIONS)), NONE) for verb in NONE_VERBS},
).flatmap(lambda facts: st.sampled_from(list(KINDS)).map(lambda kind: {"kind": kind, **facts}))  # fmt: skip
MODEL_FACTS = some(
    description=WORDS, framework=WORDS, artifact=SIZES, parameters=COUNTS, active_parameters=COUNTS,
    precision=st.sampled_from(list(PRECISIONS)), service_time=SERVICE_TIMES, version=st.one_of(WORDS, st.just(3), NONE),
    registry=NAMES, retrained=DURATIONS,
    evaluated=one_or_many(st.sampled_from(["offline", "shadow", "online-ab", "canary"])), format=WORDS, owner=st.one_of(OWNERS, NONE),
    ttft=SERVICE_TIMES, tpot=SERVICE_TIMES, family=st.sampled_from(list(FAMILIES)), layers=WHOLE, kv_heads=WHOLE, head_dim=WHOLE,
    kv_per_token=SIZES, context=COUNTS, embedding_parameters=COUNTS, adapter_of=MODELS, quantised_from=WORDS, embedding_space=WORDS,
)  # fmt: skip
WORKLOADS = some(
    description=WORDS, rate=RATES, peak=RATES, models=one_or_many(MODELS), waits=FLAGS,
    inputs=st.sampled_from(["on-request", "known"]), distinct=COUNTS, repeats=SHARES,
    tokens=some(**{"in": AMOUNTS, "out": AMOUNTS}), stream=FLAGS,
    slo=some(latency=OBJECTIVES, ttft=OBJECTIVES, tpot=OBJECTIVES, availability=SHARES, freshness=DURATIONS), budget=MONEY,
).flatmap(lambda facts: NAMES.map(lambda name: {"from": name, **facts}))  # fmt: skip
ACCEPTANCES = some(at=WORDS, until=DATES, **{"while": st.just("rate < 50/s")}).map(
    lambda facts: {"rule": "SRV001", "reason": "because", **facts}
)


def systems() -> st.SearchStrategy[Facts]:
    """Complete files, as plain values; names may be undefined, and facts may contradict each other."""
    return some(
        system=WORDS, description=WORDS, owner=st.one_of(OWNERS, NONE), described=one_or_many(st.sampled_from(list(FACT_FAMILIES))), team=some(engineers=WHOLE, on_call=FLAGS),
        zone_availability=SHARES, region_availability=SHARES,
        workloads=st.dictionaries(NAMES, WORKLOADS, max_size=2),
        models=st.dictionaries(MODELS, MODEL_FACTS, max_size=2),
        accept=one_or_many(ACCEPTANCES),
    ).flatmap(
        lambda facts: st.dictionaries(NAMES, COMPONENTS, min_size=1, max_size=4).map(
            lambda components: {"archlint": 1, **facts, "components": components}
        )
    )  # fmt: skip


def to_yaml(system: Facts) -> str:
    """Write a system as YAML, in the order of its keys."""
    return yaml.safe_dump(system, sort_keys=False, allow_unicode=True, width=1000)
