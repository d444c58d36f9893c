"""A stated time of a model that is shorter than its hardware allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from archlint.analysis.roofline import Roofline, roofline, says_what_is_read
from archlint.analysis.system import System
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Component, Model, ServiceTime
from archlint.model.places import Place
from archlint.model.quantities import format_duration, format_percentile
from archlint.verdicts import Certainty, Hit, Origin, Related, Term, Undecided, Verdict

_WHAT = {"service_time": "a prediction", "ttft": "the first token", "tpot": "each token"}
"""What takes the time that a key of a model states."""


class Params(msgspec.Struct, frozen=True):
    """tokens_per_pass: the most tokens that one pass over the weights writes with speculative decoding, a count."""

    tokens_per_pass: float = 8.0


class Least(msgspec.Struct, frozen=True):
    """The least time of one pass over a model's weights, on the fastest of its servers."""

    server: Component
    bound: Roofline
    floor_s: float


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each stated time of a model that no server of the model can reach, at that time."""
    traffic: Traffic | None = None
    for model in system.architecture.models.values():
        stated = [(key, time) for key, time in _times(model) if time is not None]
        servers = [system.components[name] for name in system.topology.servers.get(model.name, ())]
        if not stated or not servers or (model.parameters is None and model.active_parameters is None):
            continue
        traffic = traffic or Traffic(system)
        for key, time in stated:
            verdict = _judge(model, servers, key, time, params, traffic)
            if verdict is not None:
                yield verdict


def _times(model: Model) -> tuple[tuple[str, ServiceTime | None], ...]:
    return ("service_time", model.service_time), ("ttft", model.ttft), ("tpot", model.tpot)


def _judge(
    model: Model, servers: Sequence[Component], key: str, time: ServiceTime, params: Params, traffic: Traffic
) -> Verdict | None:
    shortest = _shortest(time, model.place(key))
    least = _least(model, servers)
    if shortest is None or least is None or shortest[0] >= least.floor_s * (1 - 1e-9):
        return None
    value_s, at = shortest
    certainty = least.bound.certainty
    if certainty is not Certainty.PROVEN:
        # Of a mixture of experts, or of a model with large tables, a pass reads a part of the parameters only.
        because = f"whether `{model.name}` can be as fast as its `{key}` says"
        return Undecided(at, (says_what_is_read(model),), because)
    several = key == "tpot" and value_s * params.tokens_per_pass >= least.floor_s
    return _hit(model, least, key, value_s, at, Certainty.HEURISTIC if several else certainty, traffic)


def _shortest(time: ServiceTime, at: Place) -> tuple[float, Place] | None:
    """Return the shortest of the stated times, with its key: the bound holds for every request, and so for the mean."""
    if time.constant_s is not None:
        return time.constant_s, at
    found = [(value, at.key(format_percentile(fraction))) for fraction, value in time.percentiles]
    if time.mean_s is not None:
        found.append((time.mean_s, at.key("mean")))
    return min(found, key=lambda pair: pair[0], default=None)


def _least(model: Model, servers: Sequence[Component]) -> Least | None:
    """Return the least time on the fastest server; None if the hardware of a server is unknown."""
    found: list[Least] = []
    for server in servers:
        bound = None if server.kind == "external" else roofline(model, server)
        if bound is None or not bound.floor_s:
            return None
        found.append(Least(server, bound, bound.floor_s))
    return min(found, key=lambda least: least.floor_s, default=None)


def _hit(
    model: Model, least: Least, key: str, value_s: float, at: Place, certainty: Certainty, traffic: Traffic
) -> Hit:
    floor, formula = format_duration(least.floor_s), least.bound.formula
    several = "" if certainty is Certainty.PROVEN else ", unless it writes several tokens in one pass"
    message = (
        f"`{key}` of `{model.name}` is {format_duration(value_s)}, but {_WHAT[key]} takes at least {floor} on the "
        f"hardware of `{least.server.name}`{several}: {formula}"
    )
    parameters = "parameters" if model.active_parameters is None else "active_parameters"
    return Hit(
        at,
        message,
        (
            Term("stated", f"{key} of {model.name}", value_s, "s", Origin.STATED, at),
            Term("least", "one pass over the weights", least.floor_s, "s", Origin.DERIVED, None, formula, True),
        ),
        (
            Related(least.server.place("hardware"), "the hardware"),
            Related(model.place(parameters), "the size of the model"),
        ),
        certainty,
        loss=traffic.served_by(least.server.name) * beyond(least.floor_s, value_s),
    )  # fmt: skip
