"""The least time of one prediction that the hardware allows: the roofline (Williams, Waterman, Patterson 2009).

A dense model's weights are all read and all multiplied once for a prediction, so it takes at least
max(bytes of the weights / memory bandwidth, 2 x parameters / peak FLOPS). Peaks are dense, so that nothing beats it.
"""

from __future__ import annotations

import msgspec

from archlint.catalog.hardware import Accelerator, accelerator
from archlint.model.architecture import Component, Model
from archlint.model.quantities import format_count, format_size
from archlint.model.words import PRECISIONS
from archlint.verdicts import Certainty

_FASTEST_PRECISION = 4.0
"""4-bit arithmetic runs at up to four times the 16-bit peak."""


class Roofline(msgspec.Struct, frozen=True):
    """A floor in seconds with the formula that gives it."""

    floor_s: float
    formula: str
    certainty: Certainty
    source: str


def roofline(model: Model, server: Component) -> Roofline | None:
    """The floor of one prediction of a model on a server's accelerators; None where a fact is missing.

    Proven from `parameters` (or `active_parameters`); from the artefact's size alone it is a hint only, as a table
    or a forest of trees is not read whole.
    """
    hardware = server.hardware
    chip = accelerator(hardware.gpu) if hardware else None
    if hardware is None or chip is None:
        return None
    gpus = hardware.gpus or 1.0
    parameters = model.active_parameters or model.parameters
    if parameters is not None:
        return _of_parameters(model, parameters, chip, gpus)
    if model.artifact_bytes is not None:
        floor = model.artifact_bytes / (gpus * chip.bandwidth_bytes_per_s)
        formula = f"{format_size(model.artifact_bytes)} / ({gpus:g} x {format_size(chip.bandwidth_bytes_per_s)}/s)"
        return Roofline(floor, formula, Certainty.HEURISTIC, chip.source)
    return None


def _of_parameters(model: Model, parameters: float, chip: Accelerator, gpus: float) -> Roofline:
    width = PRECISIONS.get(model.precision) if model.precision else None
    candidates: list[tuple[float, str]] = []
    if width is not None:
        weights = parameters * width
        bandwidth = format_size(chip.bandwidth_bytes_per_s) + "/s"
        candidates.append(
            (weights / (gpus * chip.bandwidth_bytes_per_s), f"{format_size(weights)} of weights / ({gpus:g} x {bandwidth})")
        )
    if chip.fp16_flops is not None:
        speedup = min(_FASTEST_PRECISION, 2.0 / width) if width and width < 2 else 1.0 if width else _FASTEST_PRECISION
        flops = chip.fp16_flops * speedup
        formula = f"2 x {format_count(parameters)} parameters / ({gpus:g} x {format_count(flops)} FLOPS)"
        candidates.append((2 * parameters / (gpus * flops), formula))
    if not candidates:
        return Roofline(0.0, "no peak is known", Certainty.PROVEN, chip.source)
    floor, formula = max(candidates)
    return Roofline(floor, formula, Certainty.PROVEN, chip.source)
