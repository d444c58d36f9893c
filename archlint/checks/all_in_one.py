"""Several models on one server: one crash or one release takes all of them down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from archlint.analysis.blast import BlastRadius
from archlint.analysis.generation import generates_no_tokens
from archlint.analysis.system import System
from archlint.analysis.wording import listed
from archlint.checks._blast import blast_terms, by_damage, failing
from archlint.checks._loss import lost_share
from archlint.model.architecture import Component, Workload
from archlint.model.places import place
from archlint.model.words import SERVERS
from archlint.verdicts import Certainty, Hit, Origin, Related, Severity, Term, Undecided, Verdict

SHOWN = 8


class Params(msgspec.Struct, frozen=True):
    """most: how many independent models one server may serve, a count."""

    most: int = 1


class Entering(msgspec.Struct, frozen=True):
    """A workload that enters a server, with the models that it uses there; None if it names none."""

    workload: Workload
    runs: frozenset[str] | None


def check(system: System, params: Params) -> Iterator[Verdict]:
    """Yield a hit for each server whose models are not one pipeline, at its list of models."""
    yield from _mirrored_inside(system)
    for component in system.components.values():
        if len(component.serves) <= params.most or component.kind not in SERVERS:
            continue
        served = tuple(dict.fromkeys(component.serves))
        if len(served) <= params.most:
            continue
        if system.architecture.is_imported:       # the files do not state which requests run which models
            yield _imported(component, served)
            continue
        entering = _entering(system, component)
        if not entering:
            if not _only_mirrored(system, component):
                yield Undecided(component.place("serves"), (place("workloads"),), "which workloads run its models")
            continue
        served = _bases(system, served)
        entering = _with_adapters(system, entering)
        used = _used(served, entering)
        silent = tuple(each.workload.place("models") for each in entering if each.runs is None)
        if _groups(used, entering) > params.most:
            yield _hit(system, component, used, entering)
        elif len(silent) > 1:
            yield Undecided(component.place("serves"), silent, "whether its models are one pipeline or independent")
        elif len(used) < len(served) and _groups(used, entering) + 1 > params.most:
            yield _shared_fate(system, component, used, [name for name in served if name not in used])


def _imported(component: Component, served: Sequence[str]) -> Hit:
    message = f"`{component.name}` serves {listed(served[:SHOWN])} in one process: one crash or release takes all down"
    at = component.place("serves")
    return Hit(at, message, severity=Severity.INFO, certainty=Certainty.HEURISTIC)


def _mirrored_inside(system: System) -> Iterator[Hit]:
    """Yield a warning for each shadow that runs in the process of the component that mirrors its traffic to it."""
    for relation in system.topology.relations_of("mirrors"):
        component, shadow = system.components[relation.source], system.components[relation.target]
        if not relation.in_process or not system.topology.models_below[shadow.name]:
            continue
        blast = by_damage(system.blast_radius([component.name]))
        if not blast.losses:
            continue
        message = (
            f"`{component.name}` mirrors traffic to `{shadow.name}` in its own process: "
            f"if `{shadow.name}` crashes or runs out of memory, {failing(blast, system.components)} as well"
        )
        yield Hit(
            relation.place(),
            message,
            tuple(blast_terms(system, blast)),
            (Related(shadow.place(), "its answers are discarded"),),
            cures=("one-server-per-model",),
            severity=Severity.WARNING,
            loss=lost_share(system, blast),
        )


def _only_mirrored(system: System, component: Component) -> bool:
    """Return whether it gets only copies of the traffic, so that nobody depends on its answers."""
    incoming = system.topology.incoming[component.name]
    return bool(incoming) and all(relation.verb == "mirrors" for relation in incoming)


def _entering(system: System, component: Component) -> list[Entering]:
    served = set(component.serves)
    return [
        Entering(workload, None if workload.models is None else frozenset(workload.models) & served)
        for workload in system.workloads_served_by.get(component.name, ())
    ]


def _bases(system: System, names: Sequence[str]) -> tuple[str, ...]:
    """Return the base of each adapter for the adapter itself: adapters of one base are one pipeline with it."""
    return tuple(dict.fromkeys(system.base_models.get(name, name) for name in names))


def _used(served: Sequence[str], entering: Sequence[Entering]) -> list[str]:
    """Return the models whose answers some workload uses; the others are shadows, or left over."""
    if any(each.runs is None for each in entering):
        return list(served)
    used = set().union(*(each.runs or () for each in entering))
    return [name for name in served if name in used]


def _with_adapters(system: System, entering: Sequence[Entering]) -> list[Entering]:
    """Return what workloads run, with the base of each adapter for the adapter itself."""
    found = []
    for each in entering:
        runs = None if each.runs is None else frozenset(_bases(system, sorted(each.runs)))
        found.append(Entering(each.workload, runs))
    return found


def _groups(served: Sequence[str], entering: Sequence[Entering]) -> int:
    """Count the groups of models that only ever run together.

    A workload that names no models uses all of them.
    """
    users: dict[str, list[int]] = {model: [] for model in served}
    for number, each in enumerate(entering):
        for model in each.runs or ():
            if model in users:
                users[model].append(number)
    return len(set(map(tuple, users.values())))


def _hit(system: System, component: Component, served: Sequence[str], entering: Sequence[Entering]) -> Hit:
    blast = by_damage(system.blast_radius([component.name]))
    return Hit(
        component.place("serves"),
        _message(component, served, blast, entering),
        tuple(_terms(system, component, served, blast)),
        (*(_related(each) for each in entering[:SHOWN]), *_doubt(system, component)),
        _certainty(system, component),
        # A list of models that could not be read may make them one pipeline.
        absent=tuple(each.workload.place("models") for each in entering if each.runs is None),
        cures=("one-server-per-model", "microservice-horizontal", "microservice-vertical"),
        loss=lost_share(system, blast),
    )


def _shared_fate(system: System, component: Component, used: Sequence[str], idle: Sequence[str]) -> Hit:
    """Return the warning about models that nobody uses in the process of those that somebody does."""
    blast = by_damage(system.blast_radius([component.name]))
    one = len(idle) == 1
    stop = "stops" if len(used) == 1 else "stop"
    end = failing(blast, system.components) if blast.losses else f"{listed(used)} {stop} as well"
    which = f"{listed(idle)} {'is' if one else 'are'} used by no workload, but {'runs' if one else 'run'}"
    message = (
        f"{which} in the same process of `{component.name}` as {listed(used)}: if "
        f"{listed(idle) if one else 'one of them'} crashes or takes all memory, {end}"
    )
    models = system.architecture.models
    related = [Related(models[name].place(), "no workload uses it") for name in idle[:SHOWN] if name in models]
    return Hit(
        component.place("serves"),
        message,
        tuple(_terms(system, component, (*used, *idle), blast)),
        (*related, *_doubt(system, component)),
        _certainty(system, component),
        cures=("one-server-per-model",),
        severity=Severity.WARNING,
        loss=lost_share(system, blast),
    )


def _certainty(system: System, component: Component) -> Certainty:
    """Return a hint where the models may be adapters of one base, unsaid by them.

    Family, framework or technology may rule that out. Adapters have the framework of their base.
    """
    models = system.architecture.models
    served = [models[name] for name in component.serves if name in models]
    may = not any(generates_no_tokens(system, model, component) for model in served)
    alike = len({model.framework for model in served if model.framework is not None}) <= 1
    return Certainty.HEURISTIC if may and alike else Certainty.PROVEN


def _doubt(system: System, component: Component) -> Iterator[Related]:
    """Yield why the finding is a hint, if it is one."""
    if _certainty(system, component) is Certainty.HEURISTIC:
        said = "does not state `uses`" if component.uses is None else "may serve models that share a base"
        yield Related(component.place(), f"{said}: models without `adapter_of` may still be adapters of one base")


def _message(component: Component, served: Sequence[str], blast: BlastRadius, entering: Sequence[Entering]) -> str:
    what = f"`{component.name}` serves {len(served)} independent models ({listed(served)})"
    if not blast.losses:
        users = listed(each.workload.name for each in entering)
        return f"{what}: one crash or bad release stops all their predictions for {users}"
    return f"{what}: after one crash or bad release, {failing(blast)}"


def _related(entering: Entering) -> Related:
    if entering.runs is None:
        return Related(entering.workload.place(), "names no models, so it uses all of them")
    return Related(entering.workload.place("models"), f"uses {listed(sorted(entering.runs))}")


def _terms(system: System, component: Component, served: Sequence[str], blast: BlastRadius) -> Iterator[Term]:
    at = component.place("serves")
    yield Term("models", f"models on {component.name}", len(served), "count", Origin.STATED, at)
    yield from blast_terms(system, blast)
