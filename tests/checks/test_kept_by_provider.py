"""REL001 on what a provider keeps redundant: stated zones may contradict the catalogue, or only confirm it."""

from __future__ import annotations

import pytest

from archlint.config import Config
from archlint.linter import Linter
from archlint.source.parser import parse
from tests.conftest import ROOT

BEHIND = """
archlint: 1
workloads: {ask: {from: page, waits: true, inputs: on-request}}
models: {writer: {}}
components:
  page: {kind: client, calls: [entry]}
  entry: {kind: load-balancer, uses: USES, calls: [server]}
  server: {kind: model-server, serves: [writer], replicas: 2, zones: [a, b]}
"""


def verdicts(uses: str) -> tuple[list[str], list[str]]:
    """Where REL001 is violated, and where it is undecided."""
    report = Linter(Config(ROOT)).lint(parse("arch.yaml", BEHIND.replace("USES", uses)), None)[0]
    hits = [finding.at for finding in report.findings if finding.rule == "REL001"]
    return hits, [question.at for question in report.undecided if question.rule == "REL001"]


@pytest.mark.parametrize("uses", ["alb", "gcp-load-balancer"])
@pytest.mark.parametrize("zones", ["", ", zones: 3", ", zones: [a, b]"])
def test_zones_that_agree_with_the_provider_raise_no_question(uses: str, zones: str) -> None:
    assert verdicts(uses + zones) == ([], [])


@pytest.mark.parametrize("zones", [", zones: 1", ", zones: [a]"])
def test_one_stated_zone_is_a_weakness_whatever_the_provider_offers(zones: str) -> None:
    assert verdicts("gcp-load-balancer" + zones) == (["components.entry.zones"], [])
