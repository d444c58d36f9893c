"""SRV001 on a model that runs on the caller's device, with a server behind it."""

from __future__ import annotations

import pytest

from tests.checks.linting import lint

AT = "workloads.fix.tokens.out"


def text(calls: str, parameters: str = "8B", server: str = "uses: vllm, hardware: {gpu: h100}") -> str:
    """8 B parameters of 4 bit at 205 GB/s: 19.5 ms for each of 50 tokens, or 977 ms; 1 B parameters: 122 ms."""
    return f"""
workloads: {{fix: {{from: page, waits: true, inputs: on-request, stream: false, tokens: {{in: 40, out: 50}},
                   slo: {{latency: {{p95: 500ms}}}}}}}}
models: {{small: {{family: transformer, parameters: {parameters}, precision: int4}}}}
components:
  page: {{kind: client, calls: [{calls}]}}
  here: {{kind: edge-device, uses: mlx, serves: [small], hardware: {{gpu: apple-m2-pro}}}}
  there: {{kind: model-server, serves: [small], {server}}}
"""


@pytest.mark.parametrize("server", ["uses: vllm, hardware: {gpu: h100}", "uses: triton, hardware: {gpu: h100}"])
@pytest.mark.parametrize(
    "calls",
    ["{to: here, fallback: there}", "{to: here, in_process: true, fallback: there}", "here"],
    ids=["fallback", "in-process", "alone"],
)
def test_who_waits_for_the_device_waits_for_its_slow_model(calls: str, server: str) -> None:
    """A fallback answers for a device that fails, not for one that is slow."""
    assert lint("SRV001", text(calls, server=server)).places == {AT}
    assert lint("SRV001", text(calls, "1B", server)).places == set()


def test_a_model_that_generates_on_one_server_does_so_on_all() -> None:
    """Nothing says that the device generates, but the model is the same."""
    shares = "{to: here, share: 50%}, {to: there, share: 50%}"
    alike = text(shares).replace("stream: false, ", "")
    found = lint("SRV001", alike.replace("latency:", "tpot: {p95: 19ms}, latency:"))
    assert "models.small.parameters" not in found.places           # the quicker of the two is below the objective
    slow = lint("SRV001", alike.replace("latency: {p95: 500ms}", "tpot: {p95: 19ms}").replace("gpu: h100", "gpu: l4"))
    assert slow.places == set()
    both = lint("SRV001", alike.replace("latency: {p95: 500ms}", "tpot: {p95: 13ms}").replace("gpu: h100", "gpu: l4"))
    assert both.places == {"models.small.parameters"}
