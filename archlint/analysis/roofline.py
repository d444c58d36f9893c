"""The least time of one prediction that the hardware allows: the roofline (Williams, Waterman, Patterson 2009).

A prediction of a dense model reads and multiplies all weights once, so it takes at least
max(bytes of the weights / memory bandwidth, 2 x parameters / peak FLOPS). Peak values are for dense arithmetic, so that
nothing is faster. Weights that may stay in the chip's cache between predictions need not be read.
"""

from __future__ import annotations

from typing import Final

import msgspec

from archlint.catalog.hardware import Accelerator, accelerator
from archlint.model.architecture import Component, Model
from archlint.model.places import Place, either
from archlint.model.quantities import format_count, format_size
from archlint.model.words import MAY_HAVE_EXPERTS, PRECISIONS, READ_WHOLE
from archlint.verdicts import Certainty

_FASTEST_PRECISION: Final = 4.0
"""4-bit arithmetic runs at up to four times the 16-bit peak, if the catalogue has no other figure (`fp4`)."""


class Roofline(msgspec.Struct, frozen=True):
    """A floor in seconds with the formula that gives it."""

    floor_s: float
    formula: str
    certainty: Certainty
    source: str


def roofline(model: Model, server: Component) -> Roofline | None:
    """Return the floor of one prediction of a model on a server's accelerators; None if a fact is missing.

    It is proven from `active_parameters`, or from `parameters` if the `family` of the model is read completely. It is
    an estimate for a transformer, which may be a mixture of experts, and only a hint for another family, as from the
    artefact's size: an embedding table or a forest of trees is not read completely. Several accelerators, of all
    shards, share the work, at best without any loss.

    >>> from archlint.model.architecture import Hardware
    >>> server = Component("llm", "model-server", hardware=Hardware(gpu="a100-80gb", gpus=2.0))
    >>> bound = roofline(Model("chat", active_parameters=7e9, precision="fp16"), server)
    >>> round(bound.floor_s * 1000, 3), bound.formula, bound.certainty.value
    (3.433, '14 GB of weights / (2 x 2.04 TB/s)', 'proven')
    """
    hardware = server.hardware
    chip = accelerator(hardware.gpu) if hardware else None
    if hardware is None or chip is None:
        return None
    gpus = (hardware.gpus or 1.0) * (server.shards or 1.0)
    parameters, certainty = read_for_each(model)
    if parameters is not None:
        return _of_parameters(model, parameters, certainty, chip, gpus)
    if model.artifact_bytes is not None:
        floor = model.artifact_bytes / (gpus * chip.bandwidth_bytes_per_s)
        formula = f"{format_size(model.artifact_bytes)} / ({gpus:g} x {format_size(chip.bandwidth_bytes_per_s)}/s)"
        return Roofline(floor, formula, Certainty.HEURISTIC, chip.source)
    return None


def missing_for_roofline(model: Model, server: Component) -> tuple[Place, ...]:
    """Return the places of missing facts that would give a floor, or a higher one.

    Empty if no such fact is stated: then only the service time is requested.
    """
    hardware = server.hardware
    sized = model.parameters is not None or model.active_parameters is not None
    if hardware is None or hardware.gpu is None:
        if not sized and model.artifact_bytes is None:
            return ()
        return (server.place("hardware") if hardware is None else server.place("hardware", "gpu"),)
    if sized:
        unsure = model.active_parameters is None and (model.family is None or model.family in MAY_HAVE_EXPERTS)
        said = ((model.place("precision"), model.precision is None), (says_what_is_read(model), unsure))
        return tuple(place for place, missing in said if missing)
    return (either(model.place("parameters"), () if model.artifact_bytes is not None else (model.place("artifact"),)),)


def read_for_each(model: Model) -> tuple[float | None, Certainty]:
    """Return the parameters that every prediction reads, and how certain that is; None if the file states none."""
    if model.active_parameters:
        return model.active_parameters, Certainty.PROVEN
    if model.parameters is None:
        return None, Certainty.PROVEN
    dense = max(0.0, model.parameters - (model.embedding_parameters or 0.0))
    if model.family not in READ_WHOLE:
        return dense, Certainty.HEURISTIC
    return dense, Certainty.ESTIMATED if model.family in MAY_HAVE_EXPERTS else Certainty.PROVEN


def says_what_is_read(model: Model) -> Place:
    """Return the key that would prove how many parameters a prediction reads, of a model that states parameters."""
    return model.place("active_parameters" if model.family in MAY_HAVE_EXPERTS else "family")


def _of_parameters(
    model: Model, parameters: float, certainty: Certainty, chip: Accelerator, gpus: float
) -> Roofline:
    width = PRECISIONS.get(model.precision) if model.precision else None
    candidates: list[tuple[float, str]] = []
    if width is not None and parameters * width > gpus * chip.on_chip_bytes:
        weights, bandwidth = format_size(parameters * width), format_size(chip.bandwidth_bytes_per_s)
        floor_s = parameters * width / (gpus * chip.bandwidth_bytes_per_s)
        candidates.append((floor_s, f"{weights} of weights / ({gpus:g} x {bandwidth}/s)"))
    flops = peak_flops(chip, width)
    if flops is not None:
        formula = f"2 x {format_count(parameters)} parameters / ({gpus:g} x {format_count(flops)} FLOPS)"
        candidates.append((2 * parameters / (gpus * flops), formula))
    if not candidates:
        return Roofline(0.0, "no peak is known", certainty, chip.source)
    floor, formula = max(candidates)
    return Roofline(floor, formula, certainty, chip.source)


def peak_flops(chip: Accelerator, width: float | None) -> float | None:
    """Return the rate that no kernel exceeds, by the bytes of a parameter (None: unknown, so the fastest)."""
    if chip.fp16_flops is None:
        return None
    speedup = _FASTEST_PRECISION if width is None else min(_FASTEST_PRECISION, max(1.0, 2.0 / width))
    flops = chip.fp16_flops * speedup
    return max(flops, chip.fp4_flops or 0.0) if speedup == _FASTEST_PRECISION else flops
