"""Several models on one server: one crash or one release takes all of them down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from archlint.analysis.system import BlastRadius, System
from archlint.analysis.wording import listed
from archlint.checks._lines import rate_terms
from archlint.model.architecture import Component, Model, Workload
from archlint.model.places import place
from archlint.model.quantities import format_duration, format_share, format_size
from archlint.model.words import SERVERS
from archlint.verdicts import Hit, Origin, Related, Term, Undecided, Verdict

SHOWN = 8


class Params(msgspec.Struct, frozen=True):
    """most: how many independent models one server may serve, a count."""

    most: int = 1


class Entering(msgspec.Struct, frozen=True):
    """A workload that enters a server, with the models that it runs there; None where it does not say."""

    workload: Workload
    runs: frozenset[str] | None


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each server whose models are not one pipeline, at its list of models."""
    for component in system.components.values():
        served = tuple(dict.fromkeys(component.serves))
        if len(served) <= params.most or component.kind not in SERVERS:
            continue
        entering = _entering(system, component)
        if not entering:
            if not _only_mirrored(system, component):
                yield Undecided(component.place("serves"), (place("workloads"),), "which workloads run its models")
        elif _groups(served, entering) > params.most:
            yield _hit(system, component, served, entering)


def _only_mirrored(system: System, component: Component) -> bool:
    """Return whether it answers copies of the traffic only: nobody misses its answers."""
    incoming = system.topology.incoming[component.name]
    return bool(incoming) and all(relation.verb == "mirrors" for relation in incoming)


def _entering(system: System, component: Component) -> list[Entering]:
    served = set(component.serves)
    return [
        Entering(workload, None if workload.models is None else frozenset(workload.models) & served)
        for workload in system.workloads_served_by.get(component.name, ())
    ]


def _groups(served: Sequence[str], entering: Sequence[Entering]) -> int:
    """Count the groups of models that only ever run together.

    A workload that does not say what it runs, runs all; where several do not say, the models are independent.
    """
    if sum(each.runs is None for each in entering) > 1:
        return len(served)
    return len({tuple(each.runs is None or model in each.runs for each in entering) for model in served})


def _hit(system: System, component: Component, served: Sequence[str], entering: Sequence[Entering]) -> Hit:
    models = [system.architecture.models[name] for name in served if name in system.architecture.models]
    blast = system.blast_radius([component.name])
    return Hit(
        component.place("serves"),
        _message(component, served, blast, entering),
        (*_terms(system, component, served, blast), *_conflicts(models)),
        tuple(_related(each) for each in entering[:SHOWN]),
        # A list of models that could not be read may make them one pipeline.
        absent=tuple(each.workload.place("models") for each in entering if each.runs is None),
        cures=("one-server-per-model", "microservice-horizontal", "microservice-vertical"),
    )


def _message(component: Component, served: Sequence[str], blast: BlastRadius, entering: Sequence[Entering]) -> str:
    what = f"`{component.name}` serves {len(served)} models that do not run as one, {listed(served)}"
    if not blast.losses:
        users = listed(each.workload.name for each in entering)
        return f"{what}: one crash or one release takes the predictions of all of them from {users}"
    lost = listed(loss.workload.name for loss in blast.losses)
    traffic = "" if blast.traffic_share is None else f" ({format_share(blast.traffic_share)} of all traffic)"
    return f"{what}: one crash or one release takes down {lost}{traffic}"


def _related(entering: Entering) -> Related:
    if entering.runs is None:
        return Related(entering.workload.place(), "does not say which models it runs")
    return Related(entering.workload.place("models"), f"runs {listed(sorted(entering.runs))}")


def _terms(system: System, component: Component, served: Sequence[str], blast: BlastRadius) -> Iterator[Term]:
    at = component.place("serves")
    yield Term("models", f"models on {component.name}", len(served), "count", Origin.STATED, at)
    lost = [loss.workload.name for loss in blast.losses]
    note = f"of {len(system.workloads)}: {', '.join(lost[:SHOWN])}" if lost else ""
    yield Term("workloads_lost", "workloads lost with it", len(lost), "count", Origin.DERIVED, None, note)
    if blast.traffic_share is not None:
        yield from rate_terms(list(system.workloads.values())[:SHOWN])
        label, note = "share of all traffic lost", "rates of the workloads lost / rates of all"
        yield Term("traffic_lost", label, blast.traffic_share, "share", Origin.DERIVED, None, note)


def _conflicts(models: Sequence[Model]) -> Iterator[Term]:
    """Yield what pulls the models of one server apart: frameworks, formats, retraining periods, sizes."""
    yield from _words("framework", {model.framework: model for model in models if model.framework})
    yield from _words("format", {model.format: model for model in models if model.format})
    retrained = {model.retrained_s: model for model in models if model.retrained_s}
    if len(retrained) > 1:
        fast, slow = min(retrained), max(retrained)
        text = f"every {format_duration(fast)} and every {format_duration(slow)}"
        yield Term("retraining", "retrained", text, "", Origin.STATED, retrained[fast].place("retrained"))
    sizes = {model.artifact_bytes: model for model in models if model.artifact_bytes}
    if len(sizes) > 1 and max(sizes) >= 2 * min(sizes):
        text = f"{format_size(min(sizes))} and {format_size(max(sizes))}"
        yield Term("sizes", "sizes", text, "", Origin.STATED, sizes[max(sizes)].place("artifact"))


def _words(key: str, said: dict[str, Model]) -> Iterator[Term]:
    if len(said) > 1:
        at = next(iter(said.values())).place(key)
        yield Term(f"{key}s", f"{key}s in one image", ", ".join(sorted(said)), "", Origin.STATED, at)
