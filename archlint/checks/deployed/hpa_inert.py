"""Autoscalers that can never act."""

from __future__ import annotations

from collections.abc import Iterator

from archlint.analysis.system import System
from archlint.checks.deployed._parts import at_thing, hit, parts, things
from archlint.verdicts import Hit, NoParams, Verdict

_KINDS = frozenset({"HorizontalPodAutoscaler", "ScaledObject"})


def check(system: System, params: NoParams) -> Iterator[Verdict]:
    """Yield a hit for each autoscaler without a target, without what it measures, or without a range."""
    for owner, thing in things(system):
        if thing.kind in _KINDS and thing.empty:
            message = f"autoscaler `{thing.name}` scales {thing.empty}, which no file defines"
            yield Hit(at_thing(owner, thing), message)
    for name, part in parts(system):
        if part.running.managed:
            continue
        for scaler in part.running.scalers:
            stated = {*part.running.requests, *part.running.limits}
            missing = [metric for metric in scaler.metrics if metric in {"cpu", "memory"} and metric not in stated]
            if missing and len(missing) == len(scaler.metrics):
                message = (
                    f"autoscaler `{scaler.name}` measures {missing[0]} relative to the request of `{name}`, which "
                    f"requests no {missing[0]}: it never acts"
                )
                yield hit(name, scaler.site, "autoscaler", message, loss=0.4)
            elif scaler.maximum and scaler.minimum == scaler.maximum:
                message = f"autoscaler `{scaler.name}` keeps `{name}` at {scaler.maximum} replicas: it never acts"
                yield hit(name, scaler.site, "autoscaler", message, loss=0.2)
