"""Several models on one server: one crash or one release takes all of them down."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from archlint.analysis.system import System
from archlint.model.architecture import Component, Model, Workload
from archlint.model.places import place
from archlint.model.quantities import format_duration, format_size
from archlint.model.words import SERVERS
from archlint.verdicts import Hit, Origin, Related, Term, Undecided, Verdict


class Params(msgspec.Struct, frozen=True):
    """most: how many independent models one server may serve, a count."""

    most: int = 1


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each server whose models are not one pipeline, at its list of models."""
    for component in system.components.values():
        served = tuple(dict.fromkeys(component.serves))
        if len(served) <= params.most or component.kind not in SERVERS:
            continue
        entering = _entering(system, component)
        if not entering:
            yield Undecided(component.place("serves"), (place("workloads"),), "which workloads run its models")
            continue
        independent = _independent(served, entering)
        if len(independent) > params.most:
            yield _hit(system, component, served, entering)


def _entering(system: System, component: Component) -> list[tuple[Workload, frozenset[str] | None]]:
    """The workloads that enter a server, with the models that they run there (None where they do not say)."""
    served = set(component.serves)
    found: list[tuple[Workload, frozenset[str] | None]] = []
    for workload in system.workloads_served_by.get(component.name, ()):
        said = None if workload.models is None else frozenset(workload.models) & served
        found.append((workload, said))
    return found


def _independent(served: tuple[str, ...], entering: list[tuple[Workload, frozenset[str] | None]]) -> list[frozenset[str]]:
    """The models in groups that only ever run together."""
    unsaid = [workload for workload, said in entering if said is None]
    if len(unsaid) > 1:
        return [frozenset({model}) for model in served]
    groups: dict[tuple[bool, ...], set[str]] = {}
    for model in served:
        runs = tuple(said is None or model in said for _, said in entering)
        groups.setdefault(runs, set()).add(model)
    return [frozenset(group) for group in groups.values()]


def _hit(
    system: System, component: Component, served: tuple[str, ...], entering: list[tuple[Workload, frozenset[str] | None]]
) -> Hit:
    models = [system.architecture.models[name] for name in served if name in system.architecture.models]
    blast = system.blast_radius([component.name])
    terms = [Term("models", "models on the server", len(served), "count", Origin.STATED, component.place("serves"))]
    lost = [loss.workload.name for loss in blast.losses] or [workload.name for workload, _ in entering]
    terms.append(Term("workloads_lost", "workloads lost with it", len(lost), "count", Origin.DERIVED, None, ", ".join(lost)))
    if blast.traffic_share is not None:
        note = "rates of the workloads lost / rates of all"
        terms.append(Term("traffic_lost", "share of all traffic lost", blast.traffic_share, "share", Origin.DERIVED, None, note))
    terms += _conflicts(models)
    names = ", ".join(f"`{name}`" for name in served[:6]) + (", …" if len(served) > 6 else "")
    message = (
        f"`{component.name}` serves {len(served)} models that do not run as one: {names}; "
        f"one crash or one release takes down {_listed(lost)}"
    )
    related = tuple(
        Related(workload.place("models") if said is not None else workload.place(), _runs(said))
        for workload, said in entering[:8]
    )
    cures = ("one-server-per-model", "microservice-horizontal", "microservice-vertical")
    return Hit(component.place("serves"), message, tuple(terms), related, cures=cures, cause=f"component {component.name}")


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:4])
    return shown + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _runs(said: frozenset[str] | None) -> str:
    return "does not say which models it runs" if said is None else f"runs {', '.join(sorted(said)) or 'none of them'}"


def _conflicts(models: list[Model]) -> Iterator[Term]:
    """What pulls the models of one server apart: frameworks, retraining periods, sizes."""
    frameworks = {model.framework: model for model in models if model.framework}
    if len(frameworks) > 1:
        at = next(iter(frameworks.values())).place("framework")
        yield Term("frameworks", "frameworks in one image", ", ".join(sorted(frameworks)), "", Origin.STATED, at)
    retrained = {model.retrained_s: model for model in models if model.retrained_s}
    if len(retrained) > 1:
        fast, slow = min(retrained), max(retrained)
        text = f"every {format_duration(fast)} and every {format_duration(slow)}"
        yield Term("retraining", "retrained", text, "", Origin.STATED, retrained[fast].place("retrained"))
    sizes = {model.artifact_bytes: model for model in models if model.artifact_bytes}
    if len(sizes) > 1:
        small, large = min(sizes), max(sizes)
        if large >= 2 * small:
            text = f"{format_size(small)} and {format_size(large)}"
            yield Term("sizes", "sizes", text, "", Origin.STATED, sizes[large].place("artifact"))
