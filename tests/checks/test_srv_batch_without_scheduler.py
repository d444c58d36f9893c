"""SRV012: what starts a job, and who uses its predictions."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint

AT = "components.job"


OTHER = "  daily: {kind: training-job, schedule: 24h}"
"""A file that states the schedule of one job describes schedules."""


def text(job: str, more: str = OTHER) -> str:
    return f"""
workloads: {{show: {{from: app}}}}
models: {{net: {{}}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: service, reads: [table]}}
  table: {{kind: database}}
  other: {{kind: database}}
  job: {{kind: batch-job, serves: [net], {job}}}
{more}
"""


READ = "writes: [table]"


@pytest.mark.parametrize(
    ("job", "more"),
    [
        ("schedule: 24h", ""),
        ("", "  cron: {kind: scheduler, triggers: [job]}"),
        ("", "  train: {kind: training-job, trains: [net], triggers: [job]}"),
        ("", "  admin: {kind: service, calls: [job]}"),
        ("consumes: [arrivals]", "  arrivals: {kind: queue}"),
        ("uses: kubernetes-cronjob", ""),
        ("uses: airflow", ""),
    ],
)
def test_something_starts_it(job: str, more: str) -> None:
    assert lint("SRV012", text(f"{READ}, {job}", more)).places == set()


@pytest.mark.parametrize("job", ["run_time: 1h", "uses: spark", "uses: kubernetes-job", "window: 2h"])
def test_nothing_starts_it(job: str) -> None:
    finding = lint("SRV012", text(f"{READ}, {job}")).findings[AT]
    assert finding.message == "nothing starts `job`: it has no schedule, no trigger, no caller and no queue to consume"
    assert (finding.severity, finding.certainty) == ("warning", "heuristic")


def test_in_a_file_without_any_schedule_it_is_asked_what_starts_a_job() -> None:
    found = lint("SRV012", text(READ, ""))
    assert (found.places, found.undecided) == (set(), {AT: ("components.job.schedule",)})
    # A trigger of another job says as much.
    other = "  cron: {kind: scheduler, triggers: [second]}\n  second: {kind: batch-job, writes: [table]}"
    assert lint("SRV012", text(READ, other)).places == {AT}


def test_a_job_without_a_model_has_to_be_started_too() -> None:
    found = lint("SRV012", text(f"{READ}, schedule: 1h", "  copy: {kind: batch-job, reads: [table], writes: [other]}"))
    assert found.places == {"components.copy"}


def test_a_schedule_that_cannot_be_read_is_no_absence() -> None:
    found = lint("SRV012", text(f"{READ}, schedule: evry day"))
    assert (found.places, found.undecided) == (set(), {AT: ("components.job.schedule",)})


@pytest.mark.parametrize(
    ("job", "more"),
    [
        ("writes: [table]", ""),
        ("writes: [other]", "  desk: {kind: client, reads: [other]}"),
        ("writes: [other]", "  copy: {kind: batch-job, schedule: 1h, reads: [other], writes: [table]}"),
        ("writes: [other]", "  ranker: {kind: model-server, serves: [net], features: other}"),
        ("writes: [other]", "  page: {kind: service, calls: [{to: api, fallback: other}]}"),
        ("writes: [crm]", "  crm: {kind: external}"),
        ("publishes: [topic]", "  topic: {kind: queue}\n  mailer: {kind: worker, consumes: [topic]}"),
        ("callback: [app]", ""),
        ("calls: [mailer]", "  mailer: {kind: service}"),
        ("logs_to: [log]", "  log: {kind: log-store}"),  # an evaluation: people read its log
    ],
)
def test_somebody_takes_the_predictions(job: str, more: str) -> None:
    assert lint("SRV012", text(f"schedule: 24h, {job}", more)).places == set()


@pytest.mark.parametrize(
    ("job", "more", "at", "said"),
    [
        ("writes: [other]", "", "components.job.writes[0]", "they end in `other`"),
        ("writes: [other], reads: [other]", "", "components.job.writes[0]", "they end in `other`"),  # only itself
        ("writes: [other], logs_to: [log]", "  log: {kind: log-store}", "components.job.writes[0]", "`other`"),
        ("publishes: [topic]", "  topic: {kind: queue}", "components.job.publishes[0]", "they end in `topic`"),
        ("retry: all", "", "components.job.serves", "writes them to no store and publishes them nowhere"),
    ],
)
def test_nobody_takes_them(job: str, more: str, at: str, said: str) -> None:
    assert said in lint("SRV012", text(f"schedule: 24h, {job}", more)).findings[at].message


def test_a_job_that_asks_a_server_predicts_too() -> None:
    found = lint(
        "SRV012",
        text(
            f"{READ}, schedule: 24h",
            """
  rescore: {kind: batch-job, schedule: 24h, calls: [server], writes: [other]}
  server: {kind: model-server, serves: [net]}
""",
        ),
    )
    assert found.places == {"components.rescore.writes[0]"}


def test_a_job_that_predicts_nothing_may_write_where_nobody_reads() -> None:
    assert (
        lint(
            "SRV012", text(f"{READ}, schedule: 24h", "  backup: {kind: batch-job, schedule: 24h, writes: [other]}")
        ).places
        == set()
    )


def test_a_job_may_have_both_faults() -> None:
    assert lint("SRV012", text("writes: [other]")).places == {AT, "components.job.writes[0]"}


@pytest.mark.parametrize(("kind", "read"), [("warehouse", True), ("log-store", True), ("monitoring", True), ("cache", False)])
def test_people_read_what_is_in_a_warehouse_a_log_or_a_monitor(kind: str, read: bool) -> None:
    found = lint("SRV012", text("schedule: 24h, writes: [ratings]", f"  ratings: {{kind: {kind}}}"))
    assert found.places == (set() if read else {"components.job.writes[0]"})


@pytest.mark.parametrize("starts", ["", ", schedule: 1d"])
def test_a_scheduler_that_does_not_say_what_it_starts_may_start_the_job(starts: str) -> None:
    text = f"""
    components:
      cron: {{kind: scheduler{starts}}}
      job: {{kind: batch-job, writes: [table]}}
      other: {{kind: batch-job, schedule: 1h, writes: [table]}}
      table: {{kind: database}}
    """
    said = lint("SRV012", text)
    assert said.places == set()
    assert said.undecided == {"components.job": ("components.job.schedule", "components.cron.triggers")}
    assert lint("SRV012", text.replace("kind: scheduler", "kind: scheduler, triggers: [other]")).places == {"components.job"}
    assert lint("SRV012", text.replace("kind: scheduler", "kind: scheduler, triggers: [job]")).undecided == {}


@pytest.mark.parametrize("writes", ["writes: [attrs]", ""])
def test_a_sketch_of_the_side_that_fills_the_stores_is_asked_who_reads(writes: str) -> None:
    found = lint("SRV012", f"""
    workloads: {{enrich: {{from: sched}}}}
    models: {{m: {{}}}}
    components:
      sched: {{kind: scheduler, triggers: [job]}}
      job: {{kind: batch-job, calls: [llm], reads: [items]{', ' + writes if writes else ''}}}
      llm: {{kind: external, serves: [m]}}
      items: {{kind: database}}
      attrs: {{kind: database}}
    """)
    assert not found.findings
    assert found.undecided == {AT: ("components.*.reads",) if writes else ("components.job.writes",)}
