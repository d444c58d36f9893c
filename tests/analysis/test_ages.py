"""How long a run takes and when a job starts, calculated by hand."""

from __future__ import annotations

import pytest

from archlint.analysis.ages import RunTime, run_time, starts_of, unknown_starts
from archlint.analysis.system import System
from archlint.verdicts import Certainty, Origin
from tests.topology.graphs import system_of, with_instead


def run_of(job: str, models: str = "ranker: {service_time: 50ms}") -> RunTime | list[str]:
    """The run time of a job that serves the ranker, or the missing keys."""
    system = system_of(f"client: {{kind: client}}\njob: {{kind: batch-job, serves: [ranker], {job}}}", models=models)
    found = run_time(system, system.components["job"], "ranker")
    return found if isinstance(found, RunTime) else with_instead(found)


def test_a_stated_run_time_is_taken_as_it_is() -> None:
    found = run_of("run_time: 2h, records: 1M, replicas: 1")
    assert isinstance(found, RunTime)
    assert (found.value_s, found.certainty) == (7200, Certainty.PROVEN)
    assert [(term.name, term.origin) for term in found.terms] == [("run_time", Origin.STATED)]


@pytest.mark.parametrize(
    ("facts", "expected_s"),
    [
        ("records: 72k, replicas: 1", 3600),
        ("records: 72k, replicas: 4", 900),
        ("records: 72k, replicas: 2, workers: 6", 300),
        ("records: 72k, replicas: {min: 1, max: 10}", 360),      # with the maximum of replicas, which is the lower bound
        ("records: 72k, replicas: 1, batching: {max_size: 8}", 450),
    ],
)  # fmt: skip
def test_records_times_service_time_over_what_works_side_by_side(facts: str, expected_s: float) -> None:
    found = run_of(facts)
    assert isinstance(found, RunTime)
    assert found.value_s == pytest.approx(expected_s)
    assert found.certainty is Certainty.ESTIMATED
    assert found.terms[-1].value == found.value_s


@pytest.mark.parametrize(
    ("facts", "models", "missing"),
    [
        ("replicas: 1", "ranker: {service_time: 50ms}", "components.job.records"),
        ("records: 72k", "ranker: {service_time: 50ms}", "components.job.replicas"),
        ("records: 72k, replicas: 1", "ranker: {}", "models.ranker.service_time"),
    ],
)
def test_what_is_missing_is_named(facts: str, models: str, missing: str) -> None:
    assert run_of(facts, models) == ["components.job.run_time", missing]


JOBS = """
    client: {kind: client}
    daily: {kind: scheduler, schedule: "@daily", triggers: [export]}
    hourly: {kind: scheduler, schedule: "0 * * * *", triggers: [score]}
    silent: {kind: scheduler, triggers: [report]}
    export: {kind: batch-job, triggers: [load]}
    load: {kind: batch-job}
    score: {kind: batch-job, schedule: "@weekly"}
    report: {kind: batch-job}
    alone: {kind: batch-job}
"""


def jobs() -> System:
    return system_of(JOBS)


@pytest.mark.parametrize(
    ("job", "gap_s", "at"),
    [
        ("export", 86400, "components.daily.schedule"),
        ("load", 86400, "components.daily.schedule"),       # through the previous job
        ("score", 3600, "components.hourly.schedule"),      # the most frequent one is used
    ],
)  # fmt: skip
def test_a_job_starts_by_its_schedule_or_by_who_triggers_it(job: str, gap_s: float, at: str) -> None:
    system = jobs()
    starts = starts_of(system, system.components[job])
    assert starts is not None
    assert (starts.schedule.longest_gap_s, starts.at.at) == (gap_s, at)


def test_who_would_say_when_a_job_starts() -> None:
    system = jobs()
    for job, places in (("report", ["silent", "report"]), ("alone", ["alone"])):
        component = system.components[job]
        assert starts_of(system, component) is None
        assert with_instead(unknown_starts(system, component)) == [f"components.{n}.schedule" for n in places]


def test_jobs_that_trigger_one_another_end() -> None:
    system = system_of("client: {kind: client}\na: {kind: batch-job, triggers: [b]}\nb: {kind: batch-job, triggers: [a]}")
    assert starts_of(system, system.components["a"]) is None
