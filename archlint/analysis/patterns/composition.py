"""Patterns of the structure of one workload's requests."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from functools import cached_property

import msgspec

from archlint.analysis.patterns.reach import Servers, recognised, servers_of_flow
from archlint.analysis.system import System
from archlint.model.architecture import Relation, Workload
from archlint.model.words import BALANCERS, STORES
from archlint.topology import Flow, Step
from archlint.verdicts import RecognisedPattern


class Structures:
    """The patterns of each workload's paths; workloads that differ only in their client are analysed once."""

    def __init__(self, system: System) -> None:
        self.system = system
        self._candidates = Candidates(system)
        self._known: dict[Hashable, tuple[Workload, list[RecognisedPattern]]] = {}

    def of(self, workload: Workload) -> Iterator[RecognisedPattern]:
        """Yield the patterns of one workload's paths."""
        flow = self.system.flow(workload)
        client = self.system.components.get(flow.client)
        if client is None:
            return
        relations = tuple(msgspec.structs.replace(relation, source="") for relation in client.relations)
        facts = (client.kind, client.serves, client.preprocessing)
        key = (flow.alike, workload.models, workload.entrance.to, relations, facts)
        if key not in self._known:
            self._known[key] = workload, list(of_structure(self.system, workload, self._candidates))
        first, found = self._known[key]
        before, after = first.entrance.client, client.name
        for pattern in found:
            if workload is first:
                yield pattern
            else:
                roles = {
                    role: tuple(after if name == before else name for name in names)
                    for role, names in pattern.roles.items()
                }
                yield msgspec.structs.replace(pattern, workload=workload.name, roles=roles)


class Candidates:
    """The components that a pattern may start at, whatever the workload: most of a large system are none.

    `preparing` have preprocessing before them, `branching` models or several ways on, `guarded` a cache or a fallback.
    """

    def __init__(self, system: System) -> None:
        self.preparing: set[str] = set()
        self.branching: set[str] = set()
        self.guarded: set[str] = set()
        topology = system.topology
        prepares = {name for name, component in system.components.items() if component.preprocessing is not None}
        for name, component in system.components.items():
            relations, consumers = topology.outgoing[name], topology.consumptions(name)
            after = (*(relation.target for relation in relations), *(relation.source for relation in consumers))
            if name in prepares or not prepares.isdisjoint(after):
                self.preparing.add(name)
            if component.serves or len(after) > 1:
                self.branching.add(name)
            if any(r.hit_ratio is not None or r.caches is not None or r.fallback is not None for r in relations):
                self.guarded.add(name)


def of_structure(
    system: System, workload: Workload, known: Candidates | None = None
) -> Iterator[RecognisedPattern]:
    """Yield the patterns of one workload's paths; `known` are the candidates if they are worked out already."""
    candidates = known or Candidates(system)
    view = _View(system, workload)
    if not view.wanted:
        return
    names = list(view.flow.components)
    branching = [name for name in names if name in candidates.branching]
    yield from _prep_pred(view, [name for name in names if name in candidates.preparing])
    yield from _vertical(view, branching)
    yield from _horizontal(view, branching)
    for name in names:
        if name in candidates.guarded:
            yield from _caches(view, name)
            yield from _breakers(view, name)


class _View:
    """One workload's flow, with the bits of the models that it runs, and the servers after each component."""

    def __init__(self, system: System, workload: Workload) -> None:
        self.system = system
        self.workload = workload
        self.flow: Flow = system.flow(workload)
        self.topology = system.topology
        wanted = workload.models if workload.models is not None else tuple(self.topology.model_bits)
        self.wanted = self.topology.bits_of(wanted)

    @cached_property
    def servers(self) -> Servers:
        """The nearest servers behind each component."""
        return servers_of_flow(self.system, self.workload) if self.wanted else {}

    def steps(self, name: str) -> list[Step]:
        return self.flow.steps.get(name, [])

    def below(self, name: str) -> int:
        """Return the workload's models at or below a component, as bits."""
        return self.topology.models_below[name] & self.wanted

    def own(self, name: str) -> int:
        """Return the workload's models that a component serves itself, as bits."""
        return self.topology.bits_of(self.system.components[name].serves) & self.wanted

    def behind(self, steps: Iterable[Step]) -> list[str]:
        """Return the nearest servers after some steps."""
        return [server for step in steps for server in self.servers.get(step.target, ())]


def _prep_pred(view: _View, names: Iterable[str]) -> Iterator[RecognisedPattern]:
    """**prep-pred**: a component without a model states `preprocessing`; the predictor after it states none.

    The predictor comes after the preprocessor, or one caller calls both in this order. An API that only forwards
    requests states no preprocessing, so it does not match.
    """
    prepares: list[str] = []
    predicts: list[str] = []
    for name in names:
        after = [step for step in view.steps(name) if _prepares(view, name) and view.below(step.target)]
        if after:
            prepares.append(name)
        steps = view.steps(name)
        for position, step in enumerate(steps):
            if _prepares(view, step.target) and not view.below(step.target):
                later = [other for other in steps[position + 1 :] if view.below(other.target)]
                if later:
                    prepares.append(step.target)
                    after += later
                break
        predicts += view.behind(after)
    predictors = [name for name in predicts if view.system.components[name].preprocessing is None]
    if prepares and predictors:
        roles = {"client": [view.flow.client], "preprocessor": prepares, "predictor": predictors}
        yield recognised("prep-pred", view.workload.name, roles)


def _prepares(view: _View, name: str) -> bool:
    component = view.system.components[name]
    return component.preprocessing is not None and not component.serves and component.kind not in BALANCERS


def _vertical(view: _View, names: Iterable[str]) -> Iterator[RecognisedPattern]:
    """**microservice-vertical**: a request waits for servers of different models in sequence.

    A server waits for another that runs further models, or a component without a model waits for several in sequence.
    The relations of one `parallel`, `either`, `share` or `when` group are one stage.
    """
    proxies: list[str] = []
    servers: list[str] = []
    for name in names:
        own = view.own(name)
        stages = _stages(view, name, own)
        if own and stages:
            servers.append(name)
        elif len(stages) >= 2:
            proxies.append(name)
        else:
            continue
        servers += view.behind(step for stage in stages for step in stage)
    if servers:
        roles = {"client": [view.flow.client], "proxy": proxies, "server": servers}
        yield recognised("microservice-vertical", view.workload.name, roles)


def _stages(view: _View, name: str, own: int) -> list[list[Step]]:
    """Return the waiting steps of a component that lead to models that its other stages do not reach."""
    stages: dict[tuple[str, str], list[Step]] = {}
    for position, step in enumerate(view.steps(name)):
        if step.waits:
            stages.setdefault(_stage_of(step, position), []).append(step)
    return _apart(view, list(stages.values()), own)


def _stage_of(step: Step, position: int) -> tuple[str, str]:
    relation = step.relation
    if relation.share is not None and relation.share < 1:      # also a branch with a fallback, which is in no group
        return "share", relation.parallel or ""
    if step.group is not None:
        return "group", str(step.group)
    if relation.parallel is not None:
        return "parallel", relation.parallel
    return "one", str(position)


def _apart(view: _View, branches: list[list[Step]], own: int = 0) -> list[list[Step]]:
    """Return the branches that lead to a model of the workload that no other branch reaches."""
    bits = []
    once = twice = own
    for branch in branches:
        reached = 0
        for step in branch:
            reached |= view.below(step.target)
        bits.append(reached)
        twice |= once & reached
        once |= reached
    return [branch for branch, reached in zip(branches, bits, strict=True) if reached & ~twice]


def _horizontal(view: _View, names: Iterable[str]) -> Iterator[RecognisedPattern]:
    """**microservice-horizontal**: servers of different models that a request goes to at once.

    It uses waiting relations of one `parallel` group, or messages: one component publishes to several queues, or
    several consumers of one queue run different models. Replicas of a server run the same models, so they do not match.
    """
    proxies: list[str] = []
    servers: list[str] = []
    for name in names:
        groups: dict[tuple[str, str | None], list[list[Step]]] = {}
        for step in view.steps(name):
            if not step.waits:
                groups.setdefault(("message", step.relation.verb), []).append([step])
            elif step.relation.parallel is not None and step.group is None:
                groups.setdefault(("parallel", step.relation.parallel), []).append([step])
        for branches in groups.values():
            apart = _apart(view, branches)
            if len(apart) >= 2:
                proxies.append(name)
                servers += view.behind(step for branch in apart for step in branch)
    if proxies:
        roles = {"client": [view.flow.client], "proxy": proxies, "server": servers}
        yield recognised("microservice-horizontal", view.workload.name, roles)


def _caches(view: _View, name: str) -> Iterator[RecognisedPattern]:
    """**prediction-cache** and **data-cache**, for each relation to a cache on the waiting path.

    prediction-cache: the relation states a `hit_ratio` (or `kind: prediction`), and a hit skips a model: one of the
    component itself, or one after a later relation in the file. data-cache: it states `kind: data`, and a read of
    another store follows in the file. A session store or a cache of prefixes skips nothing, so it is neither.
    """
    if name not in view.flow.waiting:
        return
    taken = {(step.relation.verb, step.relation.index): step for step in view.steps(name)}
    relations = [r for r in view.topology.outgoing[name] if (r.verb, r.index) in taken]
    for position, relation in enumerate(relations):
        if not _caches_something(view, relation):
            continue
        behind = [taken[later.verb, later.index] for later in relations[position + 1 :]]
        if relation.caches == "data":
            sources = [step.target for step in behind if _is_read(view, step)]
            if sources:
                roles = {"caller": [name], "cache": [relation.target], "source": sources}
                yield recognised("data-cache", view.workload.name, roles)
        else:
            servers = view.behind(behind) + ([name] if view.own(name) else [])
            if servers:
                roles = {"caller": [name], "cache": [relation.target], "server": servers}
                yield recognised("prediction-cache", view.workload.name, roles)


def _caches_something(view: _View, relation: Relation) -> bool:
    stated = relation.hit_ratio is not None or relation.caches is not None
    return stated and relation.caches != "prefix" and view.topology.waits(relation) and relation.verb != "writes"


def _is_read(view: _View, step: Step) -> bool:
    return step.relation.verb == "reads" and view.system.components[step.target].kind in STORES


def _breakers(view: _View, name: str) -> Iterator[RecognisedPattern]:
    """**prediction-circuit-break**: a waiting call to a model is cut off early, and a fallback answers.

    The call states `circuit_breaker`, or a server after it rejects requests above a `limit`. A `fallback` alone waits
    for the whole timeout each time, and a breaker alone answers with an error: neither of them is enough.
    """
    for step in view.steps(name):
        relation = step.relation
        if relation.fallback is None or not step.waits or not view.below(step.target):
            continue
        servers = view.behind([step])
        sheds = any(view.system.components[server].limit is not None for server in (*servers, step.target))
        if relation.circuit_breaker or sheds:
            answers = [relation.fallback] if relation.fallback in view.system.components else []
            roles = {"caller": [name], "server": servers, "fallback": answers}
            yield recognised("prediction-circuit-break", view.workload.name, roles)
