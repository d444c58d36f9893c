"""A model inside the image that is retrained so often that releasing takes a large part of the time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from archlint.analysis.facts import Fact
from archlint.analysis.starts import StartTime, start_time
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.analysis.work import replicas_key
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Component, Model
from archlint.model.places import Place
from archlint.model.quantities import format_count, format_duration, format_share
from archlint.verdicts import Certainty, Hit, Origin, Related, Term, Undecided, Verdict

_OFTEN_S: Final = 3600.0
"""Hardly any model is retrained more often than each hour."""


class Params(msgspec.Struct, frozen=True):
    """most: share of the time that releases may take; longest_start: longer ones are rare, if the start is unknown."""

    most: float = 0.1
    longest_start: float = 600.0


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each image with models whose releases take too much of the time, at `loads_model`."""
    traffic: Traffic | None = None
    known = system.architecture.models
    for component in system.components.values():
        if component.loads_model not in {None, "in-image"} or not component.serves:
            continue
        models = [known[name] for name in dict.fromkeys(component.serves) if name in known]
        timed = [model for model in models if model.retrained_s]
        start, replicas = start_time(system, component), system.facts.replicas(component)
        number = float(replicas.value) if replicas is not None else 1.0
        start_s = start.value_s if isinstance(start, StartTime) else params.longest_start
        share = sum(start_s * number / (model.retrained_s or 1.0) for model in timed)
        known_all = replicas is not None and component.loads_model is not None
        if isinstance(start, StartTime) and replicas is not None and known_all and exceeds(share, params.most):
            traffic = traffic or Traffic(system)
            loss = traffic.served_by(component.name) * beyond(share, params.most)
            yield _hit(component, timed, start, replicas, share, params.most, loss)
            continue
        often = exceeds(start_s * number, params.most * _OFTEN_S)
        needs = _needs(component, models, timed, start, replicas, exceeds(share, params.most), often)
        if needs:
            because = f"whether releases of {listed(model.name for model in models)} take too long"
            yield Undecided(component.place(), needs, because)


def _needs(
    component: Component, models: Sequence[Model], timed: Sequence[Model], start: StartTime | tuple[Place, ...],
    replicas: Fact | None, may_be_long: bool, often: bool,
) -> tuple[Place, ...]:  # fmt: skip
    """Return the one fact that is missing, if the others allow releases that take too long."""
    missing: list[tuple[Place, ...]] = []
    untimed = tuple(model.place("retrained") for model in models if model.retrained_s is None)
    if untimed:
        missing.append(untimed)
    if not isinstance(start, StartTime):
        sizes = (("image_size", component.image_bytes), ("pull_bandwidth", component.pull_bytes_per_s))
        unsaid = tuple(component.place(key) for key, value in sizes if value is None)
        missing.append(unsaid if len(unsaid) == 1 else start)
    if replicas is None:
        missing.append((replicas_key(component),))
    if component.loads_model is None:
        missing.append((component.place("loads_model"),))
    if len(missing) != 1 or not (may_be_long or (untimed and often) or (timed and replicas is None)):
        return ()
    return missing[0]


def _hit(
    component: Component, models: Sequence[Model], start: StartTime, replicas: Fact, share: float, most: float,
    loss: float,
) -> Hit:  # fmt: skip
    number = float(replicas.value)
    names = listed(model.name for model in models)
    is_are = "is" if len(models) == 1 else "are"
    every = " and ".join(dict.fromkeys(format_duration(model.retrained_s or 0.0) for model in models))
    message = (
        f"{names} {is_are} in the image of `{component.name}` and retrained every {every}: each release replaces "
        f"{format_count(number)} replicas, about {format_duration(start.value_s * number)} if one after another "
        f"({format_share(share)} of the time, more than {format_share(most)})"
    )
    terms = [*start.terms, replicas.term("replicas", f"replicas of {component.name}", "count")]
    note = "start x replicas, one after another"
    terms.append(Term("release", "time of one release", start.value_s * number, "s", Origin.DERIVED, None, note))
    terms += [
        Term("retrained", f"time between two retrainings of {model.name}", model.retrained_s or 0.0, "s", Origin.STATED,
             model.place("retrained"))
        for model in models
    ]  # fmt: skip
    terms.append(Term("share", "share of the time that releases take", share, "share", Origin.DERIVED, None,
                      "release / retrained"))
    reason = "parameter of the rule"
    terms.append(Term("most", "share that they may take", most, "share", Origin.ASSUMED, None, reason, limit=True))
    return Hit(
        component.place("loads_model"),
        message,
        tuple(terms),
        tuple(Related(model.place("retrained"), "a release each time") for model in models[:8]),
        Certainty.ESTIMATED,
        absent=() if component.start_time_s is not None else (component.place("start_time"),),
        cures=("model-load",),
        band=(share / number, share) if number >= 1 else None,
        loss=loss,
    )
