"""What the weights of models take in memory, and how much memory a replica has."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from archlint.analysis.facts import Fact
from archlint.catalog.hardware import accelerator
from archlint.model.architecture import Component, Model
from archlint.model.quantities import format_count
from archlint.model.words import PRECISIONS
from archlint.verdicts import Origin

_SMALLEST_WIDTH = min(PRECISIONS.values())


class Weights(msgspec.Struct, frozen=True):
    """The bytes of a model's weights, at least; `sure` is false if the number format of the parameters is unknown."""

    model: Model
    fact: Fact
    sure: bool = True

    @property
    def least_bytes(self) -> float:
        """The bytes."""
        return float(self.fact.value)

    @property
    def tables_bytes(self) -> float:
        """The bytes of its embedding tables, which servers keep in their own memory; of `dlrm`, at most all."""
        tables, whole = self.model.embedding_parameters, self.model.parameters
        if tables is None or not whole:
            return self.least_bytes if self.model.family == "dlrm" else 0.0
        return self.least_bytes * min(1.0, tables / whole)

    @property
    def usual_bytes(self) -> float:
        """The bytes in the usual format of 16 bits, if the format is unknown."""
        return self.least_bytes if self.sure else self.least_bytes * PRECISIONS["fp16"] / _SMALLEST_WIDTH


class Memory(msgspec.Struct, frozen=True):
    """The memory of one replica: its own, and that of its accelerators; None if the file does not state it.

    `unknown_chip` is true if it has accelerators of an unknown size, and `unsaid_chip` if the file does not state
    whether it has any.
    """

    host: Fact | None = None
    chips: Fact | None = None
    unknown_chip: bool = False
    unsaid_chip: bool = False

    @property
    def total_bytes(self) -> float:
        """All of it, as far as it is stated."""
        return sum(float(fact.value) for fact in (self.host, self.chips) if fact is not None)


def weights_of(model: Model) -> Weights | None:
    """Return the size of a model's weights: parameters x bytes of each, or the artefact if that is less, or alone.

    >>> from archlint.model.architecture import Model
    >>> weights = weights_of(Model("chat", parameters=70e9, precision="fp16"))
    >>> weights.least_bytes, weights.fact.source
    (140000000000.0, '70 B parameters x 2 B')
    """
    found: list[Weights] = []
    if model.artifact_bytes is not None:
        found.append(Weights(model, Fact(float(model.artifact_bytes), Origin.STATED, model.place("artifact"))))
    if model.parameters is not None and (model.precision is not None or not found):
        width = PRECISIONS.get(model.precision or "", _SMALLEST_WIDTH)
        formula = f"{format_count(model.parameters)} parameters x {width:g} B"
        derived = Fact(model.parameters * width, Origin.DERIVED, model.place("parameters"), formula)
        found.append(Weights(model, derived, model.precision in PRECISIONS))
    return min(found, key=lambda weights: weights.least_bytes, default=None)


def held(component: Component, weights: Sequence[Weights]) -> Sequence[Weights]:
    """Return the models that are in memory at the same time for certain: all that are loaded at start, else one."""
    if loads_at_start(component) or len(weights) < 2:
        return weights
    return [max(weights, key=lambda one: one.least_bytes)]


def loads_at_start(component: Component) -> bool:
    """Return whether the file states that all models of a component are in memory once it has started."""
    return component.loads_model in {"at-start", "in-image"}


def memory_of(component: Component) -> Memory:
    """Return the memory of one replica of a component.

    >>> from archlint.model.architecture import Component, Hardware
    >>> server = Component("chat", "model-server", hardware=Hardware(gpu="t4", gpus=2.0))
    >>> memory_of(server).chips.value, memory_of(server).host
    (32000000000.0, None)
    """
    hardware = component.hardware
    if hardware is None:
        return Memory()
    host = chips = None
    if hardware.memory_bytes is not None:
        host = Fact(float(hardware.memory_bytes), Origin.STATED, component.place("hardware", "memory"))
    if hardware.gpus == 0:
        return Memory(host)
    has_chips = hardware.gpu is not None or hardware.gpu_memory_bytes is not None or hardware.gpus is not None
    known = accelerator(hardware.gpu)
    size, at, source = hardware.gpu_memory_bytes, component.place("hardware", "gpu_memory"), ""
    if size is None and known is not None:
        size, at, source = known.memory_bytes, component.place("hardware", "gpu"), f"{known.title} ({known.source})"
    if size is not None:
        count = math.prod(max(1.0, part or 1.0) for part in (component.tensor_parallel, component.pipeline_parallel))
        count = max(count, hardware.gpus or 1.0) * (hardware.gpu_share or 1.0)
        origin = Origin.STATED if count == 1 and not source else Origin.DERIVED
        formula = " x ".join(part for part in ("" if count == 1 else f"{count:g}", source) if part)
        chips = Fact(size * count, origin, at, formula)
    return Memory(host, chips, has_chips and chips is None, not has_chips)
