"""What decides an open question: keys that are needed together, and keys that say the same in their place."""

import json

import archlint
from archlint.report.plain import question_text, remarks
from archlint.verdicts import OpenQuestion

FACTS = {"components.score.run_time": "run_time: 1min", "components.score.records": "records: 100"}
HEAD = "archlint: 1\nsystem: shop\ndescribed: all\n"
JOB = HEAD + """
models: {scorer: {service_time: 5ms, version: "1", registry: hub}}
workloads: {home: {from: app, models: [scorer]}}
components:
  app: {kind: client, reads: [{to: store, timeout: 1s}]}
  hub: {kind: model-registry}
  store: {kind: database, uses: s3}
  score: {kind: batch-job, serves: [scorer], schedule: hourly, window: 30min, replicas: 2, workers: 1, writes: [store]EXTRA}
"""


def _question(text: str, rule: str) -> OpenQuestion:
    return next(question for question in archlint.check(text).undecided if question.rule == rule)


def test_the_run_time_or_the_records_decide_whether_a_run_ends_in_time() -> None:
    text = JOB.replace("EXTRA", "")
    question = _question(text, "SRV007")
    assert question.needs == ("components.score.run_time",)
    assert question.instead == (("components.score.records",),)
    assert question_text(question).startswith(
        "undecided: add `components.score.run_time`, or `components.score.records`, to decide it"
    )
    assert remarks(question, question.needs[0]).startswith("or add components.score.records instead")
    for way in (question.needs, *question.instead):
        added = "".join(f", {FACTS[key]}" for key in way)
        assert "SRV007" not in {one.rule for one in archlint.check(JOB.replace("EXTRA", added)).undecided}


def test_the_technology_may_say_what_replicas_and_zones_do() -> None:
    text = HEAD + """
workloads: {home: {from: app, waits: true}}
components:
  app: {kind: client, calls: [{to: api, timeout: 1s}]}
  api: {kind: service}
"""
    question = _question(text, "REL001")
    assert question.needs == ("components.api.replicas", "components.api.zones")
    assert question.instead == (("components.api.uses",),)
    assert remarks(question, question.needs[0]).startswith(
        "also needs components.api.zones; or add components.api.uses instead"
    )
    told = json.loads(archlint.check(text).to_json())["undecided"]
    assert [one["instead"] for one in told if one["rule"] == "REL001"] == [[["components.api.uses"]]]


def test_a_schedule_may_stand_at_the_scheduler_or_at_its_job() -> None:
    text = JOB.replace("schedule: hourly, window: 30min, ", "run_time: 1h, ").replace("EXTRA", "")
    text += "  clock: {kind: scheduler, triggers: [score]}\n"
    question = _question(text, "SRV007")
    assert question.needs == ("components.clock.schedule",)
    assert question.instead == (("components.score.schedule",),)
