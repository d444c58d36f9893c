"""Systems with findings to accept, and helpers that return their state."""

from __future__ import annotations

from pathlib import Path

from archlint.config import Config
from archlint.linter import Linter, Options
from archlint.source.parser import parse
from archlint.verdicts import FileReport

TODAY = "2026-11-22"
# `api` waits without a timeout (REL003), and has no owner (OPS003).
SYSTEM = """\
archlint: 1
workloads:
  find: {from: page, rate: 5/s, models: [ranker], slo: {latency: {p99: 300ms}}}
models:
  ranker: {service_time: 10ms}
components:
  page: {kind: client, calls: [{to: api, timeout: 1s}]}
  api:
    kind: service
    calls:
      - server
  server: {kind: model-server, serves: [ranker]}
"""
REL003_AT = "components.api.calls[0]"


def lint(text: str, *rules: str, today: str = TODAY, accept: bool = True, path: Path | None = None) -> FileReport:
    """Lint a text with some rules, and with those about acceptances."""
    chosen = ("DOC006", "DOC008", "DOC017", *(rules or ("REL003",)))
    linter = Linter(Config(Path()).with_options(select=chosen), Options(today=today, accept=accept))
    return linter.lint(parse(str(path or "arch.yaml"), text), path)[0]


def open_rules(report: FileReport) -> list[str]:
    """The rules of the open findings, in the order of the file."""
    return [finding.rule for finding in report.findings]


def accepted_rules(report: FileReport) -> list[tuple[str, str]]:
    """The rules and reasons of the accepted findings."""
    return [(accepted.finding.rule, accepted.reason) for accepted in report.accepted]
