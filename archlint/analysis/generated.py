"""What a server with continuous batching gets and does: its steps, and the prompts and answers of each workload."""

from __future__ import annotations

import math
from typing import Final

import msgspec

from archlint.analysis.generation import Generation, generating
from archlint.analysis.service_time import mean, squared_cv
from archlint.analysis.steps import Steps
from archlint.analysis.system import System
from archlint.analysis.token_load import TokenLoad, token_loads
from archlint.model.architecture import Component, Model, ServiceTime, Workload
from archlint.model.places import Place
from archlint.verdicts import Term

_TOGETHER: Final = frozenset({"least-loaded", "pooled"})
_IN_TURN: Final = "round-robin"


class Asks(msgspec.Struct, frozen=True):
    """The requests of a workload: the time to read a prompt on an idle replica, and the tokens of an answer.

    `least_s` is the least work on a prompt. `extra_s` is the part of the time on an idle replica that a prompt shares
    with the step of other answers: the weights are read once for both.
    """

    prompt: ServiceTime
    out: ServiceTime
    extra_s: float = 0.0
    least_s: float = 0.0

    @property
    def added_s(self) -> float:
        """The mean time that a prompt adds to a step."""
        return max(self.least_s, (mean(self.prompt) or 0.0) - self.extra_s)

    @property
    def added_cv2(self) -> float:
        """The squared coefficient of variation of that time: the variance is that of the whole."""
        whole = mean(self.prompt) or 0.0
        return (squared_cv(self.prompt) or 0.0) * (whole / self.added_s) ** 2 if self.added_s > 0 else 0.0


class Generator(msgspec.Struct, frozen=True):
    """A server that generates: the steps of each replica, and the most answers at once there (infinite: unknown).

    Requests go to its replicas `in_turn`, `together` (where there are fewest), or else at random.
    """

    server: Component
    model: Model
    steps: Steps
    replicas: int
    most: float
    in_turn: bool
    together: bool
    terms: tuple[Term, ...]


def generator_of(system: System, server: Component) -> Generator | tuple[Place, ...] | None:
    """Return what a server does in a step, the keys of missing facts, or None if it generates nothing by itself.

    Its model must state a measured `ttft` and `tpot`: without them, there are only floors, and real servers take
    several times as long.
    """
    found = token_loads(system).get(server.name)
    if found is None or server.stage is not None:
        return None
    models = [system.architecture.models[name] for name in server.serves if name in system.architecture.models]
    timed = [model for model in models if model.service_time is not None]
    if timed:
        return None                           # its answers take a stated time, whatever their tokens
    measured = tuple(
        model.place(key) for model in models for key, time in (("ttft", model.ttft), ("tpot", model.tpot))
        if time is None
    )  # fmt: skip
    if not isinstance(found, TokenLoad):
        return tuple(dict.fromkeys((*measured, *found)))
    if measured:
        return measured
    balancing = system.facts.balancing(server)
    in_turn = balancing is not None and balancing.value == _IN_TURN
    together = balancing is None or balancing.value in _TOGETHER
    most = math.inf if found.most is None else max(1.0, math.floor(found.most))
    replicas = int(min(max(1.0, found.replicas), 1e9))
    return Generator(server, found.model, found.steps, replicas, most, in_turn, together, found.terms)


def asks_of(found: Generator, workload: Workload) -> Asks | tuple[Place, ...]:
    """Return the prompts and answers of a workload, or the keys without which they have no distribution."""
    made = Generation(found.model, found.server, workload)
    out, prompt = made.amount("out"), found.model.ttft
    needs = []
    if prompt is None or _unclear(prompt):
        needs.append(found.model.place("ttft", *(() if prompt is None else ("p99",))))
    if out is None:
        needs.append(made.asked("out"))
    elif _unclear(out):
        needs.append(made.asked("out").key("p99"))
    if needs or prompt is None or out is None:
        return tuple(needs)
    tokens = made.amount("in")
    least_s = found.steps.work_s * ((mean(tokens) or 0.0) if tokens is not None else 0.0)
    return Asks(prompt, out, found.steps.time_s(1.0), min(least_s, mean(prompt) or 0.0))


def _unclear(time: ServiceTime) -> bool:
    return mean(time) is None or squared_cv(time) is None


def only_generator(system: System, workload: Workload) -> Component | None:
    """Return the server that generates the answers of a workload; None if none or several do."""
    servers = dict.fromkeys(serving.server for serving in generating(system, workload))
    return system.components[next(iter(servers))] if len(servers) == 1 else None
