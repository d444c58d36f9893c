"""Patterns of the structure of one workload's requests."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from archlint.analysis.choices import Key, choice_of, stages_of
from archlint.analysis.following import Following
from archlint.analysis.generation import asks_for_tokens
from archlint.analysis.patterns.answers import of_answers
from archlint.analysis.patterns.cascade import cascades, of_cascades
from archlint.analysis.patterns.gateway import of_gateways
from archlint.analysis.patterns.parts import Parts
from archlint.analysis.patterns.reach import recognised
from archlint.analysis.patterns.view import View
from archlint.analysis.system import System
from archlint.model.architecture import Relation, Workload
from archlint.model.words import BALANCERS, STORES
from archlint.topology import Step
from archlint.verdicts import RecognisedPattern


class Structures:
    """The patterns of each workload's paths; workloads that differ only in their client are analysed once."""

    def __init__(
        self, system: System, parts: Parts | None = None, gateways: Iterable[RecognisedPattern] | None = None
    ) -> None:
        self.system = system
        self._candidates = Candidates(system, parts, gateways)
        self._known: dict[Hashable, tuple[Workload, list[RecognisedPattern]]] = {}

    def of(self, workload: Workload) -> Iterator[RecognisedPattern]:
        """Yield the patterns of one workload's paths."""
        flow = self.system.flow(workload)
        client = self.system.components.get(flow.client)
        if client is None:
            return
        relations = tuple(msgspec.structs.replace(relation, source="") for relation in client.relations)
        facts = (client.kind, client.serves, client.preprocessing)
        answers = (workload.stream, asks_for_tokens(workload))
        key = (flow.alike, workload.models, workload.entrance.to, relations, facts, answers)
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
    `parts` are the parts of the system that generated answers consist of, `gateways` the components before several
    providers of them.
    """

    def __init__(
        self, system: System, parts: Parts | None = None, gateways: Iterable[RecognisedPattern] | None = None
    ) -> None:
        self.parts = parts or Parts(system)
        found = of_gateways(system, self.parts) if gateways is None else gateways
        self.gateways = frozenset(name for gateway in found for name in gateway.roles["gateway"])
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
    view = View(system, workload, candidates.parts)
    if not view.wanted:
        return
    names = list(view.flow.components)
    branching = [name for name in names if name in candidates.branching]
    found = list(cascades(view, branching))
    yield from _prep_pred(view, [name for name in names if name in candidates.preparing])
    yield from _vertical(view, branching, {id(cascade.larger) for cascade in found}, candidates.gateways)
    yield from _horizontal(view, branching)
    yield from of_cascades(view, found)
    yield from of_answers(view)
    for name in names:
        if name in candidates.guarded:
            yield from _caches(view, name)
            yield from _breakers(view, name)


def _prep_pred(view: View, names: Iterable[str]) -> Iterator[RecognisedPattern]:
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


def _prepares(view: View, name: str) -> bool:
    component = view.system.components[name]
    prepares = component.kind not in BALANCERS and name not in view.parts.guardrails
    return component.preprocessing is not None and not component.serves and prepares


def _vertical(
    view: View, names: Iterable[str], deferrals: AbstractSet[int], gateways: AbstractSet[str]
) -> Iterator[RecognisedPattern]:
    """**microservice-vertical**: a request waits for servers of different models in sequence.

    A server waits for another that runs further models, or a component without a model waits for several in sequence.
    The relations of one `parallel`, `either`, `share` or `when` group are one stage, and so are a call and its
    fallback. The check of a guardrail is no stage, nor are `deferrals`: the steps to the larger model of a cascade, by
    their id. A gateway before generated answers may also ask a model for the key of its cache: that is no stage.
    """
    proxies: list[str] = []
    servers: list[str] = []
    for name in names:
        if name in view.parts.guardrails:
            continue
        own = view.own(name)
        if name in gateways or _answers_from_cache(view, name):
            own = own if name in view.generating else 0
            stages = _apart(view, [stage for stage in stages_of(view.steps(name)) if _generates(view, stage)], own)
        else:
            stages = _apart(view, stages_of(step for step in view.steps(name) if id(step) not in deferrals), own)
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


def _answers_from_cache(view: View, name: str) -> bool:
    """Return whether a gateway looks answers up in a cache, and has them generated if it finds none."""
    is_gateway = view.system.components[name].kind in BALANCERS
    looks_up = is_gateway and any(_caches_something(view, relation) for relation in view.topology.outgoing[name])
    return looks_up and _generates(view, view.steps(name))


def _generates(view: View, steps: Iterable[Step]) -> bool:
    return any(server in view.generating for server in view.behind(steps))


def _apart(view: View, branches: list[list[Step]], own: int = 0) -> list[list[Step]]:
    """Return the branches that lead to a model of the workload that no other branch reaches, and that is not `own`."""
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


def _horizontal(view: View, names: Iterable[str]) -> Iterator[RecognisedPattern]:
    """**microservice-horizontal**: servers of different models that a request goes to at once.

    It uses waiting relations of one `parallel` group, or messages: one component publishes to several queues, or
    several consumers of one queue run different models. Replicas of a server run the same models, so they do not match,
    and neither do alternatives: a request goes to one of them.
    """
    proxies: list[str] = []
    servers: list[str] = []
    for name in names:
        if name in view.parts.guardrails:
            continue
        groups: dict[Key, dict[Key, list[Step]]] = {}
        for position, step in enumerate(view.steps(name)):
            choice = choice_of(step.relation)
            if not step.waits:
                group = groups.setdefault(("message", step.relation.verb), {})
            elif step.relation.parallel is not None and choice is None:
                group = groups.setdefault(("parallel", step.relation.parallel), {})
            else:
                continue
            group.setdefault(choice or ("one", str(position)), []).append(step)
        for branches in groups.values():
            apart = _apart(view, list(branches.values()))
            if len(apart) >= 2:
                proxies.append(name)
                servers += view.behind(step for branch in apart for step in branch)
    if proxies:
        roles = {"client": [view.flow.client], "proxy": proxies, "server": servers}
        yield recognised("microservice-horizontal", view.workload.name, roles)


def _caches(view: View, name: str) -> Iterator[RecognisedPattern]:
    """**prediction-cache** and **data-cache**, for each relation to a cache on the waiting path.

    prediction-cache: the relation states a `hit_ratio` (or `kind: prediction`), and a hit skips a model: one of the
    component itself, or one after a later relation in the file. data-cache: it states `kind: data`, and a read of
    another store follows in the file. A session store or a cache of prefixes skips nothing, so it is neither. A cache
    of answers to similar questions (a vector store) is a prediction cache, which skips the models behind it, but not
    the one that makes its vectors.
    """
    if name not in view.flow.waiting:
        return
    taken = {(step.relation.verb, step.relation.index): step for step in view.steps(name)}
    steps = [taken[r.verb, r.index] for r in view.topology.outgoing[name] if (r.verb, r.index) in taken]
    sources = Following(steps, lambda step: [step.target] if _is_read(view, step) else [], _each_once)
    servers = Following(steps, lambda step: view.behind([step]), lambda behind: _skipped(view, name, behind))
    for position, step in enumerate(steps):
        relation = step.relation
        if not _caches_something(view, relation):
            continue
        pattern, role, known = "prediction-cache", "server", servers
        if relation.caches == "data":
            pattern, role, known = "data-cache", "source", sources
        behind = known.after(position)
        if behind:
            roles = {"caller": (name,), "cache": (relation.target,), role: tuple(behind)}
            yield RecognisedPattern(pattern, view.workload.name, roles)


def _skipped(view: View, name: str, behind: Sequence[str]) -> Sequence[str]:
    """Return the servers that a hit of a cache skips: of those behind it and the component itself."""
    skipped = [*behind, name] if view.own(name) else list(behind)
    answering = [server for server in skipped if server in view.generating]
    return _each_once(answering or view.parts.without_embedders(skipped))


def _each_once(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _caches_something(view: View, relation: Relation) -> bool:
    stated = relation.hit_ratio is not None or relation.caches is not None
    return stated and relation.caches != "prefix" and view.topology.waits(relation) and relation.verb != "writes"


def _is_read(view: View, step: Step) -> bool:
    return step.relation.verb == "reads" and view.system.components[step.target].kind in STORES


def _breakers(view: View, name: str) -> Iterator[RecognisedPattern]:
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
