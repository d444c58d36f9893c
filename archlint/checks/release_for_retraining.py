"""A model inside the image that is retrained so often that releasing takes a large part of the time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from archlint.analysis.facts import Fact
from archlint.analysis.starts import StartTime, start_time
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.analysis.work import replicas_key
from archlint.checks._lines import exceeds
from archlint.checks._loss import Traffic, beyond
from archlint.model.architecture import Component, Model
from archlint.model.quantities import format_count, format_duration, format_share
from archlint.verdicts import Certainty, Hit, Origin, Related, Term, Undecided, Verdict


class Params(msgspec.Struct, frozen=True):
    """most: share of the time that releases may take."""

    most: float = 0.1


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each image with models whose releases take too much of the time, at `loads_model`."""
    traffic: Traffic | None = None
    for component in system.components.values():
        if component.loads_model != "in-image":
            continue
        known = system.architecture.models
        models = [known[name] for name in dict.fromkeys(component.serves) if name in known]
        models = [model for model in models if model.retrained_s]
        if not models:
            continue
        start, replicas = start_time(system, component), system.facts.replicas(component)
        if isinstance(start, StartTime) and replicas is not None:
            each_s = start.value_s * float(replicas.value)
            share = sum(each_s / (model.retrained_s or 1.0) for model in models)
            if exceeds(share, params.most):
                traffic = traffic or Traffic(system)
                loss = traffic.served_by(component.name) * beyond(share, params.most)
                yield _hit(component, models, start, replicas, share, params.most, loss)
        elif isinstance(start, StartTime) or (replicas is not None and component.image_bytes is not None):
            needs = (replicas_key(component),) if isinstance(start, StartTime) else start
            because = f"whether releases of {listed(model.name for model in models)} take too long"
            yield Undecided(component.place(), needs, because)


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
        cause=f"component {component.name}",
        band=(share / number, share) if number >= 1 else None,
        loss=loss,
    )
