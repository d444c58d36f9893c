"""SRV014: a technology whose default timeout ends a stream, where the file states no timeout."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint

AT = "components.entry.calls[0]"


def text(uses: str, limit: str = "", out: str = "1k") -> str:
    """An answer of 1,000 tokens takes about 21 s."""
    return f"""
workloads: {{ask: {{from: page, waits: true, stream: true, tokens: {{out: {out}}}}}}}
models: {{writer: {{ttft: 1s, tpot: 20ms}}}}
components:
  page: {{kind: client, calls: [entry]}}
  entry: {{kind: gateway, uses: {uses}, calls: [{{to: server{limit}}}]}}
  server: {{kind: model-server, serves: [writer]}}
"""


def test_envoy_ends_a_long_answer_unless_the_route_has_a_timeout() -> None:
    finding = lint("SRV014", text("envoy")).findings[AT]
    assert (finding.severity, finding.certainty) == ("warning", "heuristic")
    assert "ends each response of `server` after 15 s unless `timeout` says otherwise" in finding.message


@pytest.mark.parametrize("given", [
    text("envoy", ", timeout: 60s"), text("envoy", ", timeout: none"), text("envoy", out="300"),
    text("nginx"),              # its default is a limit on the silence between two reads
    text("haproxy"),
])  # fmt: skip
def test_other_limits_and_shorter_answers_are_no_finding(given: str) -> None:
    assert lint("SRV014", given).places == set()


def test_no_question_is_asked_about_a_default() -> None:
    unsaid = text("envoy").replace("ttft: 1s, tpot: 20ms", "")
    assert (lint("SRV014", unsaid).places, lint("SRV014", unsaid).undecided) == (set(), {})
