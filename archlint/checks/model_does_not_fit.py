"""A model whose weights are larger than the memory that should hold them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from archlint.analysis.memory import Memory, Weights, held, loads_at_start, memory_of, weights_of
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Component, Model
from archlint.model.places import Place
from archlint.model.quantities import format_size
from archlint.model.words import READ_WHOLE
from archlint.verdicts import Certainty, Hit, Origin, Related, Term, Undecided, Verdict

_ELSEWHERE: Final = frozenset({"external", "training-job", "client"})
_GIGABYTE: Final = 1e9


class Params(msgspec.Struct, frozen=True):
    """asks_above: bytes of weights above which the rule asks for the memory, if the file states none."""

    asks_above: float = 8 * _GIGABYTE


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each component whose models do not fit into its memory, at the memory."""
    traffic: Traffic | None = None
    models = system.architecture.models
    for component in system.components.values():
        if not component.serves or component.kind in _ELSEWHERE:
            continue
        served = [models[name] for name in dict.fromkeys(component.serves) if name in models]
        if served:
            traffic = traffic or Traffic(system)
            verdict = _judge(component, served, params, traffic)
            if verdict is not None:
                yield verdict


def _judge(component: Component, served: Sequence[Model], params: Params, traffic: Traffic) -> Verdict | None:
    memory = memory_of(component)
    sizes = {model.name: weights_of(model) for model in served}
    sized = [size for size in sizes.values() if size is not None]
    weights = held(component, sized)
    least, usual = sum(one.least_bytes for one in weights), sum(one.usual_bytes for one in weights)
    because = f"whether {listed(model.name for model in served)} fits into the memory of `{component.name}`"
    if memory.unknown_chip or (memory.host is None and memory.chips is None):
        if usual <= params.asks_above:
            return None                    # nearly every machine has room for it
        keys = ("hardware", "gpu_memory") if memory.unknown_chip else ("hardware",)
        if component.hardware is not None and not memory.unknown_chip:
            keys = ("hardware", "memory")
        return Undecided(component.place(), (component.place(*keys),), because)
    limit = float(memory.chips.value) if memory.chips is not None else memory.total_bytes
    tables = sum(one.tables_bytes for one in weights) if memory.chips is not None else 0.0
    if tables and not exceeds((least - tables) / (component.shards or 1.0), limit):
        if memory.host is None and exceeds(least / (component.shards or 1.0), limit):
            return Undecided(component.place(), (component.place("hardware", "memory"),), because)
        limit = memory.total_bytes         # the tables may stay in the replica's own memory
    if exceeds(least / (component.shards or 1.0), limit):
        return _hit(component, weights, memory, limit, traffic)
    needs = [one.model.place("precision") for one in weights if not one.sure] if exceeds(usual, limit) else []
    if memory.host is not None:            # the file describes the memory, so the sizes of the models are left
        needs += [
            model.place("artifact" if model.precision is None else "parameters")
            for model in served if sizes[model.name] is None
        ]  # fmt: skip
    together = sum(one.least_bytes for one in sized) / (component.shards or 1.0)
    if len(sized) > 1 and component.loads_model is None and exceeds(together, limit):
        needs.append(component.place("loads_model"))
    return Undecided(component.place(), tuple(needs), because) if needs else None


def _hit(
    component: Component, weights: Sequence[Weights], memory: Memory, limit: float, traffic: Traffic
) -> Hit:
    least = sum(one.least_bytes for one in weights) / (component.shards or 1.0)
    # What accelerators do not hold may stay in the replica's own memory; a file may be mapped instead of loaded.
    known = memory.host is not None and not memory.unsaid_chip
    whole = loads_at_start(component) or all(one.model.family in READ_WHOLE for one in weights)
    proven = known and whole and exceeds(least, memory.total_bytes)
    has = memory.total_bytes if proven else limit
    chip = component.hardware.gpu if component.hardware is not None else None
    at = next((fact.at for fact in (memory.chips, memory.host) if fact is not None and fact.at is not None), None)
    return Hit(
        at or component.place(),
        _message(component, weights, memory, least, has, proven),
        tuple(_terms(component, weights, memory, least, has)),
        tuple(Related(place, "the weights") for place in _places(weights)),
        Certainty.PROVEN if proven else Certainty.ESTIMATED,
        absent=(component.place("hardware", "gpus"), component.place("tensor_parallel")) if chip else (),
        cures=("smaller-model",) if len(weights) == 1 else ("one-server-per-model", "smaller-model"),
        loss=traffic.served_by(component.name) * beyond(least, has),
    )


def _places(weights: Sequence[Weights]) -> Iterator[Place]:
    return (one.fact.at for one in weights if one.fact.at is not None)


def _message(
    component: Component, weights: Sequence[Weights], memory: Memory, least: float, has: float, proven: bool
) -> str:
    names = listed(one.model.name for one in weights)
    takes = "takes" if len(weights) == 1 else "take"
    each = " on each of its shards" if component.shards is not None else ""
    parts = []
    if memory.chips is not None:
        parts.append(f"{format_size(float(memory.chips.value))} on its accelerators")
    if memory.host is not None and has == memory.total_bytes:
        parts.append(f"{format_size(float(memory.host.value))} of memory")
    text = (
        f"{names} {takes} at least {format_size(least)}{each}, but a replica of `{component.name}` has only "
        f"{' and '.join(parts)}"
    )
    if proven:
        return f"{text}: it cannot load {'it' if len(weights) == 1 else 'them'}"
    if memory.unsaid_chip:
        return f"{text}: it needs accelerators, but the file states none"
    return f"{text}: the rest has to come from elsewhere for each prediction ({format_size(least - has)})"


def _terms(
    component: Component, weights: Sequence[Weights], memory: Memory, least: float, has: float
) -> Iterator[Term]:
    """Yield the size of each model, their sum, the memory, and how many accelerators would hold them."""
    for one in weights:
        yield one.fact.term("weights", f"weights of {one.model.name}", "B")
    note = "sum" if component.shards is None else "sum / shards"
    yield Term("needed", "weights in one replica, at least", least, "B", Origin.DERIVED, None, note)
    if memory.host is not None:
        yield memory.host.term("memory", f"memory of {component.name}", "B")
    if memory.chips is not None:
        yield memory.chips.term("accelerators", f"memory of the accelerators of {component.name}", "B")
    yield Term("room", "memory that may hold the weights", has, "B", Origin.DERIVED, None, "sum", limit=True)
