"""Floors of single pieces of work: a stated service time, and one prediction."""

from __future__ import annotations

from archlint.analysis.floor_parts import Floor, Part
from archlint.analysis.service_time import estimate, lower_bound, says
from archlint.model.architecture import Component, Model, ServiceTime
from archlint.model.places import Place, either
from archlint.model.quantities import format_percentile
from archlint.verdicts import Certainty, Origin


def stated(
    time: ServiceTime, fraction: float, label: str, at: Place, estimated: bool, model: str = "", server: str = ""
) -> Floor:
    """Return the floor of a stated service time at a percentile.

    It is a bound; with `estimated`, the fitted percentile if that is higher. The percentile itself is unknown if it is
    neither stated nor estimated.
    """
    bound = lower_bound(time, fraction, at)
    value = bound.value_s if bound else 0.0
    said = bound.said if bound else ""
    formula, certainty = (bound.formula if bound else ""), Certainty.PROVEN
    if estimated:
        fitted = estimate(time, fraction)
        if fitted is not None and fitted > value:
            value, said, certainty = fitted, format_percentile(fraction), Certainty.ESTIMATED
            formula = "lognormal through what is stated"
    origin = Origin.DERIVED if formula else Origin.STATED
    where = bound.at if bound and bound.at and not formula else at
    name = f"{label}, {said}" if said else label
    part = Part(name, value, origin, where, formula, model, server, certainty)
    parts = (part,) if value > 0 else ()
    unknown = () if says(time, fraction) else (at.key(format_percentile(max(0.01, round(fraction, 4)))),)
    if time.constant_s is None:
        return Floor(0.0, value, parts, (), unknown, certainty)
    return Floor(value, value, parts, parts, unknown, certainty)


def prediction(model: Model, server: Component, fraction: float, estimated: bool) -> Floor:
    """Return the floor of one prediction: the stated service time, otherwise the hardware limit.

    A hardware limit that is only a hint is used only for estimates.
    """
    label = f"model {model.name}"
    if model.service_time is not None:
        place = model.place("service_time")
        return stated(model.service_time, fraction, label, place, estimated, model.name, server.name)
    from archlint.analysis.roofline import missing_for_roofline, roofline  # needed only for models without a time

    unknown = (either(model.place("service_time"), missing_for_roofline(model, server)),)
    bound = roofline(model, server)
    if bound is None or (bound.certainty is not Certainty.PROVEN and not estimated):
        return Floor(unknown=unknown)
    at = model.place("parameters" if model.parameters is not None else "artifact")
    part = Part(
        f"{label}, least on its hardware", bound.floor_s, Origin.DERIVED, at, bound.formula, model.name, server.name,
        bound.certainty,
    )  # fmt: skip
    parts = (part,) if bound.floor_s > 0 else ()
    return Floor(bound.floor_s, bound.floor_s, parts, parts, unknown, bound.certainty)
