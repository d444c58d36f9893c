"""SRV006: a request that passes several queues needs the time of each component that takes it from one."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint

AT = "components.api.publishes[0]"


def text(objective: str, onward: str = "{to: second}") -> str:
    return f"""
workloads: {{ask: {{from: page, models: [quick, thorough], waits: true, inputs: on-request,
                   slo: {{latency: {objective}}}}}}}
models: {{quick: {{service_time: 100ms}}, thorough: {{service_time: 400ms}}}}
components:
  page: {{kind: client, calls: [api, answers-api]}}
  api: {{kind: service, publishes: [first]}}
  first: {{kind: queue}}
  sieve: {{kind: worker, consumes: [first], serves: [quick], publishes: [{onward}]}}
  second: {{kind: queue}}
  judge: {{kind: worker, consumes: [second], serves: [thorough], writes: [answers]}}
  answers: {{kind: database}}
  answers-api: {{kind: service, reads: [answers]}}
"""


@pytest.mark.parametrize(("objective", "late"), [("600ms", False), ("490ms", True)])
def test_the_work_behind_each_queue_adds_up(objective: str, late: bool) -> None:
    assert lint("SRV006", text(objective)).places == ({AT} if late else set())


@pytest.mark.parametrize(("share", "percentile", "late"), [
    ("4%", "p99", True),        # of the slowest 1 %, all may come to the second worker
    ("4%", "p95", False),       # 96 % of the requests end at the first one
    ("10%", "p95", True),
])  # fmt: skip
def test_only_a_share_of_the_requests_may_come_to_the_second_queue(share: str, percentile: str, late: bool) -> None:
    found = lint("SRV006", text(f"{{{percentile}: 300ms}}", f"{{to: second, share: {share}}}"))
    assert found.places == ({AT} if late else set())


def test_a_second_queue_under_a_condition_is_left_out() -> None:
    """Nothing says how many requests meet the condition."""
    assert lint("SRV006", text("300ms", "{to: second, when: unclear}")).places == set()
