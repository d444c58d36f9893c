"""When a read-through cache fails, what answers its misses gets everything: a note beside the findings."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from archlint.config import Config
from archlint.linter import Linter, Options
from archlint.report import FORMATS
from archlint.report.options import ReportOptions
from archlint.source.parser import parse
from archlint.verdicts import FileReport, Report


@cache
def linter(rule: str) -> Linter:
    return Linter(Config(Path(__file__).parent), Options(select=(rule,), today="2026-06-30"))


def check(reads: str, rule: str = "REL001", serves: str = "") -> FileReport:
    text = f"""archlint: 1
workloads: {{score: {{from: app}}}}
models: {{m: {{}}}}
components:
  app: {{kind: client, calls: [api]}}
  api: {{kind: service, replicas: 3, zones: [a, b]{serves}, reads: [{reads}]}}
  hot: {{kind: cache, uses: redis, replicas: 1}}
  features: {{kind: feature-store, uses: dynamodb}}
"""
    return linter(rule).lint(parse("arch.yaml", text), None)[0]


CACHED = "{to: hot, kind: data, hit_ratio: 90%}, features"


def test_the_store_behind_a_dead_cache_gets_every_read() -> None:
    report = check(CACHED)
    assert not report.findings
    (hint,) = report.hints
    assert (hint.at, hint.location.line) == ("components.api.reads[0]", 6)
    assert hint.message == (
        "if `hot` fails, `features` gets every read of `api`: 10 times as many as with its hit ratio of 90 %"
    )


@pytest.mark.parametrize("name", ["text", "json", "markdown", "html"])
def test_reports_for_people_and_programs_have_the_note(name: str) -> None:
    text = " ".join(FORMATS[name](Report((check(CACHED),)), ReportOptions()).split())
    assert "10 times as many" in text
    if name == "json":
        (hint,) = json.loads(text)["hints"]
        assert (hint["file"], hint["line"]) == ("arch.yaml", 6)


@pytest.mark.parametrize("reads", [
    "hot, features",                                        # no cache is looked up
    "{to: hot, kind: data, hit_ratio: 90%}",                # nothing answers a miss
    "features, {to: hot, kind: data, hit_ratio: 90%}",      # a hit skips only what is written after it
    "{to: hot, kind: data, hit_ratio: 0%}, features",
    "{to: hot, kind: data, hit_ratio: 40%}, features",      # at most twice as many
    "{to: hot, kind: data, hit_ratio: 90%}, {to: features, share: 30%}",
    "{to: hot, kind: prefix, hit_ratio: 90%}, features",
])  # fmt: skip
def test_what_skips_no_read_sends_none_on(reads: str) -> None:
    assert check(reads).hints == ()


def test_a_run_without_the_rule_on_failures_has_no_note() -> None:
    assert check(CACHED, "SRV001").hints == ()
