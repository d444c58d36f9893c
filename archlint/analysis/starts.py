"""How long a component takes from its start until it is ready."""

from __future__ import annotations

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Component
from archlint.model.places import Place
from archlint.verdicts import Certainty, Origin, Term


class StartTime(msgspec.Struct, frozen=True):
    """The time of one start, with the terms of the calculation.

    A stated time is proven. One that follows from the sizes of image and model is an estimate: a node may hold the
    image already, and initialisation comes on top.
    """

    value_s: float
    terms: tuple[Term, ...]
    certainty: Certainty


def start_time(system: System, component: Component) -> StartTime | tuple[Place, ...]:
    """Return the time of one start, or the places of the missing keys.

    It is the stated one, otherwise (image + models that are loaded at start) / pull bandwidth.

    >>> import archlint
    >>> system = archlint.load('''
    ... archlint: 1
    ... components: {server: {kind: model-server, image_size: 8GB, pull_bandwidth: 200MB/s}}
    ... ''')
    >>> start_time(system, system.components["server"]).value_s
    40.0
    """
    if component.start_time_s is not None:
        at = component.place("start_time")
        stated = Term("start_time", f"start of {component.name}", component.start_time_s, "s", Origin.STATED, at)
        return StartTime(component.start_time_s, (stated,), Certainty.PROVEN)
    bandwidth, image = component.pull_bytes_per_s, component.image_bytes
    if not bandwidth or image is None:
        return (component.place("start_time"),)
    at = component.place("image_size")
    terms = [Term("image", f"image of {component.name}", float(image), "B", Origin.STATED, at)]
    total = float(image)
    if component.loads_model == "at-start":
        for name in component.serves:
            model = system.architecture.models.get(name)
            if model is not None and model.artifact_bytes is not None:
                total += model.artifact_bytes
                at = model.place("artifact")
                terms.append(Term("model", f"model {name}", float(model.artifact_bytes), "B", Origin.STATED, at))
    at = component.place("pull_bandwidth")
    terms.append(Term("bandwidth", f"download speed of {component.name}", bandwidth, "B/s", Origin.STATED, at))
    formula = "(image + models) / bandwidth" if len(terms) > 2 else "image / bandwidth"
    label = f"start of {component.name}, without initialisation"
    terms.append(Term("start_time", label, total / bandwidth, "s", Origin.DERIVED, None, formula))
    return StartTime(total / bandwidth, tuple(terms), Certainty.ESTIMATED)
