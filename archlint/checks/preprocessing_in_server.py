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
from archlint.model.quantities import format_duration, format_quantity, format_share
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
            yield _other(component, lacking, traffic)
        elif component.hardware is None or _says_nothing(component.hardware):
            yield from _unknown(system, component, preparing)
        elif _has_chip(component.hardware) and not _has_chip(preparing.hardware):
            yield from _waits(system, component, preparing, params, traffic)


def _has_chip(hardware: Hardware | None) -> bool:
    return hardware is not None and any(
        fact is not None for fact in (hardware.gpu, hardware.gpus, hardware.gpu_memory_bytes, hardware.gpu_share)
    )


def _says_nothing(hardware: Hardware) -> bool:
    """Return whether neither an accelerator nor a machine without one is described."""
    return not _has_chip(hardware) and hardware.cpu is None and hardware.memory_bytes is None


def _needs_no_chip(preparing: Preprocessing) -> bool:
    """Return whether the file states what preprocessing needs, and that is no accelerator."""
    needed = preparing.hardware
    return needed is not None and not _has_chip(needed) and (needed.cpu is not None or needed.memory_bytes is not None)


class _Lack(msgspec.Struct, frozen=True):
    """A part of the hardware that preprocessing needs, and that its server has less of."""

    key: str
    what: str
    needed: float | str
    has: float | str | None
    unit: str = ""

    def words(self, value: float | str | None) -> str:
        """Return a value of the part as text."""
        if value is None:
            return "none"
        return value if isinstance(value, str) else f"{format_quantity(value, self.unit)}"


def _lacks(component: Component, preparing: Preprocessing) -> _Lack | None:
    """Return what preprocessing needs and its server has not: an accelerator, or enough of the rest."""
    needed, has = preparing.hardware, component.hardware
    if needed is None or has is None:
        return None
    unknown = has.gpu is None and _has_chip(has)
    if needed.gpu is not None and not unknown and (has.gpu or "").lower() != needed.gpu.lower():
        return _Lack("gpu", "the accelerator ", needed.gpu, has.gpu)
    amounts: tuple[tuple[str, str, float | None, float | None, str], ...] = (
        ("cpu", " cores", needed.cpu, has.cpu, "count"), ("gpus", " accelerators", needed.gpus, has.gpus, "count"),
        ("memory", " of memory", needed.memory_bytes, has.memory_bytes, "B"),
        ("gpu_memory", " of memory on its accelerator", needed.gpu_memory_bytes, has.gpu_memory_bytes, "B"),
        ("gpu_share", " of an accelerator", needed.gpu_share, has.gpu_share, "share"),
    )
    for key, what, one, other, unit in amounts:
        if one is not None and other is not None and exceeds(one, other):
            return _Lack(key, what, float(one), float(other), unit)
    return None


def _other(component: Component, lack: _Lack, traffic: Traffic) -> Hit:
    at = component.place("preprocessing", "hardware", lack.key)
    named = isinstance(lack.needed, str)
    needs = f"{lack.what}{lack.needed}" if named else f"{lack.words(lack.needed)}{lack.what}"
    terms = (
        Term("needed", "what preprocessing needs", lack.needed, lack.unit, Origin.STATED, at),
        Term("has", f"what {component.name} has", "none" if lack.has is None else lack.has, lack.unit,
             Origin.DERIVED if lack.has is None else Origin.STATED,
             None if lack.has is None else component.place("hardware", lack.key), limit=True),
    )  # fmt: skip
    return Hit(
        at,
        f"preprocessing in `{component.name}` needs {needs}, but `{component.name}` has {lack.words(lack.has)}",
        terms,
        (Related(component.place("hardware"), "the hardware of the server"),),
        absent=(component.place("hardware", lack.key),),
        cures=("prep-pred",),
        loss=traffic.served_by(component.name),
    )


def _unknown(system: System, component: Component, preparing: Preprocessing) -> Iterator[Undecided]:
    """Ask for the hardware, if preprocessing takes longer than the models, or states what it needs."""
    own = _mean(preparing.service_time)
    times = [_mean(model.service_time) for model in _models(system, component)]
    longer = own is not None and bool(times) and all(time is not None and own > time for time in times)
    if longer or preparing.hardware is not None:
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
    unsaid = [at.key("hardware")] if preparing.hardware is None else []
    because = f"whether the accelerator of `{component.name}` waits for preprocessing"
    if needs:
        if len(needs) == 1 or unsaid:
            yield Undecided(at, (*needs, *unsaid), because)
        return
    # The longest model, so that the share is the least of any request.
    model, model_s = max(((m, t or 0.0) for m, t in times), key=lambda pair: pair[1], default=(None, 0.0))
    if model is None or own_s is None or own_s <= 0:
        return
    share = own_s / (own_s + model_s)
    limit = params.idle if _needs_no_chip(preparing) else 0.5
    if exceeds(share, limit):
        yield _hit(component, preparing, model, (own_s, model_s), limit, traffic)
    elif unsaid:
        yield Undecided(at, tuple(unsaid), because)


def _hit(
    component: Component, preparing: Preprocessing, model: Model, times: tuple[float, float], limit: float,
    traffic: Traffic,
) -> Hit:  # fmt: skip
    own_s, model_s = times
    share = own_s / (own_s + model_s)
    at = component.place("preprocessing")
    chip = component.hardware.gpu if component.hardware is not None else None
    name = f"accelerator ({chip})" if chip else "accelerator"
    known = "which does not need it" if _needs_no_chip(preparing) else "which may not need it"
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
             "parameter of the rule" if _needs_no_chip(preparing) else "more than the model itself", limit=True),
    )  # fmt: skip
    return Hit(
        at,
        message,
        terms,
        (Related(component.place("hardware"), "has an accelerator"),),
        Certainty.ESTIMATED,
        absent=() if _needs_no_chip(preparing) else (component.place("preprocessing", "hardware"),),
        cures=("prep-pred",),
        loss=traffic.served_by(component.name) * beyond(share, limit),
    )


def _term(name: str, label: str, time: ServiceTime | None, value: float, at: Place) -> Term:
    stated = time is not None and (time.constant_s is not None or time.mean_s is not None)
    origin, note = (Origin.STATED, "") if stated else (Origin.DERIVED, "lognormal fit")
    return Term(name, f"{label}, mean", value, "s", origin, at, note)
