"""Models that generate tokens: a latency objective may be meant for the first token or for the whole answer."""

from __future__ import annotations

from archlint.analysis.service_time import lower_bound
from archlint.analysis.system import System
from archlint.model.architecture import Component, Model, Workload
from archlint.model.places import Place


def generates(system: System, workload: Workload, model: Model, server: Component) -> bool:
    """Return whether a model generates tokens: by the workload's facts, its own, or the technology of its server."""
    stated = workload.tokens is not None or workload.stream is not None
    timed = model.ttft is not None or model.tpot is not None
    return stated or timed or system.facts.generates(server)


def streaming_unsaid(workload: Workload) -> tuple[Place, ...]:
    """Return the key that says what a latency objective is meant for, if the workload says nothing about streaming.

    `latency` is the whole answer as soon as the workload says whether it streams, or states `ttft` or `tpot`.
    """
    slo = workload.slo
    means = (slo.ttft_mean_s, slo.tpot_mean_s)
    said = workload.stream is not None or slo.ttft or slo.tpot or any(mean is not None for mean in means)
    return () if said else (workload.place("stream"),)


def first_token_s(model: Model, fraction: float) -> float:
    """Return the least time to the first token that the file states, in seconds; 0 if it states none."""
    if model.ttft is None:
        return 0.0
    bound = lower_bound(model.ttft, fraction, model.place("ttft"))
    return bound.value_s if bound is not None else 0.0
