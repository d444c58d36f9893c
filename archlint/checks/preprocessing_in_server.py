"""Preprocessing in a server whose accelerator waits for it, or that has not the hardware which it needs."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.service_time import mean
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Component, Hardware, Model, Preprocessing, ServiceTime
from archlint.model.places import Place
from archlint.model.quantities import format_duration, format_share
from archlint.verdicts import Certainty, Hit, Origin, Related, Term, Undecided, Verdict


class Params(msgspec.Struct, frozen=True):
    """idle: share of the time that an accelerator may wait for work that needs none."""

    idle: float = 0.2


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each server whose preprocessing belongs elsewhere, at `preprocessing`."""
    traffic: Traffic | None = None
    for component in system.components.values():
        preparing = component.preprocessing
        if preparing is None or not component.serves:
            continue
        traffic = traffic or Traffic(system)
        lacking = _lacks(component, preparing)
        if lacking is not None:
            yield _other(component, preparing, lacking, traffic)
        elif component.hardware is None:
            yield from _unknown(system, component, preparing)
        elif _has_chip(component.hardware) and not _has_chip(preparing.hardware):
            yield from _waits(system, component, preparing, params, traffic)


def _has_chip(hardware: Hardware | None) -> bool:
    return hardware is not None and any(
        fact is not None for fact in (hardware.gpu, hardware.gpus, hardware.gpu_memory_bytes, hardware.gpu_share)
    )


def _lacks(component: Component, preparing: Preprocessing) -> str | None:
    """Return the accelerator that preprocessing needs and its server has not."""
    needed = preparing.hardware.gpu if preparing.hardware is not None else None
    if needed is None or component.hardware is None:
        return None
    has = component.hardware.gpu
    unknown = has is None and _has_chip(component.hardware)
    return needed if not unknown and (has or "").lower() != needed.lower() else None


def _other(component: Component, preparing: Preprocessing, needed: str, traffic: Traffic) -> Hit:
    at = component.place("preprocessing", "hardware", "gpu")
    has = component.hardware.gpu if component.hardware is not None else None
    chip = f"has {has}" if has else "has none"
    terms = (
        Term("needed", "accelerator that preprocessing needs", needed, "", Origin.STATED, at),
        Term("has", f"accelerator of {component.name}", has or "none", "",
             Origin.STATED if has else Origin.DERIVED, component.place("hardware", "gpu") if has else None, limit=True),
    )  # fmt: skip
    return Hit(
        at,
        f"preprocessing in `{component.name}` needs the accelerator {needed}, but `{component.name}` {chip}",
        terms,
        (Related(component.place("hardware"), "the hardware of the server"),),
        absent=(component.place("hardware", "gpu"),),
        cures=("prep-pred",),
        cause=f"component {component.name}",
        loss=traffic.served_by(component.name),
    )


def _unknown(system: System, component: Component, preparing: Preprocessing) -> Iterator[Undecided]:
    """Ask for the hardware, if preprocessing takes longer than the models."""
    own = _mean(preparing.service_time)
    times = [_mean(model.service_time) for model in _models(system, component)]
    if own is not None and times and all(time is not None and own > time for time in times):
        because = f"whether an accelerator of `{component.name}` waits for preprocessing"
        yield Undecided(component.place("preprocessing"), (component.place("hardware"),), because)


def _models(system: System, component: Component) -> list[Model]:
    known = system.architecture.models
    return [known[name] for name in dict.fromkeys(component.serves) if name in known]


def _mean(time: ServiceTime | None) -> float | None:
    return mean(time) if time is not None else None


def _waits(
    system: System, component: Component, preparing: Preprocessing, params: Params, traffic: Traffic
) -> Iterator[Verdict]:
    """Judge the share of the time in which the accelerator waits for preprocessing on the CPU."""
    at = component.place("preprocessing")
    models = _models(system, component)
    times = [(model, _mean(model.service_time)) for model in models]
    own_s = _mean(preparing.service_time)
    needs: list[Place] = [at.key("service_time")] if own_s is None else []
    needs += [model.place("service_time") for model, time in times if time is None]
    if needs:
        stated = preparing.hardware is not None or own_s is not None
        if stated and len(needs) == 1:
            because = f"whether the accelerator of `{component.name}` waits for preprocessing"
            yield Undecided(at, tuple(needs), because)
        return
    # The longest model, so that the share is the least of any request.
    model, model_s = max(((m, t or 0.0) for m, t in times), key=lambda pair: pair[1], default=(None, 0.0))
    if model is None or own_s is None or own_s <= 0:
        return
    share = own_s / (own_s + model_s)
    limit = params.idle if preparing.hardware is not None else 0.5
    if exceeds(share, limit):
        yield _hit(component, preparing, model, (own_s, model_s), limit, traffic)


def _hit(
    component: Component, preparing: Preprocessing, model: Model, times: tuple[float, float], limit: float,
    traffic: Traffic,
) -> Hit:  # fmt: skip
    own_s, model_s = times
    share = own_s / (own_s + model_s)
    at = component.place("preprocessing")
    chip = component.hardware.gpu if component.hardware is not None else None
    name = f"accelerator ({chip})" if chip else "accelerator"
    known = "which needs none" if preparing.hardware is not None else "which may need none"
    message = (
        f"`{component.name}` prepares an input for {format_duration(own_s)} on average, and {listed([model.name])} "
        f"takes {format_duration(model_s)}: its {name} waits {format_share(share)} of the time of a request for "
        f"preprocessing, {known}"
    )
    terms = (
        _term("own_time", f"preprocessing in {component.name}", preparing.service_time, own_s, at.key("service_time")),
        _term("service_time", f"model {model.name}", model.service_time, model_s, model.place("service_time")),
        Term("share", "time that the accelerator waits", share, "share", Origin.DERIVED, None,
             "preprocessing / (preprocessing + model)"),
        Term("idle", "share of the time that it may wait", limit, "share", Origin.ASSUMED, None,
             "parameter of the rule" if preparing.hardware is not None else "more than the model itself", limit=True),
    )  # fmt: skip
    return Hit(
        at,
        message,
        terms,
        (Related(component.place("hardware"), "has an accelerator"),),
        Certainty.ESTIMATED,
        absent=(component.place("preprocessing", "hardware"),) if preparing.hardware is None else (),
        cures=("prep-pred",),
        cause=f"component {component.name}",
        loss=traffic.served_by(component.name) * beyond(share, limit),
    )


def _term(name: str, label: str, time: ServiceTime | None, value: float, at: Place) -> Term:
    stated = time is not None and (time.constant_s is not None or time.mean_s is not None)
    origin, note = (Origin.STATED, "") if stated else (Origin.DERIVED, "lognormal fit")
    return Term(name, f"{label}, mean", value, "s", origin, at, note)
