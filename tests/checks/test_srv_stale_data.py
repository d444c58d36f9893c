"""SRV008 over features, indexes and copies: how old the data gets that jobs and streams of the file write."""

from __future__ import annotations

import pytest

from tests.checks.linting import Said, lint

HOUR = 3600.0


def features(
    fill: str = '  nightly: {kind: batch-job, schedule: "@daily", run_time: 2h, writes: [store]}',
    read: str = "reads: [store]",
    slo: str = ", slo: {freshness: 1min}",
    kind: str = "feature-store",
    workload: str = "",
) -> Said:
    """Lint a scorer that reads a store, which something fills."""
    return lint("SRV008", f"""
workloads: {{fraud: {{from: pos, models: [f], inputs: on-request{slo}{workload}}}}}
models: {{f: {{}}}}
components:
  pos: {{kind: client, calls: [scorer]}}
  scorer: {{kind: model-server, serves: [f], {read}}}
  store: {{kind: {kind}}}
{fill}
""")


def ages(said: Said) -> dict[str, tuple[float, str]]:
    """The age and certainty of each finding, by place."""
    return {
        at: (round(sum(float(term.value) for term in found.terms if term.name == "age") / HOUR, 3), found.certainty)
        for at, found in said.findings.items()
    }


AT = "components.nightly.schedule"


@pytest.mark.parametrize("kind", ["feature-store", "database", "vector-store", "warehouse", "object-store", "cache"])
@pytest.mark.parametrize("read", ["reads: [store]", "calls: [store]", "features: store"])
def test_what_a_job_fills_is_as_old_as_its_gap_and_run(kind: str, read: str) -> None:
    said = features(kind=kind, read=read)
    # The entries of a cache may expire before the next run.
    assert ages(said) == {AT: (26.0, "estimated" if kind == "cache" else "proven")}
    finding = said.findings[AT]
    assert [(term.name, term.value) for term in finding.terms] == [
        ("period", 24 * HOUR), ("run_time", 2 * HOUR), ("age", 26 * HOUR), ("freshness", 60.0),
    ]  # fmt: skip
    assert [related.at for related in finding.related] == ["workloads.fraud.slo.freshness"]


@pytest.mark.parametrize("slo", ["", ", slo: {freshness: 26h}"])
def test_data_that_is_young_enough_is_not_reported(slo: str) -> None:
    said = features(slo=slo)
    assert not said.findings
    assert not said.undecided


@pytest.mark.parametrize("kind", ["log-store", "config-store"])
def test_a_log_and_settings_are_no_data_of_an_answer(kind: str) -> None:
    assert not features(kind=kind).findings
    assert features(kind=kind, read="reads: [{to: store, freshness: 1min}]").places == {AT}


def test_a_store_off_the_waiting_path_is_not_judged() -> None:
    assert not features(read="writes: [{to: store, wait: false}]").findings


LIVE = "  live: {kind: stream-processor, consumes: [events], writes: [store]}\n  events: {kind: queue}"


@pytest.mark.parametrize("live", [LIVE, LIVE.replace("stream-processor", "worker")])
@pytest.mark.parametrize("rebuild", ["", "\n  weekly: {kind: batch-job, schedule: '@weekly', writes: [store]}"])
def test_a_stream_keeps_features_fresh(live: str, rebuild: str) -> None:
    said = features(live + rebuild)
    assert not said.findings
    assert not said.undecided


def test_a_stream_that_waits_for_its_batch_is_late() -> None:
    batching = LIVE.replace("consumes", "batching: {max_size: 100, max_delay: 5min}, service_time: 3s, consumes")
    assert features(batching).places == {"components.live.batching.max_delay"}
    assert not features(batching, slo=", slo: {freshness: 6min}").findings


def test_a_stream_that_only_passes_on_what_a_job_sends_is_as_old_as_the_job() -> None:
    job = "\n  nightly: {kind: batch-job, schedule: '@daily', run_time: 2h, publishes: [events]}"
    assert ages(features(LIVE + job)) == {AT: (26.0, "estimated")}
    between = "\n  nightly: {kind: batch-job, schedule: '@daily', run_time: 2h, publishes: [first]}\n  first: {kind: queue}"
    between += "\n  split: {kind: worker, consumes: [first], publishes: [events]}"
    assert ages(features(LIVE + between)) == {AT: (26.0, "estimated")}
    assert not features(LIVE + job + "\n  shop: {kind: client, publishes: [events]}").findings


def test_a_job_whose_period_is_unknown_is_asked_for_it() -> None:
    said = features("  nightly: {kind: batch-job, run_time: 2h, writes: [store]}", slo=", slo: {freshness: 3h}")
    assert said.undecided == {"components.nightly": ("components.nightly.schedule",)}
    said = features("  nightly: {kind: batch-job, schedule: 1h, writes: [store]}", slo=", slo: {freshness: 3h}")
    assert said.undecided == {"components.nightly": ("components.nightly.run_time",)}


def test_a_period_that_is_too_long_alone_needs_no_run_time() -> None:
    assert ages(features("  nightly: {kind: batch-job, schedule: 1h, writes: [store]}")) == {AT: (1.0, "proven")}


CHAIN = """
  raw: {kind: warehouse}
  etl: {kind: batch-job, schedule: ETL, run_time: 30min, writes: [raw]}
  nightly: {kind: batch-job, schedule: FEATURES, run_time: 20min, reads: [raw], writes: [store]}
"""


def chain(etl: str, features_at: str, slo: str, more: str = "") -> Said:
    fill = CHAIN.replace("ETL", etl).replace("FEATURES", features_at) + more
    return features(fill, slo=f", slo: {{freshness: {slo}}}")


def test_ages_of_a_chain_of_jobs_add_up() -> None:
    # 1 h + 30 min of the first job, then 1 h + 20 min of the second.
    assert ages(chain("1h", "1h", "2h")) == {"components.etl.schedule": (2.833, "estimated")}
    assert not chain("1h", "1h", "3h").findings
    assert ages(chain("1h", "1h", "45min")) == {AT: (2.833, "proven")}


def test_jobs_at_fixed_times_read_what_the_job_before_left() -> None:
    # Read at 4:00, from the run that started at 2:00, until the next ends: 2 h + 24 h + 20 min.
    assert not chain('"0 2 * * *"', '"0 4 * * *"', "27h").findings
    assert ages(chain('"0 2 * * *"', '"0 4 * * *"', "26h")) == {AT: (26.333, "estimated")}
    # At 2:15 the run of 2:00 has not ended: it reads that of the day before.
    late = chain('"0 2 * * *"', '"15 2 * * *"', "27h")
    assert ages(late) == {AT: (48.583, "estimated")}


def test_jobs_of_one_scheduler_run_one_after_the_other() -> None:
    more = "\n  cron: {kind: scheduler, schedule: 6h, triggers: [etl, nightly]}"
    said = features(CHAIN.replace("schedule: ETL, ", "").replace("schedule: FEATURES, ", "") + more, slo=", slo: {freshness: 7h}")
    assert not said.findings
    assert not said.undecided


def test_jobs_that_read_each_other_s_stores_end_the_chain() -> None:
    circle = CHAIN.replace("writes: [raw]", "reads: [store], writes: [raw]").replace("ETL", "1h").replace("FEATURES", "1h")
    assert ages(features(circle)) == {AT: (1.333, "proven")}


CACHED = "reads: [{to: hot, kind: data, hit_ratio: 90%TTL}, store]"
HOT = "\n  hot: {kind: cache}"


def test_a_cache_before_a_store_adds_its_ttl() -> None:
    nightly = '  nightly: {kind: batch-job, schedule: 1h, run_time: 10min, writes: [store]}' + HOT
    read = CACHED.replace("TTL", ", ttl: 30min")
    assert ages(features(nightly, read, slo=", slo: {freshness: 75min}")) == {"components.scorer.reads[0].ttl": (1.667, "estimated")}
    assert not features(nightly, read, slo=", slo: {freshness: 100min}").findings
    assert ages(features(nightly, read, slo=", slo: {freshness: 1h}")) == {AT: (1.667, "proven")}


def test_a_cache_before_a_fresh_store_keeps_its_entries() -> None:
    said = features(LIVE + HOT, CACHED.replace("TTL", ", ttl: 30min"))
    assert ages(said) == {"components.scorer.reads[0].ttl": (0.5, "estimated")}
    assert features(LIVE + HOT, CACHED.replace("TTL", ", ttl: 30s")).places == set()
    asked = features(LIVE + HOT, CACHED.replace("TTL", ""))
    assert asked.undecided == {"components.scorer.reads[0]": ("components.scorer.reads[0].ttl",)}


def test_a_cache_of_unsaid_kind_is_too_old_in_either_case() -> None:
    said = features(LIVE + HOT, CACHED.replace("kind: data, ", "").replace("TTL", ", ttl: 30min"))
    assert said.places == {"components.scorer.reads[0].ttl"}
    assert not said.undecided


def test_a_cache_that_reads_the_store_itself_adds_its_ttl() -> None:
    said = features(LIVE + "\n  hot: {kind: cache, reads: [store]}", "reads: [{to: hot, ttl: 30min}]")
    assert said.places == {"components.scorer.reads[0].ttl"}


def test_entries_that_expire_before_the_next_run_are_no_older() -> None:
    fill = '  nightly: {kind: batch-job, schedule: "@daily", run_time: 10min, writes: [{to: store, ttl: 1h}]}'
    assert not features(fill, slo=", slo: {freshness: 2h}", kind="cache").findings
    assert ages(features(fill, slo=", slo: {freshness: 1h}", kind="cache")) == {AT: (1.167, "proven")}


TWO = """  nightly: {kind: batch-job, schedule: 24h, run_time: 2h, writes: [store]OLD}
  hourly: {kind: batch-job, schedule: 1h, run_time: 5min, writes: [store]YOUNG}"""


@pytest.mark.parametrize(
    ("old", "young", "verdict"),
    [
        ("", "", "asked"),
        (", records: 100", "", "asked"),
        (", records: 100", ", records: 40", "asked"),
        (", records: 100", ", records: 100", "young"),
    ],
)
def test_of_two_jobs_the_younger_decides_where_it_reaches_each_item(old: str, young: str, verdict: str) -> None:
    said = features(TWO.replace("OLD", old).replace("YOUNG", young), slo=", slo: {freshness: 2h}")
    assert bool(said.undecided) is (verdict == "asked")
    assert not said.findings


@pytest.mark.parametrize(("distinct", "certainty"), [(100, "proven"), (50, None)])
def test_a_younger_job_that_misses_an_input_leaves_the_older_one(distinct: int, certainty: str | None) -> None:
    fill = TWO.replace("OLD", "").replace("YOUNG", ", records: 50")
    said = features(fill, slo=", slo: {freshness: 2h}", workload=f", distinct: {distinct}")
    assert {found.certainty for found in said.findings.values()} == ({certainty} if certainty else set())


def test_of_jobs_that_are_all_too_old_the_youngest_is_found() -> None:
    assert features(TWO.replace("OLD", "").replace("YOUNG", "")).places == {"components.hourly.schedule"}


def test_a_relation_asks_with_or_without_an_objective_and_its_own_freshness_counts() -> None:
    """A workload may need fresh counters and still read what changes once a day."""
    for slo in ("", ", slo: {freshness: 20h}", ", slo: {freshness: 1min}"):
        said = features(read="reads: [{to: store, freshness: 1h}]", slo=slo)
        assert ages(said) == {AT: (26.0, "proven")}
        asked = next(term for term in said.findings[AT].terms if term.limit)
        assert asked.value == 3600.0
        assert said.findings[AT].related[0].at == "components.scorer.reads[0].freshness"
        assert not features(read="reads: [{to: store, freshness: 30h}]", slo=slo).findings


def test_a_relation_to_a_service_asks_it_of_the_stores_behind() -> None:
    fill = '  nightly: {kind: batch-job, schedule: "@daily", run_time: 2h, writes: [store]}\n  api: {kind: service, reads: [store]}'
    assert features(fill, read="calls: [{to: api, freshness: 1h}]", slo="").places == {AT}


def test_a_relation_to_a_cache_asks_it_of_the_entries() -> None:
    read = "reads: [{to: hot, kind: data, hit_ratio: 90%, ttl: 30min, freshness: 1min}]"
    assert features("  hot: {kind: cache}", read, slo="").places == {"components.scorer.reads[0].ttl"}


def test_a_relation_asks_what_fills_a_store_that_nobody_writes() -> None:
    said = features("", read="reads: [{to: store, freshness: 1h}]", slo="")
    assert said.undecided == {"components.scorer.reads[0]": ("components.*.writes",)}
    assert not features("", slo=", slo: {freshness: 1h}").undecided


def test_each_region_has_its_own_job() -> None:
    fill = """  nightly: {kind: batch-job, schedule: 10s, run_time: 5s, writes: [store], region: eu}
  us-store: {kind: feature-store, region: us}
  copy: {kind: batch-job, schedule: 1h, run_time: 5min, reads: [store], writes: [us-store], region: us}
  us-scorer: {kind: model-server, serves: [f], reads: [us-store], region: us}"""
    said = lint("SRV008", f"""
workloads: {{eu: {{from: pos, models: [f], slo: {{freshness: 1min}}}}, us: {{from: us-pos, models: [f], slo: {{freshness: 1min}}}}}}
models: {{f: {{}}}}
components:
  pos: {{kind: client, calls: [scorer]}}
  us-pos: {{kind: client, calls: [us-scorer]}}
  scorer: {{kind: model-server, serves: [f], reads: [store]}}
  store: {{kind: feature-store}}
{fill}
""")
    assert said.places == {"components.copy.schedule"}


def test_a_message_waits_in_a_full_queue_as_long_as_a_relation_may_allow() -> None:
    said = lint("SRV008", """
workloads: {w: {from: app, waits: false}}
models: {net: {service_time: 100ms}}
components:
  app: {kind: client, publishes: [jobs]}
  jobs: {kind: queue, max_length: 1000}
  first: {kind: worker, consumes: [{to: jobs, freshness: 30s}], serves: [net], replicas: 1}
""")
    assert said.places == {"components.jobs.max_length"}


def test_a_ttl_that_does_not_limit_the_age_is_no_term_of_it() -> None:
    """The starts of the job are unknown, so that its run alone bounds the age."""
    found = lint("SRV008", """
    workloads: {ask: {from: app, models: [net], slo: {freshness: 10min}}}
    models: {net: {}, counts: {}}
    components:
      app: {kind: client, calls: [server]}
      server: {kind: model-server, serves: [net], reads: [{to: kept, ttl: 1min}]}
      kept: {kind: cache}
      fill: {kind: batch-job, serves: [counts], writes: [kept], run_time: 5h}
    """)
    (finding,) = found.findings.values()
    assert [(term.name, term.value) for term in finding.terms] == [
        ("run_time", 18000.0), ("age", 18000.0), ("freshness", 600.0),
    ]  # fmt: skip


def fed(queue: str = "max_length: 10k", stream: str = "service_time: 20ms, replicas: 2", slo: str = "1min", more: str = "") -> Said:
    """Lint a scorer whose features a stream keeps, behind a queue."""
    return features(f"""
  shop: {{kind: client, publishes: [events]}}
  events: {{kind: queue, {queue}}}
  live: {{kind: stream-processor, {stream}, consumes: [events], writes: [store]}}
{more}""", slo=f", slo: {{freshness: {slo}}}")


FULL = "components.events.max_length"


def test_a_full_queue_before_a_stream_makes_its_data_old() -> None:
    """10,000 messages x 20 ms / 2 replicas are 100 s, and the work on the last one itself 20 ms."""
    said = fed()
    assert ages(said) == {FULL: (round(100.02 / HOUR, 3), "estimated")}
    finding = said.findings[FULL]
    assert "when `events` is full, messages wait in it; handle 4 messages in parallel instead of 2, or limit the queue to 5,998 messages" in finding.message
    assert said.cures(FULL)[0] == "parallel-jobs"
    assert not fed("max_length: 5k").findings
    assert not fed(slo="2min").findings
    assert not fed("").findings and not fed("").undecided


def test_a_file_that_limits_other_queues_is_asked_for_the_limit_of_this_one() -> None:
    said = fed("persistent: true", more="  other: {kind: queue, max_length: 5}")
    assert not said.findings
    assert said.undecided == {"components.live": (FULL,)}


def test_several_streams_empty_a_queue_together() -> None:
    other = "  more: {kind: stream-processor, service_time: 20ms, replicas: 2, consumes: [events], WRITES}"
    assert not fed(more=other.replace("WRITES", "writes: [store]")).findings
    assert fed(more=other.replace("WRITES", "writes: [totals]") + "\n  totals: {kind: database}").places == {FULL}


def test_an_unknown_time_of_a_stream_behind_a_limited_queue_is_asked_for() -> None:
    said = fed(stream="replicas: 2")
    assert said.undecided == {"components.live": ("components.live.service_time",)}


def test_events_that_another_consumer_hands_on_have_waited_in_its_queue_too() -> None:
    first = """
  app: {kind: client, publishes: [first]}
  first: {kind: queue, max_length: LIMIT}
  split: {kind: worker, service_time: 10ms, replicas: 1, consumes: [first], publishes: [events]}"""
    source = "  events: {kind: queue, max_length: 2k}"
    stream = "\n  live: {kind: stream-processor, service_time: 20ms, replicas: 2, consumes: [events], writes: [store]}"
    late = features(source + stream + first.replace("LIMIT", "5k"))             # 50 s, and 20 s
    assert ages(late) == {"components.first.max_length": (round(70.03 / HOUR, 3), "estimated")}
    assert not features(source + stream + first.replace("LIMIT", "3k")).findings
    shop = "\n  shop: {kind: client, publishes: [events]}"
    assert not features(source + stream + first.replace("LIMIT", "5k") + shop).findings


JOB = """
workloads: {{show: {{from: app, models: [m], waits: true, {show}}}}}
models: {{m: {{}}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: service, reads: [{read}]}}
  job: {{kind: batch-job, schedule: 24h, run_time: 3h, serves: [m], writes: [scores]}}
  scores: {{kind: database}}
  copier: {{kind: batch-job, schedule: 10min, run_time: 1min, reads: [scores], writes: [copy]}}
  copy: {{kind: database}}
"""


@pytest.mark.parametrize(("show", "read", "rules"), [
    ("inputs: known, slo: {freshness: 1h}", "{to: scores, freshness: 1h}", {"SRV003"}),
    ("inputs: known, slo: {freshness: 1h}", "scores, copy", {"SRV003"}),
    ("inputs: on-request", "{to: scores, freshness: 1h}", {"SRV003"}),
    ("inputs: known, slo: {freshness: 1h}", "{to: scores, freshness: 20h}", {"SRV008"}),
    ("inputs: known, slo: {freshness: 1h}", "{to: scores, freshness: 27h}", set()),
    ("inputs: known, slo: {freshness: 20h}", "scores", {"SRV008"}),
])  # fmt: skip
def test_a_job_that_no_schedule_helps_is_one_finding(show: str, read: str, rules: set[str]) -> None:
    """SRV003 reports it; SRV008 reports only what a shorter period mends."""
    text = JOB.format(show=show, read=read)
    assert {rule for rule in ("SRV003", "SRV008") if lint(rule, text).places} == rules


def test_of_many_readers_the_strictest_is_judged_and_the_one_that_loses_most_is_named() -> None:
    """Thirty clients allow one hour or a little less of a store that is 26 hours old; one has nearly all traffic."""
    loads = "\n".join(
        f"  w{n}: {{from: u{n}, rate: {1000 if n == 5 else 1}/s, slo: {{freshness: {3600 - 10 * n}s}}}}" for n in range(30)
    )
    clients = "\n".join(f"  u{n}: {{kind: client, reads: [store]}}" for n in range(30))
    said = lint("SRV008", f"""
workloads:
{loads}
components:
  store: {{kind: database}}
  nightly: {{kind: batch-job, schedule: "@daily", run_time: 2h, writes: [store]}}
{clients}
""")
    (finding,) = said.findings.values()
    assert "`w29` allows an age of at most 55.2 min" in finding.message
    named = [related.at for related in finding.related]
    assert named[:8] == [f"workloads.w{n}.slo.freshness" for n in range(29, 21, -1)]
    assert named[8:] == ["workloads.w5.slo.freshness"]
    assert finding.loss == pytest.approx(1000 / 1029 * (1 - 3550 / (26 * HOUR)))


def test_where_another_rule_reports_the_run_for_the_strictest_reader_the_next_one_is_named() -> None:
    """SRV003 reports the job, whose run alone is too long for `a` and `c`; `b` needs more frequent runs."""
    said = lint("SRV008", """
workloads:
  a: {from: x, slo: {freshness: 1h}, models: [m]}
  b: {from: y, slo: {freshness: 10h}, models: [k]}
  c: {from: y, slo: {freshness: 1h}, models: [k]}
models: {m: {}, k: {}}
components:
  x: {kind: client, reads: [store]}
  y: {kind: client, calls: [server]}
  server: {kind: model-server, serves: [k], reads: [store]}
  store: {kind: database}
  nightly: {kind: batch-job, schedule: "@daily", run_time: 2h, serves: [m], writes: [store]}
""")
    (finding,) = said.findings.values()
    assert "when `server` reads it, but `b` allows an age of at most 10 h" in finding.message
    assert "start runs of `nightly` at most 8 h apart" in finding.message
