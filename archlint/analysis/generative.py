"""Models that generate tokens: a latency objective may be meant for the first token or for the whole answer."""

from __future__ import annotations

from archlint.analysis.generation import generates_no_tokens, may_generate_on
from archlint.analysis.system import System
from archlint.model.architecture import Component, Model, Workload
from archlint.model.places import Place


def generates(system: System, workload: Workload, model: Model, server: Component) -> bool:
    """Return whether a model generates tokens: by the workload's facts, its own, or the technology of its server."""
    if generates_no_tokens(system, model, server):
        return False
    stated = workload.tokens is not None or bool(workload.stream)
    timed = model.ttft is not None or model.tpot is not None
    return stated or timed or system.facts.generates(server)


def perhaps_streamed(system: System, workload: Workload, model: Model, server: Component) -> bool:
    """Return whether the file leaves open that the caller uses the first tokens of an answer of a model.

    Then a time of the whole answer proves nothing of how long the caller waits.
    """
    return bool(streaming_unsaid(workload)) and may_generate_on(system, model, server)


def streaming_unsaid(workload: Workload) -> tuple[Place, ...]:
    """Return the key that says what a latency objective is meant for, if the workload says nothing about streaming.

    `latency` is the whole answer as soon as the workload says whether it streams, or states `ttft` or `tpot`.
    """
    slo = workload.slo
    means = (slo.ttft_mean_s, slo.tpot_mean_s)
    said = workload.stream is not None or slo.ttft or slo.tpot or any(mean is not None for mean in means)
    return () if said else (workload.place("stream"),)
