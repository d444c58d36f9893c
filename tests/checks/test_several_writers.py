"""SRV003 and SRV008: the most recent writer of an item decides its age."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.linting import Said, lint
from tests.topology.graphs import system_of

STREAM = "  live: {kind: stream-processor, consumes: [edits], serves: [net], writes: [index]}"
LIVE = [
    STREAM,
    "  live: {kind: worker, consumes: [edits], serves: [net], writes: [index]}",
    "  live: {kind: worker, consumes: [edits], calls: [embedding], writes: [index]}\n"
    "  embedding: {kind: model-server, serves: [net]}",
    "  live: {kind: stream-processor, consumes: [edits], serves: [net], publishes: [vectors]}\n"
    "  vectors: {kind: queue}\n  filler: {kind: worker, consumes: [vectors], writes: [index]}",
    "  live: {kind: service, serves: [net], writes: [index]}",
]


def index(more: str, slo: str = "1min", backfill: str = 'schedule: "@weekly", run_time: 5h', workload: str = "") -> str:
    return f"""
workloads: {{search: {{from: web, inputs: known{workload}, slo: {{freshness: {slo}}}}}}}
models: {{net: {{}}, other: {{}}}}
components:
  web: {{kind: client, calls: [api]}}
  editor: {{kind: client, publishes: [edits]}}
  edits: {{kind: queue}}
  api: {{kind: service, reads: [index]}}
  index: {{kind: database}}
  backfill: {{kind: batch-job, {backfill}, serves: [net], writes: [index]}}
{more}
"""


def both(text: str) -> tuple[Said, Said]:
    return lint("SRV003", text), lint("SRV008", text)


@pytest.mark.parametrize("more", LIVE)
@pytest.mark.parametrize("backfill", ['schedule: "@weekly", run_time: 5h', "schedule: 1h", "run_time: 5s", "records: 3"])
def test_a_live_writer_keeps_a_store_fresh_and_a_rebuild_repairs_it(more: str, backfill: str) -> None:
    for said in both(index(more, backfill=backfill)):
        assert not said.findings
        assert not said.undecided


@pytest.mark.parametrize(
    "more",
    [
        "",
        STREAM.replace("[net]", "[other]"),                       # of another model
        STREAM.replace("writes: [index]", "writes: [elsewhere]") + "\n  elsewhere: {kind: database}",
        STREAM.replace("[edits]", "[parts]") + "\n  parts: {kind: queue}\n"      # a part of the nightly work
        "  splitter: {kind: batch-job, schedule: 24h, run_time: 1h, publishes: [parts]}",
    ],
)
def test_what_is_no_live_writer_of_the_same_predictions(more: str) -> None:
    said, _ = both(index(more))
    assert said.places | set(said.undecided) == {"components.backfill"}


def jobs(weekly: str = "", daily: str = "schedule: 24h, run_time: 1h", workload: str = "", slo: str = "36h") -> str:
    return index(
        f"  daily: {{kind: batch-job, {daily}, serves: [net], writes: [index]}}", slo,
        f"schedule: 168h, run_time: 1h{weekly}", workload,
    )  # fmt: skip


def test_of_two_jobs_it_is_asked_which_items_the_younger_one_reaches() -> None:
    said = lint("SRV008", jobs())
    assert not said.findings
    assert said.undecided == {"components.backfill": ("components.daily.records", "workloads.search.distinct")}


@pytest.mark.parametrize(("records", "old"), [(100, False), (120, False), (90, True)])
def test_a_younger_job_counts_where_it_reaches_every_input(records: int, old: bool) -> None:
    daily = f"schedule: 24h, run_time: 1h, records: {records}"
    said = lint("SRV008", jobs(daily=daily, workload=", distinct: 100"))
    assert said.places == ({"components.backfill.schedule"} if old else set())
    assert not said.undecided


def test_of_jobs_that_are_all_too_old_the_youngest_is_found() -> None:
    assert lint("SRV008", jobs(slo="12h")).places == {"components.daily.schedule"}


def test_what_is_unknown_of_the_younger_job_is_asked() -> None:
    said = lint("SRV008", jobs(daily="schedule: 24h, records: 100", workload=", distinct: 100"))
    assert said.undecided["components.backfill"] == ("components.daily.run_time",)


def test_younger_jobs_that_may_reach_every_input_together_make_it_a_hint() -> None:
    daily = "schedule: 24h, run_time: 1h, records: 60"
    third = f"\n  third: {{kind: batch-job, {daily}, serves: [net], writes: [index]}}"
    said = lint("SRV008", jobs(daily=daily, workload=", distinct: 100") + third)
    assert {at: found.certainty for at, found in said.findings.items()} == {"components.backfill.schedule": "heuristic"}


@pytest.mark.parametrize(("behind", "asked"), [("", False), (", facts", True)])
def test_a_cache_whose_kind_is_unsaid_may_hold_data_where_data_is_read(behind: str, asked: bool) -> None:
    text = f"""
workloads: {{quote: {{from: app, slo: {{freshness: 5min}}}}}}
models: {{net: {{}}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: model-server, serves: [net], reads: [{{to: kept, hit_ratio: 90%, ttl: 1h}}{behind}]}}
  kept: {{kind: cache}}
  facts: {{kind: database}}
"""
    said = lint("SRV008", text)
    assert bool(said.findings) is not asked
    if asked:
        assert said.undecided == {"components.api.reads[0]": ("components.api.reads[0].kind",)}
    assert lint("SRV008", text.replace("hit_ratio: 90%,", "hit_ratio: 90%, kind: prediction,")).findings
    assert not lint("SRV008", text.replace("{to: kept, hit_ratio: 90%,", "{to: kept, kind: data,")).undecided


def test_entries_that_others_may_renew_are_a_hint() -> None:
    text = """
workloads: {quote: {from: app, slo: {freshness: 5min}}}
models: {net: {}}
components:
  app: {kind: client, calls: [api]}
  api: {kind: model-server, serves: [net], reads: [{to: kept, hit_ratio: 90%, ttl: 1h}], writes: [kept]}
  kept: {kind: cache}
  editor: {kind: service, FACTS}
"""
    at = "components.api.reads[0].ttl"
    assert lint("SRV008", text.replace("FACTS", "replicas: 1")).findings[at].certainty == "proven"
    found = lint("SRV008", text.replace("FACTS", "writes: [kept]")).findings[at]
    assert found.certainty == "heuristic"
    assert "unless `editor` renews them" in found.message


@pytest.mark.parametrize(("more", "old"), [("", True), ("replicas: 3", False), ("replicas: 1", True), ("replicas: 0", True), ("uses: flink", None)])
def test_workers_of_one_queue_empty_it_together(more: str, old: bool | None) -> None:
    second = f"  second: {{kind: worker, consumes: [jobs], serves: [net], {more}}}" if more else ""
    said = lint("SRV008", f"""
workloads: {{judge: {{from: app, waits: false, slo: {{freshness: 30s}}}}}}
models: {{net: {{service_time: 100ms}}}}
components:
  app: {{kind: client, publishes: [jobs]}}
  jobs: {{kind: queue, max_length: 1000}}
  first: {{kind: worker, consumes: [jobs], serves: [net], replicas: 1}}
{second}
""")                                     # 1000 x 100 ms are 100 s for one worker, 50 s for two, 25 s for four
    assert bool(said.findings) is bool(old)
    if old is None:
        assert said.undecided == {"components.jobs": ("components.second.replicas",)}


@st.composite
def writers(draw: st.DrawFn) -> tuple[list[dict[str, int | None]], int | None]:
    """Jobs with the hours of their gap and run, and records in tens, each stated or not; and the distinct inputs."""
    fact = st.one_of(st.none(), st.sampled_from([1, 2, 3]))
    keys = ("schedule", "run_time", "records")
    found = [{key: draw(fact) for key in keys} for _ in range(draw(st.integers(1, 3)))]
    return found, draw(fact)


@given(writers(), st.integers(1, 6))
def test_no_completion_of_what_is_unsaid_overturns_a_proof(
    drawn: tuple[list[dict[str, int | None]], int | None], freshness_h: int
) -> None:
    """Compared with all completions: missing hours and records from 0 to 3, each set of items that a job may reach."""
    stated, distinct = drawn
    text = _written(stated, distinct, freshness_h)
    proven = [
        finding.at for rule in ("SRV003", "SRV008") for finding in lint(rule, text).findings.values()
        if finding.certainty == "proven"
    ]  # fmt: skip
    if proven:
        assert all(_oldest(jobs, items) > freshness_h for jobs, items in _completions(stated, distinct))


@settings(max_examples=60)
@given(writers(), st.integers(1, 6))
def test_no_completion_of_what_is_unsaid_overturns_a_proof_about_data(
    drawn: tuple[list[dict[str, int | None]], int | None], freshness_h: int
) -> None:
    """The same of jobs that write features, which serve no model."""
    stated, distinct = drawn
    text = _written(stated, distinct, freshness_h).replace(", serves: [net]", "")
    if any(finding.certainty == "proven" for finding in lint("SRV008", text).findings.values()):
        assert all(_oldest(jobs, items) > freshness_h for jobs, items in _completions(stated, distinct))


def _written(stated: list[dict[str, int | None]], distinct: int | None, freshness_h: int) -> str:
    lines = []
    for number, job in enumerate(stated):
        units = {"schedule": "h", "run_time": "h", "records": "0"}
        facts = "".join(f", {key}: {value}{units[key]}" for key, value in job.items() if value is not None)
        lines.append(f"  job{number}: {{kind: batch-job{facts}, serves: [net], writes: [index]}}")
    said = "" if distinct is None else f", distinct: {distinct}0"
    text = index("\n".join(lines), f"{freshness_h}h", workload=said)
    return "\n".join(line for line in text.splitlines() if "backfill" not in line)


Job = tuple[int, int, frozenset[int]]


def _completions(stated: list[dict[str, int | None]], distinct: int | None) -> list[tuple[list[Job], int]]:
    """Every choice of missing facts: hours from 0 to 3, and the inputs that a job reaches."""
    found = []
    for items in [distinct] if distinct is not None else [1, 2]:
        choices = []
        for job in stated:
            gaps = [job["schedule"]] if job["schedule"] is not None else [1, 3]
            runs = [job["run_time"]] if job["run_time"] is not None else [0, 3]
            counts = [job["records"]] if job["records"] is not None else [1, 3]
            reached = {
                frozenset((start + step) % items for step in range(min(count, items)))
                for count in counts for start in range(items)
            }  # fmt: skip
            choices.append(list(product(gaps, runs, sorted(reached, key=sorted))))
        for jobs_ in product(*choices):
            if frozenset().union(*(job[2] for job in jobs_)) == frozenset(range(items)):
                found.append((list(jobs_), items))
    return found


def _oldest(found: list[Job], items: int) -> int:
    return max(min(gap + run for gap, run, reached in found if item in reached) for item in range(items))


HANDED_ON = """
workloads: {{search: {{from: web, inputs: known, models: [net], slo: {{freshness: 10min}}}}}}
models: {{net: {{}}, embedder: {{}}}}
components:
  web: {{kind: client, calls: [api]}}
  api: {{kind: service, calls: [writer], reads: [index]}}
  writer: {{kind: model-server, serves: [net]}}
  index: {{kind: vector-store}}
  notes: {{kind: database}}
  summaries: {{kind: batch-job, schedule: "@daily", run_time: 4h, calls: [writer], writes: [notes]}}
  other: {{kind: service, calls: [second], writes: [notes]}}
  second: {{kind: service}}
  news: {{kind: queue}}
  live: {{kind: stream-processor, consumes: [news], serves: [embedder], writes: [{live}]}}
  rebuild: {{kind: batch-job, schedule: "@monthly", run_time: 9h, reads: [notes], {rebuild} writes: [index]}}
"""


@pytest.mark.parametrize("live", ["index", "notes", "index, notes"])
def test_what_a_job_with_another_model_reads_is_none_of_its_predictions(live: str) -> None:
    """Summaries that an index may hold, beside what a stream keeps fresh there, say nothing about the answers."""
    text = HANDED_ON.format(live=live, rebuild="serves: [embedder],")
    assert not lint("SRV003", text).findings
    assert "summaries" not in "".join(lint("SRV008", text).findings)


@pytest.mark.parametrize("live", ["index", "notes"])
def test_what_is_copied_from_a_store_with_several_writers_is_a_hint(live: str) -> None:
    said = lint("SRV003", HANDED_ON.format(live=live, rebuild=""))
    assert {at: finding.certainty for at, finding in said.findings.items()} == {"components.summaries": "heuristic"}
    alone = HANDED_ON.format(live="index", rebuild="").replace(", writes: [notes]}\n  second", "}\n  second")
    assert lint("SRV003", alone).findings["components.summaries"].certainty == "proven"


def test_the_writers_of_a_store_are_found_over_other_stores() -> None:
    from archlint.analysis.writers import Writers

    system = system_of(
        """
        client: {kind: client, reads: [last]}
        last: {kind: database}
        first: {kind: database}
        job: {kind: batch-job, serves: [ranker], writes: [first]}
        copier: {kind: batch-job, reads: [first], writes: [last]}
        server: {kind: model-server, serves: [ranker], writes: [first]}
        """
    )
    assert {writer.name for writer in Writers(system).of("last", "ranker")} == {"job", "server"}
    assert Writers(system).are_live("last", "ranker")


@pytest.mark.parametrize("serves", ["", "serves: [m], "])
@pytest.mark.parametrize(("freshness", "records", "certainty"), [
    ("15min", "records: 1k", "heuristic"),                  # together, a run starts each 10 min
    ("15min", "run_time: 2min", "heuristic"),               # how many records a run writes is not stated
    ("15min", "records: 10", "proven"),                     # the other reaches few items only
    ("5min", "records: 1k", "proven"),                      # too old also together
])  # fmt: skip
def test_jobs_that_alternate_refresh_a_store_together(serves: str, freshness: str, records: str, certainty: str) -> None:
    found = lint("SRV008", f"""
    workloads: {{w: {{from: web, inputs: known, distinct: 1k, models: [m], slo: {{freshness: {freshness}}}}}}}
    models: {{m: {{}}}}
    components:
      web: {{kind: client, calls: [api]}}
      api: {{kind: {"service" if serves else "model-server, serves: [m]"}, reads: [fs]}}
      fs: {{kind: feature-store}}
      n1: {{kind: batch-job, {serves}schedule: "0,20,40 * * * *", {records}{"" if "run" in records else ", run_time: 2min"}, writes: [fs]}}
      n2: {{kind: batch-job, {serves}schedule: "10,30,50 * * * *", {records}{"" if "run" in records else ", run_time: 2min"}, writes: [fs]}}
    """)
    assert found.findings and {one.certainty for one in found.findings.values()} == {certainty}
