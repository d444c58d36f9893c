"""SRV001 on branches, regions, and calls that the answer could do without."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint

ROUTED = """
workloads: {{chat: {{from: page, models: [m], tokens: {{out: 2}}, stream: true, slo: {{{slo}}}}}}}
models: {{m: {{ttft: 90ms, tpot: 5ms}}}}
components:
  page: {{kind: client, calls: [dns]}}
  dns:
    kind: load-balancer
    calls: [{{to: near, share: {near}%, fallback: far}}, {{to: far, share: {far}%, fallback: near}}]
  near: {{kind: gateway, calls: [near-server]}}
  far: {{kind: gateway, calls: [{{to: far-server, network: 150ms, {call}}}]}}
  near-server: {{kind: model-server, serves: [m]}}
  far-server: {{kind: model-server, serves: [m]}}
"""


@pytest.mark.parametrize(
    ("slo", "far", "call", "violated"),
    [
        ("ttft: {p95: 200ms}", 20, "", True),               # 240 ms for a fifth of the requests
        ("ttft: {p95: 250ms}", 20, "", False),
        ("ttft: {p95: 200ms}", 4, "", False),                # 4 % may be slower than the p95
        ("ttft: {p95: 200ms}", 20, "timeout: 40ms", True),   # it answers after the timeout, and the network
        ("latency: {p95: 200ms}", 20, "", True),
        ("latency: {p95: 250ms}", 20, "", False),
    ],
)
def test_a_branch_with_a_fallback_is_as_slow_as_what_it_calls(slo: str, far: int, call: str, violated: bool) -> None:
    routed = ROUTED.format(slo=slo, near=100 - far, far=far, call=call)
    assert bool(lint("SRV001", routed).places) == violated


@pytest.mark.parametrize(
    ("here", "there", "network", "asked"),
    [
        ("region: eu", "region: us", "", True),
        ("region: eu", "region: us", "network: 80ms", False),
        ("region: eu", "regions: [us, eu]", "", False),
        ("region: eu", "region: eu", "", False),
        ("region: eu", "zones: 3", "", False),
    ],
)
@pytest.mark.parametrize("slo", ["p95: 300ms", "mean: 300ms"])
def test_the_time_between_regions_is_asked_for(here: str, there: str, network: str, asked: bool, slo: str) -> None:
    found = lint("SRV001", f"""
workloads: {{rank: {{from: page, models: [m], slo: {{latency: {{{slo}}}}}}}}}
models: {{m: {{service_time: 90ms}}}}
components:
  page: {{kind: client, calls: [api]}}
  api: {{kind: gateway, {here}, calls: [{{to: server, {network}}}]}}
  server: {{kind: model-server, serves: [m], {there}}}
""")
    needs = {key for keys in found.undecided.values() for key in keys}
    assert needs == ({"components.api.calls[0].network"} if asked else set())


@pytest.mark.parametrize("call", ["fallback: a person", "optional: true"])
@pytest.mark.parametrize(("slo", "violated"), [("80ms", True), ("95ms", False)])
def test_the_first_token_of_a_call_that_can_be_done_without_is_waited_for(call: str, slo: str, violated: bool) -> None:
    found = lint("SRV001", f"""
workloads: {{chat: {{from: page, models: [m], stream: true, slo: {{ttft: {{p95: {slo}}}}}}}}}
models: {{m: {{ttft: 90ms, tpot: 5ms}}}}
components:
  page: {{kind: client, calls: [api]}}
  api: {{kind: service, calls: [{{to: server, {call}}}]}}
  server: {{kind: model-server, serves: [m]}}
""")
    assert bool(found.places) == violated
